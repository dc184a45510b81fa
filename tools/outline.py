"""What a file is made of, by tree-sitter: its definitions, a piece of its syntax tree, its syntax errors."""

import json
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.limits import limits
from core.sandbox.environment import FALLBACK_PATH
from core.sandbox.looking import failed_to_look, only_looking
from core.sandbox.process import Ended, Launch, supervise
from tools.finding import staged_files
from tools.languages import grammar_of
from tools.nearby import explain_missing
from tools.workbench import ToolError, ToolResult, Workbench

ENGINE = "tree-sitter"
_WORKER = Path(__file__).with_name("outline_worker.py")
_MOST_FILES = 200
_FOLDER_FILE_BYTES = 1_000_000
_MOST_KINDS = 100
_KIND_CHARACTERS = 100
_WHOLE = 10**9

Row = dict[str, Any]


def parse_ast(
    bench: Workbench,
    path: str,
    start_line: int | None = None,
    end_line: int | None = None,
    node_kinds: str | None = None,
) -> ToolResult:
    """Outline a source file or folder: classes, functions, their signatures and lines.

    With lines or node_kinds it shows a file's syntax tree instead.

    Args:
        path: The file or folder.
        start_line: The syntax tree from this line on, from 1.
        end_line: The syntax tree's last line.
        node_kinds: Only nodes of these tree-sitter kinds, such as call, import_statement.
    """
    place = bench.stage.locate(path)
    target = bench.stage.tree / place
    if not target.exists():
        raise ToolError(explain_missing(bench.stage, place))
    kinds = (node_kinds or "").replace(",", " ").split()
    if any(len(kind) > _KIND_CHARACTERS for kind in kinds) or len(kinds) > _MOST_KINDS:
        raise ToolError(f"node_kinds must be at most {_MOST_KINDS} names, such as call, import_statement.")
    if start_line is None and end_line is None and not kinds:
        return _outline_of_folder(bench, place) if target.is_dir() else _outline_of_file(bench, place)
    if target.is_dir():
        raise ToolError(f"{place} is a folder. Give the path of a file for lines or node_kinds.")
    first = 1 if start_line is None else start_line
    last = _WHOLE if end_line is None else end_line
    if first < 1 or last < first:
        raise ToolError("start_line must be 1 or more, and end_line not before it.")
    return _tree(bench, place, first, last, kinds)


# -- running the parser ------------------------------------------------------------------------------


def parse(bench: Workbench, mode: str, places: Sequence[str], *more: str) -> tuple[list[Row], str]:
    """The worker's rows for these files, and a sentence when it did not get to its end.

    Raises:
        ToolError: no grammar for the only file, it is too large, or the work was stopped.
    """
    most = str(limits().tools.outline_rows)
    words = [f"{grammar}={place}" for place in places if (grammar := grammar_of(place))]
    if not words:
        raise ToolError(
            f"{places[0] if places else 'The folder'} is in no language that tree-sitter knows here."
            " Use read_file or search_files."
        )
    _check_sizes(bench, places)
    ended = run_worker(bench, [str(_WORKER), mode, most, *words, *more])
    rows = [row for line in ended.output.split("\n") if (row := _row(line)) is not None]
    return rows, _trouble(ended)


def run_worker(bench: Workbench, words: Sequence[str]) -> Ended:
    """Run one of our own programs on the stage's folder, with our own Python, for a limited time."""
    launch = Launch(
        argv=only_looking([sys.executable, "-I", *words], bench.stage.tree),
        environment={"PATH": FALLBACK_PATH, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        folder=bench.stage.tree,
        shell=True,
        alone=True,
    )
    ended = supervise(launch, seconds=limits().tools.analysis_seconds, stopped=bench.stop.is_set)
    if failed_to_look(ended.exit_code, ended.output):
        raise ToolError(f"Nothing could be read: {ended.output.strip()[-400:]}")
    if ended.reason == "stopped":
        raise ToolError("The work was stopped before the answer was there.")
    return ended


def _check_sizes(bench: Workbench, places: Sequence[str]) -> None:
    for place in places:
        size = (bench.stage.tree / place).stat().st_size
        if size > limits().tools.file_bytes:
            raise ToolError(f"{place} has {size:,} bytes, too many to analyse. Use search_files.")


def _row(line: str) -> Row | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _trouble(ended: Ended) -> str:
    if ended.reason == "timed_out":
        return (
            f"Parsing was ended after {limits().tools.analysis_seconds:g} seconds, so this is not all."
            " Give a smaller file, or use search_files."
        )
    if ended.exit_code != 0:
        return f"The parser ended early (exit code {ended.exit_code}), so this is not all."
    return ""


# -- the answers -------------------------------------------------------------------------------------


def _outline_of_file(bench: Workbench, place: str) -> ToolResult:
    rows, trouble = parse(bench, "outline", [place])
    shown = [symbol_row(row) for row in rows if "name" in row]
    if not shown and not trouble:
        shown = [f"{place} defines nothing that an outline shows. Read it with read_file."]
    return _answer(f"Outline of {place}", shown, [*_notes(rows), trouble])


def _outline_of_folder(bench: Workbench, place: str) -> ToolResult:
    known = source_files(bench, place, _FOLDER_FILE_BYTES)
    if not known:
        raise ToolError(f"No file in {place} is in a language that tree-sitter knows. Use list_directory.")
    chosen = sorted(known, key=lambda name: (name.count("/"), name))[:_MOST_FILES]
    rows, trouble = parse(bench, "outline", sorted(chosen))
    shown: list[str] = []
    current = ""
    for row in rows:
        if "name" not in row or row["depth"] > 1:
            continue
        if row["path"] != current:
            current = row["path"]
            shown.append(current)
        shown.append("  " + symbol_row(row))
    notes = [trouble]
    if len(known) > len(chosen):
        notes.append(f"The first {len(chosen)} of {len(known):,} files; give a folder in it for the others.")
    return _answer(f"Outline of {place}, two levels deep", shown, [*_notes(rows), *notes])


def source_files(bench: Workbench, place: str, most_bytes: int) -> list[str]:
    """The regular files below a folder that have a grammar and are not too large; links are left out."""
    return sorted(
        name
        for name, seen in staged_files(bench, place).items()
        if grammar_of(name) and stat.S_ISREG(seen.mode) and seen.size <= most_bytes
    )


def symbol_row(row: Row) -> str:
    """One definition: lines, what it is, and its signature."""
    lines = f"{row['first']}" if row["first"] >= row["last"] else f"{row['first']}-{row['last']}"
    return f"{'  ' * row['depth']}{lines}: {row['kind']} {row['name']} | {row['signature']}"


def _tree(bench: Workbench, place: str, first: int, last: int, kinds: list[str]) -> ToolResult:
    rows, trouble = parse(bench, "tree", [place], str(first), str(last), " ".join(kinds))
    nodes = [row for row in rows if "depth" in row]
    there = next((row["kinds"] for row in rows if "kinds" in row), None)
    if there is not None:
        what = f"No node of {', '.join(kinds)}" if kinds else "Nothing"
        return ToolResult(False, f"{what} in these lines of {place}. Kinds in this file: {', '.join(there)}.")
    outer = min((row["depth"] for row in nodes), default=0)
    shown = [_node_row(row, 0 if kinds else row["depth"] - outer) for row in nodes]
    return _answer(f"Syntax tree of {place}", shown, [*_notes(rows), trouble])


def _node_row(row: Row, depth: int) -> str:
    text = f" {json.dumps(row['text'], ensure_ascii=False)}" if row["text"] else ""
    end = f"-{row['last']}" if row["last"] > row["first"] else ""
    return f"{'  ' * min(depth, 40)}{row['kind']} {row['first']}:{row['column']}{end}{text}"


def _notes(rows: list[Row]) -> list[str]:
    notes = [f"{row['path']} could not be parsed: {row['problem']}." for row in rows if "problem" in row]
    broken = [f"{row['path']} (line {row['broken']})" for row in rows if "broken" in row]
    if broken:
        notes.append(f"Syntax errors in {', '.join(broken[:10])}; what is there may be incomplete.")
    if any("more" in row for row in rows):
        notes.append(
            f"Only the first {limits().tools.outline_rows} rows. Give a smaller folder, or start_line and end_line."
        )
    return notes


def _answer(title: str, shown: list[str], notes: list[str]) -> ToolResult:
    said = [note for note in notes if note]
    rows, left = bounded(shown, limits().tools.output_characters - sum(map(len, said)) - 600)
    if left:
        said.append(f"{left} more rows did not fit. Give a smaller part, or start_line and end_line.")
    return ToolResult(True, "\n".join([f"{title} (by {ENGINE}):", *rows, *(f"({note})" for note in said)]))


def bounded(rows: Sequence[str], room: int) -> tuple[list[str], int]:
    """As many rows as have room (in characters), and how many are left out."""
    shown: list[str] = []
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            break
        shown.append(row)
    return shown, len(rows) - len(shown)


# -- for others --------------------------------------------------------------------------------------


def definitions_of(bench: Workbench, places: Sequence[str], wanted: Callable[[str], bool]) -> list[Row]:
    """The definitions in these files whose name is wanted; a qualified name counts by its last part, too."""
    rows, _ = parse(bench, "outline", places)
    return [row for row in rows if "name" in row and _is_wanted(row["name"], wanted)]


def _is_wanted(name: str, wanted: Callable[[str], bool]) -> bool:
    last = name.replace("::", ".").rpartition(".")[2]
    return wanted(name) or wanted(last)


def syntax_errors(bench: Workbench, place: str) -> tuple[list[Row], str]:
    """Where a file does not follow its language's grammar."""
    rows, trouble = parse(bench, "errors", [place])
    return [row for row in rows if "what" in row], trouble
