"""The examples of the original design, headless and to the end: who works, in which order, at what cost."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from itertools import groupby

import pytest

from cli.main import main
from core.money import to_pico

ORDER = {
    "health-endpoint": "router fast_coder test_engineer code_reviewer documenter",
    "lru-cache": "router architect senior_coder test_engineer code_reviewer documenter",
    "websockets": "router researcher senior_coder infrastructure code_reviewer synthesis",
    "live-updates": "router orchestrator architect design_review senior_coder test_engineer code_reviewer "
    "documenter synthesis",
}
"""The three examples, and the work that the third one proposes."""
MORE = {"empty-file": "debugger test_engineer code_reviewer"}
"""An error message goes to the debugger by rule; together the scenarios need every role."""
ROUTED = {
    "health-endpoint": ("SIMPLE", "graph"),
    "lru-cache": ("MEDIUM", "graph"),
    "websockets": ("COMPLEX", "swarm"),
    "live-updates": ("COMPLEX", "graph"),
}


def test_the_paper_has_the_same_specialists_in_the_same_order(docs_of):
    paper = docs_of("examples.md")
    for name, order in ORDER.items():
        part = paper.partition(f"`heddle rehearse {name}`: {', '.join(ROUTED[name])}.")[2].partition("\n## ")[
            0
        ]
        rows = re.findall(r"^\| (\w+) \| .+ \| \d+ \| <?\$[\d.]+ \|$", part, re.MULTILINE)
        assert rows == order.split(), name


@pytest.fixture
def docs_of(request):
    return lambda name: (request.config.rootpath / "docs" / name).read_text("utf-8")


@pytest.fixture
def rehearse(capsys) -> Iterator[Callable[..., tuple[str, str]]]:
    """Plays a scenario as `heddle rehearse` does; what it printed."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(name: str, *more: str) -> tuple[str, str]:
        assert main(["rehearse", name, "--speed", "0", *more]) == 0
        printed = capsys.readouterr()
        return printed.out, printed.err

    yield run
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize("name", [*ORDER, *MORE])
def test_the_specialists_come_in_order_each_with_its_cost_line(rehearse, name):
    _, told = rehearse(name)
    lines = re.findall(r"^(start|cost|end) +(\w+)", told, re.MULTILINE)
    assert [node for kind, node in lines if kind == "start"] == (ORDER | MORE)[name].split()
    for node, its in groupby(lines, key=lambda line: line[1]):
        kinds = [kind for kind, _ in its]
        assert (kinds[0], kinds[-1], "cost" in kinds) == ("start", "end", True), node


@pytest.mark.parametrize("name", ORDER)
def test_the_same_with_the_models_of_the_original_design(rehearse, name):
    out, told = rehearse(name, "--roster", "design-2025", "--output", "stream-json")
    records = [json.loads(line) for line in out.splitlines()]
    of = {kind: [r for r in records if r["type"] == kind] for kind in {r["type"] for r in records}}
    assert told == ""
    assert [record["node"] for record in of["node_started"]] == ORDER[name].split()
    (route,) = of["route_decided"]
    assert (route["complexity"], route["pattern"], route["decided_by"]) == (*ROUTED[name], "model")
    paid = {record["node"]: to_pico(record["cost_usd"]) for record in of["model_called"]}
    assert all(paid[node] > 0 for node in ORDER[name].split())
    (end,) = of["run_finished"]
    assert end["status"] == "done"
    assert to_pico(end["cost_usd"]) == sum(to_pico(record["cost_usd"]) for record in of["model_called"])
    if name == "websockets":
        assert (end["files"], "tests_finished" in of) == ([], False)
    else:
        assert {record["outcome"] for record in of["tests_finished"]} == {"passed"}
        assert [record["approved"] for record in of["verdict_given"]][-1] is True
        assert any(file.startswith("tests/") for file in end["files"])
    if name == "websockets":
        assert [record["reason"] != "" for record in of["handed_off"]] == [True] * 4
