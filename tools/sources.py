"""Source files as those read them who ask about code: as text, once for as long as the file stays the same."""

import os
import stat
import threading
import time
from dataclasses import dataclass
from functools import cached_property

from core.limits import limits
from tools import textfile
from tools.nearby import explain_missing
from tools.workbench import ToolError, Workbench

_MOST_KEPT = 32
_MOST_CHARACTERS = 500_000
"""Longer texts are read anew each time."""
_SETTLED_NS = 50_000_000
"""A file that changed so short a time ago could change again without another time stamp: clocks of files are coarse."""

_Stamp = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Source:
    """A source file of the stage as it was when it was asked for."""

    place: str
    text: str
    """Line ends as they are; without BOM; what is no text stands as replacement marks."""

    @cached_property
    def lines(self) -> list[str]:
        """As the protocol of language servers counts them. Not to be changed."""
        return self.text.split("\n")


_lock = threading.Lock()
_kept: dict[tuple[str, str], tuple[_Stamp, Source]] = {}
"""By stage and place. The same inode with the same times holds the same text, whatever led to it."""


def source_of(bench: Workbench, path: str) -> Source:
    """The text of a source file.

    Raises:
        ToolError: there is none, or it cannot be analysed.
        OutsideStage, NotRegular: `path` leads elsewhere, or to no file.
    """
    tree = os.fspath(bench.stage.tree)
    kept = _kept.get((tree, path))
    if kept is not None and kept[0] == _stamp(f"{tree}/{path}"):
        return kept[1]
    place = bench.stage.locate(path)
    now, stamp = time.time_ns(), _stamp(f"{tree}/{place}")
    source = Source(place, _text_of(bench, place))
    if stamp is not None and now - stamp[-1] > _SETTLED_NS and len(source.text) <= _MOST_CHARACTERS:
        _keep((tree, place), stamp, source)
    return source


def _stamp(path: str) -> _Stamp | None:
    """What changes with every change of a file; the last one is set by the system alone."""
    try:
        info = os.stat(path)  # noqa: PTH116 - a string is enough, and this is asked for every answer
    except (OSError, ValueError):
        return None
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _keep(key: tuple[str, str], stamp: _Stamp, source: Source) -> None:
    with _lock:
        _kept.pop(key, None)
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = stamp, source


def _text_of(bench: Workbench, place: str) -> str:
    try:
        info = (bench.stage.tree / place).stat()
    except (OSError, ValueError):
        raise ToolError(explain_missing(bench.stage, place)) from None
    if stat.S_ISDIR(info.st_mode):
        raise ToolError(f"{place} is a folder. Give the path of a source file.")
    if info.st_size > limits().tools.file_bytes:
        raise ToolError(f"{place} has {info.st_size:,} bytes, too many to analyse. Use search_files.")
    data = bench.stage.read_at(place)
    if textfile.is_binary(data):
        raise ToolError(f"{place} is a binary file; only source files can be analysed.")
    return textfile.readable(textfile.format_of(data).decode(data))
