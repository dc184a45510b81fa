"""Which language a file is in, and which programs know that language: the data of `languages.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import msgspec


class ServerKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A language server as the data file describes it."""

    name: str
    ids: dict[str, str]
    """File ending → the protocol's language id."""
    install: str
    """How people get it."""
    program: str = ""
    module: str = ""
    arguments: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    beside: str = ""
    """A file of the program's own package without which it is no language server (an older version of it)."""
    wants: str = ""
    """A file in some `node_modules`, the project's or the program's, without which the server cannot work."""
    options: dict[str, Any] = {}
    interpreter: str = ""
    """Dotted place in the options for the path of the project's Python interpreter."""
    once: bool = False
    """It publishes diagnostics once for each text, and looks at what it includes only when it is opened."""
    told: bool = False
    """It wants to be told which files changed; others look for themselves."""
    markdown: bool = False
    """What it says as plain text runs together."""
    settles: float = 0.0
    """Seconds in which more diagnostics may follow after it has published none."""
    looks: float = 0.1
    """Seconds that it may take until it has begun to look at changed files."""
    status: bool = False
    """It tells by `experimental/serverStatus` when it has read the project."""


class Languages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    endings: dict[str, tuple[str, ...]]
    definitions: dict[str, dict[str, str]]
    servers: tuple[ServerKind, ...]


@cache
def languages() -> Languages:
    """The shipped data."""
    text = Path(__file__).with_name("languages.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Languages)


@cache
def _grammars() -> Mapping[str, str]:
    return {ending: name for name, endings in languages().endings.items() for ending in endings}


def grammar_of(path: str) -> str:
    """The tree-sitter grammar for a file's name; empty when there is none."""
    name = PurePath(path).name
    known = _grammars()
    return known.get(name) or known.get(PurePath(name).suffix) or known.get(PurePath(name).suffix.lower(), "")


def servers_for(path: str) -> list[ServerKind]:
    """The language servers for a file's name, the best one first."""
    ending = PurePath(path).suffix.lower()
    return [each for each in languages().servers if ending in each.ids]
