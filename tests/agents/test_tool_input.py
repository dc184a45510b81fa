"""Arguments of tools as models write them: only a JSON object runs a tool, and only one goes back in the history."""

import json

import pytest

from agents.tool_input import ToolInput, argument_fault
from agents.translate import readable
from core.events import ToolFinished, ToolStarted
from tests.support.cases import PARSING
from tests.support.foreign_bedrock import Reply

SUITE = PARSING
DONE = Reply("Done.")

BROKEN = {
    "no json": "{",
    "no json at all": "path: app.py",
    "a list": "[1, 2]",
    "a number": "3",
    "a text": '"app.py"',
    "null": "null",
    "deep nesting": "[" * 100_000,
    "deep and whole": '{"path": ' + "[" * 5_000 + "]" * 5_000 + "}",
    "no number": '{"path": "app.py", "start_line": NaN}',
    "an endless number": '{"path": "app.py", "start_line": 1e999}',
    "half a character": '{"path": "\\ud800"}',
    "two objects": '{"path": "app.py"}{"path": "app.py"}',
    "cut off": '{"path": "app.p',
}


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_arguments_never_run_the_tool(name, works, foreign):
    foreign.play("You are the researcher", Reply("I look.", (("read_file", BROKEN[name]),)), DONE)
    told = await works("What does app.py do?")
    assert (told.end.status, told.end.answer) == ("done", "Done.")
    (started,), (finished,) = told.of(ToolStarted), told.of(ToolFinished)
    assert (started.tool, started.arguments, finished.ok) == ("read_file", "{}", False)
    assert "argument" in finished.output.lower()
    assert foreign.objections == []
    said = foreign.requests[1].messages[-1]["content"][0]["toolResult"]
    assert said["status"] == "error"
    assert "VALUE" not in foreign.requests[1].text
    # what the model wrote counts, even though it did not go on
    assert told.calls[0].estimated is False


async def test_arguments_that_broke_off_are_part_of_the_estimate(works, foreign):
    long = json.dumps({"path": "x" * 4_000})
    foreign.next(Reply("", (("read_file", long),), metadata=False))
    told = await works("What does app.py do?")
    assert told.calls[0].estimated
    assert told.calls[0].output_tokens >= 1_000


async def test_a_tool_without_arguments_needs_none(works, foreign):
    foreign.play("You are the researcher", Reply("", (("git_status", ""),)), DONE)
    told = await works("What does app.py do?")
    assert told.of(ToolFinished)[0].ok
    assert foreign.objections == []


async def test_halves_of_characters_are_replaced_in_text(works, foreign):
    looks = Reply("a\ud800b", (("read_file", {"path": "app.py"}),))
    foreign.play("You are the researcher", looks, Reply("c\udc00d"))
    told = await works("What does app.py do?")
    assert (told.end.status, told.end.answer) == ("done", "c\ufffdd")
    assert "a\ufffdb" in str(foreign.requests[1].messages)


def test_whole_characters_stay():
    chunk = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "é😀"}}}
    assert readable(chunk) is chunk or readable(chunk) == chunk


def test_no_case_of_the_suite_that_is_no_json_is_taken():
    taken = []
    for path in sorted(SUITE.glob("n_*.json")):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        if text.strip() and argument_fault(text) is None:
            taken.append(path.name)
    assert taken == []


def test_objects_of_the_suite_are_taken_and_other_values_are_not():
    for path in sorted(SUITE.glob("y_*.json")):
        text = path.read_text("utf-8")
        assert (argument_fault(text) is None) == isinstance(json.loads(text), dict), path.name
    for path in sorted(SUITE.glob("i_*.json")):
        argument_fault(path.read_bytes().decode("utf-8", "surrogateescape"))


def test_other_blocks_pass_through_untouched():
    held = ToolInput()
    chunks = [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "hi"}}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
    ]
    assert [passed for chunk in chunks for passed in held.pass_on(chunk)] == chunks


def test_the_pieces_of_a_call_go_on_as_one():
    held = ToolInput()
    start = {
        "contentBlockStart": {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "u1", "name": "t"}}}
    }
    pieces = [
        {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"toolUse": {"input": text}}}}
        for text in ('{"a"', ": 1}")
    ]
    stop = {"contentBlockStop": {"contentBlockIndex": 1}}
    passed = [out for chunk in (start, *pieces, stop) for out in held.pass_on(chunk)]
    whole = {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"a": 1}'}}}}
    assert passed == [start, whole, stop]
    assert held.faults == {}
