"""Finding where a hunk belongs in a file, and putting it there byte for byte.

What fits exactly goes first; then line ends, white space at the end, all of the indentation, and last
some lines of context at the edges may differ. What was tolerated is said.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from tools.indentation import indent_of, reindented
from tools.likeness import Check
from tools.patch_text import Hunk, Line
from tools.workbench import ToolError

_FUZZ = 2
_MOST_PLACES = 11
_AT_ONCE = 20_000
"""So many lines are worked on before the next check."""


@dataclass(frozen=True)
class Row:
    """One line of a file, with its line end as it is."""

    text: str
    end: str


@dataclass(frozen=True)
class Fit:
    """Where a hunk was put, and what had to be tolerated for it."""

    line: int
    """First line that it touches, from 1."""
    notes: tuple[str, ...]
    count: int
    """How many lines of the file it was fitted to."""


_LEVELS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("", lambda text: text),
    ("line ends differed", lambda text: text.removesuffix("\r")),
    ("white space at line ends differed", str.rstrip),
    ("indentation differed", lambda text: " ".join(text.split())),
)


def rows_of(text: str, check: Check = lambda: None) -> list[Row]:
    """A file's lines. A CR belongs to the line end only before a line feed."""
    parts = text.split("\n")
    last = parts.pop()
    rows: list[Row] = []
    for at in range(0, len(parts), _AT_ONCE):
        check()
        rows += [
            Row(part[:-1], "\r\n") if part.endswith("\r") else Row(part, "\n")
            for part in parts[at : at + _AT_ONCE]
        ]
    return [*rows, Row(last, "")] if last else rows


def joined(rows: Sequence[Row]) -> str:
    return "".join(row.text + row.end for row in rows)


@dataclass(frozen=True)
class _Edit:
    """Rows of the file (`start` up to `stop`) and what takes their place."""

    start: int
    stop: int
    new: list[Row]


class Fitting:
    """The hunks of one file, each fitted to the file as it was before all of them."""

    def __init__(self, rows: list[Row], check: Check = lambda: None) -> None:
        """`check` is called now and then; what it raises ends the work."""
        self._rows = rows
        self._check = check
        self._edits: list[_Edit] = []
        self._drift = 0
        """How much further down than the patch says the last hunk was."""
        self._tables: dict[int, dict[str, list[int]]] = {}

    def put(self, hunk: Hunk) -> Fit:
        """Find a hunk's place.

        Raises:
            ToolError: it fits nowhere, or in several places; the text says so without the file's name.
        """
        at, lines, notes = self._place(hunk)
        stop = at + sum(line.tag != "+" for line in lines)
        if hunk.start:
            said = hunk.start - 1 + _leading(hunk.lines, lines)
            self._drift = at - said
            if self._drift:
                where = "below" if self._drift > 0 else "above"
                notes = (*notes, f"{abs(self._drift)} lines {where} where it said")
        self._edits.append(_Edit(at, stop, self._replaced(at, lines)))
        return Fit(at + 1, notes, stop - at)

    def rows(self) -> list[Row]:
        """The file with all that was put in."""
        found: list[Row] = []
        at = 0
        for edit in sorted(self._edits, key=lambda edit: (edit.start, edit.stop)):
            found += [*self._rows[at : edit.start], *edit.new]
            at = edit.stop
        found += self._rows[at:]
        usual = self._usual_end()
        return [Row(row.text, row.end or usual) for row in found[:-1]] + found[-1:]

    # -- where -----------------------------------------------------------------------------------

    def _place(self, hunk: Hunk) -> tuple[int, list[Line], tuple[str, ...]]:
        first = self._below(hunk.headings)
        if not hunk.old:
            return self._insertion(hunk, first), hunk.lines, ()
        expected = hunk.start - 1 + self._drift if hunk.start else None
        for cut in range(_FUZZ + 1):
            lines = _trimmed(hunk.lines, cut)
            if lines is None:
                break
            moved = None if expected is None else expected + _leading(hunk.lines, lines)
            for level, (note, _) in enumerate(_LEVELS):
                self._check()
                if cut and level > 2:
                    continue
                found = self._matches(lines, level, first, moved, hunk.at_end)
                if found:
                    cuts = f"{cut} lines of context at the edges were left out" if cut else ""
                    at = self._chosen(found, moved, bool(hunk.headings))
                    return at, lines, tuple(each for each in (note, cuts) if each)
        raise ToolError(self._why_not(hunk))

    def _insertion(self, hunk: Hunk, first: int) -> int:
        if hunk.start:
            return max(0, min(hunk.start - 1 + self._drift, len(self._rows)))
        return first if hunk.headings else len(self._rows)

    def _below(self, headings: Sequence[str]) -> int:
        """The line after the last heading, each looked for below the one before."""
        at = self._edits[-1].stop if self._edits else 0
        for heading in headings:
            self._check()
            for normal in (str.strip, lambda text: " ".join(text.split())):
                wanted = normal(heading)
                found = [n for n in range(at, len(self._rows)) if normal(self._rows[n].text) == wanted]
                starts = found or [
                    n for n in range(at, len(self._rows)) if normal(self._rows[n].text).startswith(wanted)
                ]
                if starts:
                    at = starts[0] + 1
                    break
            else:
                raise ToolError(f"the line “{heading[:80]}” after @@ was not found")
        return at

    def _matches(
        self, lines: list[Line], level: int, first: int, expected: int | None, at_end: bool
    ) -> list[int]:
        """Where the old lines are, a few places at most: from `first` on, else anywhere that is free."""
        normal = _LEVELS[level][1]
        wanted = [normal(line.text) for line in lines if line.tag != "+"]
        if expected is not None and self._is_there(expected, wanted, level):
            return [expected]
        anchor = max(range(len(wanted)), key=lambda n: len(wanted[n]))
        starts = [at - anchor for at in self._table(level).get(wanted[anchor], ())]
        if expected is not None:
            starts.sort(key=lambda at: abs(at - expected))
        if at_end:
            starts.sort(key=lambda at: at + len(wanted) != len(self._rows))
        for part in (starts if not first else [at for at in starts if at >= first], starts):
            there = (at for at in part if self._is_there(at, wanted, level))
            found = list(islice(there, 1 if at_end else _MOST_PLACES))
            if found:
                return found
        return []

    def _is_there(self, at: int, wanted: list[str], level: int) -> bool:
        return self._fits(at, wanted, level) and self._is_free(at, at + len(wanted))

    def _is_free(self, start: int, stop: int) -> bool:
        """Whether no other hunk was put there."""
        return all(stop <= edit.start or start >= edit.stop for edit in self._edits)

    def _fits(self, at: int, wanted: list[str], level: int) -> bool:
        if at < 0 or at + len(wanted) > len(self._rows):
            return False
        return all(self._seen(at + n, level) == text for n, text in enumerate(wanted))

    def _seen(self, number: int, level: int) -> str:
        row = self._rows[number]
        text = row.text + ("\r" if level == 0 and row.end == "\r\n" else "")
        return _LEVELS[level][1](text)

    def _table(self, level: int) -> dict[str, list[int]]:
        if level not in self._tables:
            table: dict[str, list[int]] = defaultdict(list)
            for number in range(len(self._rows)):
                if not number % _AT_ONCE:
                    self._check()
                table[self._seen(number, level)].append(number)
            self._tables[level] = table
        return self._tables[level]

    def _chosen(self, found: list[int], expected: int | None, headed: bool) -> int:
        """The only match, the one at the line that the patch says, or the nearest; never one of two."""
        if len(found) == 1 or headed:
            return found[0]
        if expected is not None:
            near = sorted(found, key=lambda at: abs(at - expected))
            if abs(near[0] - expected) < abs(near[1] - expected):
                return near[0]
        numbers = ", ".join(str(at + 1) for at in found[:10])
        many = f"{len(found)} times" if len(found) < _MOST_PLACES else "many times"
        raise ToolError(f"its old lines occur {many}, at lines {numbers}; add lines around them")

    def _why_not(self, hunk: Hunk) -> str:
        """Where it nearly fits, and what differs there."""
        wanted = [" ".join(line.text.split()) for line in hunk.old]
        table = self._table(3)
        votes: dict[int, int] = defaultdict(int)
        for number, text in enumerate(wanted):
            if text:
                for at in table.get(text, ())[:200]:
                    votes[at - number] += 1
        if not votes:
            return "none of its old lines is in the file; read the file again"
        at = max(votes, key=lambda start: (votes[start], -start))
        for number, text in enumerate(wanted):
            there = at + number
            if not 0 <= there < len(self._rows):
                return f"it nearly fits at line {max(at, 0) + 1}, but the file ends before its last line"
            if self._seen(there, 3) != text:
                has, says = self._rows[there].text[:200], hunk.old[number].text[:200]
                return f"it nearly fits at line {at + 1}, but line {there + 1} is “{has}”, not “{says}”"
        return f"its old lines are at line {at + 1}, where another hunk of the patch was put already"

    # -- what ------------------------------------------------------------------------------------

    def _replaced(self, at: int, lines: list[Line]) -> list[Row]:
        """The new rows: context stays as the file has it, new lines take the file's line ends."""
        new: list[Row] = []
        number = at
        literal = self._is_literal(at, lines)
        known = _indentations(self._rows, at, lines)
        for line in lines:
            if line.tag == "+":
                new.append(self._new_row(line, number, literal, known))
                continue
            if line.tag == " ":
                new.append(self._rows[number])
            number += 1
        return self._mended(new, lines, number)

    def _is_literal(self, at: int, lines: list[Line]) -> bool:
        """Whether the CRs in the patch are meant: its old lines have them just where the file has them."""
        old = [line for line in lines if line.tag != "+"]
        if not old:
            return not self._rows or any(line.text.endswith("\r") for line in lines)
        there = [row.end == "\r\n" for row in self._rows[at : at + len(old)]]
        return [line.text.endswith("\r") for line in old] == there

    def _new_row(self, line: Line, number: int, literal: bool, known: dict[str, str]) -> Row:
        text = reindented(line.text.removesuffix("\r"), known)
        if literal:
            return Row(text, "\r\n" if line.text.endswith("\r") else "\n")
        near = self._rows[number : number + 1] or self._rows[max(0, number - 1) : number]
        return Row(text, near[0].end if near and near[0].end else self._usual_end())

    def _usual_end(self) -> str:
        pairs = sum(row.end == "\r\n" for row in self._rows)
        return "\r\n" if pairs * 2 > len(self._rows) else "\n"

    def _mended(self, new: list[Row], lines: list[Line], stop: int) -> list[Row]:
        """Line ends around the end of the file: as the patch says, else as the file has them."""
        if stop < len(self._rows):
            return new
        had_none = bool(self._rows) and self._rows[-1].end == ""
        says_old = any(not line.ends for line in lines if line.tag != "+")
        says_new = any(not line.ends for line in lines if line.tag != "-")
        bare = says_new or (had_none and not says_old)
        usual = self._usual_end()
        kept = [Row(row.text, row.end or usual) for row in new]
        if kept and bare:
            kept[-1] = Row(kept[-1].text, "")
        return kept


def _trimmed(lines: list[Line], cut: int) -> list[Line] | None:
    """Without `cut` lines of context at either edge, as far as there are any; None when none is left to cut."""
    if not cut:
        return lines
    head = min(cut, _context(lines))
    tail = min(cut, _context(lines[::-1]))
    kept = lines[head : len(lines) - tail]
    if max(head, tail) < cut or not any(line.tag != "+" for line in kept):
        return None
    return kept


def _context(lines: Sequence[Line]) -> int:
    return next((number for number, line in enumerate(lines) if line.tag != " "), len(lines))


def _leading(whole: list[Line], part: list[Line]) -> int:
    """How many lines were cut at the top."""
    return next((number for number, line in enumerate(whole) if line is part[0]), 0)


def _indentations(rows: list[Row], at: int, lines: list[Line]) -> dict[str, str]:
    """Which indentation of the hunk's old lines is which of the file's."""
    known: dict[str, str] = {}
    number = at
    for line in lines:
        if line.tag != "+":
            if line.text.strip():
                known.setdefault(indent_of(line.text), indent_of(rows[number].text))
            number += 1
    return known
