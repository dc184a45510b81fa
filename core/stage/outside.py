"""What was rejected of a file, kept beside the stage so that it can be put back while it fits.

One small file of JSON per stage. It is written before the pieces leave the stage: a crash in between
leaves them in both places, and the stage's counts.
"""

import os
from pathlib import Path

import msgspec

from core.spelling import escape, unescape
from core.stage.change import StageError
from core.stage.cuts import Cut

_NAME = "rejected.json"


class _Kept(msgspec.Struct, array_like=True):
    start: int
    count: int
    old: bytes
    new: bytes


_Files = dict[str, dict[str, list[_Kept]]]
"""Path → the base's object → cuts of that base."""


class Outside:
    """The pieces of changes that are not in the stage, by file and by the base that they belong to."""

    def __init__(self, folder: Path) -> None:
        self._place = folder / _NAME
        self._files: _Files | None = None

    def of(self, path: str, base: str) -> list[Cut]:
        """Cuts of a file's base that were rejected, top down.

        Raises:
            StageError: they cannot be read.
        """
        kept = self._load().get(path, {}).get(base, ())
        return [Cut(one.start, one.count, one.old, one.new) for one in kept]

    def knows(self, path: str) -> bool:
        """Whether anything is kept of a file, for whatever base."""
        return path in self._load()

    def put(self, path: str, base: str, cuts: list[Cut]) -> None:
        """Keep these cuts for a file's base, instead of those that were kept for it."""
        if self.of(path, base) == cuts:
            return
        files = self._load()
        bases = files.setdefault(path, {})
        bases[base] = [_Kept(cut.start, cut.count, cut.old, cut.new) for cut in cuts]
        if not cuts:
            del bases[base]
        if not bases:
            del files[path]
        self._save(files)

    def _load(self) -> _Files:
        if self._files is None:
            try:
                stored = msgspec.json.decode(self._place.read_bytes(), type=_Files)
            except FileNotFoundError:
                stored = {}
            except (msgspec.DecodeError, OSError) as problem:
                raise StageError(f"What was rejected of files cannot be read: {problem}.") from None
            self._files = {unescape(path): bases for path, bases in stored.items()}
        return self._files

    def _save(self, files: _Files) -> None:
        beside = self._place.with_name(_NAME + ".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode({escape(path): bases for path, bases in files.items()}))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._place)
