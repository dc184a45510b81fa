"""What a command leaves behind leads nobody out who comes after it: not the next command, and not Heddle's own hand."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pygit2
import pytest

from core.removal import remove_tree
from core.sandbox import mounts, open_sandbox
from core.sandbox.layer import Layered
from core.sandbox.secrecy import Hidden
from core.stage import Stage
from tests.core.test_removal import dig
from tests.safety.test_files import serve_at

GIT_TRAPS = {
    "head": "rm .git/HEAD; ln -s {outside}/made .git/HEAD",
    "configuration": "rm .git/HEAD .git/config; ln -s {outside}/config .git/config",
    "folders": "rm -r .git/HEAD .git/info .git/objects .git/refs; ln -s {outside} .git/info; "
    "ln -s {outside} .git/objects; ln -s {outside} .git/refs",
}
"""Links in the throw-away `.git`, and nothing whole there, so that it has to be made again."""
DEEP = 1_200
"""So many that a program which follows them down by calling itself gives up."""
SECRET = "DB_PASSWORD=hunter2hunter2\n"
DOWN = "/".join("d" * 110)
LOOK = "cat {0}; base64 {0}"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "config").write_text("[user]\n\tname = Ada\n")
    return folder


def is_untouched(outside: Path) -> bool:
    names = [each.name for each in outside.iterdir()]
    return names == ["config"] and (outside / "config").read_text() == "[user]\n\tname = Ada\n"


@pytest.mark.parametrize("trap", GIT_TRAPS)
def test_a_link_in_the_throw_away_git_is_never_written_through(confined, shell, outside, trap):
    shell(confined, GIT_TRAPS[trap].format(outside=outside))
    ended = shell(
        confined, "git init -q . && git add -A && git commit --allow-empty -qm x && git log -1 --format=%s"
    )
    assert ended.output.splitlines()[-1:] == ["x"]
    assert is_untouched(outside)


@pytest.mark.parametrize("trap", GIT_TRAPS)
def test_git_itself_would_write_through_it(confined, shell, outside, project, trap):
    """The control: what was done there before, by whoever makes it again in its place."""
    shell(confined, GIT_TRAPS[trap].format(outside=outside))
    made = pygit2.init_repository(str(project.parent / "stage" / "sandbox"))
    if trap == "configuration":
        made.config["user.name"] = "Heddle"
    assert not is_untouched(outside)


def test_a_link_where_a_repository_is_to_be_is_not_mounted_over(project, make_stage, shell, outside, request):
    """The project has no Git when the command makes its link, and gets one later."""
    (project / ".git").rename(project.parent / "git")
    stage = make_stage()
    request.getfixturevalue("needs_bubblewrap")
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=False)
    shell(sandbox, f"ln -s /oldroot{outside}/made .git")
    (project.parent / "git").rename(project / ".git")
    assert shell(sandbox, "readlink .git").output == f"/oldroot{outside}/made\n"
    assert is_untouched(outside)


@pytest.mark.parametrize("protected", [True, False])
def test_a_link_where_a_socket_is_to_be_covered_leads_no_mount_out(
    project, request, shell, outside, monkeypatch, protected
):
    """bubblewrap makes what it is to mount over, and `/oldroot` is its own way to the machine's files."""
    if not protected:
        monkeypatch.setattr(Layered, "covers", lambda *_: False)
    (project / ".gitignore").write_text("local/\n")
    (project / "local" / "run").mkdir(parents=True)
    sandbox = request.getfixturevalue("confined")
    ended = shell(sandbox, f"rmdir local/run && ln -s /oldroot{outside} local/run")
    if ended.read_only:
        pytest.skip(f"commands write no ignored files here: {ended.read_only}")
    with serve_at(project / "local" / "run" / "x.sock"):
        shell(sandbox, "ls local")
    assert is_untouched(outside) is protected


def hidden_away(shell, sandbox, move: str, at: str) -> str:
    assert "hunter" not in shell(sandbox, f"cat conf/secrets.toml; {move}; {LOOK.format(at)}").output
    return shell(sandbox, LOOK.format(at)).output


@pytest.mark.parametrize(
    ("move", "at"),
    [
        ("mv conf other", "other/secrets.toml"),
        ("mkdir tests; mv conf tests", "tests/conf/secrets.toml"),
        ("mkdir -p a; mv conf a/b; mv a c", "c/b/secrets.toml"),
        (f"mkdir -p {DOWN}; mv conf {DOWN}", f"{DOWN}/conf/secrets.toml"),
        ("mkdir conf/in; touch conf/in/x; mv conf z; mkdir conf; ln -s ../z conf/z", "conf/z/secrets.toml"),
    ],
    ids=["beside", "to examples", "twice", "too deep", "behind a link"],
)
def test_a_hidden_file_stays_hidden_wherever_its_folder_is_moved(project, request, shell, move, at):
    (project / "conf").mkdir()
    (project / "conf" / "secrets.toml").write_text(SECRET)
    output = hidden_away(shell, request.getfixturevalue("confined"), move, at)
    assert "PASSWORD" not in output and "REJfUEFTU" not in output


def test_a_file_of_the_policy_stays_hidden_too_until_the_user_shows_it(project, request, shell, policy):
    policy('[sandbox]\nhide = ["conf/*"]\n')
    (project / "conf").mkdir()
    (project / "conf" / "secrets.toml").write_text("what we plan: PASSWORD\n")
    sandbox = request.getfixturevalue("confined")
    assert "PASSWORD" not in hidden_away(shell, sandbox, "mv conf other", "other/secrets.toml")
    policy('[sandbox]\nhide = ["conf/*"]\nshow = ["other/*"]\n')
    assert "PASSWORD" in shell(sandbox, "cat other/secrets.toml").output


def test_without_a_second_look_it_would_be_uncovered(project, request, shell, monkeypatch):
    monkeypatch.setattr("core.sandbox.bubblewrap.look_again", lambda _: None)
    monkeypatch.setattr("core.sandbox.secrecy._FRESH_SECONDS", 600.0)
    (project / "conf").mkdir()
    (project / "conf" / "secrets.toml").write_text(SECRET)
    sandbox = request.getfixturevalue("confined")
    assert "PASSWORD" in hidden_away(shell, sandbox, "mv conf other", "other/secrets.toml")


def test_another_file_with_its_number_is_not_hidden(project, request, shell):
    (project / "conf").mkdir()
    (project / "conf" / "secrets.toml").write_text(SECRET)
    sandbox = request.getfixturevalue("confined")
    shell(sandbox, "ls")
    file = project.parent / "stage" / "tree" / "conf" / "secrets.toml"
    file.write_text("nothing\n")  # the same number on the disk, as after a removal
    file.rename(project.parent / "stage" / "tree" / "notes.txt")
    assert shell(sandbox, "cat notes.txt").output == "nothing\n"


def test_no_mount_goes_behind_a_link_of_the_stage(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "real").mkdir(parents=True)
    (tree / "real" / "secrets.toml").write_text(SECRET)
    (tree / "link").symlink_to("real")
    known = Hidden(frozenset({"real/secrets.toml", "link/secrets.toml", "gone/secrets.toml"}))
    there = [each for each in sorted(known.files) if mounts.is_there(tree, each, folder=False)]
    assert there == ["real/secrets.toml"]


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """Where folders are removed fast. pytest itself cannot remove such deep ones."""
    memory = Path("/dev/shm")
    top = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    yield top
    remove_tree(top)


def test_folders_inside_one_another_without_end_hold_nobody_up(in_memory, needs_bubblewrap, shell):
    """Asking Git's rules about such a folder takes the longer, the deeper it is: it once took minutes."""
    project = in_memory / "project"
    pygit2.init_repository(str(project))
    dig(project, DEEP)
    stage = Stage.create(project, in_memory / "stage")
    assert [reason for reason in stage.left_out.values() if "deeper than" in reason]
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=False)
    nest = f"import os\nfor _ in range({DEEP}):\n    os.mkdir('a')\n    os.chdir('a')\nopen('file', 'w')"
    mark = stage.mark()
    assert shell(sandbox, f'touch new; python3 -c "{nest}"').exit_code == 0
    assert stage.changed_since(mark) == ["new"]
    stage.remove_tree()
    assert not stage.tree.exists()


def test_a_command_that_shuts_its_own_folder_does_not_shut_out_the_next(confined, shell):
    shell(confined, "chmod 0 .")
    assert shell(confined, "cat app.py").output == "print('hello')\n"


def test_a_socket_of_the_stage_is_no_file(use):
    with socket.socket(socket.AF_UNIX) as one:
        assert use("list_directory").ok
        one.close()
    made = use("run_command", command="python3 -c \"import socket; socket.socket(1).bind('s')\"; ls s")
    assert "s" in made.text and "Changed" not in made.text
    assert not use("read_file", path="s").ok
