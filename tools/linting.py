"""Which linters and formatters fit which files: what the project is set up for, and what is installed."""

import os
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from core.plainfile import read_plain
from core.sandbox.environment import clean_path
from tools.nearby import explain_missing
from tools.packages.locks import toml_of
from tools.workbench import ToolError, Workbench

Purpose = Literal["lint", "format"]

MOST_FILES = 500
_PLACES = (".venv/bin", "venv/bin", "env/bin", "node_modules/.bin")
"""Where a project's own environment keeps programs."""
_SKIPPED = {".git", "node_modules", "__pycache__", ".venv", "venv", "target", "vendor", ".tox"}
_MARK_BYTES = 200_000


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One program of `linters.toml`."""

    name: str
    argv: tuple[str, ...]
    suffixes: tuple[str, ...]
    marks: tuple[str, ...]
    needs_mark: bool
    install: str

    @property
    def speaks(self) -> bool:
        """It tells what it found in words only, and ends with 0 all the same."""
        return self.argv[:2] == ("gofmt", "-d")


class _Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lint: tuple[Row, ...]
    format: tuple[Row, ...]


@cache
def _rows() -> _Rows:
    text = Path(__file__).with_name("linters.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Rows)


@dataclass(frozen=True)
class Way:
    """A program, and how it is called."""

    row: Row
    program: str
    folder: str = "."
    """Where it runs: where the project is set up for it, which may be a part of the project."""
    more: tuple[str, ...] = ()
    """Words that the project's files ask for."""


@dataclass
class Chosen:
    """What to run on which files, and sentences about the others."""

    work: list[tuple[Way, tuple[str, ...]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def choose(bench: Workbench, purpose: Purpose, path: str | None) -> Chosen:
    """Find a program for every file.

    Raises:
        ToolError: the path does not exist, or there are no files.
    """
    files = list(_changed(bench)) if path is None else list(_files(bench, path))
    if not files:
        raise ToolError(
            "No file was changed so far. Give a path." if path is None else f"There are no files in {path}."
        )
    chosen = Chosen()
    if len(files) > MOST_FILES:
        chosen.notes.append(f"(Only the first {MOST_FILES} of {len(files)} files. Give a smaller path.)")
    _assign(bench, _rows().lint if purpose == "lint" else _rows().format, files[:MOST_FILES], chosen)
    return chosen


def _changed(bench: Workbench) -> Iterator[str]:
    for kind, path in bench.stage.status(bench.check):
        if kind != "deleted" and (bench.stage.tree / path).is_file():
            yield path


def _files(bench: Workbench, path: str) -> Iterator[str]:
    place = bench.stage.locate(path)
    start = bench.stage.tree / place
    if start.is_file():
        yield place
        return
    if not start.is_dir():
        raise ToolError(explain_missing(bench.stage, place))
    for folder, names, files in os.walk(start):
        bench.check()
        names[:] = sorted(each for each in names if each not in _SKIPPED)
        for name in sorted(files):
            if not Path(folder, name).is_symlink():
                yield os.path.relpath(f"{folder}/{name}", bench.stage.tree)


def _assign(bench: Workbench, rows: tuple[Row, ...], files: list[str], chosen: Chosen) -> None:
    by_place: dict[tuple[str, str], list[str]] = {}
    for file in files:
        parts = PurePosixPath(file)
        by_place.setdefault((parts.suffix.lower(), str(parts.parent)), []).append(file)
    work: dict[Way, list[str]] = {}
    left: dict[tuple[str, str], int] = {}
    for (suffix, folder), there in by_place.items():
        bench.check()
        found = _best(bench, [row for row in rows if suffix in row.suffixes], folder)
        if isinstance(found, Way):
            work.setdefault(found, []).extend(there)
        else:
            left[suffix, found] = left.get((suffix, found), 0) + len(there)
    chosen.work = [(way, tuple(sorted(there))) for way, there in work.items()]
    chosen.notes += [_left_alone(suffix, count, why) for (suffix, why), count in left.items() if why]
    chosen.notes += _unknown({suffix: count for (suffix, why), count in left.items() if not why})


def _unknown(counts: dict[str, int]) -> list[str]:
    """One line, however many kinds of files there are."""
    why = "nothing is known that fits them"
    if len(counts) < 2:
        return [_left_alone(suffix, count, why) for suffix, count in counts.items()]
    names = ", ".join(suffix or "without a suffix" for suffix in sorted(counts))
    return [f"{sum(counts.values())} files were left alone: {why} ({names})."]


def _best(bench: Workbench, fitting: list[Row], folder: str) -> Way | str:
    """The first one that is set up, nearest to the files, else one that needs no set-up; or why there is none."""
    tree, project = bench.stage.tree, bench.stage.project
    around = [str(each) for each in (PurePosixPath(folder), *PurePosixPath(folder).parents)]
    marked = [(row, place) for place in around for row in fitting if _is_marked(tree / place, row)]
    free = [row for row in fitting if not row.needs_mark and row not in [each for each, _ in marked]]
    for row, place in [*marked, *((row, ".") for row in free)]:
        program = program_of(project, row.argv[0], around)
        if program:
            return Way(row, program, place, _edition(tree, around) if row.argv[0] == "rustfmt" else ())
    if marked:
        return f"the project uses {marked[0][0].name}, which is not installed ({marked[0][0].install})"
    if free:
        return f"{free[0].name} is not installed ({free[0].install})"
    names = ", ".join(row.name for row in fitting)
    return f"the project is not set up for any ({names})" if names else ""


def _left_alone(suffix: str, count: int, why: str) -> str:
    what = f"{suffix} files" if suffix else "files without a suffix"
    return f"{count} {what} were left alone: {why}."


def _is_marked(folder: Path, row: Row) -> bool:
    return any(_holds(folder, *mark.partition(": ")[::2]) for mark in row.marks)


def _edition(tree: Path, around: Iterable[str]) -> tuple[str, ...]:
    """The edition of Rust that the nearest crate is written in: rustfmt by itself takes the oldest one."""
    told = [toml_of(tree / place / "Cargo.toml") for place in around]
    crate = next((each["package"] for each in told if isinstance(each.get("package"), dict)), {})
    edition: object = crate.get("edition")
    if isinstance(edition, dict):  # edition.workspace = true
        shared = [
            each["workspace"].get("package") for each in told if isinstance(each.get("workspace"), dict)
        ]
        edition = next((each.get("edition") for each in shared if isinstance(each, dict)), None)
    return ("--edition", edition) if isinstance(edition, str) and re.fullmatch(r"20\d\d", edition) else ()


def _holds(tree: Path, name: str, text: str) -> bool:
    file = tree / name
    if not file.is_file():
        return False
    if not text:
        return True
    return text in (read_plain(file, _MARK_BYTES) or b"").decode("utf-8", "replace")


def program_of(project: Path, name: str, around: Iterable[str] = (".",)) -> str:
    """The project's own program of this name, else PATH's (which never leads to Heddle's own).

    `around`: the project's folders in which an environment may be, the first one first.
    """
    for own in (project / folder / place / name for folder in around for place in _PLACES):
        if own.exists() and os.access(own, os.X_OK):
            return str(own)
    found = shutil.which(name, path=clean_path(os.environ.get("PATH", "")))
    return name if found else ""
