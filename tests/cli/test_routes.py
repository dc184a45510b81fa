"""`heddle routes`: how often which rule, the router or the user decided, and what was overridden."""

import asyncio
import json
import logging

import pytest

from cli.main import main
from core.paths import find_home
from tests.core.test_index_routes import OVERRIDDEN, request, routed, started, write


@pytest.fixture
def routes(capsys):
    """Runs `heddle routes`: the exit code, and what it printed."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*args: str) -> tuple[int, str, str]:
        code = main(["routes", *args])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    yield run
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def sessions() -> None:
    folder = find_home().sessions
    played = (started("/srv/shop", "rehearsal"), request("r1"), routed("r1", "SIMPLE"))
    asyncio.run(write(folder, "s1", *OVERRIDDEN))
    asyncio.run(write(folder, "s2", *played))


def test_a_table_of_who_decided_and_one_of_what_was_overridden(routes, sessions):
    code, out, err = routes()
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["decided", "by", "routes", "SIMPLE", "MEDIUM", "COMPLEX", "CRITICAL", "swarm",
                        "overridden", "went", "up"]  # fmt: skip
    assert lines[1] == ["the", "router", "2", "1", "1", "0", "0", "0", "1", "1"]
    assert lines[2] == ["rule:", "risk", "1", "0", "0", "0", "1", "0", "0", "0"]
    assert lines[3] == ["you:", "override", "1", "0", "0", "1", "0", "0", "0", "0"]
    assert lines[4] == ["sum", "4", "1", "1", "1", "1", "0", "1", "1"]
    assert "MEDIUM graph (the router)  COMPLEX graph       1" in out
    assert "Rehearsals are not counted: 1 route by a router that is played." in out


def test_the_same_as_data(routes, sessions):
    data = json.loads(routes("--output", "json")[1])
    assert (data["routes"], data["rehearsed"]) == (4, 1)
    assert sum(row["routes"] for row in data["rows"]) == 4
    assert data["overrides"] == [
        {
            "decided_by": "model", "rule": "", "from_complexity": "MEDIUM", "from_pattern": "graph",
            "complexity": "COMPLEX", "pattern": "graph", "role": None, "times": 1,
        }
    ]  # fmt: skip


def test_a_project_has_its_own_and_without_any_that_is_said(routes, sessions, tmp_path):
    code, out, err = routes("--project", str(tmp_path))
    assert (code, out, err) == (0, "", "No route has been decided yet.\n")
