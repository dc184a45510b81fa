"""Which language server answers for a project, and how it is started."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.sandbox.environment import clean_path
from tools.languages import ServerKind, servers_for
from tools.runners import interpreter_of

_ENVIRONMENT = {"CARGO_TARGET_DIR": "/tmp/heddle-target", "GOFLAGS": "-mod=mod", "NODE_NO_WARNINGS": "1"}


class NoServer(Exception):
    """No language server can answer. The text is a sentence that says why."""


@dataclass(frozen=True)
class Program:
    """A server that is there."""

    kind: ServerKind
    argv: tuple[str, ...]
    readable: tuple[Path, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        return dict(_ENVIRONMENT)


def find_program(project: Path, place: str) -> Program:
    """The best server that is installed for a file.

    Raises:
        NoServer: none is known for its name, or none is installed.
    """
    kinds = servers_for(place)
    if not kinds:
        raise NoServer("No language server is known for this kind of file.")
    for kind in kinds:
        found = _module(kind) if kind.module else _on_disk(kind, project)
        if found is not None:
            return found
    best = kinds[-1]
    raise NoServer(f"No language server for it is installed ({best.install} brings {best.name}).")


def _module(kind: ServerKind) -> Program | None:
    """One that came with Heddle's own installation, run by Heddle's own Python."""
    package, _, start = kind.module.partition(":")
    if find_spec(package.partition(".")[0]) is None:
        return None
    argv = (sys.executable, "-I", "-c", f"from {package} import {start}; {start}()", *kind.arguments)
    homes = {Path(sys.prefix), Path(sys.base_prefix), Path(os.path.realpath(sys.executable)).parent.parent}
    real = {Path(os.path.realpath(each)) for each in homes}
    return Program(kind, argv, tuple(sorted(homes | real)))


def _on_disk(kind: ServerKind, project: Path) -> Program | None:
    """The project's own program, else the one on PATH; only what can work here as it is installed."""
    for program in _installed(kind, project):
        if _is_whole(kind, program, project):
            inside = Path(program).is_relative_to(project)
            return Program(kind, (program, *kind.arguments), () if inside else _packages(program))
    return None


def _installed(kind: ServerKind, project: Path) -> Iterator[str]:
    for folder in kind.local:
        place = project / folder / kind.program
        if os.access(place, os.X_OK):
            yield str(place)
    found = shutil.which(kind.program, path=clean_path(os.environ.get("PATH", "")))
    if found:
        yield found


def _is_whole(kind: ServerKind, program: str, project: Path) -> bool:
    real = Path(os.path.realpath(program))
    if real.name == "rustup":
        return _has_component(kind.program)
    if kind.beside and not (real.parent.parent / kind.beside).is_file():
        return False
    homes = (project / "node_modules", *_packages(program))
    first = next((home for home in homes if (home / kind.wants.partition("/")[0]).exists()), None)
    return not kind.wants or (first is not None and (first / kind.wants).is_file())


def _has_component(name: str) -> bool:
    """Whether a tool chain of rustup's has this program: on PATH are the names of all that there could be."""
    home = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup")
    return any(os.access(each, os.X_OK) for each in home.glob(f"toolchains/*/bin/{name}"))


def _packages(program: str) -> tuple[Path, ...]:
    """Where a program of Node's lies with what it needs: the `node_modules` that holds it."""
    real = Path(os.path.realpath(program))
    return next(((each,) for each in real.parents if each.name == "node_modules"), ())


def options_for(kind: ServerKind, project: Path) -> dict[str, Any]:
    """The server's own options: as the data file has them, with the project's interpreter."""
    options: dict[str, Any] = dict(kind.options)
    if not kind.interpreter:
        return options
    inner = options
    *folders, last = kind.interpreter.split(".")
    for name in folders:
        inner[name] = inner = dict(inner.get(name, {}))
    inner[last] = shutil.which(interpreter_of(project), path=clean_path(os.environ.get("PATH", ""))) or None
    return options
