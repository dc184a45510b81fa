"""What holds for every tool of the registry: bad calls are answered with how to call it right."""

import json
import re
import time
from dataclasses import replace

import pytest

from core.limits import limits
from tests.support.waiting import SOON
from tools.arguments import EXAMPLES, checked, parameters_of
from tools.registry import TOOLS, call

EVERY = sorted(TOOLS)
WITH_ARGUMENTS = [name for name in EVERY if parameters_of(TOOLS[name].function)]
SENTENCE = re.compile(r"[A-Z(“0-9a-z/.…].*[.?)}\]]", re.DOTALL)


def right_call(name: str) -> dict[str, object]:
    """The example that the tool's own error messages give."""
    return {each.name: EXAMPLES[each.name] for each in parameters_of(TOOLS[name].function) if each.required}


def refused(result) -> None:
    assert not result.ok
    assert result.changed == ()
    assert SENTENCE.fullmatch(result.text.strip()), result.text
    assert "Traceback" not in result.text
    assert "Error:" not in result.text, "a fault of ours, not a sentence"


@pytest.mark.parametrize("name", EVERY)
async def test_an_unknown_argument_is_named_with_a_right_call(use, name):
    result = await use(name, **{**right_call(name), "wibble_wobble": 1})
    refused(result)
    assert "“wibble_wobble”" in result.text
    assert f"A right call: {name}(" in result.text


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
async def test_a_wrong_type_is_named_with_a_right_call(use, name):
    for each in parameters_of(TOOLS[name].function):
        for wrong in ({"deep": {"er": []}}, [[1, 2], [3]]):
            result = await use(name, **{**right_call(name), each.name: wrong})
            refused(result)
            assert f"“{each.name}” must be" in result.text
            assert f"A right call: {name}(" in result.text


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
async def test_what_is_missing_or_null_is_named_with_a_right_call(bench, name):
    needed = right_call(name)
    for each in needed:
        for given in ({key: value for key, value in needed.items() if key != each}, {**needed, each: None}):
            result = await call(name, given, bench)
            refused(result)
            assert f"“{each}”" in result.text
            assert f"A right call: {name}(" in result.text


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
def test_arguments_in_other_wrappings_are_understood(name):
    """As JSON text, in an object of their own, as JSON text in that, and numbers and lists as text."""
    function = TOOLS[name].function
    whole = {each.name: EXAMPLES[each.name] for each in parameters_of(function)}
    meant = checked(name, function, whole)
    texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in whole.items()}
    for said in (json.dumps(whole), {"arguments": whole}, {"input": json.dumps(whole), "name": name}, texts):
        assert checked(name, function, said) == meant


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "said", ["[]", "null", "{", '"text"', "{'path': 'x'}", "x" * 2_000_000, 7, None, b"\xff", "[" * 100_000]
)
async def test_arguments_that_are_no_object_are_refused(bench, name, said):
    refused(await call(name, said, bench))


@pytest.mark.parametrize(
    "name", [each for each in EVERY if "path" in {p.name for p in parameters_of(TOOLS[each].function)}]
)
@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "a" * 5_000, "nul\0", "~/x", "src/app.py/x"]
)
async def test_no_tool_takes_a_path_that_leads_nowhere(use, name, path):
    result = await use(name, **{**right_call(name), "path": path})
    assert not result.ok or name in ("git_diff", "git_log")
    assert result.changed == ()
    assert "root:" not in result.text
    assert "Traceback" not in result.text


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (name, {**right_call(name), each.name: size})
        for name in WITH_ARGUMENTS
        if not TOOLS[name].executes and not TOOLS[name].asks
        for each in parameters_of(TOOLS[name].function)
        if each.kind is int
        for size in (-1, 10**15)
    ],
)
async def test_absurd_sizes_are_answered_in_no_time(use, name, arguments):
    started = time.monotonic()
    result = await use(name, **arguments)
    assert time.monotonic() - started < SOON
    assert len(result.text) <= limits().tools.output_characters + 200
    assert "Traceback" not in result.text
    assert "Error:" not in result.text


@pytest.mark.parametrize("name", [each for each in EVERY if TOOLS[each].asks])
async def test_where_nobody_can_be_asked_nothing_leaves_the_sandbox(bench, put, name):
    """Each says so in a sentence, or does what it can without."""
    put("requirements.txt", "idna==3.10\n")
    arguments = {**right_call(name), **({"network": True} if name == "run_command_outside" else {})}
    if name == "docs_search":
        arguments["name"] = "no_such_library_of_ours"
    result = await call(name, arguments, replace(bench, ask=None))
    assert not result.ok
    assert SENTENCE.fullmatch(result.text.strip()), result.text
    assert re.search(r"nobody is here to ask|no network|not set up", result.text), result.text


LONG = "x" * 200_000


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("run_command", {"command": f"echo {LONG}"}),
        ("run_command_outside", {"command": f"echo {LONG}", "network": True}),
        ("benchmark", {"command": f"true {LONG}"}),
        ("git_log", {"commit": LONG}),
    ],
)
async def test_what_no_program_can_be_given_is_said_so(use, name, arguments):
    """And not that the system or the sandbox fails."""
    result = await use(name, **arguments)
    refused(result)
    assert "Argument list" not in result.text
    assert "sandbox" not in result.text


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (name, {**right_call(name), each.name: LONG})
        for name in WITH_ARGUMENTS
        if not TOOLS[name].executes and not TOOLS[name].asks
        for each in parameters_of(TOOLS[name].function)
        if each.kind is str
    ],
)
async def test_no_text_is_too_long_for_a_sentence(use, name, arguments):
    result = await use(name, **arguments)
    assert "Argument list" not in result.text
    assert "Error:" not in result.text
    assert len(result.text) <= limits().tools.output_characters


async def test_no_file_gets_larger_than_what_can_be_read_again(use, bench):
    huge = "x" * (limits().tools.file_bytes + 1)
    for name, arguments in (("write_file", {"content": huge}), ("edit_file", {"old": "a + b", "new": huge})):
        result = await use(name, path="src/app.py", **arguments)
        refused(result)
        assert "src/app.py would have 10,0" in result.text
    assert bench.stage.read("src/app.py") == b"def add(a, b):\n    return a + b\n"
