"""Entry conditions: what a change is, read off its bytes, and so who has a part in it.

The test engineer joins when behaviour changed and no new test came along, the documenter when something public
did.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from agents.rules import matches
from core.limits import limits
from core.run import Run
from core.sandbox.environment import FALLBACK_PATH
from core.sandbox.process import Launch, supervise
from core.stage import Change
from tools.languages import grammar_of

_WORKER = Path(__file__).parents[1] / "tools" / "outline_worker.py"
DATA = frozenset({"css", "html", "json", "markdown", "rst", "scss", "toml", "xml", "yaml", ""})
"""Grammars of files that say and configure, and hold no behaviour that a test could be written for."""
_TEST = re.compile(
    r"(^|/)(tests?|specs?|__tests__)/|(^|/)(test_[^/]*|[^/]*[._-](test|spec))\.[a-z]+$|(^|/)conftest\.py$"
)
_MOST_FILES, _MOST_BYTES = 60, 1_000_000


@dataclass(frozen=True)
class Needs:
    """Who has a part in a change, and why; an empty reason stands for nobody."""

    tests: str
    documents: str
    no_tests: str = "no behaviour changed"
    """Why there is nothing to test, where there is not."""


EVERYBODY = Needs("the change is to be proved by tests", "what follows from the change is to be documented")
"""What is assumed where a change cannot be read."""


async def look(run: Run) -> Needs:
    """Look at what a run has changed so far. What cannot be read counts as code that is public."""
    changes = [change for change in await asyncio.to_thread(run.stage.changes) if change.path in run.files]
    return await asyncio.to_thread(_needs, changes)


def _needs(changes: Sequence[Change]) -> Needs:
    code = [change for change in changes if grammar_of(change.path) not in DATA]
    unknown = [change.path for change in changes if not grammar_of(change.path) and _is_program(change)]
    if len(code) > _MOST_FILES or any(_size(change) > _MOST_BYTES for change in code):
        return EVERYBODY
    read = _read(code)
    if read is None:
        return EVERYBODY
    tests = [read.pop(path) for path in list(read) if is_test(path)]
    tested = any(after.public - before.public for before, after in tests)
    product = [change for change in code if change.path in read]
    behaviour = [*unknown, *(path for path, (before, after) in read.items() if before.code != after.code)]
    public = [*unknown, *(path for path, (before, after) in read.items() if before.public != after.public)]
    public += [change.path for change in product if _is_surface(change)]
    return Needs(
        f"behaviour changed in {_some(behaviour)}" if behaviour and not tested else "",
        f"something public changed in {_some(public)}" if public else "",
        "the change brings its own tests" if behaviour else "no behaviour changed",
    )


def is_test(path: str) -> bool:
    """Whether a file holds tests, by its name."""
    return bool(_TEST.search(path))


def _some(paths: Iterable[str]) -> str:
    named = sorted(set(paths))
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")


def _size(change: Change) -> int:
    return max(len(change.old or b""), len(change.new or b""))


def _is_program(change: Change) -> bool:
    """A file in no language that is known, which may still be a program."""
    return not PurePosixPath(change.path).suffix and (change.new or b"").startswith(b"#!")


def _is_surface(change: Change) -> bool:
    """Whether lines changed that say what others may call: routes, commands, options, variables."""
    lines = (
        line[1:] for line in change.patch.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    )
    return any(matches("surface", line) for line in lines)


# -- reading both versions ---------------------------------------------------------------------------


@dataclass
class _Version:
    """One version of one file."""

    code: str = ""
    """A digest of all that is neither comment nor docstring; empty for a file that is not there."""
    public: frozenset[tuple[str, str, str]] = frozenset()
    """Kind, name and signature of what others can name."""


def _read(changes: Sequence[Change]) -> dict[str, tuple[_Version, _Version]] | None:
    """Both versions of each file by path; None where the parser did not come to its end."""
    if not changes:
        return {}
    with tempfile.TemporaryDirectory(prefix="heddle-entry-") as folder:
        places: dict[str, tuple[str, str]] = {}
        for number, change in enumerate(changes):
            suffix = PurePosixPath(change.path).suffix
            for side, data in (("old", change.old), ("new", change.new)):
                if data is not None:
                    place = f"{side}{number}{suffix}"
                    Path(folder, place).write_bytes(data)
                    places[place] = (change.path, grammar_of(change.path))
        words = [f"{grammar}={place}" for place, (_, grammar) in places.items()]
        outline, code = _run(folder, "outline", words), _run(folder, "code", words)
    if outline is None or code is None:
        return None
    return {
        change.path: (_version(f"old{n}", outline, code), _version(f"new{n}", outline, code))
        for n, change in enumerate(changes)
    }


def _run(folder: str, mode: str, words: Sequence[str]) -> list[dict[str, Any]] | None:
    launch = Launch(
        argv=[sys.executable, "-I", str(_WORKER), mode, "100000", *words],
        environment={"PATH": FALLBACK_PATH, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        folder=Path(folder),
        shell=False,
    )
    ended = supervise(launch, seconds=limits().tools.analysis_seconds, stopped=lambda: False)
    if ended.exit_code != 0 or ended.omitted_bytes:
        return None
    return [json.loads(line) for line in ended.output.splitlines() if line.startswith("{")]


def _version(place: str, outline: Sequence[dict[str, Any]], code: Sequence[dict[str, Any]]) -> _Version:
    def is_it(row: dict[str, Any]) -> bool:
        return str(row.get("path", "")).partition(".")[0] == place

    digest = next((str(row["digest"]) for row in code if "digest" in row and is_it(row)), "")
    public = frozenset(
        (row["kind"], row["name"], row["signature"])
        for row in outline
        if "name" in row and is_it(row) and row["depth"] <= 1 and _is_public(row["name"])
    )
    return _Version(digest, public)


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))
