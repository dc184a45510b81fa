"""Every kind of project: with Git and without, hostile, broken, read-only; none of them is written to."""

import gc
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest

from core.limits import limits
from core.stage import Stage, StageError
from core.stage.apply import apply, undo
from core.stage.survey import open_git

Picture = Callable[..., dict[str, tuple[object, ...]]]


def staged(stage: Stage) -> set[str]:
    return {
        str(path.relative_to(stage.tree))
        for path in stage.tree.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def work(stage: Stage, journals: Path, record: Callable, picture: Picture) -> None:
    """A change all the way into the project and back, and nothing written before."""
    before = picture(stage.project, times=True)
    stage.write("made/by node", b"x\n")
    record(stage, "made/by node")
    stage.refresh()
    assert picture(stage.project, times=True) == before
    apply(stage.project, stage.changes(), journals)
    assert (stage.project / "made" / "by node").read_bytes() == b"x\n"
    undo(stage.project, journals)
    plain = {name: what[:2] for name, what in before.items()}
    assert picture(stage.project) == plain


def test_an_empty_folder(tmp_path: Path, journals: Path, record, picture: Picture) -> None:
    (tmp_path / "p").mkdir()
    stage = Stage.create(tmp_path / "p", tmp_path / "s")
    assert (stage.files, staged(stage)) == (0, set())
    work(stage, journals, record, picture)


def test_a_folder_that_is_no_repository(
    tmp_path: Path, journals: Path, record, picture: Picture, write_files
) -> None:
    files = {
        "a": b"1",
        "node_modules/x": b"",
        "sub/.venv/y": b"",
        "sub/z": b"2",
        ".gitignore": b"*.key\n",
        "s.key": b"",
    }
    write_files(tmp_path / "p", files)
    stage = Stage.create(tmp_path / "p", tmp_path / "s")
    assert staged(stage) == {"a", "sub/z", ".gitignore"}
    work(stage, journals, record, picture)


def test_a_repository_without_commits(
    tmp_path: Path, journals: Path, record, picture: Picture, git, write_files
) -> None:
    write_files(tmp_path / "p", {"a": b"1", "x.log": b"", ".gitignore": b"*.log\n"})
    git(tmp_path / "p", "init", "-q")
    stage = Stage.create(tmp_path / "p", tmp_path / "s")
    assert staged(stage) == {"a", ".gitignore"}
    work(stage, journals, record, picture)


def test_a_repository_that_libgit2_cannot_open(
    tmp_path: Path, journals: Path, record, picture: Picture, git, write_files
) -> None:
    write_files(
        tmp_path / "p",
        {"a": b"1", "x.log": b"", ".gitignore": b"*.log\n", "sub/.gitignore": b"y\n", "sub/y": b""},
    )
    try:
        git(tmp_path / "p", "init", "-q", "--object-format=sha256")
    except subprocess.CalledProcessError:
        pytest.skip("this git makes no sha256 repositories")
    git(tmp_path / "p", "add", "a")
    stage = Stage.create(tmp_path / "p", tmp_path / "s")
    assert staged(stage) == {"a", ".gitignore", "sub/.gitignore"}
    work(stage, journals, record, picture)


@pytest.mark.parametrize("damage", ["HEAD", "config", "index", "objects"])
def test_a_damaged_repository_is_still_a_project(project: Path, tmp_path: Path, damage: str) -> None:
    place = project / ".git" / damage
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.write_bytes(b"\0garbage\n" * 9)
    stage = Stage.create(project, tmp_path / "s")
    assert staged(stage) >= {"README.md", "src/app.py", "new.txt"}
    assert "build/x" not in staged(stage)


def test_a_git_file_that_leads_nowhere(tmp_path: Path, write_files) -> None:
    write_files(tmp_path / "p", {"a": b"1", ".git": b"gitdir: /nowhere/at/all\n"})
    assert staged(Stage.create(tmp_path / "p", tmp_path / "s")) == {"a"}


def test_a_project_inside_a_repository(
    project: Path, tmp_path: Path, journals: Path, record, picture: Picture
) -> None:
    (project / "src" / "x.log").write_bytes(b"ignored by the parent's rule")
    stage = Stage.create(project / "src", tmp_path / "s")
    assert staged(stage) == {"app.py", "util.py"}
    mark = stage.mark()
    (stage.tree / "y.log").write_bytes(b"")
    assert stage.changed_since(mark) == []
    work(stage, journals, record, picture)


def test_a_folder_that_a_repository_ignores_is_a_project_of_its_own(project: Path, tmp_path: Path) -> None:
    assert staged(Stage.create(project / "build", tmp_path / "s")) == {"x"}


def test_a_worktree(project: Path, tmp_path: Path, git, journals: Path, record, picture: Picture) -> None:
    git(project, "worktree", "add", "-q", str(tmp_path / "side"))
    before = picture(project, times=True)
    (tmp_path / "side" / "x.log").write_bytes(b"")
    stage = Stage.create(tmp_path / "side", tmp_path / "s")
    assert staged(stage) == {"README.md", "src/app.py", "src/util.py", ".gitignore"}
    work(stage, journals, record, picture)
    assert picture(project, times=True) == before


def test_tracked_files_count_though_they_are_ignored(project: Path, tmp_path: Path, git, write_files) -> None:
    write_files(
        project, {"node_modules/kept": b"1", "build/kept": b"2", "kept.log": b"3", "node_modules/junk": b""}
    )
    git(project, "add", "-f", "node_modules/kept", "build/kept", "kept.log")
    names = staged(Stage.create(project, tmp_path / "s"))
    assert names >= {"node_modules/kept", "build/kept", "kept.log"}
    assert not names & {"build/x", "out.log"}


def test_nested_repositories_are_noted_and_their_git_is_left_out(
    project: Path, tmp_path: Path, git, write_files
) -> None:
    write_files(
        project, {"vendor/lib/code.py": b"1", "mod/file": b"2", "mod/.git": b"gitdir: ../.git/modules/mod\n"}
    )
    git(project / "vendor" / "lib", "init", "-q")
    stage = Stage.create(project, tmp_path / "s")
    assert sorted(stage.nested) == ["mod", "vendor/lib"]
    assert staged(stage) >= {"vendor/lib/code.py", "mod/file"}
    assert not list(stage.tree.rglob(".git"))


def test_what_cannot_be_staged_is_left_out_and_noted(project: Path, tmp_path: Path, git) -> None:
    os.mkfifo(project / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(project)
        listener.bind("socket")
        os.chdir(here)
        with (project / "huge").open("wb") as file:
            file.truncate(limits().stage.file_bytes + 1)
        stage = Stage.create(project, tmp_path / "s")
    assert set(stage.left_out) == {"pipe", "socket", "huge"}
    assert "larger than" in stage.left_out["huge"]
    assert not staged(stage) & {"pipe", "socket", "huge"}
    assert Stage.open(stage.folder).left_out == stage.left_out


def test_links_are_kept_as_links(project: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    targets = {"out": str(tmp_path / "secret"), "folder": "src", "dangling": "nowhere", "up": "../secret"}
    for name, target in targets.items():
        (project / name).symlink_to(target)
    stage = Stage.create(project, tmp_path / "s")
    assert {name: str((stage.tree / name).readlink()) for name in targets} == targets
    assert b"secret" not in b"".join(
        path.read_bytes() for path in stage.tree.rglob("*") if path.is_file() and not path.is_symlink()
    )


def test_modes_and_times_are_kept_and_hard_links_are_copies(project: Path, tmp_path: Path) -> None:
    (project / "run.sh").write_bytes(b"#!/bin/sh\n")
    (project / "run.sh").chmod(0o750)
    os.utime(project / "run.sh", ns=(1, 1_600_000_000_123_456_789))
    os.link(project / "run.sh", project / "twin.sh")
    stage = Stage.create(project, tmp_path / "s")
    info = (stage.tree / "run.sh").stat()
    assert (info.st_mode & 0o777, info.st_mtime_ns, info.st_nlink) == (0o750, 1_600_000_000_123_456_789, 1)


def test_names_in_any_encoding(tmp_path: Path, journals: Path, record, picture: Picture, git) -> None:
    project = tmp_path / "p"
    (project / "d\udcff").mkdir(parents=True)
    git(project, "init", "-q")
    names = [
        "ü.txt",
        "d\udcff/\udcfe.bin",
        "new\nline",
        "-rf",
        "tab\t",
        'quo"te',
        "\x1b]52;c;x\x07",
        "\u202ebidi",
        "a" * 255,
    ]
    for name in names:
        (project / name).write_bytes(b"before\n")
    git(project, "add", "-A")
    stage = Stage.create(project, tmp_path / "s")
    assert staged(stage) == set(names)
    before = picture(project)
    mark = stage.mark()
    for name in names:
        stage.write(name, b"after\n")
    assert stage.changed_since(mark) == sorted(names)
    changes = record(stage, *names)
    assert {change.path for change in changes} == set(names)
    for change in changes:
        change.patch.encode("utf-8")
        assert change.patch.splitlines()[1].startswith("--- ")
    assert '+++ "b/new\\nline"' in stage.diff()
    assert '+++ "b/d\\377/\\376.bin"' in stage.diff()
    assert "+++ b/ü.txt" in stage.diff()
    again = Stage.open(stage.folder)
    assert again.changes() == stage.changes()
    apply(project, again.changes(), journals)
    assert {(project / name).read_bytes() for name in names} == {b"after\n"}
    undo(project, journals)
    assert picture(project) == before


def test_stages_inside_the_project_are_no_part_of_it(project: Path) -> None:
    first = Stage.create(project, project / ".heddle" / "stages" / "s1")
    second = Stage.create(project, project / ".heddle" / "stages" / "s2")
    assert staged(second) == staged(first)
    assert second.refresh() == []
    third = Stage.create(project, project / "here")
    assert third.refresh() == []


def test_too_many_files_are_refused_with_a_sentence(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msgspec

    small = msgspec.structs.replace(limits(), stage=msgspec.structs.replace(limits().stage, files=3))
    monkeypatch.setattr("core.stage.survey.limits", lambda: small)
    with pytest.raises(StageError, match="more than 3 files"):
        Stage.create(project, tmp_path / "s")


HOSTILE = """
[core]
    fsmonitor = {canary}
    hooksPath = {hooks}
    pager = {canary}
    sshCommand = {canary}
    editor = {canary}
    attributesFile = {attributes}
[diff]
    external = {canary}
[diff "x"]
    textconv = {canary}
    command = {canary}
[filter "x"]
    clean = {canary}
    smudge = {canary}
    process = {canary}
    required = true
[merge "x"]
    driver = {canary}
[gpg]
    program = {canary}
[include]
    path = {included}
"""


def test_nothing_that_a_hostile_repository_configures_ever_runs(
    project: Path, tmp_path: Path, journals: Path, record, git, picture: Picture
) -> None:
    mark, canary = tmp_path / "ran", tmp_path / "canary"
    canary.write_text(f"#!/bin/sh\necho ran >> {mark}\ncat\n")
    canary.chmod(0o755)
    hooks = project / ".git" / "hooks"
    shutil.rmtree(hooks, ignore_errors=True)
    hooks.mkdir()
    for name in ("pre-commit", "post-checkout", "post-commit", "post-index-change", "reference-transaction"):
        shutil.copy(canary, hooks / name)
    for folder in (project, tmp_path):
        (folder / ".gitattributes").write_text("* filter=x diff=x merge=x ident\n*.py text eol=crlf\n")
    included = tmp_path / "included"
    included.write_text(f"[core]\n\tfsmonitor = {canary}\n")
    places = {
        "canary": canary,
        "hooks": hooks,
        "attributes": tmp_path / ".gitattributes",
        "included": included,
    }
    with (project / ".git" / "config").open("a") as config:
        config.write(HOSTILE.format(**places))
    probe = subprocess.run(["git", "status"], cwd=project, capture_output=True, check=False)
    assert mark.exists(), probe
    mark.unlink()
    stage = Stage.create(project, tmp_path / "s")
    (project / "src" / "app.py").write_bytes(b"$Id$\r\nx\n")
    stage.refresh()
    assert stage.read("src/app.py") == b"$Id$\r\nx\n"
    seen = stage.mark()
    stage.write("src/app.py", b"$Id$\r\ny\n")
    record(stage, *stage.changed_since(seen))
    work(stage, journals, record, picture)
    apply(project, stage.changes(), tmp_path / "more")
    assert (project / "src" / "app.py").read_bytes() == b"$Id$\r\ny\n"
    assert not mark.exists()


def test_the_user_s_own_git_configuration_is_not_read(project: Path, tmp_path: Path, isolated: Path) -> None:
    """A broken one would stop libgit2 from opening anything."""
    (isolated / ".gitconfig").write_bytes(b"[broken\n")
    (isolated / ".config" / "git").mkdir(parents=True)
    (isolated / ".config" / "git" / "config").write_bytes(b"[broken\n")
    code = (
        "import sys; from pathlib import Path; from core.stage import Stage\n"
        "stage = Stage.create(Path(sys.argv[1]), Path(sys.argv[2])); stage.write('a', b'x')\n"
        "print(len(stage.record(['a'], run='r', node='n', role='n', message='m')), 'build/x' in stage._manifest.files)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(project), str(tmp_path / "s")],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "1 False", done.stderr


def test_a_work_tree_that_the_configuration_puts_elsewhere(project: Path, tmp_path: Path, git) -> None:
    git(project, "config", "core.worktree", "/etc")
    names = staged(Stage.create(project, tmp_path / "s"))
    assert {"README.md", "new.txt"} <= names
    assert "out.log" not in names


def test_looking_for_a_repository_takes_no_reference_from_none(tmp_path: Path) -> None:
    """A binding that does so ends the process on Python 3.11 after some thousand calls."""
    gc.collect()
    before = sys.getrefcount(None)
    for _ in range(1000):
        assert open_git(tmp_path) is None
    assert sys.getrefcount(None) > before - 500


def test_a_home_folder_is_no_project_until_somebody_makes_it_one(tmp_path, monkeypatch):
    home = tmp_path / "me"
    (home / "work").mkdir(parents=True)
    (home / "notes.txt").write_text("mine")
    monkeypatch.setenv("HOME", str(home))
    for everything in (home, Path("/")):
        with pytest.raises(StageError, match="all of it would be copied"):
            Stage.create(everything, tmp_path / "stage")
    assert not (tmp_path / "stage").exists()
    Stage.create(home / "work", tmp_path / "one")
    pygit2.init_repository(str(home))
    assert Stage.create(home, tmp_path / "two").read("notes.txt") == b"mine"
