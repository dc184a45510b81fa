"""`heddle sessions`: searched, renamed, exported, deleted and put back."""

import asyncio
import json
import logging
from datetime import timedelta

import pytest

from cli.main import main
from core import clock
from core.events import RequestSubmitted, RunFinished, SessionStarted, TextFinished
from core.log import Log
from core.paths import find_home
from tests.support.recordings import HOSTILE

NODE = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}


async def write(session: str, text: str, answer: str, days: float = 0) -> None:
    started = SessionStarted(
        project="/srv/shop", version="0", roster="current", backend="bedrock", confinement="confined"
    )
    moment = clock.now() - timedelta(days=days)
    end = RunFinished(run="r1", status="done", answer=answer, files=(), cost_usd="0", by_role={}, by_model={})
    said = TextFinished(**NODE, text=f"I think about {text}", block="b1")
    path = find_home().session_log(session)
    async with await Log.open(path, session, create=True, clock=lambda: moment) as log:
        await log.append([started, RequestSubmitted(run="r1", text=text), said, end])


@pytest.fixture
def sessions(capsys):
    """Runs `heddle sessions`: the exit code, and what it printed."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    asyncio.run(write("one", "Fix the login", "It was the cookie.", days=3))
    asyncio.run(write("two", "Rename the store", f"Renamed. {HOSTILE}"))

    def run(*args: str) -> tuple[int, str, str]:
        code = main(["sessions", *args])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    yield run
    root.handlers[:], root.level = handlers, level


def ids(sessions, *args):
    return [row["session"] for row in json.loads(sessions(*args, "--output", "json")[1])]


def test_they_are_found_by_words_and_days(sessions):
    assert ids(sessions) == ["two", "one"]
    assert ids(sessions, "cookie") == ids(sessions, "--search", "cookie") == ["one"]
    today = f"{clock.now():%Y-%m-%d}"
    assert ids(sessions, "--since", today) == ["two"]
    assert ids(sessions, "--until", f"{clock.now() - timedelta(days=1):%Y-%m-%d}") == ["one"]
    assert ids(sessions, "--over", "0.01") == []
    assert ids(sessions, "--search", "delete") == []


@pytest.mark.parametrize(
    "args", [("--since", "soon"), ("--over", "much"), ("delete",), ("export", "one", "x")]
)
def test_what_is_not_understood_says_how(sessions, args):
    code, out, err = sessions(*args)
    assert code == 2
    assert out == ""
    assert "Write it as" in err


def test_a_new_name_is_on_record_and_found(sessions):
    assert sessions("rename", "one", "The", "cookie", "affair")[0] == 0
    assert ids(sessions, "affair") == ["one"]
    assert "The cookie affair" in sessions()[1]
    assert sessions("rename", "one", " ")[0] == 1


def test_an_export_holds_the_conversation_or_every_record(sessions, tmp_path):
    file = tmp_path / "one.md"
    assert sessions("export", "one", "--file", str(file))[0] == 0
    text = file.read_text()
    assert "## Fix the login" in text
    assert "I think about Fix the login" in text
    assert "It was the cookie." in text
    code, out, _ = sessions("export", "two", "--format", "json")
    assert code == 0
    assert [record["seq"] for record in json.loads(out)] == [1, 2, 3, 4]
    assert json.loads(out)[-1]["answer"].endswith(HOSTILE)
    assert "\x1b" not in out
    assert "\x1b" not in sessions("export", "two")[1]
    assert sessions("export", "one", "--file", str(tmp_path / "no" / "x"))[0] == 1


def test_what_is_deleted_comes_back_whole(sessions):
    code, out, _ = sessions("delete", "one")
    assert code == 0
    assert "sessions restore one" in out
    assert ids(sessions) == ["two"]
    assert sessions("restore", "two")[0] == 1
    assert sessions("restore", "one")[0] == 0
    assert ids(sessions) == ["two", "one"]
    assert ids(sessions, "cookie") == ["one"]


def test_a_session_that_is_open_is_not_deleted(sessions):
    async def while_open():
        async with await Log.open(find_home().session_log("one"), "one"):
            return await asyncio.to_thread(sessions, "delete", "one")

    code, _, err = asyncio.run(while_open())
    assert code == 1
    assert "open in another Heddle" in err
    assert "one" in ids(sessions)
