"""Where a piece of text belongs that is not in the file exactly: white space first, then likeness.

What the model did not want to change stays as the file has it: only the difference between old and new
is carried over. Of two places that fit equally well neither is taken.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tools import textfile
from tools.indentation import indent_of, reindented
from tools.likeness import Check, Likeness, alike, differences
from tools.patch_fit import Fitting, Row, joined, rows_of
from tools.patch_text import Hunk, Line, Tag
from tools.workbench import ToolError

_LEAST_LIKENESS = 0.8
_LEAST_OF_ONE_LINE = 0.9
_LEAST_OF_A_PARTNER = 0.5
_LEAST_LEAD = 0.06
"""So much more alike must the best place be than the second."""
_MOST_LINES = 200
_MOST_CHARACTERS = 10_000
_SECONDS = 2.0
_NUMBERED = re.compile(r"\s*\d+(?:\t|\s*[|│→]\s?)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """The one place that is meant, and the text as it becomes."""

    text: str
    """The whole file."""
    line: int
    """From 1."""
    there: str
    """What stood there; whole lines with their ends."""
    how: str
    """What was tolerated."""


def only_place(text: str, old: str, new: str, check: Check) -> Place | list[int]:
    """The place where `old` is meant to be, with `new` put there; else the lines of those that are equally good.

    No place at all is an empty list. `check` is called meanwhile, and what it raises ends the search.
    """
    if not old.strip():
        return []
    for mend, how in _MENDS:
        mended = mend(old)
        if mended is None or not mended.strip():
            continue
        old, new = mended, mend(new) or new
        spans = textfile.find_all(text, old)
        if len(spans) == 1:
            return _put(text, *spans[0], new, how)
    found = _within_a_line(text, old, new) or _by_white_space(text, old, new, check)
    return found or _by_likeness(text, old, new, check)


def _put(text: str, start: int, end: int, new: str, how: str) -> Place:
    there = text[start:end]
    put = textfile.with_line_ends(new, crlf=True) if "\r\n" in there else new
    return Place(text[:start] + put + text[end:], text.count("\n", 0, start) + 1, there, how)


def _unescaped(text: str) -> str | None:
    """The text of a model that escaped its line ends and quotes twice; None when it did not."""
    if "\n" in text or "\\n" not in text:
        return None
    return text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')


def without_numbers(text: str) -> str | None:
    """The lines without the numbers that read_file puts before them; None when they have none."""
    lines = text.removesuffix("\n").split("\n")
    found = [_NUMBERED.fullmatch(line) for line in lines]
    if not all(found):
        return None
    numbers = [int(re.findall(r"\d+", line)[0]) for line in lines]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))) or ("\t" not in text and len(lines) < 2):
        return None
    return "\n".join(match[1] for match in found if match) + ("\n" if text.endswith("\n") else "")


_MENDS: tuple[tuple[Callable[[str], str | None], str], ...] = (
    (without_numbers, "line numbers were left out"),
    (_unescaped, "line ends were escaped"),
)


def _within_a_line(text: str, old: str, new: str) -> Place | list[int]:
    """A piece of one line that has other white space in it."""
    pieces = re.findall(r"\w+|[^\w\s]", old)
    if "\n" in old.strip("\n") or not 1 < len(pieces) < _MOST_CHARACTERS or len(old) > _MOST_CHARACTERS:
        return []
    if old[:1].isspace() != new[:1].isspace():
        return []  # the indentation is to change: that of whole lines
    gaps = [_gap(one, other) for one, other in pairwise(pieces)]
    wanted = re.escape(pieces[0]) + "".join(
        gap + re.escape(each) for gap, each in zip(gaps, pieces[1:], strict=True)
    )
    found = [match.span() for match in re.finditer(wanted, text)]
    if len(found) != 1:
        return [text.count("\n", 0, start) + 1 for start, _ in found]
    start, end = found[0]
    put = new.strip("\n")
    if not put.strip() or "\n" in put:
        return []  # whole lines, with their indentation
    return _put(text, start, end, put.lstrip() if old[:1].isspace() else put, "white space differed")


def _gap(one: str, other: str) -> str:
    """What may stand between two pieces: between two words there must be white space."""
    return r"[ \t]+" if one[-1].isalnum() and other[0].isalnum() else r"[ \t]*"


def _by_white_space(text: str, old: str, new: str, check: Check) -> Place | list[int]:
    """Whole lines that differ in indentation or white space only."""
    there = rows_of(text, check)
    fitting = Fitting(there, check)
    try:
        fit = fitting.put(Hunk(_hunk(_lines(old), _lines(new), check)))
    except ToolError as error:
        listed = re.search(r"at lines ([\d, ]+);", str(error))
        return [int(number) for number in listed[1].split(", ")] if listed else []
    rows = there[fit.line - 1 : fit.line - 1 + fit.count]
    return Place(
        joined(fitting.rows()),
        fit.line,
        joined(rows),
        "; ".join(fit.notes) or "line ends differed",
    )


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").strip("\n").split("\n")


def _hunk(old: Sequence[str], new: Sequence[str], check: Check) -> list[Line]:
    """The difference between two texts, as a patch would say it."""
    if new == [""]:
        new = []
    lines: list[Line] = []
    for what, first, last, start, stop in differences(old, new, check):
        if what == "equal":
            lines += [Line(" ", each) for each in old[first:last]]
        else:
            lines += [Line("-", each) for each in old[first:last]]
            lines += [Line("+", each) for each in new[start:stop]]
    return lines


# -- likeness ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Window:
    """Some lines of the file (`start` up to `stop`, from 0) and how much they are like the wanted ones."""

    start: int
    stop: int
    likeness: float


class _TooLong(Exception):
    """The search for what is alike has had its time."""


def _by_likeness(text: str, old: str, new: str, check: Check) -> Place | list[int]:
    wanted = _lines(old)
    if len(wanted) > _MOST_LINES or len(old) > _MOST_CHARACTERS or len("".join(old.split())) < 8:
        return []
    until = time.monotonic() + _SECONDS

    def check_both() -> None:
        check()
        if time.monotonic() > until:
            raise _TooLong

    try:
        return _alike(rows_of(text, check_both), wanted, _lines(new), check_both)
    except _TooLong:
        return []


def _alike(rows: list[Row], wanted: list[str], new: list[str], check: Check) -> Place | list[int]:
    best = _best_windows(rows, wanted, check)
    if not best or best[0].likeness < (_LEAST_LIKENESS if len(wanted) > 1 else _LEAST_OF_ONE_LINE):
        return []
    rivals = [each for each in best if each.likeness > best[0].likeness - _LEAST_LEAD]
    if len(rivals) > 1:
        return sorted(each.start + 1 for each in rivals)
    window = best[0]
    lines = _carried_over(rows[window.start : window.stop], wanted, new, check)
    hunk = Hunk(lines, start=window.start + 1)
    fitting = Fitting(rows)
    try:
        fitting.put(hunk)
    except ToolError:
        return []
    there = joined(rows[window.start : window.stop])
    how = f"it is {window.likeness:.0%} like lines {window.start + 1}–{window.stop}"
    return Place(joined(fitting.rows()), window.start + 1, there, how)


def _best_windows(rows: list[Row], wanted: list[str], check: Check) -> list[_Window]:
    """The best places that do not overlap, the best one first."""
    there, asked = [" ".join(row.text.split()) for row in rows], [" ".join(line.split()) for line in wanted]
    likeness = Likeness(asked, _LEAST_LIKENESS - _LEAST_LEAD, check)
    windows = [_Window(*span, likeness.of(there[slice(*span)])) for span in _windows(there, asked)]
    found = [each for each in windows if each.likeness]
    found.sort(key=lambda each: (-each.likeness, each.start))
    chosen: list[_Window] = []
    for each in found:
        if all(each.stop <= other.start or each.start >= other.stop for other in chosen):
            chosen.append(each)
    return chosen


def _windows(lines: list[str], wanted: list[str]) -> Iterator[tuple[int, int]]:
    """Places worth looking at, of about as many lines: where a line is the same, else all of them."""
    size = len(wanted)
    known = {line: number for number, line in enumerate(wanted) if len(line) > 3}
    anchors = sorted({at - known[line] for at, line in enumerate(lines) if line in known})
    starts = anchors or range(len(lines))
    for start in starts:
        for more in (0, -1, 1) if size > 1 else (0,):
            for shift in (0, -1, 1) if anchors else (0,):
                first, last = start + shift, start + shift + size + more
                if 0 <= first < last <= len(lines):
                    yield first, last


def _carried_over(rows: Sequence[Row], old: list[str], new: list[str], check: Check) -> list[Line]:
    """What changes from `old` to `new`, on the lines as they really are."""
    if new == [""]:
        new = []
    partner = _partners([row.text for row in rows], old, check)
    known: dict[str, str] = {}
    for number, at in partner.items():
        if old[number].strip():
            known.setdefault(indent_of(old[number]), indent_of(rows[at].text))
    lines: list[Line] = []
    done = 0

    def keep_until(number: int, tag: Tag) -> None:
        nonlocal done
        lines.extend(Line(tag, row.text + _carriage(row)) for row in rows[done:number])
        done = max(done, number)

    for what, first, last, start, stop in differences(old, new, check):
        ends = [partner[number] + 1 for number in range(first, last) if number in partner]
        begins = [partner[number] for number in range(first, last) if number in partner]
        if what == "equal":
            keep_until(max(ends, default=done), " ")
            continue
        keep_until(min(begins, default=done), " ")
        keep_until(max(ends, default=done), "-")
        lines.extend(Line("+", reindented(each, known)) for each in new[start:stop])
    keep_until(len(rows), " ")
    return lines


def _carriage(row: Row) -> str:
    return "\r" if row.end == "\r\n" else ""


def _partners(there: list[str], old: list[str], check: Check) -> dict[int, int]:
    """Which line of the file each wanted line stands for: the same ones, and between them those that are alike."""
    plain = [" ".join(line.split()) for line in old], [" ".join(line.split()) for line in there]
    found: dict[int, int] = {}
    for what, first, last, start, stop in differences(*plain, check):
        if what == "equal":
            found |= {first + n: start + n for n in range(last - first)}
        elif what == "replace":
            at = start
            for number in range(first, last):
                ratios = [
                    (alike(plain[0][number], plain[1][each], _LEAST_OF_A_PARTNER, check), -each)
                    for each in range(at, stop)
                ]
                if ratios and max(ratios)[0] > _LEAST_OF_A_PARTNER:
                    found[number] = -max(ratios)[1]
                    at = found[number] + 1
    return found


def near_places(lines: list[str], old: str) -> tuple[int, int] | None:
    """The lines (first and last, from 1) that have most in common with the wanted ones."""
    wanted = [" ".join(line.split()) for line in _lines(old)[:_MOST_LINES]]
    known = {line: number for number, line in enumerate(wanted) if line}
    votes: dict[int, int] = {}
    for number, line in enumerate(lines):
        plain = " ".join(line.split())
        if plain in known:
            start = number - known[plain]
            votes[start] = votes.get(start, 0) + 1
    if not votes:
        return None
    start = max(votes, key=lambda each: (votes[each], -each))
    return max(1, start + 1), max(1, min(len(lines), start + len(wanted)))
