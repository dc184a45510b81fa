import ctypes
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from core.stage import NotRegular, OutsideStage, Stage


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("src/app.py", "src/app.py"),
        ("./src//app.py/", "src/app.py"),
        (".", "."),
        ("src/..", "."),
        ("src/../README.md", "README.md"),
        ("new/deep/file", "new/deep/file"),
        ("~name", "~name"),
        ("src/.gitignore", "src/.gitignore"),
        ("a\\b", "a\\b"),
    ],
)
def test_paths_inside_are_found(stage: Stage, path: str, place: str) -> None:
    assert stage.locate(path) == place


@pytest.mark.parametrize(
    "path",
    [
        "",
        "\0",
        "a\0b",
        "..",
        "../x",
        "src/../../x",
        "/etc/passwd",
        "/",
        "~",
        "~/x",
        ".git",
        "src/.GIT/x",
        "\ud800",
        "/proc/self/cwd",
    ],
)
def test_paths_outside_are_refused_with_a_sentence(stage: Stage, path: str) -> None:
    with pytest.raises(OutsideStage) as refused:
        stage.locate(path)
    assert str(refused.value).endswith(".")


def test_absolute_paths_of_project_and_tree_are_the_same_place(stage: Stage) -> None:
    assert stage.locate(f"{stage.project}/src/app.py") == "src/app.py"
    assert stage.locate(f"{stage.tree}/src/app.py") == "src/app.py"
    assert stage.locate(str(stage.project)) == "."
    with pytest.raises(OutsideStage):
        stage.locate(f"{stage.project}-other/x")


def test_the_path_by_which_the_project_was_given_counts_too(project: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(project)
    stage = Stage.create(tmp_path / "alias", tmp_path / "s")
    assert stage.locate(str(tmp_path / "alias" / "src")) == "src"
    assert stage.project == project


def test_a_name_that_is_too_long_is_refused(stage: Stage) -> None:
    with pytest.raises(OutsideStage, match="too long"):
        stage.locate("x" * 300)


def test_links_inside_are_followed_to_the_real_place(project: Path, tmp_path: Path) -> None:
    (project / "link").symlink_to("src")
    (project / "src" / "up").symlink_to("../README.md")
    (project / "absolute").symlink_to(project / "src")
    stage = Stage.create(project, tmp_path / "s")
    assert stage.locate("link/app.py") == "src/app.py"
    assert stage.locate("link/up") == "README.md"
    assert stage.locate("absolute/new.py") == "src/new.py"
    assert stage.read("link/up") == b"# Changed\n"
    stage.write("link/up", b"through\n")
    assert (stage.tree / "README.md").read_bytes() == b"through\n"
    assert (stage.tree / "src" / "up").is_symlink()


@pytest.mark.parametrize("target", ["/etc", "..", "../..", "src/../../x", "loop"])
def test_links_that_lead_out_or_in_a_circle_are_refused(stage: Stage, target: str) -> None:
    (stage.tree / "loop").symlink_to(target)
    for act in (stage.locate, stage.read, lambda path: stage.write(path, b"x")):
        with pytest.raises(OutsideStage):
            act("loop/passwd")


def test_a_link_itself_is_deleted_and_not_its_target(stage: Stage, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"keep")
    (stage.tree / "out").symlink_to(outside)
    stage.delete("out")
    assert outside.read_bytes() == b"keep"
    assert not (stage.tree / "out").is_symlink()


def test_fifos_folders_and_missing_files_are_refused_without_waiting(stage: Stage) -> None:
    os.mkfifo(stage.tree / "pipe")
    for path in ("pipe", "src"):
        with pytest.raises(NotRegular):
            stage.read(path)
        with pytest.raises(NotRegular):
            stage.write(path, b"x")
    with pytest.raises(NotRegular):
        stage.delete("src")
    with pytest.raises(NotRegular):
        stage.read("README.md/x")
    with pytest.raises(FileNotFoundError):
        stage.read("missing")
    with pytest.raises(FileNotFoundError):
        stage.delete("missing")


def test_a_folder_swapped_for_a_link_meanwhile_never_leads_out(stage: Stage, tmp_path: Path) -> None:
    """One thread swaps `src` for a link to the outside and back, as fast as it can."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "app.py").write_bytes(b"secret")
    (stage.tree / "evil").symlink_to(outside)
    names = [os.fsencode(stage.tree / name) for name in ("src", "evil")]
    exchange = ctypes.CDLL(None).renameat2
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            assert exchange(-100, names[0], -100, names[1], 2) == 0

    racer = threading.Thread(target=swap)
    racer.start()
    try:
        for _ in range(300):
            with suppress(OutsideStage):
                assert stage.read("src/app.py") != b"secret"
            with suppress(OutsideStage):
                stage.write("src/app.py", b"ours")
    finally:
        done.set()
        racer.join()
    assert (outside / "app.py").read_bytes() == b"secret"
    assert sorted(path.name for path in outside.iterdir()) == ["app.py"]
