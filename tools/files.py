"""Reading, writing and editing the stage's files."""

import os
from pathlib import Path

from core.limits import limits
from tools import textfile
from tools.nearby import explain_missing
from tools.textfile import TextFormat
from tools.workbench import ToolError, ToolResult, Workbench

_LINE_CHARACTERS = 2_000


def read_file(
    bench: Workbench, path: str, start_line: int | None = None, end_line: int | None = None
) -> ToolResult:
    """Read a text file. Every line comes with its number and a tab, which are not part of the file.

    Args:
        path: The file, relative to the project.
        start_line: First line to read, counted from 1; the beginning when left out.
        end_line: Last line to read; as much as fits when left out.
    """
    place = bench.stage.locate(path)
    data = _bytes_of(bench, place)
    if textfile.is_binary(data):
        raise ToolError(f"{place} is a binary file of {len(data):,} bytes; only text can be read.")
    spelled = textfile.format_of(data)
    lines = textfile.lines_of(_readable(spelled.decode(data)))
    if not lines:
        return ToolResult(True, f"{place} is empty.")
    first, last = _range(place, len(lines), start_line, end_line)
    shown, reached = _numbered(lines, first, last)
    notes = _notes(spelled)
    if reached < len(lines):
        notes.append(
            f"lines {first}–{reached} of {len(lines)}; go on with"
            f' read_file(path="{place}", start_line={reached + 1})'
        )
    return ToolResult(True, shown + (f"\n({'; '.join(notes)})" if notes else ""))


def _readable(text: str) -> str:
    """Surrogates, which stand for bytes that are no text, as replacement marks."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _range(place: str, count: int, start: int | None, end: int | None) -> tuple[int, int]:
    first = 1 if start is None else start
    last = count if end is None else min(end, count)
    if first < 1 or first > count:
        raise ToolError(f"{place} has {count} lines; start_line must be from 1 to {count}, not {first}.")
    if last < first:
        raise ToolError(f"end_line ({end}) comes before start_line ({first}). {place} has {count} lines.")
    return first, last


def _numbered(lines: list[str], first: int, last: int) -> tuple[str, int]:
    """Numbered lines as far as they fit, and the number of the last one."""
    room = limits().tools.output_characters - 400
    shown: list[str] = []
    for number in range(first, last + 1):
        line = lines[number - 1]
        if len(line) > _LINE_CHARACTERS:
            line = f"{line[:_LINE_CHARACTERS]}… ({len(line) - _LINE_CHARACTERS:,} more characters)"
        line = f"{number:>5}\t{line}"
        room -= len(line) + 1
        if room < 0:
            break
        shown.append(line)
    return "\n".join(shown), first + len(shown) - 1


def _notes(spelled: TextFormat) -> list[str]:
    notes = [f"encoding {spelled.encoding}"] if spelled.encoding != "utf-8" else []
    if spelled.mixed:
        notes.append("mixed line ends")
    elif spelled.crlf:
        notes.append("CRLF line ends")
    return notes


def write_file(bench: Workbench, path: str, content: str) -> ToolResult:
    """Create a text file or replace all of it. To change a part of a file, use edit_file.

    Args:
        path: The file, relative to the project; missing folders are made.
        content: The whole new text.
    """
    textfile.require_text(content, "content")
    place = bench.stage.locate(path)
    target = bench.stage.tree / place
    if target.is_dir():
        raise ToolError(f"{place} is a folder. Give the path of a file in it.")
    before = _bytes_of(bench, place) if target.is_file() else None
    data = _spelled_like(before, content)
    count = len(textfile.lines_of(content))
    if data == before:
        return ToolResult(True, f"{place} already has exactly this content; nothing was changed.")
    bench.stage.write(place, data)
    verb = "Created" if before is None else "Replaced"
    return ToolResult(True, f"{verb} {place}: {count} lines, {len(data):,} bytes.", (place,))


def _spelled_like(before: bytes | None, content: str) -> bytes:
    """The content with the encoding, BOM and line ends that the file had."""
    if not before or textfile.is_binary(before):
        return TextFormat().encode(content)
    spelled = textfile.format_of(before)
    if spelled.crlf and not spelled.mixed and "\r" not in content:
        content = textfile.with_line_ends(content, crlf=True)
    try:
        return spelled.encode(content.removeprefix("\ufeff") if spelled.bom else content)
    except ToolError:
        return TextFormat().encode(content)


def edit_file(bench: Workbench, path: str, old: str, new: str) -> ToolResult:
    """Replace one piece of a text file. Read the file first; the rest of it stays as it is.

    Args:
        path: The file, relative to the project.
        old: The exact text to replace, without line numbers; it must occur exactly once.
        new: The text that takes its place.
    """
    place = bench.stage.locate(path)
    if old == "":
        raise ToolError("old is empty. Give the text to replace, or use write_file for the whole file.")
    if old == new:
        raise ToolError("old and new are the same; nothing was changed.")
    textfile.require_text(new, "new")
    data = _bytes_of(bench, place)
    if textfile.is_binary(data):
        raise ToolError(f"{place} is a binary file; only text can be edited.")
    spelled = textfile.format_of(data)
    text = spelled.decode(data)
    start, end = _only_place(place, text, old)
    put = _with_line_ends_of(text[start:end], new, spelled)
    bench.stage.write(place, spelled.encode(text[:start] + put + text[end:]))
    added, removed = len(textfile.lines_of(new)), len(textfile.lines_of(old))
    said = f"Edited {place} at line {_line_at(text, start)}: {removed} lines became {added}."
    return ToolResult(True, said, (place,))


def _only_place(place: str, text: str, old: str) -> tuple[int, int]:
    spans = textfile.find_all(text, old)
    if len(spans) == 1:
        return spans[0]
    if spans:
        numbers = ", ".join(str(_line_at(text, start)) for start, _ in spans[:20])
        more = f" and {len(spans) - 20} more" if len(spans) > 20 else ""
        raise ToolError(
            f"old occurs {len(spans)} times in {place}, at lines {numbers}{more}."
            " Add lines around it until it is unique."
        )
    raise ToolError(_why_not_found(place, textfile.lines_of(_readable(text)), old))


def _line_at(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _with_line_ends_of(found: str, new: str, spelled: TextFormat) -> str:
    """The new text, with the line ends of what it replaces or, where that has none, of the file."""
    lines = found.count("\n")
    crlf = found.count("\r\n") * 2 > lines if lines else spelled.crlf
    return textfile.with_line_ends(new, crlf=True) if crlf else new


def _why_not_found(place: str, lines: list[str], old: str) -> str:
    wanted = [line.strip() for line in textfile.lines_of(old)]
    if all(line.partition("\t")[0].strip().isdigit() for line in textfile.lines_of(old)):
        return f"old was not found in {place}. Leave out the line numbers that read_file puts before lines."
    bare = [line.strip() for line in lines]
    size = len(wanted)
    for at in range(len(bare) - size + 1):
        if bare[at : at + size] == wanted and any(wanted):
            exact = "\n".join(lines[at : at + size])[:2_000]
            return (
                f"old was not found in {place}, but lines {at + 1}–{at + size} differ only in white space."
                f" They are exactly:\n{exact}"
            )
    first = next((line for line in wanted if line), "")
    near = [str(number) for number, line in enumerate(bare, 1) if line and line == first][:5]
    if near:
        return (
            f"old was not found in {place}. Its first line is at line {', '.join(near)}, but what follows"
            " differs. Read the file again and copy the text exactly."
        )
    return f"old was not found in {place}. Read the file again and copy the text exactly."


def _bytes_of(bench: Workbench, place: str) -> bytes:
    target = bench.stage.tree / place
    if target.is_dir():
        raise ToolError(f"{place} is a folder. Use list_directory to see what is in it.")
    try:
        size = target.stat().st_size
        if size > limits().tools.file_bytes:
            raise ToolError(
                f"{place} has {size:,} bytes, more than the {limits().tools.file_bytes:,} that are read."
                " Use search_files, or run_command with head, tail or sed."
            )
        return bench.stage.read(place)
    except FileNotFoundError:
        raise ToolError(explain_missing(bench.stage, place)) from None


def list_directory(bench: Workbench, path: str = ".") -> ToolResult:
    """List a folder: folders first, with a slash, then files with their size in bytes.

    Args:
        path: The folder, relative to the project; the project itself when left out.
    """
    place = bench.stage.locate(path)
    folder = bench.stage.tree / place
    if not folder.exists():
        raise ToolError(explain_missing(bench.stage, place))
    if not folder.is_dir():
        raise ToolError(f"{place} is a file. Use read_file to read it.")
    with os.scandir(folder) as entries:
        rows = sorted(_row(entry) for entry in entries if entry.name != ".git")
    most = limits().tools.list_entries
    shown = [row for _, row in rows[:most]]
    if len(rows) > most:
        shown.append(f"… and {len(rows) - most} more; use search_files or list a folder in it.")
    return ToolResult(True, "\n".join(shown) if shown else f"{place} is empty.")


def _row(entry: os.DirEntry[str]) -> tuple[tuple[bool, str], str]:
    if entry.is_symlink():
        return (True, entry.name), f"{entry.name} -> {Path(entry.path).readlink()}"
    if entry.is_dir():
        return (False, entry.name), f"{entry.name}/"
    return (True, entry.name), f"{entry.name} ({entry.stat(follow_symlinks=False).st_size:,})"
