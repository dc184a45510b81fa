"""Calls as weak models write them: what is meant is plain, so it is understood instead of refused."""

import json
import typing
from collections.abc import Collection, Mapping
from typing import Any

_WRAPPERS = ("arguments", "args", "input", "parameters", "params", "kwargs")
"""Some models put the arguments into an object of this name."""
_BESIDE = {"name", "tool", "tool_name", "function", "type", "id"}
"""What stands beside such an object."""
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "path": ("file_path", "filepath", "file", "filename", "file_name", "directory", "dir", "folder"),
    "old": ("old_string", "old_str", "old_text", "old_code", "search", "find"),
    "new": ("new_string", "new_str", "new_text", "new_code", "replace", "replacement"),
    "content": ("contents", "text", "file_text", "file_content", "body"),
    "pattern": ("regex", "query", "search", "glob", "glob_pattern", "name"),
    "glob": ("include", "file_pattern", "files"),
    "context": ("context_lines", "lines_around"),
    "command": ("cmd", "bash", "script", "shell"),
    "code": ("source", "program", "script"),
    "language": ("lang",),
    "patch": ("diff", "input", "content"),
    "symbol": ("name", "identifier", "function", "symbol_name"),
    "query": ("q", "search_query", "search", "question"),
    "name": ("package", "package_name", "library", "module"),
    "url": ("link", "address", "uri"),
    "target": ("path", "test", "file", "test_path", "test_file"),
    "start_line": ("line_start", "first_line", "from_line", "start"),
    "end_line": ("line_end", "last_line", "to_line", "end"),
}
"""What other programs call an argument. It counts where the right name is missing and this one means nothing else."""
_PATHS = {"path", "target", "manifest"}
_QUOTES = "`'\""


def understood(given: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The arguments under their right names: out of a wrapping, renamed, and paths without quotes."""
    found = dict(_unwrapped(given, names))
    for name in names:
        if found.get(name) is None:
            other = next(
                (each for each in _OTHER_NAMES.get(name, ()) if each in found.keys() - set(names)), None
            )
            if other is not None:
                found[name] = found.pop(other)
    return {name: _bare(value) if name in _PATHS else value for name, value in found.items()}


def _unwrapped(given: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any]:
    for wrapper in _WRAPPERS:
        if wrapper in given and wrapper not in names and given.keys() - {wrapper} <= _BESIDE:
            inner = _object_in(given[wrapper])
            if inner is not None:
                return inner
    return given


def _object_in(value: object) -> Mapping[str, Any] | None:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, Mapping):
        return None
    return {str(key): each for key, each in typing.cast("Mapping[Any, Any]", value).items()}


def _bare(value: object) -> object:
    """A path without the quotes or backticks around it."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if len(text) > 2 and text[0] == text[-1] and text[0] in _QUOTES and text[0] not in text[1:-1]:
        return text[1:-1]
    return value


def rows_in(value: object) -> list[dict[str, Any]] | None:
    """A list of objects, also as JSON text or as one object alone; None for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        return None
    rows = [_object_in(each) for each in typing.cast("list[object]", value)]
    return None if None in rows else [dict(each) for each in rows if each is not None]
