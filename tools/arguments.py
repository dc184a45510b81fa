"""Arguments as models write them: parsed, checked against a function's signature, coerced when harmless."""

import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from tools.leniency import is_blank, meant_flag, object_in, rows_in, understood
from tools.workbench import ToolError

MOST_CHARACTERS = 1_000_000
"""Longer argument texts are refused."""

EXAMPLES: Mapping[str, object] = {
    "path": "src/app.py",
    "start_line": 1,
    "end_line": 40,
    "content": "the whole text of the file\n",
    "edits": [{"old": "def total(items):", "new": "def total(items, tax=0):"}],
    "glob": "*.py",
    "context": 2,
    "old": "def total(items):",
    "new": "def total(items, tax=0):",
    "pattern": "def total",
    "symbol": "total",
    "line": 12,
    "node_kinds": "call",
    "patch": "*** Begin Patch\n*** Update File: src/app.py\n@@\n-old line\n+new line\n*** End Patch\n",
    "target": "tests/test_app.py",
    "command": "ls -la src",
    "network": True,
    "read": "/srv/data",
    "write": "/srv/results",
    "language": "python",
    "code": "print(2 + 2)",
    "count": 20,
    "commit": "1a2b3c4",
    "runs": 6,
    "name": "requests",
    "version": "2.32.0",
    "manifest": "pyproject.toml",
    "dev": False,
    "query": "parse dates with time zones",
    "url": "https://docs.python.org/3/library/json.html",
    "offset": 0,
    "depth": 2,
    "branch": "feature/health-endpoint",
    "message": "Answer health checks",
    "paths": "src/app.py\ntests/test_app.py",
}
"""An example for every parameter that some tool has, for the sentence about a missing one."""

_NEEDED_TOO: Mapping[str, tuple[str, ...]] = {"edit_file": ("old", "new")}
"""What may be left out by itself, but is part of a right call."""

_FENCE = re.compile(r"\A\s*```\w*\n(.*)\n```\s*\Z", re.DOTALL)
"""Around arguments that were written as for a reader."""

_WORDS = {str: "string", int: "integer", bool: "boolean", list: "array"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool, as the model knows it."""

    name: str
    kind: type
    """`str`, `int`, `bool`, or the struct of text fields of which it is a list."""
    required: bool
    description: str


def parse_arguments(text: str | bytes) -> dict[str, Any]:
    """The arguments that a model wrote as JSON. Raises `ToolError` for anything else than one object."""
    if len(text) > MOST_CHARACTERS:
        raise ToolError(f"The arguments are longer than {MOST_CHARACTERS:,} characters. Write less at once.")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        text = _FENCE.sub(r"\1", text)
        value = json.loads(text, parse_constant=_refuse_constant) if text.strip() else {}
    except RecursionError:
        raise ToolError("The arguments are nested too deeply. Send one flat JSON object.") from None
    except (ValueError, MemoryError) as error:
        raise ToolError(f"The arguments are not valid JSON ({error}). Send one JSON object.") from None
    if isinstance(value, str):
        value = object_in(value)  # JSON text in JSON text
    if not isinstance(value, dict):
        raise ToolError("The arguments must be one JSON object, such as {}.".format('{"path": "src/app.py"}'))
    return typing.cast("dict[str, Any]", value)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")


@cache
def parameters_of(function: Callable[..., object]) -> tuple[Parameter, ...]:
    """The parameters after `bench`, described by the docstring's `Args`."""
    described = describe(function)[1]
    hints = typing.get_type_hints(function)
    found = list(inspect.signature(function).parameters.values())[1:]
    return tuple(
        Parameter(
            each.name, _plain(hints[each.name]), each.default is each.empty, described.get(each.name, "")
        )
        for each in found
    )


def _plain(hint: object) -> type:
    """`int | None` → `int`, `list[Edit] | None` → `Edit`."""
    if isinstance(hint, types.UnionType):
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
    if typing.get_origin(hint) is list:
        (row,) = typing.get_args(hint)
        assert issubclass(row, msgspec.Struct) and all(
            each.type is str for each in msgspec.structs.fields(row)
        )
        return row
    assert isinstance(hint, type) and hint in _WORDS, f"a tool's parameter cannot be {hint}"
    return hint


@cache
def describe(function: Callable[..., object]) -> tuple[str, dict[str, str]]:
    """A docstring's text without `Args`, and what it says about each argument."""
    text, _, arguments = inspect.cleandoc(function.__doc__ or "").partition("\nArgs:\n")
    found: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(arguments).splitlines():
        match = re.match(r"(\w+): (.*)", line)
        if match:
            name = match[1]
            found[name] = match[2]
        elif name and line.strip():
            found[name] += " " + line.strip()
    return text.strip(), found


def schema(function: Callable[..., object]) -> dict[str, Any]:
    """A flat JSON schema of the parameters."""
    parameters = parameters_of(function)
    return {
        "type": "object",
        "properties": {each.name: _property(each) for each in parameters},
        "required": [each.name for each in parameters if each.required],
    }


def _property(parameter: Parameter) -> dict[str, Any]:
    if parameter.kind in _WORDS:
        return {"type": _WORDS[parameter.kind], "description": parameter.description}
    names = _fields(parameter.kind)
    row = {"type": "object", "properties": {each: {"type": "string"} for each in names}, "required": names}
    return {"type": "array", "description": parameter.description, "items": row}


def _fields(kind: type) -> list[str]:
    return [each.name for each in msgspec.structs.fields(kind)]


def checked(name: str, function: Callable[..., object], arguments: object) -> dict[str, Any]:
    """The arguments as the function wants them. Raises `ToolError` with an example of a right call."""
    if isinstance(arguments, str | bytes):
        arguments = parse_arguments(arguments)
    if not isinstance(arguments, Mapping):
        raise ToolError(f"The arguments of {name} must be an object. {_example(name, function)}")
    parameters = {each.name: each for each in parameters_of(function)}
    said = {str(key): value for key, value in typing.cast("Mapping[Any, Any]", arguments).items()}
    given = {key: value for key, value in understood(said, parameters).items() if value is not None}
    unknown = sorted(given.keys() - parameters.keys())
    if unknown:
        known = ", ".join(parameters) or "no arguments"
        raise ToolError(
            f"{name} has no argument {_quoted(unknown)}; it has {known}. {_example(name, function)}"
        )
    chosen = {
        key: value
        for key, value in given.items()
        if parameters[key].kind not in (int, bool) or parameters[key].required or not is_blank(value)
    }
    missing = [each.name for each in parameters.values() if each.required and each.name not in chosen]
    if missing:
        raise ToolError(f"{name} needs {_quoted(missing)}. {_example(name, function)}")
    return {key: _coerced(name, function, parameters[key], value) for key, value in chosen.items()}


def _quoted(names: list[str]) -> str:
    return ", ".join(f"“{each[:60]}”" for each in names[:5])


def _example(name: str, function: Callable[..., object]) -> str:
    more = _NEEDED_TOO.get(name, ())
    needed = [each for each in parameters_of(function) if each.required or each.name in more]
    example = {each.name: EXAMPLES[each.name] for each in needed}
    return f"A right call: {name}({json.dumps(example)})"


def _coerced(tool: str, function: Callable[..., object], parameter: Parameter, value: object) -> object:
    if parameter.kind is int:
        found, word = _whole_number(value), "a whole number"
    elif parameter.kind is bool:
        found, word = meant_flag(value), "true or false"
    elif parameter.kind is str:
        found, word = _text(value), "text"
    else:
        names = ", ".join(_fields(parameter.kind))
        found, word = _rows(parameter.kind, value), f"a list of objects with {names} as text"
    if found is None:
        raise ToolError(
            f"{tool}: “{parameter.name}” must be {word}, not {_shown(value)}. {_example(tool, function)}"
        )
    return found


def _shown(value: object) -> str:
    try:
        return json.dumps(value, default=str)[:80]
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"


def _rows(kind: type, value: object) -> list[Any] | None:
    """The rows as structs; None when one of them lacks a field or holds something else than text."""
    names = _fields(kind)
    rows = [understood(row, names) for row in rows_in(value) or ()]
    texts = [[_text(row.get(each)) for each in names] for row in rows]
    if not rows or any(set(row) - set(names) or None in each for row, each in zip(rows, texts, strict=True)):
        return None
    return [kind(*each) for each in texts]


def _whole_number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"\s*[\"']?[+-]?[0-9]{1,18}(\.0*)?[\"']?\s*", value):
        return int(value.strip(" \t\r\n\"'").partition(".")[0])
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value if isinstance(value, int) and abs(value) < 10**18 else None


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and len(typing.cast("list[object]", value)) == 1:
        return value[0] if isinstance(value[0], str) else None
    return value if isinstance(value, str) else None
