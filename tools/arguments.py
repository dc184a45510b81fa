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

from tools.workbench import ToolError

MOST_CHARACTERS = 1_000_000
"""Longer argument texts are refused."""

EXAMPLES: Mapping[str, object] = {
    "path": "src/app.py",
    "start_line": 1,
    "end_line": 40,
    "content": "the whole text of the file\n",
    "old": "def total(items):",
    "new": "def total(items, tax=0):",
    "pattern": "def total",
    "symbol": "total",
    "line": 12,
    "node_kinds": "call",
    "patch": "*** Begin Patch\n*** Update File: src/app.py\n@@\n-old line\n+new line\n*** End Patch\n",
    "target": "tests/test_app.py",
    "command": "ls -la src",
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
}
"""An example for every parameter that some tool has, for the sentence about a missing one."""

_WORDS = {str: "string", int: "integer", bool: "boolean"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool, as the model knows it."""

    name: str
    kind: type
    required: bool
    description: str


def parse_arguments(text: str | bytes) -> dict[str, Any]:
    """The arguments that a model wrote as JSON. Raises `ToolError` for anything else than one object."""
    if len(text) > MOST_CHARACTERS:
        raise ToolError(f"The arguments are longer than {MOST_CHARACTERS:,} characters. Write less at once.")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant) if text.strip() else {}
    except RecursionError:
        raise ToolError("The arguments are nested too deeply. Send one flat JSON object.") from None
    except (ValueError, MemoryError) as error:
        raise ToolError(f"The arguments are not valid JSON ({error}). Send one JSON object.") from None
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
    """`int | None` → `int`."""
    if isinstance(hint, types.UnionType):
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
    assert isinstance(hint, type) and hint in _WORDS, f"a tool's parameter cannot be {hint}"
    return hint


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
        "properties": {
            each.name: {"type": _WORDS[each.kind], "description": each.description} for each in parameters
        },
        "required": [each.name for each in parameters if each.required],
    }


def checked(name: str, function: Callable[..., object], arguments: object) -> dict[str, Any]:
    """The arguments as the function wants them. Raises `ToolError` with an example of a right call."""
    if isinstance(arguments, str | bytes):
        arguments = parse_arguments(arguments)
    if not isinstance(arguments, Mapping):
        raise ToolError(f"The arguments of {name} must be an object. {_example(name, function)}")
    given = {str(key): value for key, value in typing.cast("Mapping[Any, Any]", arguments).items()}
    parameters = {each.name: each for each in parameters_of(function)}
    unknown = sorted(given.keys() - parameters.keys())
    if unknown:
        known = ", ".join(parameters) or "no arguments"
        raise ToolError(
            f"{name} has no argument {_quoted(unknown)}; it has {known}. {_example(name, function)}"
        )
    chosen = {key: value for key, value in given.items() if value is not None}
    missing = [each.name for each in parameters.values() if each.required and each.name not in chosen]
    if missing:
        raise ToolError(f"{name} needs {_quoted(missing)}. {_example(name, function)}")
    return {key: _coerced(name, parameters[key], value) for key, value in chosen.items()}


def _quoted(names: list[str]) -> str:
    return ", ".join(f"“{each[:60]}”" for each in names[:5])


def _example(name: str, function: Callable[..., object]) -> str:
    needed = [each for each in parameters_of(function) if each.required]
    example = {each.name: EXAMPLES[each.name] for each in needed}
    return f"A right call: {name}({json.dumps(example)})"


def _coerced(tool: str, parameter: Parameter, value: object) -> object:
    if parameter.kind is int:
        found = _whole_number(value)
    elif parameter.kind is bool:
        found = {"true": True, "false": False}.get(str(value).lower())
    else:
        found = _text(value)
    if found is None:
        word = {int: "a whole number", bool: "true or false", str: "text"}[parameter.kind]
        raise ToolError(
            f"{tool}: “{parameter.name}” must be {word}, not {json.dumps(value, default=str)[:80]}."
        )
    return found


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
    return value if isinstance(value, str) else None
