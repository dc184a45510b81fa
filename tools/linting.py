"""Which linters and formatters fit which files: what the project is set up for, and what is installed."""

import os
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from core.plainfile import read_plain
from core.sandbox.environment import clean_path
from tools.nearby import explain_missing
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


@dataclass
class Chosen:
    """What to run on which files, and sentences about the others."""

    work: list[tuple[Row, str, tuple[str, ...]]] = field(default_factory=list)
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
    by_suffix: dict[str, list[str]] = {}
    for file in files[:MOST_FILES]:
        by_suffix.setdefault(PurePosixPath(file).suffix.lower(), []).append(file)
    _assign(bench, _rows().lint if purpose == "lint" else _rows().format, by_suffix, chosen)
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


def _assign(bench: Workbench, rows: tuple[Row, ...], by_suffix: dict[str, list[str]], chosen: Chosen) -> None:
    found: dict[str, tuple[Row, str, list[str]]] = {}
    for suffix, files in by_suffix.items():
        fitting = [row for row in rows if suffix in row.suffixes]
        row, program, note = _best(bench, fitting)
        if row is None:
            chosen.notes.append(_none_fits(suffix, len(files), note))
        else:
            found.setdefault(row.name, (row, program, []))[2].extend(files)
    chosen.work = [(row, program, tuple(sorted(files))) for row, program, files in found.values()]


def _best(bench: Workbench, fitting: list[Row]) -> tuple[Row | None, str, str]:
    """The first one that is set up, else one that needs no set-up; or why there is none."""
    marked = [row for row in fitting if _is_marked(bench.stage.tree, row)]
    free = [row for row in fitting if not row.needs_mark and row not in marked]
    for row in [*marked, *free]:
        program = program_of(bench.stage.project, row.argv[0])
        if program:
            return row, program, ""
    if marked:
        return None, "", f"the project uses {marked[0].name}, which is not installed ({marked[0].install})"
    if free:
        return None, "", f"{free[0].name} is not installed ({free[0].install})"
    names = ", ".join(row.name for row in fitting)
    return None, "", f"the project is not set up for any ({names})" if names else ""


def _none_fits(suffix: str, count: int, note: str) -> str:
    what = f"{suffix} files" if suffix else "files without a suffix"
    return f"{count} {what} were left alone: {note or 'nothing is known that fits them'}."


def _is_marked(tree: Path, row: Row) -> bool:
    return any(_holds(tree, *mark.partition(": ")[::2]) for mark in row.marks)


def _holds(tree: Path, name: str, text: str) -> bool:
    file = tree / name
    if not file.is_file():
        return False
    if not text:
        return True
    return text in (read_plain(file, _MARK_BYTES) or b"").decode("utf-8", "replace")


def program_of(project: Path, name: str) -> str:
    """The project's own program of this name, else PATH's (which never leads to Heddle's own)."""
    for place in _PLACES:
        own = project / place / name
        if own.exists() and os.access(own, os.X_OK):
            return str(own)
    found = shutil.which(name, path=clean_path(os.environ.get("PATH", "")))
    return name if found else ""
