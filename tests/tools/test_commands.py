"""Commands: what a model reads, what changed, and how they stop."""

import asyncio

import msgspec
import pytest

from core.limits import limits
from core.sandbox.unconfined import Unconfined
from tests.support.waiting import SOON
from tools.registry import call
from tools.workbench import Workbench


async def test_output_exit_code_and_what_changed(use, bench, project):
    result = await use(
        "run_command", command="echo hi; echo x > new.txt; rm README.md; echo ' ' >> src/app.py"
    )
    assert result.ok
    assert result.text == "Exit code 0.\nhi\nChanged: README.md, new.txt, src/app.py"
    assert result.changed == ("README.md", "new.txt", "src/app.py")
    assert (project / "README.md").exists()


async def test_reading_changes_nothing(use):
    result = await use("run_command", command="cat src/app.py; mkdir -p __pycache__; echo > __pycache__/x")
    assert result.ok
    assert result.changed == ()


async def test_failing(use):
    result = await use("run_command", command="echo no >&2; exit 4")
    assert not result.ok
    assert result.text == "Exit code 4.\nno"
    quiet = await use("run_command", command="exit 1")
    assert quiet.text == "Exit code 1.\nIt printed nothing."


@pytest.mark.parametrize("command", ["", "  \n", "a\0b", "echo \ud800"])
async def test_commands_that_cannot_be(use, command):
    result = await use("run_command", command=command)
    assert not result.ok
    assert result.text.endswith(".")


async def test_long_output_keeps_head_and_tail(use):
    result = await use("run_command", command="echo first; seq 1 1000000; echo last")
    assert result.ok
    assert len(result.text) <= limits().tools.output_characters
    assert "\nfirst\n1\n" in result.text
    assert result.text.endswith("\nlast")
    assert "left out" in result.text


async def test_a_read_only_place_is_explained(use):
    result = await use("run_command", command="echo 'cannot touch x: Read-only file system'; exit 1")
    assert "can be written here" in result.text
    network = await use("run_command", command="echo 'curl: (6) Could not resolve host: x'; exit 6")
    assert "There is no network here" in network.text


async def test_time_is_limited(use, monkeypatch):
    for seconds in (1, 5, SOON):  # however long it takes here until a command is at work
        short = msgspec.structs.replace(limits().tools, command_seconds=seconds)
        fitting = msgspec.structs.replace(limits(), tools=short)
        monkeypatch.setattr("tools.commands.limits", lambda fitting=fitting: fitting)
        result = await use("run_command", command="echo $$ > left.txt; echo started; sleep 600")
        assert not result.ok
        assert result.text.startswith(f"Ended by force after {seconds:g} seconds.")
        if "\nstarted" in result.text:
            break
    assert "\nstarted" in result.text
    assert result.changed == ("left.txt",)


async def test_stop_ends_it(bench, use):
    task = asyncio.create_task(use("run_command", command="touch up; sleep 600"))
    while not (bench.stage.tree / "up").exists():
        await asyncio.sleep(0.01)
    bench.stop.set()
    result = await task
    assert not result.ok
    assert result.text.startswith("Stopped before it was done.")


async def test_cancelling_ends_it_and_frees_the_stage(bench, use):
    task = asyncio.create_task(use("run_command", command="touch up; sleep 600"))
    while not (bench.stage.tree / "up").exists():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not bench.stop.is_set()
    assert (await use("run_command", command="echo again")).ok


async def test_a_write_waits_for_a_command_so_that_changes_are_told_apart(bench, use):
    command = "touch up; while [ ! -e go ]; do sleep 0.01; done; echo x > by_command.txt; rm go"
    running = asyncio.create_task(use("run_command", command=command))
    while not (bench.stage.tree / "up").exists():
        await asyncio.sleep(0.01)
    writing = asyncio.create_task(use("write_file", path="by_tool.txt", content="x"))
    reading = await use("read_file", path="README.md")
    assert reading.ok
    assert not writing.done()
    (bench.stage.tree / "go").touch()
    assert (await running).changed == ("by_command.txt", "up")
    assert (await writing).changed == ("by_tool.txt",)


async def test_a_command_that_waits_for_the_stage_can_be_stopped(bench, use):
    first = asyncio.create_task(use("run_command", command="touch up; sleep 600"))
    while not (bench.stage.tree / "up").exists():
        await asyncio.sleep(0.01)
    second = asyncio.create_task(use("run_command", command="touch second"))
    bench.stop.set()
    assert not (await second).ok
    assert not (await first).ok
    assert not (bench.stage.tree / "second").exists()


async def test_without_a_sandbox_nothing_runs_unless_allowed(bench):
    sandbox = Unconfined(bench.stage.tree, allowed=False, reason="this is a test")
    alone = Workbench(bench.stage, sandbox, bench.stop, "r1", "n", "r")
    result = await call("run_command", {"command": "touch ran"}, alone)
    assert not result.ok
    assert "--unconfined" in result.text
    tests = await call("run_tests", {}, alone)
    assert not (bench.stage.tree / "ran").exists()
    assert tests.tests is not None
    assert tests.tests.outcome == "not_run"


async def test_git_tools_speak_of_the_stage(use, bench, project):
    assert (await use("git_status")).text == "Nothing was changed so far."
    assert (await use("git_diff")).text == "Nothing was changed so far."
    await use("edit_file", path="src/app.py", old="a + b", new="b + a")
    await use("write_file", path="new.txt", content="x\n")
    removed = await use("run_command", command="rm README.md")
    bench.stage.record(removed.changed, run="r1", node="n", role="r", message="as a node does")
    assert sorted((await use("git_status")).text.split("\n")) == [
        "added new.txt", "deleted README.md", "modified src/app.py",
    ]  # fmt: skip
    diff = (await use("git_diff")).text
    assert "-    return a + b\n+    return b + a\n" in diff
    one = (await use("git_diff", path=f"{project}/new.txt")).text
    assert "+x" in one
    assert "app.py" not in one
    assert (await use("git_diff", path=".gitignore")).text == ".gitignore was not changed."


async def test_a_long_diff_says_how_to_get_the_rest(use):
    await use("write_file", path="long.txt", content="".join(f"line {n}\n" for n in range(20_000)))
    result = await use("git_diff")
    assert len(result.text) <= limits().tools.output_characters
    assert "git_diff with the path of one file" in result.text


async def test_a_diff_of_a_folder_and_of_what_is_not_there(use, put):
    put("src/app.py", "x = 1\n")
    put("README.md", "new\n")
    all_of_it = (await use("git_diff")).text
    assert (await use("git_diff", path=".")).text == all_of_it
    part = (await use("git_diff", path="src")).text
    assert "src/app.py" in part
    assert "README.md" not in part
    missing = await use("git_diff", path="src/ap.py")
    assert not missing.ok
    assert "Did you mean src/app.py?" in missing.text
