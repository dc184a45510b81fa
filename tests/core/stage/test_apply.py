import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.stage import Change, Stage, progress
from core.stage.apply import Applied, ApplyFailed, NothingToUndo, Stale, UndoRefused, apply, recover, undo

Picture = Callable[..., dict[str, tuple[object, ...]]]


def test_changes_reach_the_project_and_go_back(
    stage: Stage, project: Path, journals: Path, picture: Picture, record
) -> None:
    before = picture(project)
    util = stage.read("src/util.py")
    stage.write("src/app.py", b"by a node\n")
    stage.write("deep/er/made.txt", b"made\n")
    stage.delete("new.txt")
    stage.delete("src/util.py")
    stage.write("lib/util.py", util)
    record(stage, "src/app.py", "deep/er/made.txt", "new.txt", "src/util.py", "lib/util.py")
    done = apply(project, stage.changes(), journals)
    assert set(done.paths) == {"src/app.py", "deep/er/made.txt", "new.txt", "lib/util.py"}
    assert (project / "src/app.py").read_bytes() == b"by a node\n"
    assert (project / "deep/er/made.txt").read_bytes() == b"made\n"
    assert (project / "lib/util.py").read_bytes() == util
    assert not (project / "new.txt").exists()
    assert not (project / "src/util.py").exists()
    assert not list(project.rglob(".heddle-*"))
    after = picture(project)

    back = undo(project, journals)
    assert back == Applied(done.id, back.paths)
    assert set(back.paths) == set(done.paths)
    assert picture(project) == before
    assert after != before
    with pytest.raises(NothingToUndo):
        undo(project, journals)


def test_an_apply_is_the_new_base_and_an_undo_opens_it_again(
    stage: Stage, project: Path, journals: Path, record
) -> None:
    stage.write("src/app.py", b"by a node\n")
    (change,) = record(stage, "src/app.py")
    apply(project, [change], journals)
    stage.rebase(["src/app.py"])
    assert stage.changes() == []
    assert stage.refresh() == []
    stage.write("src/app.py", b"more\n")
    (more,) = record(stage, "src/app.py")
    assert more.old == b"by a node\n"
    stage.revert("src/app.py")
    assert stage.read("src/app.py") == b"by a node\n"

    undo(project, journals)
    stage.reopen(["src/app.py"])
    assert stage.changes() == [change]
    assert stage.refresh() == []
    apply(project, stage.changes(), journals)
    assert (project / "src/app.py").read_bytes() == b"by a node\n"


def test_rebase_and_reopen_take_renames_and_deletions(
    stage: Stage, project: Path, journals: Path, record
) -> None:
    util = stage.read("src/util.py")
    stage.delete("src/util.py")
    stage.write("moved.py", util)
    stage.delete("new.txt")
    record(stage, "src/util.py", "moved.py", "new.txt")
    changes = stage.changes()
    done = apply(project, changes, journals)
    stage.rebase(done.paths)
    assert stage.changes() == []
    assert stage.refresh() == []
    undone = undo(project, journals)
    stage.reopen(undone.paths)
    assert set(undone.paths) == {"moved.py", "new.txt"}
    assert stage.changes() == changes
    assert stage.refresh() == []


def test_a_user_s_edit_right_after_an_undo_is_never_applied_over(
    stage: Stage, project: Path, journals: Path, record
) -> None:
    stage.write("src/app.py", b"by a node\n")
    done = apply(project, record(stage, "src/app.py"), journals)
    stage.rebase(done.paths)
    undo(project, journals)
    (project / "src/app.py").write_bytes(b"by the user\n")
    stage.reopen(done.paths)
    with pytest.raises(Stale):
        apply(project, stage.changes(), journals)
    assert (project / "src/app.py").read_bytes() == b"by the user\n"


def test_a_user_s_edit_after_an_apply_is_followed(
    stage: Stage, project: Path, journals: Path, record
) -> None:
    stage.write("src/app.py", b"by a node\n")
    apply(project, record(stage, "src/app.py"), journals)
    (project / "src/app.py").write_bytes(b"by the user\n")
    stage.rebase(["src/app.py"])
    assert stage.refresh() == ["src/app.py"]
    assert stage.read("src/app.py") == b"by the user\n"


@pytest.mark.parametrize(
    "meddle",
    [
        lambda project: (project / "src/app.py").write_bytes(b"by the user\n"),
        lambda project: (project / "src/app.py").unlink(),
        lambda project: ((project / "src/app.py").unlink(), (project / "src/app.py").mkdir()),
        lambda project: (project / "made").write_bytes(b"theirs"),
        lambda project: (project / "made").write_bytes(b""),
        lambda project: (project / "made").symlink_to("nowhere"),
        lambda project: (project / "made").mkdir(),
        lambda project: os.mkfifo(project / "made"),
        lambda project: (project / "new.txt").write_bytes(b"needed after all"),
        lambda project: (project / "src").rename(project / "elsewhere"),
    ],
)
def test_a_file_that_the_user_changed_stops_all_of_it(
    stage: Stage, project: Path, journals: Path, picture: Picture, record, meddle
) -> None:
    stage.write("src/app.py", b"by a node\n")
    stage.write("made", b"made\n")
    stage.write("README.md", b"fits\n")
    stage.delete("new.txt")
    record(stage, "src/app.py", "made", "README.md", "new.txt")
    meddle(project)
    before = picture(project, times=True)
    with pytest.raises(Stale) as stale:
        apply(project, stage.changes(), journals)
    assert len(stale.value.paths) == 1
    assert stale.value.paths[0] in str(stale.value)
    assert picture(project, times=True) == before
    with pytest.raises(NothingToUndo):
        undo(project, journals)


def test_a_write_by_the_user_at_any_moment_is_never_lost(
    project: Path, journals: Path, tmp_path: Path, record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user saves the file right before each of the transaction's steps in turn."""
    original = (project / "src/app.py").read_bytes()
    moment = 0
    while True:
        stage = Stage.create(project, tmp_path / f"s{moment}")
        stage.write("src/app.py", b"by a node\n")
        stage.write("a", b"also\n")
        stage.delete("new.txt")
        record(stage, "a", "src/app.py", "new.txt")
        steps: list[str] = []

        def meddle(name: str, steps: list[str] = steps, moment: int = moment) -> None:
            steps.append(name)
            if len(steps) == moment + 1:
                (project / "src/app.py").write_bytes(b"by the user\n")

        with monkeypatch.context() as patch:
            patch.setattr(progress, "step", meddle)
            try:
                apply(project, stage.changes(), journals)
                outcome = "applied"
            except Stale:
                outcome = "stale"
        if len(steps) <= moment:
            break
        renamed = "rename src/app.py" in steps[:moment]
        assert (project / "src/app.py").read_bytes() == b"by the user\n"
        if outcome == "stale":
            assert (project / "new.txt").read_bytes() == b"untracked\n"
            assert not (project / "a").exists()
        else:
            assert renamed, steps[moment]
        for name, data in {"src/app.py": original, "new.txt": b"untracked\n"}.items():
            (project / name).write_bytes(data)
        (project / "a").unlink(missing_ok=True)
        moment += 1
    assert moment > 10
    assert not list(project.rglob(".heddle-*"))


def test_modes_owners_and_attributes_stay(stage: Stage, project: Path, journals: Path, record) -> None:
    (project / "src/app.py").chmod(0o640)
    (project / "README.md").chmod(0o755)
    attributes = _set_attribute(project / "src/app.py")
    stage.refresh()
    stage.write("src/app.py", b"x\n")
    stage.write("README.md", b"y\n")
    stage.write("made", b"z\n")
    (stage.tree / "run").write_bytes(b"#!/bin/sh\n")
    (stage.tree / "run").chmod(0o755)
    record(stage, "src/app.py", "README.md", "made", "run")
    umask = os.umask(0o027)
    try:
        apply(project, stage.changes(), journals)
    finally:
        os.umask(umask)
    modes = {
        name: stat.S_IMODE((project / name).stat().st_mode)
        for name in ("src/app.py", "README.md", "made", "run")
    }
    assert modes == {"src/app.py": 0o640, "README.md": 0o755, "made": 0o640, "run": 0o750}
    assert not attributes or os.getxattr(project / "src/app.py", "user.note") == b"kept"


def _set_attribute(path: Path) -> bool:
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        return False
    return True


def test_the_execute_bit_alone_can_change(
    stage: Stage, project: Path, journals: Path, picture: Picture, record
) -> None:
    (project / "src/app.py").chmod(0o640)
    stage.refresh()
    before = picture(project)
    (stage.tree / "src/app.py").chmod(0o755)
    (change,) = record(stage, "src/app.py")
    assert (change.old_mode, change.new_mode) == (0o100644, 0o100755)
    inode = (project / "src/app.py").stat().st_ino
    apply(project, [change], journals)
    info = (project / "src/app.py").stat()
    assert (stat.S_IMODE(info.st_mode), info.st_ino) == (0o750, inode)
    undo(project, journals)
    assert picture(project) == before


def test_hard_links_stay_together(
    project: Path, journals: Path, tmp_path: Path, picture: Picture, record
) -> None:
    os.link(project / "README.md", tmp_path / "twin")
    stage = Stage.create(project, tmp_path / "s")
    assert (stage.tree / "README.md").stat().st_nlink == 1
    before = picture(project)
    stage.write("README.md", b"much longer than it was before\n")
    apply(project, record(stage, "README.md"), journals)
    assert (tmp_path / "twin").read_bytes() == b"much longer than it was before\n"
    assert (tmp_path / "twin").samefile(project / "README.md")
    undo(project, journals)
    assert (tmp_path / "twin").read_bytes() == b"# Changed\n"
    assert picture(project) == before


def test_a_link_inside_the_project_is_written_through(
    stage: Stage, project: Path, journals: Path, picture: Picture, record
) -> None:
    """The user put the real file elsewhere, and a link to it where it was, while the node worked."""
    (project / "src/app.py").rename(project / "real.py")
    (project / "src/app.py").symlink_to("../real.py")
    before = picture(project)
    stage.write("src/app.py", b"through\n")
    apply(project, record(stage, "src/app.py"), journals)
    assert (project / "src/app.py").is_symlink()
    assert (project / "real.py").read_bytes() == b"through\n"
    undo(project, journals)
    assert picture(project) == before


def test_a_link_out_of_the_project_is_never_written_through(
    stage: Stage, project: Path, journals: Path, tmp_path: Path, record
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("app.py", "util.py"):
        (project / "src" / name).rename(outside / name)
    (project / "src").rmdir()
    (project / "src").symlink_to(outside)
    stage.write("src/app.py", b"out\n")
    with pytest.raises(Stale):
        apply(project, record(stage, "src/app.py"), journals)
    assert (outside / "app.py").read_bytes() == b"def app():\n    return 1\n"


def test_links_are_made_changed_and_removed_as_links(
    project: Path, journals: Path, tmp_path: Path, picture: Picture, record
) -> None:
    (project / "one").symlink_to("README.md")
    (project / "two").symlink_to("src")
    (project / "three").symlink_to("/nowhere")
    stage = Stage.create(project, tmp_path / "s")
    before = picture(project)
    mark = stage.mark()
    for name in ("one", "two", "three"):
        (stage.tree / name).unlink()
    (stage.tree / "one").symlink_to("src/app.py")
    (stage.tree / "two").write_bytes(b"a file now\n")
    (stage.tree / "four").symlink_to("two")
    (stage.tree / "README.md").unlink()
    (stage.tree / "README.md").symlink_to("four")
    record(stage, *stage.changed_since(mark))
    apply(project, stage.changes(), journals)
    assert (project / "one").readlink() == Path("src/app.py")
    assert not (project / "two").is_symlink()
    assert (project / "README.md").readlink() == Path("four")
    assert not (project / "three").is_symlink()
    undo(project, journals)
    assert picture(project) == before


def test_files_become_folders_and_folders_files(
    project: Path, journals: Path, tmp_path: Path, picture: Picture, record
) -> None:
    (project / "link").symlink_to("src")
    (project / "box").mkdir(mode=0o750)
    (project / "box" / "only").write_bytes(b"only\n")
    stage = Stage.create(project, tmp_path / "s")
    before = picture(project)
    mark = stage.mark()
    (stage.tree / "new.txt").unlink()
    (stage.tree / "new.txt" / "in").mkdir(parents=True)
    (stage.tree / "new.txt" / "in" / "side").write_bytes(b"side\n")
    (stage.tree / "box" / "only").unlink()
    (stage.tree / "box").rmdir()
    (stage.tree / "box").write_bytes(b"a file\n")
    (stage.tree / "link").unlink()
    (stage.tree / "link").mkdir()
    (stage.tree / "link" / "app.py").write_bytes(b"not src/app.py\n")
    record(stage, *stage.changed_since(mark))
    apply(project, stage.changes(), journals)
    assert (project / "new.txt/in/side").read_bytes() == b"side\n"
    assert (project / "box").read_bytes() == b"a file\n"
    assert (project / "link/app.py").read_bytes() == b"not src/app.py\n"
    assert (project / "src/app.py").read_bytes() == b"def app():\n    return 1\n"
    undo(project, journals)
    assert picture(project) == before


def test_undo_refuses_what_the_user_did_since(
    stage: Stage, project: Path, journals: Path, picture: Picture, record
) -> None:
    stage.write("src/app.py", b"by a node\n")
    stage.write("made", b"made\n")
    stage.delete("new.txt")
    record(stage, "src/app.py", "made", "new.txt")
    apply(project, stage.changes(), journals)
    (project / "made").write_bytes(b"mine now\n")
    before = picture(project, times=True)
    with pytest.raises(UndoRefused, match="made"):
        undo(project, journals)
    assert picture(project, times=True) == before
    assert undo(project, journals, ["src/app.py", "new.txt"]).paths == ("new.txt", "src/app.py")
    assert (project / "made").read_bytes() == b"mine now\n"
    assert (project / "new.txt").read_bytes() == b"untracked\n"
    (project / "made").write_bytes(b"made\n")
    assert undo(project, journals).paths == ("made",)
    assert not (project / "made").exists()
    with pytest.raises(NothingToUndo):
        undo(project, journals)


def test_undo_keeps_what_is_not_in_its_journal(stage: Stage, project: Path, journals: Path, record) -> None:
    stage.write("fresh/made", b"made\n")
    apply(project, record(stage, "fresh/made"), journals)
    (project / "fresh" / "mine").write_bytes(b"mine\n")
    (project / "out.log").write_bytes(b"more log\n")
    undo(project, journals)
    assert (project / "fresh" / "mine").read_bytes() == b"mine\n"
    assert (project / "out.log").read_bytes() == b"more log\n"
    assert not (project / "fresh" / "made").exists()


def test_applies_are_undone_from_the_last_to_the_first(
    stage: Stage, project: Path, journals: Path, picture: Picture, record
) -> None:
    pictures = [picture(project)]
    ids = []
    for text in (b"one\n", b"two\n", b"three\n"):
        stage.write("src/app.py", text)
        stage.write(f"made-{len(ids)}", text)
        done = apply(project, record(stage, "src/app.py", f"made-{len(ids)}"), journals)
        stage.rebase(done.paths)
        ids.append(done.id)
        pictures.append(picture(project))
    assert ids == sorted(ids)
    for number in (2, 1):
        undone = undo(project, journals)
        assert undone.id == ids[number]
        assert picture(project) == pictures[number]
        stage.reopen(undone.paths)
    assert stage.change("src/app.py").new == b"three\n"
    assert stage.change("src/app.py").old == b"one\n"
    apply(project, [stage.change("src/app.py")], journals)
    undo(project, journals)
    assert picture(project) == pictures[1]
    assert undo(project, journals).id == ids[0]
    stage.reopen(["src/app.py", "made-0"])
    assert stage.change("src/app.py").old == b"def app():\n    return 1\n"
    assert stage.change("made-0").old is None
    assert picture(project) == pictures[0]
    with pytest.raises(NothingToUndo):
        undo(project, journals)


def test_undo_can_be_asked_for_one_session_s_applies(
    stage: Stage, project: Path, journals: Path, record
) -> None:
    stage.write("a", b"a")
    first = apply(project, record(stage, "a"), journals)
    stage.write("b", b"b")
    apply(project, [change for change in record(stage, "b") if change.path == "b"], journals)
    assert undo(project, journals, applies=[first.id]).id == first.id
    assert not (project / "a").exists()
    assert (project / "b").exists()
    with pytest.raises(NothingToUndo):
        undo(project, journals, applies=[first.id])


def test_a_mode_that_the_user_changed_since_stays(
    stage: Stage, project: Path, journals: Path, record
) -> None:
    stage.write("src/app.py", b"by a node\n")
    apply(project, record(stage, "src/app.py"), journals)
    (project / "src/app.py").chmod(0o700)
    undo(project, journals)
    assert stat.S_IMODE((project / "src/app.py").stat().st_mode) == 0o700


def test_nothing_to_apply_and_nothing_to_recover(project: Path, journals: Path) -> None:
    assert apply(project, [], journals) == Applied("", ())
    assert recover(journals) == []
    assert not journals.exists()
    with pytest.raises(NothingToUndo):
        undo(project, journals)


def test_two_applies_at_once_wait_for_each_other(
    project: Path, journals: Path, tmp_path: Path, record
) -> None:
    changes: list[list[Change]] = []
    for number in range(4):
        stage = Stage.create(project, tmp_path / f"s{number}")
        stage.write("src/app.py", b"by %d\n" % number)
        stage.write(f"made-{number}", b"")
        changes.append(record(stage, "src/app.py", f"made-{number}"))
    outcomes: list[str] = []

    def work(mine: list[Change]) -> None:
        try:
            outcomes.append(apply(project, mine, journals).id)
        except Stale:
            outcomes.append("stale")

    threads = [threading.Thread(target=work, args=(mine,)) for mine in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("stale") == 3
    made = [path.name for path in project.glob("made-*")]
    assert len(made) == 1
    assert (project / "src/app.py").read_bytes() == b"by %d\n" % int(made[0][-1])


def test_a_project_that_is_gone_is_said(stage: Stage, project: Path, journals: Path, record) -> None:
    stage.write("made", b"x")
    changes = record(stage, "made")
    project.rename(project.with_name("moved"))
    with pytest.raises(ApplyFailed, match="not there"):
        apply(project, changes, journals)
    assert not project.exists()


def test_a_name_that_the_file_system_cannot_hold_is_said(
    stage: Stage, project: Path, journals: Path, picture: Picture, record
) -> None:
    stage.write("made", b"x")
    stage.write("src/app.py", b"y")
    made, app = record(stage, "made", "src/app.py")
    before = picture(project)
    long = Change("d/" + "n" * 300, "added", None, b"x", None, 0o100644, 1, 0, "")
    with pytest.raises(ApplyFailed, match="too long"):
        apply(project, [made, app, long], journals)
    assert picture(project) == before


def test_undo_does_not_go_through_a_link_that_came_since(
    stage: Stage, project: Path, journals: Path, picture: Picture, record
) -> None:
    stage.write("src/app.py", b"by a node\n")
    apply(project, record(stage, "src/app.py"), journals)
    (project / "src").rename(project / "elsewhere")
    (project / "src").symlink_to("elsewhere")
    before = picture(project)
    with pytest.raises(UndoRefused, match="src/app"):
        undo(project, journals)
    assert picture(project) == before
