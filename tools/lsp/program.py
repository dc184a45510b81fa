"""Which language server answers for a project, and how it is started."""

import os
import shutil
import sys
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
    for folder in kind.local:
        place = project / folder / kind.program
        if os.access(place, os.X_OK):
            return Program(kind, (str(place), *kind.arguments))
    found = shutil.which(kind.program, path=clean_path(os.environ.get("PATH", "")))
    return Program(kind, (found, *kind.arguments), _packages(found)) if found else None


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
