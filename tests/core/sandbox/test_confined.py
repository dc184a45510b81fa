"""What a confined command can see and do, tried with real commands."""

import asyncio
import hashlib
import os
import shutil
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pygit2
import pytest

from core.limits import limits
from core.sandbox import SandboxFailed, open_sandbox, probe
from core.sandbox.bubblewrap import Confined, probe_program
from core.sandbox.layer import Way
from core.sandbox.unconfined import Unconfined
from core.stage import Stage


def digest(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


async def test_the_project_is_at_its_own_path(confined, run, project, stage):
    (stage.tree / "app.py").write_text((project / "app.py").read_text() + "print('staged')\n")
    ended = await run(confined, "python3 app.py")
    assert ended.output.splitlines() == [str(project), str(project / "app.py"), "staged"]
    assert ended.exit_code == 0
    assert ended.reason == "exited"


async def test_writes_land_in_the_stage_and_not_in_the_project(confined, run, project, stage):
    before = digest(project)
    ended = await run(confined, f"echo new > new.txt; echo more >> '{project}/app.py'; rm docs/readme.md")
    assert ended.exit_code == 0
    assert (stage.tree / "new.txt").read_text() == "new\n"
    assert (stage.tree / "app.py").read_text().endswith("more\n")
    assert not (stage.tree / "docs" / "readme.md").exists()
    assert digest(project) == before


async def test_nothing_outside_can_be_written(confined, run, project, stage, tmp_path, isolated):
    sibling, home_file = tmp_path / "sibling.txt", isolated / "notes.txt"
    sibling.write_text("canary")
    home_file.write_text("canary")
    (stage.tree / "out").symlink_to(sibling)
    etc = set(Path("/etc").iterdir())
    places = [
        str(sibling),
        "../sibling.txt",
        "out",
        f"{isolated}/notes.txt",
        f"{isolated}/new",
        "/etc/heddle-x",
    ]
    places += [
        f"{stage.folder}/shadow.git/evil",
        f"{stage.folder}/manifest.json",
        "/usr/heddle-x",
        "/heddle-x",
    ]
    await run(
        confined, "\n".join(f"(mkdir -p \"$(dirname '{each}')\"; echo evil > '{each}')" for each in places)
    )
    assert sibling.read_text() == "canary"
    assert home_file.read_text() == "canary"
    assert not (isolated / "new").exists()
    assert set(Path("/etc").iterdir()) == etc
    assert not (stage.folder / "shadow.git" / "evil").exists()
    assert "evil" not in (stage.folder / "manifest.json").read_text()
    assert not Path("/usr/heddle-x").exists()
    assert not Path("/heddle-x").exists()


async def test_home_and_other_peoples_files_are_not_readable(confined, run, isolated, tmp_path):
    (isolated / ".aws").mkdir()
    (isolated / ".aws" / "credentials").write_text("canary-home")
    (tmp_path / "sibling.txt").write_text("canary-sibling")
    (isolated / "heddle" / "data").mkdir(parents=True)
    (isolated / "heddle" / "data" / "log.db").write_text("canary-log")
    paths = f"'{isolated}/.aws/credentials' '{tmp_path}/sibling.txt' '{isolated}/heddle/data/log.db'"
    ended = await run(confined, f"cat {paths} ~/.aws/credentials; ls -A ~")
    assert "canary" not in ended.output
    assert ended.output.count("No such file") == 4


async def test_there_is_no_network(confined, run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        ended = await run(confined, f'python3 -c "{script}"')
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert ended.exit_code == 1
    assert "ConnectionRefusedError" in ended.output


async def test_no_secret_of_the_environment_is_visible(confined, run, monkeypatch):
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "LD_PRELOAD_X", "SSH_AUTH_SOCK", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "canary-secret")
    ended = await run(confined, "env; cat /proc/[0-9]*/environ | tr '\\0' '\\n'")
    assert "canary-secret" not in ended.output
    assert "PATH=" in ended.output


async def test_processes_of_the_host_are_not_visible(confined, run):
    ended = await run(confined, "ls -d /proc/[0-9]* | wc -l; ls -d /proc/1 && readlink /proc/1/exe")
    assert int(ended.output.split()[0]) < 10


async def test_git_in_there_is_not_the_projects(confined, run, project, stage):
    before = digest(project / ".git")
    script = (
        "git config user.name Evil && echo >> app.py && git add -A && git commit -q -m x && git log --oneline"
    )
    ended = await run(confined, f"{script} && touch .git/hooks/x; mv .git .git2")
    assert " x\n" in ended.output
    assert digest(project / ".git") == before
    assert not (stage.tree / ".git").exists()
    assert not (stage.tree / ".git2").exists()


async def test_git_in_there_knows_the_project_and_what_was_changed(confined, run, project, stage):
    (stage.tree / "app.py").write_text("print('changed')\n")
    (stage.tree / "new.py").write_text("")
    (stage.tree / "docs" / "other.md").unlink()
    script = "git status --porcelain; git ls-files; git show HEAD:app.py | head -1; git log --oneline | wc -l"
    ended = await run(confined, script)
    assert ended.output.split("\n") == [
        " M app.py",
        " D docs/other.md",
        "?? new.py",
        ".gitignore",
        "app.py",
        "docs/other.md",
        "docs/readme.md",
        "import os",
        "1",
        "",
    ]


async def test_a_command_finds_no_commit_of_what_is_hidden_or_too_large(confined, run, project, stage):
    """Not even where the stage has no secret in it any more."""
    for folder, text in (project, "PASSWORD=canary-in-the-project"), (stage.tree, ""):
        (folder / "prod.env").write_text(text)
        (folder / "large.bin").write_bytes(b"")
    with (project / "large.bin").open("r+b") as file:
        file.truncate(limits().sandbox.commit_bytes + 1)
    assert "HEAD" in (await run(confined, "git rev-parse HEAD 2>&1")).output
    (project / "large.bin").write_bytes(b"")
    shutil.rmtree(stage.tree.parent / "sandbox")
    ended = await run(confined, "git ls-files; git rev-list --objects --all | cut -d' ' -f2-")
    assert "large.bin" in ended.output
    assert "prod.env" not in ended.output


def contents(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.fixture
def needs_overlay(stage: Stage, project: Path) -> None:
    reason = (
        open_sandbox(stage.tree, project, allow_unconfined=False)
        .run_here(["true"], 30, lambda: False)
        .read_only
    )
    if reason:
        pytest.skip(reason)


CHANGES = (
    "cat .venv/marker local/settings.txt docs/data.bin; echo ours > .venv/marker; rm -r local/settings.txt .venv/bin;"
    " echo ours > docs/data.bin; mkdir .venv/lib; echo new > .venv/lib/new; mv .venv/marker .venv/moved"
)


async def test_what_is_written_to_ignored_files_stays_out_of_the_project(
    confined, run, project, stage, needs_overlay
):
    before, staged = contents(project), contents(stage.tree)
    ended = await run(confined, CHANGES)
    assert ended.output == "from the environment\nlocal settings\nignored data\n"
    assert (ended.exit_code, ended.read_only) == (0, "")
    assert contents(project) == before
    assert contents(stage.tree) == staged


async def test_the_same_commands_change_a_project_that_nothing_protects(project, run):
    """The control: without the sandbox they are an attack."""
    before = contents(project)
    await run(Unconfined(project, allowed=True, reason="a control run"), CHANGES)
    assert contents(project) != before


async def test_later_commands_find_what_earlier_ones_wrote_there(confined, run, project, needs_overlay):
    await run(confined, CHANGES)
    ended = await run(
        confined.of("debugger"), "cat .venv/moved .venv/lib/new docs/data.bin; ls -A local .venv"
    )
    assert ended.output == "ours\nnew\nours\n.venv:\nlib\nmoved\n\nlocal:\ndeep\n"
    assert (project / ".venv" / "marker").read_text() == "from the environment\n"


async def test_no_link_that_a_command_leaves_there_uncovers_a_secret(confined, run, needs_overlay):
    """Neither a moved folder, a hard link, nor a link in its place shows what is covered, now or later."""
    first = "mv local/deep local/other; ln local/deep/server.key local/hard; ln -s deep/server.key local/soft; true"
    await run(confined, first)
    await run(confined, "rm -rf local/deep; ln -s /etc local/deep; ln -s .. local/up")
    ended = await run(confined, "find . -type f -exec cat {} + ; cat local/soft local/hard; echo end")
    assert "canary" not in ended.output
    assert ended.output.endswith("end\n")


async def test_a_service_sees_ignored_files_and_writes_none(confined, project):
    script = "cat .venv/marker; echo x > .venv/marker || echo denied"
    with confined.serve(["sh", "-c", script]) as service:
        assert service.stdout.read() == b"from the environment\ndenied\n"
    assert (project / ".venv" / "marker").read_text() == "from the environment\n"


@pytest.mark.parametrize("name", ["a,b:c\\d", "lower=x, upper", "line\nbreak"])
async def test_any_folder_can_have_a_layer(needs_bubblewrap, needs_overlay, run, tmp_path, name):
    project = tmp_path / name / "project"
    (project / "kept").mkdir(parents=True)
    (project / ".gitignore").write_text("kept\n")
    (project / "kept" / "a").write_text("theirs")
    stage = Stage.create(project, tmp_path / name / "stage")
    ended = await run(
        open_sandbox(stage.tree, project, allow_unconfined=False), "echo ours > kept/a; cat kept/a"
    )
    assert (ended.output, (project / "kept" / "a").read_text()) == ("ours\n", "theirs")


async def test_where_no_overlay_can_be_mounted_they_are_read_only_and_the_reason_is_known(
    confined, run, project, monkeypatch
):
    monkeypatch.setattr("core.sandbox.layer.find_way", lambda _: Way(reason="overlays are forbidden here"))
    ended = await run(confined, "cat .venv/marker; echo x > .venv/marker")
    assert ended.output.startswith("from the environment\n")
    assert "Read-only file system" in ended.output
    assert ended.read_only == "overlays are forbidden here"
    assert (project / ".venv" / "marker").read_text() == "from the environment\n"


async def test_a_second_command_at_once_sees_them_read_only(confined, run, needs_overlay):
    up, end = threading.Event(), threading.Event()
    words = ["sh", "-c", "echo up; exec sleep 60"]
    first = asyncio.create_task(confined.run(words, seconds=60, stop=end, on_output=lambda _: up.set()))
    await asyncio.to_thread(up.wait)
    ended = await run(confined, "cat .venv/marker; echo x > .venv/marker")
    end.set()
    await first
    assert ended.output.startswith("from the environment\n")
    assert ended.read_only == "another command is using them"


async def test_the_layer_can_be_deleted(confined, run, stage, needs_overlay):
    """An overlay leaves a folder without any rights behind, unless somebody takes it away."""
    await run(confined, CHANGES)
    shutil.rmtree(stage.tree.parent / "ignored")


async def test_ignored_secrets_are_hidden(confined, run):
    ended = await run(confined, "cat .env local/deep/server.key; find . -name '*.key' -size +0")
    assert "canary" not in ended.output
    assert "/deep/server.key\n" not in ended.output
    assert ended.exit_code == 0


async def test_a_deleted_file_of_the_stage_stays_deleted(confined, run, stage):
    stage.delete("docs/readme.md")
    ended = await run(confined, "ls docs")
    assert ended.output == "data.bin\nother.md\n"


async def test_an_ignored_link_into_the_home_is_not_followed(confined, run, project, isolated):
    (isolated / "private").mkdir()
    (isolated / "private" / "letter").write_text("canary")
    (project / ".gitignore").write_text("leak\n")
    (project / "leak").symlink_to(isolated / "private")
    ended = await run(confined, "cat leak/letter")
    assert ended.exit_code != 0
    assert "canary" not in ended.output


async def test_mount_points_that_a_crash_left_do_no_harm(confined, run, stage):
    (stage.tree / ".venv").mkdir()
    (stage.tree / "docs" / "data.bin").touch()
    ended = await run(confined, "cat .venv/marker docs/data.bin")
    assert ended.output == "from the environment\nignored data\n"
    assert not (stage.tree / ".venv").exists()
    assert not (stage.tree / "docs" / "data.bin").exists()


async def test_two_commands_at_once_share_their_mount_points(confined, stage, run):
    first_is_up, let_go = threading.Event(), threading.Event()
    first = asyncio.create_task(
        confined.run(
            ["sh", "-c", "echo up; while [ ! -e go ]; do sleep 0.01; done; cat .venv/marker"],
            seconds=30,
            stop=let_go,
            on_output=lambda _: first_is_up.set(),
        )
    )
    await asyncio.to_thread(first_is_up.wait)
    second = await run(confined, "cat .venv/marker; touch go")
    ended = await first
    assert second.output == "from the environment\n"
    assert ended.output == "up\nfrom the environment\n"
    assert not (stage.tree / ".venv").exists()


@pytest.mark.parametrize("name", ["plain", "with 'quotes' and \n newline", "-rf", "ünïcode 文"])
async def test_a_project_in_the_home_under_any_name(needs_bubblewrap, run, isolated, tmp_path, name):
    project = isolated / "work" / name
    project.mkdir(parents=True)
    (project / "a.txt").write_text("here\n")
    (isolated / "work" / "other").write_text("canary")
    stage = Stage.create(project, isolated / "heddle" / "state" / "stages" / "s1")
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=False)
    ended = await run(sandbox, "cat a.txt; pwd; echo x > b.txt; touch ~/scratch && echo home; ls ..")
    assert ended.output == f"here\n{project}\nhome\n{name}\n"
    assert (stage.tree / "b.txt").read_text() == "x\n"
    assert not (isolated / "scratch").exists()


async def test_a_project_that_is_the_home(needs_bubblewrap, run, isolated, tmp_path):
    """Somebody made a repository of it."""
    pygit2.init_repository(str(isolated))
    (isolated / "a.txt").write_text("here\n")
    stage = Stage.create(isolated, tmp_path / "stage")
    sandbox = open_sandbox(stage.tree, isolated, allow_unconfined=False)
    ended = await run(sandbox, "cat a.txt; pwd; echo $HOME; touch ~/scratch && echo wrote")
    assert ended.output == f"here\n{isolated}\n/tmp/home\nwrote\n"
    assert not (isolated / "scratch").exists()
    assert not (stage.tree / "scratch").exists()


async def test_a_project_behind_a_link(needs_bubblewrap, run, project, stage, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(project)
    sandbox = open_sandbox(stage.tree, link, allow_unconfined=False)
    ended = await run(sandbox, f"cat '{link}/docs/readme.md' '{project}/docs/readme.md'; cat .venv/marker")
    assert ended.output == "hello\nhello\nfrom the environment\n"


async def test_a_folder_without_git_has_none(needs_bubblewrap, run, tmp_path):
    project = tmp_path / "plain"
    (project / ".venv").mkdir(parents=True)
    (project / ".venv" / "marker").write_text("env\n")
    stage = Stage.create(project, tmp_path / "stage")
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=False)
    ended = await run(sandbox, "ls -A; cat .venv/marker")
    assert ended.output == ".venv\nenv\n"


async def test_a_sandbox_that_cannot_be_set_up_is_no_failed_command(needs_bubblewrap, run, project, tmp_path):
    sandbox = open_sandbox(tmp_path / "no such tree", project, allow_unconfined=False)
    with pytest.raises(SandboxFailed, match="could not be"):
        await run(sandbox, "true")


async def test_bubblewrap_that_fails_is_no_failed_command(needs_bubblewrap, run, stage, project):
    sandbox = Confined(stage.tree, project, replace(probe(), flags=("--no-such-option",)))
    with pytest.raises(SandboxFailed, match="bwrap: "):
        await run(sandbox, "true")


async def test_a_credential_in_a_tool_chain_is_hidden(confined, run, isolated, monkeypatch):
    programs = isolated / ".cargo" / "bin"
    programs.mkdir(parents=True)
    (programs / "frob").write_text("#!/bin/sh\necho frobbed\n")
    (programs / "frob").chmod(0o755)
    (isolated / ".cargo" / "credentials.toml").write_text("canary")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    ended = await run(confined, "frob; cat ~/.cargo/credentials.toml; touch ~/.cargo/x")
    assert "frobbed" in ended.output
    assert "canary" not in ended.output
    assert "Read-only file system" in ended.output


def test_the_probe_really_starts_it(needs_bubblewrap):
    assert probe() is probe()
    found = probe_program("/bin/false")
    assert not found.ok
    assert "does not start" in found.reason
    assert not probe_program("/no/such/bwrap").ok
