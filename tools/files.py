"""Reading and writing the stage's files."""

from core.limits import limits
from tools import textfile
from tools.kept import find_kept, is_kept
from tools.nearby import explain_missing
from tools.textfile import TextFormat
from tools.workbench import ToolError, ToolResult, Workbench

_LINE_CHARACTERS = 2_000
_HOW_TO_READ_ON = (
    f"lines of more than {_LINE_CHARACTERS:,} characters are cut; search_files shows what is around a match in them,"
    " and run_command any part, as with: sed -n 1p FILE | cut -c2001-4000"
)


def read_file(
    bench: Workbench, path: str, start_line: int | None = None, end_line: int | None = None
) -> ToolResult:
    """Read a text file. Every line comes with its number and a tab, which are not part of the file.

    Args:
        path: Path of the file.
        start_line: First line to read, counted from 1; the beginning when left out.
        end_line: Last line to read; as much as fits when left out.
    """
    place, data = _read(bench, path)
    if textfile.is_binary(data):
        raise ToolError(f"{place} is a binary file of {len(data):,} bytes; only text can be read.")
    spelled = textfile.format_of(data)
    bench.check()
    text = textfile.readable(spelled.decode(data))
    bench.check()
    lines = textfile.lines_of(text)
    bench.check()
    if not lines:
        return ToolResult(True, f"{place} is empty.")
    first, last = _range(place, len(lines), start_line, end_line)
    shown, reached = _numbered(lines, first, last)
    notes = _notes(spelled)
    if any(len(line) > _LINE_CHARACTERS for line in lines[first - 1 : reached]):
        notes.append(_HOW_TO_READ_ON)
    if reached < len(lines):
        notes.append(
            f"lines {first}–{reached} of {len(lines)}; go on with"
            f' read_file(path="{place}", start_line={reached + 1})'
        )
    return ToolResult(True, shown + (f"\n({'; '.join(notes)})" if notes else ""))


def _read(bench: Workbench, path: str) -> tuple[str, bytes]:
    if is_kept(path):
        return path, find_kept(bench, path).read_bytes()
    place = bench.stage.locate(path)
    return place, bytes_of(bench, place)


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
        path: The file; missing folders are made.
        content: The whole new text.
    """
    textfile.require_text(content, "content")
    place = bench.stage.locate(path)
    target = bench.stage.tree / place
    if target.is_dir():
        raise ToolError(f"{place} is a folder. Give the path of a file in it.")
    before = bytes_of(bench, place) if target.is_file() else None
    data = _spelled_like(before, content)
    require_size(place, data)
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


def require_size(place: str, data: bytes) -> None:
    """Raises `ToolError` for what would be too large to be read again."""
    most = limits().tools.file_bytes
    if len(data) > most:
        raise ToolError(
            f"{place} would have {len(data):,} bytes, more than the {most:,} that are read and written at once."
            " Nothing was changed. Write less, or make such a file with a program."
        )


def bytes_of(bench: Workbench, place: str) -> bytes:
    """A file's bytes. Raises `ToolError` for a folder, a file that is missing, and one that is too large."""
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
