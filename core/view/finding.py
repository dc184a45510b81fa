"""Looking for a word in everything that differs: from one line to the next, from file to file."""

from collections.abc import Sequence

from core.view.files import NAME, File
from core.view.patch import PatchLines, parse_conflict, parse_patch

_BEFORE = -2
"""Before everything of a file."""


def file_lines(file: File) -> PatchLines:
    """What is shown of a file: its difference, or both sides of a conflict."""
    return parse_conflict(file.conflict.text) if file.conflict is not None else parse_patch(file.patch)


class _Read:
    """The file that was looked through last, taken apart once for all that is typed."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self.lines = PatchLines([], [])
        self.lower: list[str] = []

    def see(self, file: File) -> None:
        key = (file.path, file.version, file.conflict)
        if key != self._key:
            self._key, self.lines = key, file_lines(file)
            self.lower = [_small(text) for text in self.lines.texts]


def _small(text: str) -> str:
    """In small letters; a text that would become longer by that stays, or what is found would move."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text


class Search:
    """One word, looked for in names and lines. With a capital letter in it, capitals count."""

    def __init__(self, word: str, before: "Search | None" = None) -> None:
        """`before`: the search for what was typed until now, which has looked at the same files."""
        self.word = word
        self._read = before._read if before is not None else _Read()
        self._exact = word != word.lower()
        self._known: tuple[str, int, bool] = ("", -1, False)
        self._hits: list[int] = []
        """Of the file that was looked at last."""

    def places(self, text: str) -> list[int]:
        """Where in a text it begins, from left to right."""
        found: list[int] = []
        if not self.word:
            return found
        text = self._plain(text)
        at = text.find(self.word)
        while at >= 0:
            found.append(at)
            at = text.find(self.word, at + len(self.word))
        return found

    def _plain(self, text: str) -> str:
        """As it is compared."""
        return text if self._exact else _small(text)

    def may_hold(self, file: File) -> bool:
        """Whether it stands in the file or in its name; cheap, and sometimes wrong about lines between hunks."""
        text = file.conflict.text if file.conflict is not None else file.patch
        return bool(self.word) and (self.word in self._plain(file.label) or self.word in self._plain(text))

    def hits(self, file: File) -> list[int]:
        """The lines of a file that hold it, by their index; `NAME` first where its name does."""
        known = (file.path, file.version, file.conflict is not None)
        if known != self._known:
            self._known, self._hits = known, self._look(file) if self.may_hold(file) else []
        return self._hits

    def _look(self, file: File) -> list[int]:
        name = [NAME] if self.word in self._plain(file.label) else []
        self._read.see(file)
        lines, word = self._read.lines, self.word
        texts = lines.texts if self._exact else self._read.lower
        heads = {stretch.start for stretch in lines.stretches if stretch.kind == "hunk"}
        return name + [index for index, text in enumerate(texts) if word in text and index not in heads]

    def step(
        self, files: Sequence[File], at: int, line: int = _BEFORE, *, back: bool = False
    ) -> tuple[int, int] | None:
        """The next match behind a line of a file, or the last one before it; round the end.

        Args:
            at: index of the file.
            line: index of the line; by default all of the file is still to come.

        Returns:
            The file's index and the line's, or `NAME`; None where there is no match at all.
        """
        if not 0 <= at < len(files):
            return None
        here = self.hits(files[at])
        rest = [hit for hit in here if (hit < line if back else hit > line)]
        if rest:
            return at, rest[-1 if back else 0]
        for number in range(1, len(files) + 1):
            there = (at - number if back else at + number) % len(files)
            if found := self.hits(files[there]):
                return there, found[-1 if back else 0]
        return None
