"""The sandbox's data: what looks like a secret, and what a command may have of home and environment."""

import re
import tomllib
from collections.abc import Sequence
from fnmatch import translate
from functools import cache
from pathlib import Path

import msgspec


class Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...]
    readable: tuple[str, ...]
    packages: tuple[str, ...]
    code: tuple[str, ...]
    examples: tuple[str, ...]


class EnvironmentRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    allowed: tuple[str, ...]
    folders: tuple[str, ...]
    always: dict[str, str]
    offline: dict[str, str]
    online: tuple[str, ...]


class ToolChains(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    roots: tuple[str, ...]
    programs: tuple[str, ...]
    environments: tuple[str, ...]
    rebuilt: tuple[str, ...]
    together: dict[str, tuple[str, ...]]
    downloads: dict[str, tuple[str, ...]]
    environment: EnvironmentRules


@cache
def secrets() -> Secrets:
    """The shipped `secrets.toml`."""
    return msgspec.convert(data_file("secrets.toml"), Secrets)


@cache
def tool_chains() -> ToolChains:
    """The shipped `toolchains.toml`."""
    return msgspec.convert(data_file("toolchains.toml"), ToolChains)


def looks_secret(name: str) -> bool:
    """Whether a file or folder of this name (no path) probably holds a secret."""
    low = name.lower()
    return matches(low, secrets().names) and not matches(low, secrets().readable)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether `name` matches one of the shell patterns."""
    return bool(patterns) and _any_of(tuple(patterns)).match(name) is not None


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{translate(each)})" for each in patterns))


def data_file(name: str) -> dict[str, object]:
    """One of the tables that are shipped beside this module."""
    return tomllib.loads((Path(__file__).parent / name).read_text("utf-8"))
