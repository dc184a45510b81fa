"""What code means: asked of real language servers, and of tree-sitter and plain search where none runs."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from core.limits import limits
from core.sandbox import ServiceFailed
from core.stage.change import StageError
from core.text import clip
from tools.languages import grammar_of
from tools.lsp.connection import AskingStopped, ServerFailed
from tools.lsp.program import NoServer
from tools.lsp.protocol import SEVERITIES, Diagnostic, Spot
from tools.lsp.server import LanguageServer
from tools.lsp.servers import LanguageServers
from tools.outline import ENGINE, Row, bounded, definitions_of, symbol_row, syntax_errors
from tools.search import search_files
from tools.sources import source_of
from tools.workbench import ToolError, ToolResult, Workbench

_TEXT_CHARACTERS = 200
_HOVER_CHARACTERS = 4_000
_SYMBOL_CHARACTERS = 200
_MOST_NAMED_FILES = 60
_DEFINES = r"\b(?:def|class|func|fn|function|struct|enum|interface|trait|type|const|let|var|mod|module)\s+"

_Found = TypeVar("_Found")
_Question = Callable[[LanguageServer, str, str, int, int, Callable[[], bool]], _Found]


@dataclass(frozen=True)
class _Mention:
    """A place where a symbol stands in a file."""

    place: str
    text: str
    symbol: str
    line: int
    """From 0, as `index`."""
    index: int
    note: str


def find_references(bench: Workbench, path: str, symbol: str, line: int | None = None) -> ToolResult:
    """Find every use of a symbol in the project, its definition too. The answer says which engine found them.

    Args:
        path: A file that mentions it.
        symbol: The name of a function, class, method or variable.
        line: A line of that file that mentions it, from 1; its definition or first use when left out.
    """
    mention = _mention(bench, path, symbol, line)
    answer = _ask_at(bench, mention, LanguageServer.references)
    if isinstance(answer, str):
        found = search_files(bench, rf"(?<!\w){re.escape(mention.symbol)}(?!\w)")
        head = f"Plain text search for {mention.symbol}, other things of that name included. {answer}"
        return ToolResult(found.ok, "\n".join([head, found.text]))
    name, spots = answer
    if not spots:
        said = f"{name} found no reference to {mention.symbol}.{mention.note} search_files finds it as text."
        return ToolResult(True, said)
    head = f"{len(spots)} references to {mention.symbol}, by {name}:{mention.note}"
    return ToolResult(True, _spotted(bench, head, spots))


def go_to_definition(bench: Workbench, path: str, symbol: str, line: int | None = None) -> ToolResult:
    """Find where a symbol is defined. The answer says which engine found it.

    Args:
        path: A file that mentions it.
        symbol: The name of a function, class, method or variable.
        line: A line of that file that mentions it, from 1; its first use when left out.
    """
    mention = _mention(bench, path, symbol, line)
    answer = _ask_at(bench, mention, LanguageServer.definition)
    if not isinstance(answer, str) and answer[1]:
        head = f"Definition of {mention.symbol}, by {answer[0]}:{mention.note}"
        return ToolResult(True, _spotted(bench, head, answer[1]))
    why = answer if isinstance(answer, str) else f"{answer[0]} found no definition."
    rows = _by_name(bench, mention)
    if not rows:
        return ToolResult(True, f"No definition of {mention.symbol} was found by name ({ENGINE}). {why}")
    shown = [f"{row['path']}:{symbol_row({**row, 'depth': 0})}" for row in rows]
    head = f"Definitions with the name {mention.symbol}, by {ENGINE}. {why}"
    return ToolResult(True, "\n".join([head, *_rows(shown, "Give a narrower name.")]))


def get_type_info(bench: Workbench, path: str, symbol: str, line: int | None = None) -> ToolResult:
    """Tell a symbol's type or signature and its documentation. The answer says which engine knows it.

    Args:
        path: A file that mentions it.
        symbol: The name of a function, class, method or variable.
        line: A line of that file that mentions it, from 1; its definition or first use when left out.
    """
    mention = _mention(bench, path, symbol, line)
    answer = _ask_at(bench, mention, LanguageServer.hover)
    if not isinstance(answer, str) and answer[1].strip():
        head = f"{mention.symbol} at {mention.place}:{mention.line + 1}, by {answer[0]}:{mention.note}"
        return ToolResult(True, f"{head}\n{clip(answer[1].strip(), _HOVER_CHARACTERS)}")
    why = answer if isinstance(answer, str) else f"{answer[0]} knows nothing about it."
    rows = _by_name(bench, mention)
    if not rows:
        return ToolResult(True, f"Nothing is known about {mention.symbol} at line {mention.line + 1}. {why}")
    shown = [f"{row['path']}:{symbol_row({**row, 'depth': 0})}" for row in rows]
    head = f"Signatures of what has the name {mention.symbol}, by {ENGINE}. {why}"
    return ToolResult(True, "\n".join([head, *_rows(shown, "Give a narrower name.")]))


def diagnostics(bench: Workbench, path: str) -> ToolResult:
    """Tell what is wrong with a source file: errors and warnings with their lines, and which engine found them.

    Args:
        path: Path of the file.
    """
    source = source_of(bench, path)
    place = source.place
    answer = _ask(bench, place, lambda server: server.diagnose(place, source.text, bench.stop.is_set))
    if isinstance(answer, str):
        return _syntax_only(bench, place, answer)
    name, found = answer
    if not found:
        return ToolResult(True, f"{name} has nothing to say against {place}.")
    shown = [_diagnostic_row(each) for each in found]
    head = f"{len(found)} diagnostics of {place}, by {name}:"
    return ToolResult(True, "\n".join([head, *_rows(shown, "Mend these first.")]))


def _syntax_only(bench: Workbench, place: str, why: str) -> ToolResult:
    if not grammar_of(place):
        return ToolResult(False, f"{place} cannot be checked. {why}")
    errors, trouble = syntax_errors(bench, place)
    note = f" {trouble}" if trouble else ""
    if not errors:
        return ToolResult(
            True, f"{ENGINE} found no syntax error in {place}; types were not checked. {why}{note}"
        )
    shown = [f"{row['line']}:{row['column']}: {row['what']}: {row['text']}" for row in errors]
    head = f"Syntax errors of {place}, by {ENGINE}; types were not checked. {why}{note}"
    return ToolResult(True, "\n".join([head, *_rows(shown, "Mend these first.")]))


def _diagnostic_row(each: Diagnostic) -> str:
    start = each.range.start
    about = " ".join(str(part) for part in (each.source, each.code) if isinstance(part, str | int))
    message = " ".join(each.message.split())[:500]
    kind = SEVERITIES.get(each.severity, "error")
    return f"{start.line + 1}:{start.character + 1}: {kind}: {message}" + (f" [{about}]" if about else "")


# -- asking ------------------------------------------------------------------------------------------


def servers_of(bench: Workbench) -> LanguageServers:
    """The language servers that belong to the workbench's sandbox."""

    def make() -> LanguageServers:
        return LanguageServers(bench.sandbox, bench.stage.project, bench.stage.tree)

    return bench.sandbox.services.keep("language servers", make)


def _ask(
    bench: Workbench, place: str, question: Callable[[LanguageServer], _Found]
) -> tuple[str, _Found] | str:
    """The server's name and its answer, or a sentence that says why there is none."""
    name = ""
    try:
        servers = servers_of(bench)
        for last in (False, True):
            server = servers.server_for(place, bench.stop.is_set)
            name = server.name
            try:
                return name, question(server)
            except ServerFailed:
                if last or not server.gone:
                    raise
    except AskingStopped:
        raise ToolError("The work was stopped before the answer was there.") from None
    except (NoServer, ServiceFailed) as none:
        return str(none)
    except ServerFailed as failed:
        return f"{name} {failed}."
    raise AssertionError("either way there was an answer")


def _ask_at(bench: Workbench, mention: _Mention, question: _Question[_Found]) -> tuple[str, _Found] | str:
    """Ask about the place of a mention."""
    where = (mention.place, mention.text, mention.line, mention.index)
    return _ask(bench, mention.place, lambda server: question(server, *where, bench.stop.is_set))


# -- places ------------------------------------------------------------------------------------------


def _mention(bench: Workbench, path: str, symbol: str, line: int | None) -> _Mention:
    """Where the symbol stands: on the line, else as near to it as it does."""
    whole = symbol.strip().strip("`'\"").removesuffix("()").strip()
    name = re.split(r"::|->|[.#]", whole)[-1]
    if not re.fullmatch(r"[^\W\d]\w*[?!]?|\$\w+", name) or len(whole) > _SYMBOL_CHARACTERS:
        raise ToolError(
            f"symbol must be one name, such as total or Basket.total, not “{symbol[:60]}”."
            " Use search_files for other text."
        )
    source = source_of(bench, path)
    place, lines = source.place, source.lines
    if line is not None and not 1 <= line <= len(lines):
        raise ToolError(f"{place} has {len(lines)} lines; line must be from 1 to {len(lines)}, not {line}.")
    found = _occurrences(source.text, whole, name)
    if not found:
        raise ToolError(f"{name} does not occur in {place}. Use search_files to find a file where it does.")
    at, index = _nearest(lines, name, found, line)
    note = "" if line is None or at == line - 1 else f" (Line {line} has no {name}; line {at + 1} was taken.)"
    return _Mention(place, source.text, name, at, index, note)


def _occurrences(text: str, whole: str, name: str) -> list[tuple[int, int]]:
    """Line and index, from 0, of every place where the whole name stands, else its last part."""
    for wanted in dict.fromkeys((whole, name)):
        found: list[tuple[int, int]] = []
        line, counted = 0, 0
        at = text.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            if not _goes_on(text[at - 1 : at]) and not _goes_on(text[end : end + 1]):
                line += text.count("\n", counted, at)
                counted = at
                found.append((line, end - len(name) - text.rfind("\n", 0, at) - 1))
            at = text.find(wanted, at + 1)
        if found:
            return found
    return []


def _goes_on(character: str) -> bool:
    """Whether a name goes on with it; empty at either end of the text."""
    return character.isalnum() or character == "_"


def _nearest(lines: list[str], name: str, found: list[tuple[int, int]], line: int | None) -> tuple[int, int]:
    if line is not None:
        return min(found, key=lambda spot: (abs(spot[0] - line + 1), spot))
    defines = re.compile(_DEFINES + re.escape(name) + r"(?!\w)")
    for number, index in found:
        match = defines.search(lines[number])
        if match and match.end() == index + len(name):
            return number, index
    code = [spot for spot in found if not lines[spot[0]].lstrip().startswith(("#", "//", "*", "--"))]
    return (code or found)[0]


def _by_name(bench: Workbench, mention: _Mention) -> list[Row]:
    """Definitions of that name, in files of the same ending that mention it."""
    ending = PurePath(mention.place).suffix
    found = search_files(bench, rf"(?<!\w){re.escape(mention.symbol)}(?!\w)")
    named = dict.fromkeys(re.findall(r"^(.+?):\d+: ", found.text, re.MULTILINE))
    same = [name for name in named if PurePath(name).suffix == ending and grammar_of(name)]
    places = [name for name in dict.fromkeys([mention.place, *same]) if _is_small(bench, name)]
    if not places or not grammar_of(mention.place):
        return []
    return definitions_of(bench, places[:_MOST_NAMED_FILES], lambda name: name == mention.symbol)


def _is_small(bench: Workbench, name: str) -> bool:
    target = bench.stage.tree / name
    return target.is_file() and target.stat().st_size <= limits().tools.file_bytes


# -- answers -----------------------------------------------------------------------------------------


def _spotted(bench: Workbench, head: str, spots: list[Spot]) -> str:
    most = limits().tools.search_matches
    lines: dict[str, list[str]] = {}
    shown: list[str] = []
    for spot in spots[:most]:
        if spot.inside and spot.path not in lines:
            lines[spot.path] = _lines_of(bench, spot.path)
        shown.append(_spot_row(spot, lines.get(spot.path, [])))
    if len(spots) > most:
        shown.append(f"(Only the first {most} of {len(spots)}. Use search_files in a path for the others.)")
    return "\n".join([head, *_rows(shown, "Use search_files in a path for the others.")])


def _spot_row(spot: Spot, lines: list[str]) -> str:
    text = lines[spot.line - 1].strip()[:_TEXT_CHARACTERS] if spot.line <= len(lines) else ""
    outside = "" if spot.inside else " (outside of the project)"
    return f"{spot.path}:{spot.line}{outside}" + (f": {text}" if text else "")


def _lines_of(bench: Workbench, path: str) -> list[str]:
    """The lines of a file of the stage; none of what only the sandbox shows, such as ignored files."""
    try:
        return source_of(bench, path).lines
    except (ToolError, StageError, OSError):
        return []


def _rows(shown: list[str], advice: str) -> list[str]:
    rows, left = bounded(shown, limits().tools.output_characters - 1_500)
    return [*rows, f"({left} more did not fit. {advice})"] if left else rows
