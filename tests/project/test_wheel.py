"""The wheel holds what the disk holds, and its program runs where everything is against it."""

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
def refuses(hostile: Path, run_program):
    """Run a program in the hostile repository; it must tell our version and import nothing from there."""

    def refuses(command: list, where: Path | None = None, **variables: str) -> None:
        given = {key: value.format(repository=hostile) for key, value in variables.items()}
        done = run_program(command, where or hostile, **given)
        assert not (hostile / "imported").exists(), (hostile / "imported").read_text()
        assert (done.returncode, done.stdout.strip()) == (0, f"heddle {heddle_version()}"), done.stderr

    return refuses


@pytest.mark.parametrize("path", PATHS)
def test_an_installed_heddle_ignores_a_hostile_repository(path: str, installed: Path, refuses) -> None:
    refuses([installed / "heddle", "--version"], PYTHONPATH=PATHS[path])
    refuses([installed / "python", "-m", "heddle", "--version"], PYTHONPATH=PATHS[path])
    refuses([installed / "python", "-P", "-m", "heddle", "--version"], PYTHONPATH=PATHS[path])


def test_an_installed_heddle_runs_with_safe_path_and_in_a_sub_folder(
    installed: Path, hostile: Path, refuses
) -> None:
    refuses([installed / "heddle", "--version"], PYTHONSAFEPATH="1", PYTHONPATH=".")
    refuses([installed / "heddle", "--version"], hostile / "src", PYTHONPATH="..:.")


def test_a_heddle_that_only_pythonpath_knows_runs(
    wheel: Path, hostile: Path, installed: Path, refuses
) -> None:
    beside = hostile.parent / "target"
    zipfile.ZipFile(wheel).extractall(beside)
    refuses([installed / "python", "-m", "heddle", "--version"], PYTHONPATH=f"{beside}:.")
    refuses([installed / "python", "-P", beside / "heddle", "--version"], PYTHONPATH=".")


@pytest.mark.parametrize("path", PATHS)
def test_a_checkout_ignores_a_hostile_repository(path: str, installed: Path, checkout: Path, refuses) -> None:
    python = installed / "python"
    refuses([python, checkout, "--version"], PYTHONPATH=PATHS[path])
    refuses([python, "-P", checkout, "--version"], PYTHONPATH=PATHS[path])


def test_a_checkout_runs_from_within_itself(installed: Path, checkout: Path, refuses) -> None:
    refuses([installed / "python", ".", "--version"], checkout, PYTHONPATH=".")
    refuses([installed / "python", ".", "--version"], checkout, PYTHONPATH="{repository}:")
    refuses([installed / "python", "-P", ".", "--version"], checkout, PYTHONSAFEPATH="1")


def test_python_and_dependencies_stay_where_the_user_names_or_enters_them(installed: Path, refuses) -> None:
    (packages,) = installed.parent.glob("lib/python*/site-packages")
    refuses([installed / "heddle", "--version"], packages, PYTHONPATH=f"{packages}:.")


def test_a_deleted_current_folder_is_no_obstacle(installed: Path, hostile: Path, refuses) -> None:
    gone = hostile / "gone"
    gone.mkdir()
    refuses(["sh", "-c", 'rmdir "$PWD" && exec "$0" --version', installed / "heddle"], gone)


FOUND = """
import importlib.util
import heddle.__main__ as door
door._isolate()
for name in ("core", "cli", "boto3", "rich", "strands", "textual"):
    print(importlib.util.find_spec(name).origin)
"""


@pytest.mark.parametrize("path", PATHS)
def test_what_we_import_lies_outside_the_repository(
    path: str, installed: Path, hostile: Path, run_program
) -> None:
    variables = {"PYTHONPATH": PATHS[path].format(repository=hostile)}
    done = run_program([installed / "python", "-c", FOUND], hostile, **variables)
    origins = [Path(line) for line in done.stdout.splitlines()]
    assert len(origins) == 6, done.stderr
    assert [
        origin for origin in origins if hostile in origin.parents and installed.parent not in origin.parents
    ] == []
