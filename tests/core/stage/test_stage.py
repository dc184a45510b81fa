import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest

from core.limits import limits
from core.stage import Change, Stage, StageError, Withdrawn
from core.stage.survey import seen


def test_the_tree_holds_the_working_tree_without_ignored_files(stage: Stage) -> None:
    names = {str(path.relative_to(stage.tree)) for path in stage.tree.rglob("*") if path.is_file()}
    assert names == {"README.md", "src/app.py", "src/util.py", ".gitignore", "new.txt"}
    assert stage.read("README.md") == b"# Changed\n"
    assert stage.files == 5
    assert stage.changes() == []
    assert stage.status() == []
    assert stage.diff() == ""


def test_what_is_written_shows_at_once_and_counts_when_recorded(stage: Stage, record) -> None:
    stage.write("src/app.py", b"def app():\n    return 2\n")
    assert stage.status() == [("modified", "src/app.py")]
    assert stage.changes() == []
    (change,) = record(stage, "src/app.py")
    assert isinstance(change, Change)
    assert (change.kind, change.old, change.new) == (
        "modified",
        b"def app():\n    return 1\n",
        b"def app():\n    return 2\n",
    )
    assert (change.added_lines, change.removed_lines) == (1, 1)
    assert change.patch == (
        "diff --git a/src/app.py b/src/app.py\n--- a/src/app.py\n+++ b/src/app.py\n"
        "@@ -1,2 +1,2 @@\n def app():\n-    return 1\n+    return 2\n"
    )
    assert stage.changes() == [change]
    assert stage.change("src/app.py") == change
    assert stage.diff() == change.patch


def test_the_difference_is_always_the_whole_one(stage: Stage, record) -> None:
    stage.write("a", b"1\n")
    record(stage, "a")
    stage.write("a", b"1\n2\n")
    (change,) = record(stage, "a")
    assert (change.kind, change.old, change.added_lines) == ("added", None, 2)
    stage.delete("a")
    assert record(stage, "a") == [Withdrawn("a")]
    assert record(stage, "a") == []
    assert stage.changes() == []


def test_a_file_back_at_its_base_is_withdrawn(stage: Stage, record) -> None:
    stage.write("new.txt", b"other\n")
    record(stage, "new.txt")
    stage.write("new.txt", b"untracked\n")
    assert record(stage, "new.txt") == [Withdrawn("new.txt")]


def test_renames_are_found_and_take_the_place_of_the_deletion(stage: Stage, record) -> None:
    data = stage.read("src/util.py")
    stage.delete("src/util.py")
    (gone,) = record(stage, "src/util.py")
    assert gone.kind == "deleted"
    stage.write("lib/helpers.py", data.replace(b"line 3\n", b"line three\n"))
    renamed, withdrawn = record(stage, "lib/helpers.py")
    assert (renamed.kind, renamed.old_path, renamed.path) == ("renamed", "src/util.py", "lib/helpers.py")
    assert renamed.old == data
    assert renamed.paths == ("src/util.py", "lib/helpers.py")
    assert "rename from src/util.py\nrename to lib/helpers.py\n" in renamed.patch
    assert withdrawn == Withdrawn("src/util.py")
    assert stage.change("src/util.py") == renamed
    stage.write("lib/helpers.py", b"nothing alike\n")
    again = record(stage, "lib/helpers.py")
    assert [(one.kind, one.path) for one in again] == [
        ("added", "lib/helpers.py"),
        ("deleted", "src/util.py"),
    ]


def test_a_command_s_changes_are_found_without_ignored_ones(stage: Stage, record) -> None:
    mark = stage.mark()
    assert stage.changed_since(mark) == []
    (stage.tree / "README.md").write_bytes(b"# Chan9ed\n")
    (stage.tree / "src" / "app.py").unlink()
    (stage.tree / "made").write_bytes(b"made")
    (stage.tree / "x.log").write_bytes(b"ignored")
    (stage.tree / "build").mkdir()
    (stage.tree / "build" / "y").write_bytes(b"ignored")
    (stage.tree / "pkg" / "__pycache__").mkdir(parents=True)
    (stage.tree / "pkg" / "__pycache__" / "z.pyc").write_bytes(b"junk")
    (stage.tree / "new.txt").chmod(0o755)
    os.mkfifo(stage.tree / "pipe")
    paths = stage.changed_since(mark)
    assert paths == ["README.md", "made", "new.txt", "src/app.py"]
    readme, made, mode, gone = record(stage, *paths)
    assert (readme.old, readme.new) == (b"# Changed\n", b"# Chan9ed\n")
    assert (made.kind, gone.kind, gone.new) == ("added", "deleted", None)
    assert (mode.kind, mode.old_mode, mode.new_mode) == ("modified", 0o100644, 0o100755)
    assert mode.patch == "diff --git a/new.txt b/new.txt\nold mode 100644\nnew mode 100755\n"


def test_a_change_of_the_same_size_right_after_a_mark_is_seen(stage: Stage) -> None:
    for number in range(20):
        mark = stage.mark()
        with (stage.tree / "new.txt").open("r+b") as file:
            file.write(b"%09d" % number)
        assert stage.changed_since(mark) == ["new.txt"]


def test_the_base_is_kept_when_user_and_command_change_a_file(stage: Stage, project: Path, record) -> None:
    """The command's bytes and the user's differ from what was staged; that must not be forgotten."""
    (stage.tree / "new.txt").write_bytes(b"by a command\n")
    (project / "new.txt").write_bytes(b"by the user!\n")
    (change,) = record(stage, "new.txt")
    assert change.old not in (b"by a command\n", b"by the user!\n")


def test_each_commit_is_authored_by_its_role(stage: Stage) -> None:
    stage.write("a", b"1")
    stage.record(["a"], run="r7", node="test_engineer_2", role="test_engineer", message="Write tests")
    repository = pygit2.Repository(str(stage.folder / "shadow.git"))
    commit = repository.head.peel(pygit2.Commit)
    assert (commit.author.name, commit.author.email) == ("test_engineer", "test_engineer@heddle.invalid")
    assert commit.message == "Write tests\n\nrun: r7\nnode: test_engineer_2\n"


def test_hostile_names_make_no_commit_impossible(stage: Stage) -> None:
    stage.write("a", b"1")
    stage.record(["a"], run="r\0", node="<n>", role="<>\n", message="\0\x1b]0;x\x07")
    assert [change.path for change in stage.changes()] == ["a"]


def test_only_the_given_paths_are_recorded(stage: Stage, record) -> None:
    stage.write("a", b"1")
    stage.write("b", b"2")
    assert [change.path for change in record(stage, "a")] == ["a"]
    assert [change.path for change in stage.changes()] == ["a"]
    assert stage.status() == [("added", "a"), ("added", "b")]


def test_diff_can_be_asked_for_files_and_folders(stage: Stage, record) -> None:
    stage.write("src/app.py", b"x\n")
    stage.write("src/deep/one", b"y\n")
    stage.write("srcs", b"z\n")
    record(stage, "src/app.py", "src/deep/one", "srcs")
    assert stage.diff(["src/app.py"]).count("diff --git") == 1
    assert stage.diff(["src"]).count("diff --git") == 2
    assert stage.diff(["."]).count("diff --git") == 3
    assert stage.diff([]) == ""


def test_a_rejected_change_leaves_the_tree(stage: Stage, project: Path, record) -> None:
    stage.write("src/app.py", b"bad\n")
    stage.write("made", b"bad\n")
    stage.delete("new.txt")
    record(stage, "src/app.py", "made", "new.txt")
    for path in ("src/app.py", "made", "new.txt"):
        assert stage.revert(path) == [Withdrawn(path)]
    assert stage.changes() == []
    assert stage.read("src/app.py") == (project / "src/app.py").read_bytes()
    assert stage.read("new.txt") == b"untracked\n"
    assert not (stage.tree / "made").exists()


def test_a_rejected_rename_brings_the_old_name_back(stage: Stage, record) -> None:
    data = stage.read("src/util.py")
    stage.delete("src/util.py")
    stage.write("moved.py", data)
    record(stage, "src/util.py", "moved.py")
    assert stage.revert("moved.py") == [Withdrawn("moved.py")]
    assert stage.read("src/util.py") == data
    assert not (stage.tree / "moved.py").exists()


def test_a_file_becomes_a_folder_and_back(stage: Stage, record) -> None:
    mark = stage.mark()
    (stage.tree / "new.txt").unlink()
    (stage.tree / "new.txt").mkdir()
    (stage.tree / "new.txt" / "inner").write_bytes(b"inner\n")
    paths = stage.changed_since(mark)
    assert [(c.kind, c.path) for c in record(stage, *paths)] == [
        ("deleted", "new.txt"),
        ("added", "new.txt/inner"),
    ]
    stage.revert("new.txt/inner")
    stage.revert("new.txt")
    assert stage.changes() == []
    assert stage.read("new.txt") == b"untracked\n"


def test_untouched_files_follow_the_project_and_touched_ones_do_not(
    stage: Stage, project: Path, record
) -> None:
    assert stage.refresh() == []
    stage.write("src/app.py", b"by a node\n")
    record(stage, "src/app.py")
    stage.write("unrecorded", b"x")
    (project / "src/app.py").write_bytes(b"by the user\n")
    (project / "README.md").write_bytes(b"# Again\n")
    (project / "new.txt").unlink()
    (project / "deep" / "er").mkdir(parents=True)
    (project / "deep" / "er" / "file").write_bytes(b"fresh")
    (project / "unrecorded").write_bytes(b"theirs")
    (project / "later.log").write_bytes(b"ignored")
    (project / "src/util.py").chmod(0o755)
    assert stage.refresh() == ["README.md", "deep/er/file", "new.txt", "src/util.py"]
    assert stage.read("README.md") == b"# Again\n"
    assert stage.read("src/app.py") == b"by a node\n"
    assert stage.read("unrecorded") == b"x"
    assert not (stage.tree / "new.txt").exists()
    assert stage.change("src/app.py").old == b"def app():\n    return 1\n"
    assert [change.path for change in stage.changes()] == ["src/app.py"]
    assert stage.refresh() == []


def test_a_withdrawn_file_follows_again(stage: Stage, project: Path, record) -> None:
    stage.write("new.txt", b"x\n")
    record(stage, "new.txt")
    stage.revert("new.txt")
    (project / "new.txt").write_bytes(b"newer\n")
    assert stage.refresh() == ["new.txt"]
    assert stage.read("new.txt") == b"newer\n"
    assert stage.changes() == []
    stage.write("new.txt", b"again\n")
    (change,) = record(stage, "new.txt")
    assert change.old == b"newer\n"


def test_a_same_size_edit_by_the_user_is_followed(stage: Stage, project: Path) -> None:
    for number in range(10):
        (project / "new.txt").write_bytes(b"%09d\n" % number)
        stage.refresh()
        assert stage.read("new.txt") == b"%09d\n" % number


def test_a_new_ignore_rule_takes_files_out_again(stage: Stage, project: Path) -> None:
    (project / ".gitignore").write_bytes(b"*.log\nbuild/\nnew.txt\n")
    assert stage.refresh() == [".gitignore", "new.txt"]


def test_following_never_leaves_the_tree_through_a_node_s_link(
    stage: Stage, project: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(stage.tree / "src")
    (stage.tree / "src").symlink_to(outside)
    (project / "src" / "fresh.py").write_bytes(b"x")
    (project / "src" / "app.py").write_bytes(b"changed")
    stage.refresh()
    assert list(outside.iterdir()) == []


def test_a_folder_that_became_a_link_is_shown_as_what_it_is(stage: Stage, record) -> None:
    mark = stage.mark()
    (stage.tree / "src").rename(stage.tree / "lib")
    (stage.tree / "src").symlink_to("lib")
    kinds = [(change.kind, change.path) for change in record(stage, *stage.changed_since(mark))]
    assert kinds == [("renamed", "lib/app.py"), ("renamed", "lib/util.py"), ("added", "src")]
    shutil.rmtree(stage.tree)
    assert [(c.kind, c.path) for c in Stage.open(stage.folder).changes()] == kinds
    assert (stage.tree / "src").readlink() == Path("lib")
    for path in ("src", "lib/app.py", "lib/util.py"):
        stage.revert(path)
    assert stage.changes() == []
    assert stage.read("src/app.py") == b"def app():\n    return 1\n"


def test_a_stage_can_be_opened_again(stage: Stage, project: Path, record) -> None:
    stage.write("src/app.py", b"x\n")
    stage.delete("new.txt")
    record(stage, "src/app.py", "new.txt")
    again = Stage.open(stage.folder)
    assert again.changes() == stage.changes()
    assert again.project == project
    assert again.refresh() == []
    assert (again.left_out, again.nested, again.files) == (stage.left_out, stage.nested, stage.files)


def test_what_was_written_and_not_recorded_survives_a_crash(stage: Stage, project: Path) -> None:
    stage.write("src/app.py", b"half done\n")
    again = Stage.open(stage.folder)
    (project / "src/app.py").write_bytes(b"by the user\n")
    assert again.refresh() == []
    assert again.read("src/app.py") == b"half done\n"


def test_a_removed_tree_is_made_again_from_project_and_commits(stage: Stage, project: Path, record) -> None:
    stage.write("src/app.py", b"x\n")
    stage.write("made", b"y\n")
    stage.delete("new.txt")
    (stage.tree / "run.sh").write_bytes(b"#!/bin/sh\n")
    (stage.tree / "run.sh").chmod(0o755)
    (stage.tree / "link").symlink_to("made")
    record(stage, "src/app.py", "made", "new.txt", "run.sh", "link")
    (project / "README.md").write_bytes(b"# Newer\n")
    shutil.rmtree(stage.tree)
    again = Stage.open(stage.folder)
    assert again.changes() == stage.changes()
    assert again.read("made") == b"y\n"
    assert again.read("README.md") == b"# Newer\n"
    assert os.access(again.tree / "run.sh", os.X_OK)
    assert (again.tree / "link").readlink() == Path("made")
    assert not (again.tree / "new.txt").exists()


def test_a_stage_that_was_not_finished_is_made_anew(stage: Stage, project: Path) -> None:
    (stage.folder / "manifest.json").unlink()
    (stage.tree / "left").write_bytes(b"over")
    with pytest.raises(StageError):
        Stage.open(stage.folder)
    again = Stage.create(project, stage.folder)
    assert not (again.tree / "left").exists()
    with pytest.raises(StageError, match="already"):
        Stage.create(project, stage.folder)


@pytest.mark.parametrize("text", ["", "{", '{"project": 1}', '{"project": "x", "given": "x", "version": 99}'])
def test_a_damaged_or_newer_manifest_is_said(stage: Stage, text: str) -> None:
    (stage.folder / "manifest.json").write_text(text)
    with pytest.raises(StageError):
        Stage.open(stage.folder)


def test_a_project_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for project in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(StageError, match="not a folder"):
            Stage.create(project, tmp_path / "s")


def test_a_long_patch_is_clipped_and_its_bytes_are_whole(stage: Stage, record) -> None:
    data = b"x" * 79 + b"\n"
    stage.write("long", data * 10_000)
    (change,) = record(stage, "long")
    assert len(change.patch) <= limits().record.patch_characters
    assert "characters left out" in change.patch
    assert change.new == data * 10_000


def test_nothing_is_written_into_the_project(
    stage: Stage, project: Path, picture: Callable[..., dict], tmp_path: Path, record
) -> None:
    before = picture(project, times=True)
    other = Stage.create(project, tmp_path / "s2")
    other.write("src/app.py", b"x\n")
    other.delete("README.md")
    (other.tree / "by-command").write_bytes(b"")
    record(other, "src/app.py", "README.md", "by-command")
    other.revert("README.md")
    other.refresh()
    other.mark()
    other.diff()
    Stage.open(other.folder).refresh()
    assert picture(project, times=True) == before


def test_a_file_that_the_user_deleted_while_it_was_touched_goes_when_it_is_rejected(
    stage: Stage, project: Path, record
) -> None:
    stage.write("new.txt", b"x\n")
    record(stage, "new.txt")
    (project / "new.txt").unlink()
    shutil.rmtree(stage.tree)
    again = Stage.open(stage.folder)
    again.revert("new.txt")
    assert again.read("new.txt") == b"untracked\n"
    assert again.refresh() == ["new.txt"]
    assert not (again.tree / "new.txt").exists()


def test_a_file_that_was_touched_when_the_tree_was_lost_follows_again_when_it_is_rejected(
    stage: Stage, project: Path, record
) -> None:
    stage.write("new.txt", b"x\n")
    record(stage, "new.txt")
    (project / "new.txt").write_bytes(b"by the user\n")
    while not seen((project / "new.txt").stat()).settled(time.time_ns()):
        pass
    shutil.rmtree(stage.tree)
    again = Stage.open(stage.folder)
    again.revert("new.txt")
    again.refresh()
    assert again.read("new.txt") == b"by the user\n"


def test_a_file_that_grew_too_large_is_not_taken_for_deleted(
    stage: Stage, project: Path, record, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.write("new.txt", b"fits\n")
    record(stage, "new.txt")
    mark = stage.mark()
    with (stage.tree / "new.txt").open("wb") as file:
        file.truncate(limits().stage.file_bytes + 1)
    with (stage.tree / "src/app.py").open("wb") as file:
        file.truncate(limits().stage.file_bytes + 1)
    assert [change.new for change in record(stage, *stage.changed_since(mark))] == [b"fits\n"]
    assert [(change.kind, change.path) for change in stage.changes()] == [("modified", "new.txt")]


def test_a_tree_that_was_given_up_is_made_again(stage: Stage, record) -> None:
    stage.write("made", b"x\n")
    record(stage, "made")
    stage.remove_tree()
    assert not stage.tree.exists()
    assert Stage.open(stage.folder).read("made") == b"x\n"


def test_a_tree_that_was_made_half_is_made_again(
    stage: Stage, record, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.write("made", b"x\n")
    record(stage, "made")
    stage.remove_tree()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("core.stage.follow.copy", full)
        with pytest.raises(OSError, match="No space"):
            Stage.open(stage.folder)
    again = Stage.open(stage.folder)
    assert again.read("README.md") == b"# Changed\n"
    assert again.read("made") == b"x\n"


def test_a_full_disk_while_a_stage_is_made_is_said(project: Path, tmp_path: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("core.stage.follow.copy", full)
        with pytest.raises(StageError, match="cannot be made: No space left"):
            Stage.create(project, tmp_path / "s2")
    assert Stage.create(project, tmp_path / "s2").files == 5
