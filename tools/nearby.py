"""What a model may have meant by a path that does not exist."""

import difflib
import os
from collections.abc import Iterator
from pathlib import PurePath

from core.stage.stage import Stage
from core.stage.survey import JUNK

_MOST_FILES = 20_000
_MOST_NAMES = 5


def explain_missing(stage: Stage, place: str) -> str:
    """A sentence that says a path is missing and names what is like it."""
    similar = _similar(stage, place)
    if similar:
        return f"There is no {place}. Did you mean {' or '.join(similar)}?"
    return f"There is no {place}. Use list_directory or search_files to find the right path."


def _similar(stage: Stage, place: str) -> list[str]:
    name = PurePath(place).name.lower()
    paths = list(_paths(stage))
    same = [path for path in paths if PurePath(path).name.lower() == name]
    close = difflib.get_close_matches(place, paths, n=_MOST_NAMES, cutoff=0.75) if len(paths) < 3_000 else []
    return list(dict.fromkeys([*sorted(same, key=len), *close]))[:_MOST_NAMES]


def _paths(stage: Stage) -> Iterator[str]:
    count = 0
    for folder, names, files in os.walk(stage.tree):
        names[:] = [each for each in names if each not in JUNK]
        for name in [*names, *files]:
            yield os.path.relpath(f"{folder}/{name}", stage.tree)
        count += len(files)
        if count > _MOST_FILES:
            return
