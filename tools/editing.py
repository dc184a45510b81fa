"""Changing pieces of one text file: all of them, or nothing."""

from collections.abc import Callable

import msgspec

from tools import textfile
from tools.edit_fit import Place, near_places, only_place
from tools.files import bytes_of, require_size
from tools.textfile import TextFormat
from tools.workbench import ToolError, ToolResult, Workbench

_MOST_EDITS = 100
_MOST_SHOWN = 1_500


class Edit(msgspec.Struct, frozen=True):
    """One piece of text and what takes its place."""

    old: str
    new: str


def edit_file(
    bench: Workbench,
    path: str,
    old: str | None = None,
    new: str | None = None,
    edits: list[Edit] | None = None,
) -> ToolResult:
    """Replace a piece of a text file, or several: all or none. Small slips in old are mended, and said. Read it first.

    Args:
        path: Path of the file.
        old: The text to replace, copied exactly and without line numbers; it must occur only once.
        new: The text that takes its place; empty to delete it.
        edits: Instead of old and new: several replacements, one after another.
    """
    wanted = _wanted(old, new, edits)
    place = bench.stage.locate(path)
    data = bytes_of(bench, place)
    if textfile.is_binary(data):
        raise ToolError(f"{place} is a binary file; only text can be edited.")
    spelled = textfile.format_of(data)
    text = spelled.decode(data)
    said: list[str] = []
    for number, edit in enumerate(wanted, 1):
        bench.check()
        try:
            text, sentence = _edited(place, text, edit, spelled, bench.check)
        except ToolError as error:
            raise _named(error, number, len(wanted)) from None
        said.append(sentence)
    encoded = spelled.encode(text)
    require_size(place, encoded)
    bench.stage.write(place, encoded)
    return ToolResult(True, "\n".join([f"Edited {place} {said[0]}", *said[1:]]), (place,))


def _wanted(old: str | None, new: str | None, edits: list[Edit] | None) -> list[Edit]:
    """What is to be done, in order."""
    if (old is None) != (new is None):
        raise ToolError(f"edit_file needs “{'new' if new is None else 'old'}” too. " + _RIGHT)
    wanted = [Edit(old, new)] if old is not None and new is not None else []
    wanted += edits or []
    if not wanted:
        raise ToolError("edit_file needs “old” and “new”, or “edits”. " + _RIGHT)
    if len(wanted) > _MOST_EDITS:
        raise ToolError(
            f"These are {len(wanted)} edits, more than {_MOST_EDITS}. Send fewer, or use write_file."
        )
    for number, edit in enumerate(wanted, 1):
        try:
            _check(edit)
        except ToolError as error:
            raise _named(error, number, len(wanted)) from None
    return wanted


_RIGHT = 'A right call: edit_file({"path": "src/app.py", "old": "def total(items):", "new": "def total(items, tax=0):"})'


def _named(error: ToolError, number: int, count: int) -> ToolError:
    if count == 1:
        return error
    return ToolError(f"Edit {number} of {count}: {error} Nothing was changed, by the other edits neither.")


def _check(edit: Edit) -> None:
    if edit.old == "":
        raise ToolError("old is empty. Give the text to replace, or use write_file for the whole file.")
    if edit.old == edit.new:
        raise ToolError("old and new are the same; nothing was changed.")
    textfile.require_text(edit.new, "new")


def _edited(
    place: str, text: str, edit: Edit, spelled: TextFormat, check: Callable[[], None]
) -> tuple[str, str]:
    """The text with one edit, and what was done, as the rest of a sentence."""
    spans = textfile.find_all(text, edit.old)
    if len(spans) > 1:
        raise _ambiguous(place, text, len(spans), [line_at(text, start) for start, _ in spans])
    if spans:
        (start, end) = spans[0]
        put = _with_line_ends_of(text[start:end], edit.new, spelled)
        return text[:start] + put + text[end:], _sentence(line_at(text, start), edit)
    found = only_place(text, edit.old, edit.new, check)
    if isinstance(found, Place):
        there = textfile.readable(found.there).rstrip("\r\n")
        shown = there if len(there) <= _MOST_SHOWN else there[:_MOST_SHOWN] + " …"
        slip = f"old was not there exactly: {found.how}. What was there and was replaced:\n{shown}"
        return found.text, f"{_sentence(found.line, edit)} {slip}"
    if found:
        raise _ambiguous(place, text, len(found), found, "old is not there exactly, and much like it")
    raise ToolError(_why_not(place, text, edit.old))


def _sentence(line: int, edit: Edit) -> str:
    removed, added = len(textfile.lines_of(edit.old)), len(textfile.lines_of(edit.new))
    return f"at line {line}: {removed} lines became {added}."


def _ambiguous(place: str, text: str, count: int, numbers: list[int], what: str = "old") -> ToolError:
    """Which places there are, so that the next call can name one."""
    lines = textfile.lines_of(textfile.readable(text))
    rows = [f"{number:>5}\t{lines[number - 1][:120]}" for number in dict.fromkeys(numbers[:10])]
    more = f"\n(and {count - 10} more)" if count > 10 else ""
    listed = ", ".join(map(str, numbers[:20]))
    return ToolError(
        f"{what} occurs {count} times in {place}, at lines {listed}; nothing was changed."
        " Add lines around it until it is unique:\n" + "\n".join(rows) + more
    )


def line_at(text: str, offset: int) -> int:
    """The number of the line, from 1."""
    return text.count("\n", 0, offset) + 1


def _with_line_ends_of(found: str, new: str, spelled: TextFormat) -> str:
    """The new text, with the line ends of what it replaces or, where that has none, of the file."""
    lines = found.count("\n")
    crlf = found.count("\r\n") * 2 > lines if lines else spelled.crlf
    return textfile.with_line_ends(new, crlf=True) if crlf else new


def _why_not(place: str, text: str, old: str) -> str:
    """That it was not found, and what is nearest to it, with line numbers."""
    lines = textfile.lines_of(textfile.readable(text))
    near = near_places(lines, old)
    if not near:
        return f"old was not found in {place}, and nothing like it. Read the file again and copy the text exactly."
    first, last = near
    rows = [f"{number:>5}\t{lines[number - 1][:200]}" for number in range(first, min(last, first + 19) + 1)]
    return f"old was not found in {place}. Nearest to it is, at lines {first}–{last}:\n" + "\n".join(rows)
