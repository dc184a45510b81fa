"""The wheel holds what the disk holds, and its program runs where everything is against it."""

import sysconfig
import zipfile
from pathlib import Path

import pytest

from core.version import heddle_version

PACKAGES = ("agents/", "cli/", "core/", "styles/", "tools/", "tui/")
DATA = ("agents/rehearsal/sample/", "agents/rehearsal/scripts/")

PATHS = {
    "none": "",
    "current": ".",
    "relative": "src:./src/..:",
    "absolute": "{repository}",
}
"""Values of PYTHONPATH that put the hostile packages first."""


def _ships(name: str) -> bool:
    if name.startswith(DATA) or name == "__main__.py":
        return True
    return name.startswith(PACKAGES) and not name.endswith("README.md")


def test_the_wheel_holds_exactly_what_the_disk_holds(wheel: Path, project_files: list[str]) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    ours = {name.removeprefix("heddle/") for name in names if name.startswith("heddle/")}
    on_disk = {name for name in project_files if _ships(name)}
    assert {"not in the wheel": on_disk - ours, "not on disk": ours - on_disk} == {
        "not in the wheel": set(),
        "not on disk": set(),
    }
    information = f"heddle-{heddle_version()}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"heddle", information}
    assert f"{information}/licenses/LICENSE" in names


def test_the_wheel_installs_one_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (entry,) = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
    assert archive.read(entry).decode().split() == [
        "[console_scripts]",
        "heddle",
        "=",
        "heddle.__main__:main",
    ]
    assert wheel.name.endswith("-py3-none-any.whl")


@pytest.fixture
def runs_ours(hostile: Path, run_program):
    """Run a program there: it must tell our version, and import nothing that is hostile."""

    def runs_ours(command: list, where: Path | None = None, **variables: str) -> None:
        given = {key: value.format(repository=hostile) for key, value in variables.items()}
        done = run_program(command, where or hostile, **given)
        assert not (hostile / "imported").exists(), (hostile / "imported").read_text()
        assert (done.returncode, done.stdout.strip()) == (0, f"heddle {heddle_version()}"), done.stderr

    return runs_ours


@pytest.mark.parametrize("path", PATHS)
def test_an_installed_heddle_ignores_a_hostile_repository(path: str, installed: Path, runs_ours) -> None:
    runs_ours([installed / "heddle", "--version"], PYTHONPATH=PATHS[path])
    runs_ours([installed / "python", "-m", "heddle", "--version"], PYTHONPATH=PATHS[path])
    runs_ours([installed / "python", "-P", "-m", "heddle", "--version"], PYTHONPATH=PATHS[path])
    runs_ours(
        [installed / "python", "-P", _packages(installed) / "heddle", "--version"], PYTHONPATH=PATHS[path]
    )


def test_an_installed_heddle_runs_with_safe_path_and_in_a_sub_folder(
    installed: Path, hostile: Path, runs_ours
) -> None:
    runs_ours([installed / "heddle", "--version"], PYTHONSAFEPATH="1", PYTHONPATH=".")
    runs_ours([installed / "heddle", "--version"], hostile / "src", PYTHONPATH="..:.")


def test_a_heddle_that_only_pythonpath_knows_runs(
    wheel: Path, hostile: Path, installed: Path, runs_ours
) -> None:
    beside = hostile.parent / "target"
    zipfile.ZipFile(wheel).extractall(beside)
    runs_ours([installed / "python", "-m", "heddle", "--version"], PYTHONPATH=f"{beside}:.")
    runs_ours([installed / "python", "-P", beside / "heddle", "--version"], PYTHONPATH=".")


@pytest.mark.parametrize("path", PATHS)
def test_a_checkout_ignores_a_hostile_repository(
    path: str, installed: Path, checkout: Path, runs_ours
) -> None:
    python = installed / "python"
    runs_ours([python, checkout, "--version"], PYTHONPATH=PATHS[path])
    runs_ours([python, "-P", checkout, "--version"], PYTHONPATH=PATHS[path])


def test_a_checkout_runs_from_within_itself(installed: Path, checkout: Path, runs_ours) -> None:
    runs_ours([installed / "python", ".", "--version"], checkout, PYTHONPATH=".")
    runs_ours([installed / "python", ".", "--version"], checkout, PYTHONPATH="{repository}:")
    runs_ours([installed / "python", "-P", ".", "--version"], checkout, PYTHONSAFEPATH="1")


def test_a_deleted_current_folder_is_no_obstacle(installed: Path, hostile: Path, runs_ours) -> None:
    gone = hostile / "gone"
    gone.mkdir()
    runs_ours(["sh", "-c", 'rmdir "$PWD" && exec "$0" --version', installed / "heddle"], gone)


FIND = """
import importlib.util
import heddle.__main__ as door
door._isolate()
for name in ("core", "tools", "agents", "tui", "cli", "msgspec", "rich", "strands", "textual"):
    print(importlib.util.find_spec(name).origin)
"""


@pytest.fixture
def origins(installed: Path, run_program):
    """Where the front door finds our packages, and where what they need, when started in a folder."""

    def origins(where: Path, path: str) -> tuple[set[Path], set[Path]]:
        done = run_program([installed / "python", "-c", FIND], where, PYTHONPATH=path)
        found = [Path(line).parents[1] for line in done.stdout.splitlines()]
        assert len(found) == 9, done.stderr
        return set(found[:5]), set(found[5:])

    return origins


DEPENDENCIES = {Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("platlib"))}


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_found_in_the_repository(path: str, installed: Path, hostile: Path, origins) -> None:
    ours, needed = origins(hostile, PATHS[path].format(repository=hostile))
    assert ours == {_packages(installed) / "heddle"}
    assert needed <= DEPENDENCIES


def _link_dependencies(folder: Path) -> None:
    for name in ("msgspec", "rich", "strands", "textual"):
        (folder / name).symlink_to(next(place / name for place in DEPENDENCIES if (place / name).exists()))


def test_dependencies_stay_when_the_user_names_them_or_is_there(
    installed: Path, hostile: Path, origins
) -> None:
    packages = _packages(installed)
    _link_dependencies(packages)
    (packages / "dependencies.pth").unlink()
    for where, path in ((packages, ""), (hostile, f"{packages}:."), (packages, f"{hostile}:.")):
        assert origins(where, path) == ({packages / "heddle"}, {packages})


def test_dependencies_beside_us_stay(wheel: Path, hostile: Path, installed: Path, origins) -> None:
    beside = hostile.parent / "target"
    zipfile.ZipFile(wheel).extractall(beside)
    _link_dependencies(beside)
    (_packages(installed) / "dependencies.pth").unlink()
    assert origins(hostile, f"{beside}:.") == ({beside / "heddle"}, {beside})


def test_packages_of_others_with_our_names_do_not_hide_ours(installed: Path, hostile: Path, origins) -> None:
    packages = _packages(installed)
    (hostile / "core").rename(packages / "core")
    assert origins(hostile, "")[0] == {packages / "heddle"}


def _packages(installed: Path) -> Path:
    (packages,) = installed.parent.glob("lib/python*/site-packages")
    return packages
