"""Every tool's manual and schema, and what becomes of wrong calls."""

import inspect
import json
import re

import pytest

from tests.support.cases import PARSING
from tools.arguments import EXAMPLES, describe, parameters_of, parse_arguments
from tools.registry import TOOLS, call, manual_of, schema_of
from tools.workbench import ToolError

EVERY = sorted(TOOLS)
MOST_PARAMETERS = 4


@pytest.mark.parametrize("name", EVERY)
def test_documented_arguments_are_the_signature(name):
    function = TOOLS[name].function
    signature = list(inspect.signature(function).parameters)
    assert signature[0] == "bench"
    assert list(describe(function)[1]) == signature[1:]
    assert all(len(text) > 10 for text in describe(function)[1].values())
    assert set(signature[1:]) <= set(EXAMPLES)


@pytest.mark.parametrize("name", EVERY)
def test_the_schema_is_flat_and_whole(name):
    schema = schema_of(TOOLS[name])
    assert set(schema) == {"type", "properties", "required"}
    assert schema["type"] == "object"
    for each in parameters_of(TOOLS[name].function):
        entry = schema["properties"][each.name]
        rows = entry.pop("items", {"properties": {}})
        assert set(entry) == {"type", "description"}
        assert entry["type"] in ("string", "integer", "boolean", "array")
        assert all(each == {"type": "string"} for each in rows["properties"].values()), (
            "rows of texts at most"
        )
        assert (each.name in schema["required"]) == each.required
    json.dumps(schema)
    assert len(schema["properties"]) <= MOST_PARAMETERS
    assert 20 < len(manual_of(TOOLS[name])) < 400
    assert "Args" not in manual_of(TOOLS[name])


def test_what_tools_do():
    assert {name for name, tool in TOOLS.items() if tool.writes} == {
        "write_file", "edit_file", "apply_patch", "install_dependency",
    }  # fmt: skip
    assert {name for name, tool in TOOLS.items() if tool.asks} == {
        "install_dependency", "check_updates", "audit_security", "web_search", "fetch_page", "docs_search",
        "stackoverflow_search", "run_command_outside",
    }  # fmt: skip
    assert {name for name, tool in TOOLS.items() if tool.executes} == {
        "run_tests", "run_command", "execute_code", "run_linter", "format_code", "coverage_report", "benchmark",
        "run_command_outside",
    }  # fmt: skip
    assert set(TOOLS) == {
        "read_file", "write_file", "edit_file", "list_directory", "search_files", "run_tests", "run_command",
        "run_command_outside",
        "git_status", "git_diff", "git_log", "git_blame", "create_branch", "commit", "execute_code",
        "run_linter", "format_code",
        "coverage_report", "benchmark", "install_dependency", "check_updates", "audit_security", "web_search",
        "fetch_page", "docs_search", "stackoverflow_search", "find_files", "apply_patch", "parse_ast",
        "analyze_complexity", "find_references", "go_to_definition", "get_type_info", "diagnostics",
    }  # fmt: skip


async def test_an_unknown_tool_is_named_with_those_that_exist(bench):
    result = await call("raed_file", {}, bench)
    assert not result.ok
    assert "raed_file" in result.text
    assert "read_file" in result.text


async def test_a_missing_argument_is_named_with_a_right_call(use):
    result = await use("edit_file", path="src/app.py", old="x")
    assert not result.ok
    assert "“new”" in result.text
    assert 'edit_file({"path": ' in result.text


async def test_an_unknown_argument_is_named(use):
    result = await use("read_file", path="src/app.py", lines=3)
    assert not result.ok
    assert "“lines”" in result.text
    assert "start_line" in result.text


@pytest.mark.parametrize("value", ["2", 2, 2.0, " 2 ", '"2"', "2.0"])
async def test_a_number_in_other_clothes_is_understood(use, value):
    result = await use("read_file", path="src/app.py", start_line=value)
    assert result.ok
    assert result.text == "    2\t    return a + b"


@pytest.mark.parametrize("value", ["two", 2.5, True, [2], {"a": 1}, "9" * 40, 10**40, "nan", float("inf")])
async def test_what_is_no_number_is_refused(use, value):
    result = await use("read_file", path="src/app.py", start_line=value)
    assert not result.ok
    assert "start_line" in result.text


async def test_none_is_left_out_and_numbers_become_text(use, put):
    put("7", "seven\n")
    result = await use("read_file", path=7, start_line=None)
    assert result.text == "    1\tseven"


async def test_text_must_be_text(use):
    result = await use("write_file", path="x", content={"a": 1})
    assert not result.ok
    assert "“content” must be text" in result.text


async def test_arguments_may_be_json_text(bench):
    assert (await call("read_file", '{"path": "src/app.py"}', bench)).ok
    assert (await call("git_status", "", bench)).ok
    for wrong in ('{"path": ', "[]", "null", "{'path': 'x'}", 5, None, ["path"]):
        assert not (await call("read_file", wrong, bench)).ok


async def test_a_stopped_node_does_nothing_more(use, bench):
    bench.stop.set()
    result = await use("write_file", path="new.txt", content="x")
    assert not result.ok
    assert not (bench.stage.tree / "new.txt").exists()


async def test_a_fault_of_ours_is_a_result_too(use, monkeypatch):
    monkeypatch.setattr("tools.files.textfile.format_of", lambda _: 1 / 0)
    result = await use("read_file", path="src/app.py")
    assert not result.ok
    assert "ZeroDivisionError" in result.text


NOWHERE = [
    "../outside",
    "/etc/passwd",
    ".git/config",
    "~/x",
    "a/../../b",
    "nul\0",
    "src/app.py/x",
    "\ud800",
    "a" * 300,
]
TAKES_PATH = {
    "read_file": {},
    "write_file": {"content": "x"},
    "edit_file": {"old": "a", "new": "b"},
    "list_directory": {},
    "search_files": {"pattern": "x"},
    "git_diff": {},
}


@pytest.mark.parametrize("path", NOWHERE)
async def test_paths_that_lead_nowhere(use, path):
    for name, more in TAKES_PATH.items():
        result = await use(name, path=path, **more)
        assert not result.ok or name == "git_diff"
        assert result.text.endswith((".", "?"))
        assert result.changed == ()
        result.text.encode("utf-8")
    assert not (await use("run_tests", target=path)).ok


async def test_an_empty_path_is_no_file(use):
    for name in ("read_file", "write_file", "edit_file"):
        assert not (await use(name, path="", **TAKES_PATH[name])).ok


def test_every_json_case_is_an_object_or_a_clean_error():
    wrong = []
    cases = sorted(PARSING.glob("*.json"))
    for path in cases:
        try:
            value = parse_arguments(path.read_bytes())
            accepted = True
            assert isinstance(value, dict)
        except ToolError as error:
            accepted = False
            assert str(error).endswith(".") or str(error).endswith("}")
        is_object = path.read_bytes().lstrip()[:1] == b"{"
        if (path.name.startswith("n_") and accepted and path.stat().st_size) or (
            path.name.startswith("y_") and is_object and not accepted
        ):
            wrong.append(path.name)
    assert len(cases) > 300
    assert set(wrong) <= {"n_single_space.json"}


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"a":' * 200_000, "x" * 2_000_000, '{"a": ' + "9" * 100_000 + "}", "NaN"]
)
def test_bombs_are_clean_errors(text):
    with pytest.raises(ToolError):
        parse_arguments(text)


def test_an_example_in_the_message_is_valid():
    with pytest.raises(ToolError) as caught:
        parse_arguments("[]")
    assert json.loads(re.search(r"\{.*\}", str(caught.value))[0]) == {"path": "src/app.py"}
