"""Listing a folder as a tree: as deep as there is room, without what the project ignores."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.limits import limits
from core.stage.change import StageError
from core.stage.location import parent_of
from core.stage.survey import Rules
from tools.nearby import explain_missing
from tools.workbench import ToolError, ToolResult, Workbench

_DEPTH = 2
_MOST_DEPTH = 8
_MOST_IGNORED = 10


@dataclass
class _Folder:
    """A folder, and what of it is shown."""

    place: str
    rows: list[tuple[str, "_Folder | None"]] = field(default_factory=list[tuple[str, "_Folder | None"]])
    ignored: list[str] = field(default_factory=list[str])
    count: int = 0
    """Of its entries without ignored ones."""
    open: bool = False
    """What is in it is shown."""


def list_directory(bench: Workbench, path: str = ".", depth: int | None = None) -> ToolResult:
    """List a folder as a tree: folders first, with a slash, then files with their size in bytes.

    Ignored files are left out. Folders with more in them than there is room for say how many entries they have.

    Args:
        path: The folder; the project itself when left out.
        depth: How many levels to show, 2 when left out; 1 is this folder alone, 8 the most.
    """
    place = bench.stage.locate(path)
    folder = bench.stage.tree / place
    if not folder.exists():
        raise ToolError(explain_missing(bench.stage, place))
    if not folder.is_dir():
        raise ToolError(f"{place} is a file. Use read_file to read it.")
    top = _filled(bench, place, min(max(_DEPTH if depth is None else depth, 1), _MOST_DEPTH))
    rows = list(_told(top, ""))
    if top.count > limits().tools.list_entries:
        left = top.count - limits().tools.list_entries
        rows.append(f"… and {left:,} more; use find_files, or list a folder in it.")
    return ToolResult(True, "\n".join([*(rows or [f"{place} is empty."]), *_left_out(top)]))


def _filled(bench: Workbench, place: str, depth: int) -> _Folder:
    """The folder, and level by level those in it that there is room for."""
    rules, room = bench.stage.rules(), limits().tools.list_entries
    top = _Folder(place)
    level = [top]
    for number in range(depth):
        for each in level:
            _read(bench.stage.tree, each, rules, bench.check)
            each.open = number == 0 or each.count <= room
            room -= each.count if each.open else 0
        level = [inner for each in level if each.open for _, inner in each.rows if inner is not None]
        if room <= 0:
            break
    return top


def _read(tree: Path, folder: _Folder, rules: Rules, check: Callable[[], None]) -> None:
    """Its entries: folders first, both by name."""
    found: list[tuple[bool, str, str, _Folder | None]] = []
    try:
        with parent_of(os.fspath(tree), f"{folder.place}/x") as (opened, _), os.scandir(opened) as entries:
            for entry in entries:
                check()
                place = entry.name if folder.place == "." else f"{folder.place}/{entry.name}"
                is_folder = entry.is_dir(follow_symlinks=False)
                if rules.ignores(place, folder=is_folder):
                    folder.ignored.append(entry.name + "/" * is_folder)
                elif entry.name != ".git":
                    inner = _Folder(place) if is_folder else None
                    found.append((not is_folder, entry.name, _row(opened, entry), inner))
    except (OSError, StageError):
        pass  # it is gone meanwhile, a link by now, or may not be read: then nothing of it is shown
    found.sort(key=lambda each: each[:2])
    folder.count = len(found)
    folder.rows = [(row, inner) for _, _, row, inner in found[: limits().tools.list_entries]]


def _row(folder: int, entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return f"{entry.name} -> {os.readlink(entry.name, dir_fd=folder)}"
    if entry.is_dir():
        return f"{entry.name}/"
    return f"{entry.name} ({entry.stat(follow_symlinks=False).st_size:,})"


def _told(folder: _Folder, indent: str) -> Iterator[str]:
    for row, inner in folder.rows:
        closed = inner is not None and not inner.open and inner.count
        yield f"{indent}{row}" + (f" ({inner.count:,} entries)" if closed and inner else "")
        if inner is not None and inner.open:
            yield from _told(inner, indent + "  ")


def _left_out(top: _Folder) -> list[str]:
    """A line about what is ignored in the folder itself."""
    if not top.ignored:
        return []
    names = sorted(top.ignored)
    more = f" and {len(names) - _MOST_IGNORED} more" if len(names) > _MOST_IGNORED else ""
    return [f"(Ignored: {', '.join(names[:_MOST_IGNORED])}{more}.)"]
