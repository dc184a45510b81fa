"""Calls as weak models write them: what is plainly meant is done, and nothing lands under a strange name."""

import json

import pytest

from tools.arguments import checked
from tools.registry import TOOLS, call

APP = "    1\tdef add(a, b):\n    2\t    return a + b"


@pytest.mark.parametrize(
    "arguments",
    [
        {"PATH": "src/app.py"},
        {"filePath": "src/app.py"},
        {"file-path": "src/app.py"},
        {"path ": "src/app.py", "startLine": "1"},
        {"path": "src/app.py", "limit": None},
        {"path": "src/app.py", "start_line": "", "end_line": "null"},
        {"paths": ["src/app.py"]},
        {"properties": {"path": "src/app.py"}},
        {"name": "read_file", "arguments": {"parameters": json.dumps({"path": "src/app.py"})}},
        json.dumps(json.dumps({"path": "src/app.py"})),
        '```json\n{"path": "src/app.py"}\n```',
    ],
)
async def test_names_wrappings_and_what_is_left_out_in_other_clothes(bench, arguments):
    result = await call("read_file", arguments, bench)
    assert result.ok, result.text
    assert result.text == APP


@pytest.mark.parametrize(
    "path", ["src\\app.py", " src/app.py ", "src/app.py\n", "file://{project}/src/app.py"]
)
async def test_a_path_is_read_as_it_is_meant(use, project, path):
    result = await use("read_file", path=path.replace("{project}", str(project)))
    assert result.text == APP


@pytest.mark.parametrize(
    "path",
    [
        "src\\new.py",
        " src/new.py ",
        "src/new.py\n",
        "file://{project}/src/new.py",
        "file://localhost{project}/src/new.py",
    ],
)
async def test_a_new_file_gets_the_name_that_is_meant(use, bench, project, path):
    result = await use("write_file", path=path.replace("{project}", str(project)), content="x = 1\n")
    assert result.changed == ("src/new.py",)
    assert sorted(each.name for each in bench.stage.tree.iterdir()) == [".gitignore", "README.md", "src"]


@pytest.mark.parametrize(
    "path", ["C:\\work\\new.py", "d:/new.py", "src/\x1b[31mred.py", "src/a.py\nsrc/b.py"]
)
async def test_a_name_that_cannot_be_meant_is_refused(use, path):
    result = await use("write_file", path=path, content="x = 1\n")
    assert not result.ok
    assert result.changed == ()
    assert "path" in result.text


async def test_a_file_that_has_such_a_name_keeps_it(use, put):
    put("odd\\ name ", "here\n")
    result = await use("read_file", path="odd\\ name ")
    assert result.text == "    1\there"


async def test_a_project_in_the_home_folder_may_be_named_from_there(use, project, monkeypatch):
    monkeypatch.setenv("HOME", str(project.parent))
    assert (await use("read_file", path="~/project/src/app.py")).text == APP
    assert not (await use("read_file", path="~/elsewhere/app.py")).ok


async def test_a_patch_with_backslashes_finds_its_file(use):
    patch = "*** Begin Patch\n*** Update File: src\\app.py\n@@\n-    return a + b\n+    return b + a\n*** End Patch"
    assert (await use("apply_patch", patch=patch)).changed == ("src/app.py",)


@pytest.mark.parametrize(
    "paths",
    [
        ["src/app.py", "README.md"],
        '["src/app.py", "README.md"]',
        "src/app.py, README.md",
        "src\\app.py README.md",
    ],
)
async def test_several_files_of_a_commit_in_other_forms(use, put, paths):
    put("src/app.py", "x = 1\n")
    put("README.md", "new\n")
    put("other.txt", "new\n")
    result = await use("commit", message="Change it", paths=paths)
    assert result.wish is not None, result.text
    assert result.wish.paths == ("README.md", "src/app.py")


async def test_a_name_with_a_space_is_one_file_of_a_commit(use, put):
    put("a b.txt", "x\n")
    assert (await use("commit", message="Add it", paths="a b.txt")).wish.paths == ("a b.txt",)


@pytest.mark.parametrize("command", [["printf", "%s", "a b"], ["printf '%s' 'a b'"]])
async def test_a_command_as_a_list_of_words(use, command):
    result = await use("run_command", command=command)
    assert result.ok
    assert result.text.endswith("\na b")


@pytest.mark.parametrize(("said", "dev"), [("yes", True), (1, True), ("0", False), ("No", False), ("", None)])
def test_a_flag_in_other_words(said, dev):
    found = checked("install_dependency", TOOLS["install_dependency"].function, {"name": "x", "dev": said})
    assert found.get("dev") is dev


async def test_lists_of_globs_and_kinds_and_a_pattern_with_the_projects_path(use, project, put):
    put("notes.md", "add\n")
    found = await use("search_files", pattern="add", glob=["*.md", "*.txt"])
    assert found.text == "notes.md:1: add"
    tree = await use("parse_ast", path="src/app.py", node_kinds=["return_statement", "call"])
    assert "return_statement 2:5" in tree.text
    for pattern in (f"{project}/src/*.py", "src\\*.py"):
        assert (await use("find_files", pattern=pattern)).text.startswith("src/app.py (")


async def test_code_in_a_fence_is_run_without_it(use):
    result = await use("execute_code", language="python", code="```python\nprint('a', '`' * 3)\n```")
    assert result.text == "Exit code 0.\na ```"


async def test_a_right_call_of_edit_file_is_one(use):
    """What the message gives as an example must be taken by the tool itself."""
    result = await use("edit_file", path="src/app.py", edits=[{"old": "x", "path": "y"}])
    assert '"old": ' in result.text
    assert '"new": ' in result.text
