"""Parts of a project that are set up for themselves: a web front in `web/`, a crate in `crates/a/`."""

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath

from core.stage.survey import JUNK
from tools.runners import has_python_tests, kinds_at
from tools.targets import Target, kind_by_ending
from tools.workbench import TestFailure

_MOST_PARTS = 10
_MOST_FILES = 5_000


def part_of(tree: Path, target: Target | None) -> str:
    """The nearest folder above a target whose own runner its tests have; empty where the project's own will do."""
    if target is None or target.path.endswith(".py"):
        return ""
    asked = kind_by_ending(target)
    path = PurePosixPath(target.path)
    folder = path if (tree / path).is_dir() else path.parent
    if asked == "npm" and asked in kinds_at(tree):
        return (
            ""  # its script knows its workspaces; a crate and a module of Go are always tested by themselves
        )
    if asked is None and has_python_tests(tree / folder):
        return ""
    for place in (folder, *folder.parents):
        found = kinds_at(tree / place)
        if str(place) != "." and (asked in found if asked else found):
            return str(place)
    return ""


def parts_in(tree: Path) -> list[str]:
    """Folders of the project's top that have a runner of their own."""
    folders = sorted(each.name for each in tree.iterdir() if each.is_dir() and each.name not in JUNK)
    return [each for each in folders if kinds_at(tree / each)][:_MOST_PARTS]


def target_in(place: str, target: Target) -> Target:
    """A target as its part names it."""
    return replace(target, path=str(PurePosixPath(target.path).relative_to(place)))


def words_in(place: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """A command, run in a part."""
    return ("sh", "-c", 'cd "./$0" && exec "$@"', place, *words)


def placed(failures: tuple[TestFailure, ...], place: str, tree: Path) -> tuple[TestFailure, ...]:
    """Failures whose files are named as from the project, where the runner named them from elsewhere."""
    return tuple(_placed(each, place, tree) for each in failures)


def _placed(failure: TestFailure, place: str, tree: Path) -> TestFailure:
    if not failure.file or (tree / failure.file).is_file():
        return failure
    if (tree / place / failure.file).is_file():
        return replace(failure, file=str(PurePosixPath(place) / failure.file))
    found = list(islice(_named(tree / place, failure.file), 2)) if "/" not in failure.file else []
    return replace(failure, file=found[0].relative_to(tree).as_posix()) if len(found) == 1 else failure


def _named(top: Path, name: str) -> Iterator[Path]:
    """Files of a name: Go tells no folder."""
    seen = 0
    for folder, names, files in os.walk(top):
        names[:] = [each for each in names if each not in JUNK]
        seen += len(files)
        if seen > _MOST_FILES:
            return
        if name in files:
            yield Path(folder, name)
