"""Calls as weak models write them: what is meant is plain, so it is understood instead of refused."""

import json
import re
import shlex
import typing
from collections.abc import Collection, Mapping
from typing import Any

_WRAPPERS = ("arguments", "args", "input", "parameters", "params", "kwargs", "properties", "tool_input")
"""Some models put the arguments into an object of this name."""
_BESIDE = {"name", "tool", "tool_name", "function", "type", "id"}
"""What stands beside such an object."""
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "path": ("file_path", "filepath", "file", "filename", "file_name", "directory", "dir", "folder", "paths"),
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
_LISTS: Mapping[str, str] = {"paths": "\n", "read": "\n", "write": "\n", "node_kinds": ", ", "glob": ", "}
"""Texts that hold several things, and what stands between them: a list is as good."""
_QUOTES = "`'\""
_DEEPEST = 3
"""So many wrappings may stand in one another."""


def understood(given: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The arguments under their right names: out of a wrapping, renamed, and paths without quotes."""
    found = _named_right(_unwrapped(given, names), names)
    for name in names:
        if found.get(name) is None:
            other = next(
                (each for each in _OTHER_NAMES.get(name, ()) if each in found.keys() - set(names)), None
            )
            if other is not None:
                found[name] = found.pop(other)
    return {name: _bare(value) if name in _PATHS else _joined(name, value) for name, value in found.items()}


def _unwrapped(given: Mapping[str, Any], names: Collection[str], depth: int = 0) -> Mapping[str, Any]:
    for wrapper in _WRAPPERS:
        if wrapper in given and wrapper not in names and given.keys() - {wrapper} <= _BESIDE:
            inner = object_in(given[wrapper])
            if inner is not None:
                return _unwrapped(inner, names, depth + 1) if depth < _DEEPEST else inner
    return given


def _named_right(given: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """`startLine`, `start-line` and `PATH` for what is not known as it is written."""
    found: dict[str, Any] = {name: value for name, value in given.items() if name in names}
    for name, value in given.items():
        if name in names:
            continue
        plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:60].strip()).replace("-", "_").lower()
        fits = plain not in found and (plain in names or any(plain in each for each in _OTHER_NAMES.values()))
        found[plain if fits else name] = value
    return found


def _joined(name: str, value: object) -> object:
    """A list of texts as the one text that a tool takes; a command's words quoted as a shell wants them."""
    if name in _LISTS and isinstance(value, str) and value.lstrip().startswith("["):
        value = _list_in(value) or value
    if not isinstance(value, list) or not value:
        return value
    rows = typing.cast("list[object]", value)
    texts = [each for each in rows if isinstance(each, str)]
    if len(texts) < len(rows) or not (name in _LISTS or name == "command"):
        return rows
    if name != "command":
        return _LISTS[name].join(texts)
    return texts[0] if len(texts) == 1 else shlex.join(texts)


def _list_in(text: str) -> list[object] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return typing.cast("list[object]", value) if isinstance(value, list) else None


def object_in(value: object) -> Mapping[str, Any] | None:
    """An object, also as JSON text; None for anything else."""
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


def meant_flag(value: object) -> bool | None:
    """True or false in other words; None for anything else."""
    word = str(value).strip().lower() if isinstance(value, bool | int | str) else ""
    return {
        "true": True, "yes": True, "on": True, "1": True, "y": True,
        "false": False, "no": False, "off": False, "0": False, "n": False,
    }.get(word)  # fmt: skip


def is_blank(value: object) -> bool:
    """Whether a number was left out by writing nothing, or the word for it."""
    return isinstance(value, str) and value.strip().lower() in ("", "null", "none", "undefined")


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
    rows = [object_in(each) for each in typing.cast("list[object]", value)]
    return None if None in rows else [dict(each) for each in rows if each is not None]
