"""What leaves the sandbox is asked about: once per role, host and project, and remembered as the user says."""

import asyncio
import contextlib
import json
import os
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from core.paths import find_home, make_private, project_key
from core.run import Interrupted, NeedsDecision
from tools.workbench import ToolError, Workbench

THIS_RUN, THIS_PROJECT, NO = "allow for this run", "allow for this project", "do not allow"
CHOICES = (THIS_RUN, THIS_PROJECT, NO)
_MOST_RUNS = 64


@dataclass
class _Said:
    """What was answered in one run."""

    answers: dict[tuple[str, str], bool] = field(default_factory=dict)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


_runs: OrderedDict[tuple[str, str], _Said] = OrderedDict()


async def require_consent(bench: Workbench, host: str, purpose: str) -> None:
    """Return when this role may talk to this host about this project.

    `purpose` goes on after “wants to”, and is shown to the user.

    Raises:
        ToolError: the user does not want it, or nobody is there to ask.
    """
    if host in remembered(bench.stage.project, bench.role):
        return
    said = _of_run(bench)
    async with said.asking:
        key = (bench.role, host)
        if key not in said.answers:
            answer = await _ask(bench, host, purpose)
            said.answers[key] = answer in (THIS_RUN, THIS_PROJECT)
            if answer == THIS_PROJECT:
                await asyncio.to_thread(remember, bench.stage.project, bench.role, host)
        if not said.answers[key]:
            raise ToolError(f"The user does not allow {host} to be contacted. Go on without it.")


def _of_run(bench: Workbench) -> _Said:
    key = (os.fspath(bench.stage.tree), bench.run)
    said = _runs.setdefault(key, _Said())
    _runs.move_to_end(key)
    while len(_runs) > _MOST_RUNS:
        _runs.popitem(last=False)
    return said


async def _ask(bench: Workbench, host: str, purpose: str) -> str:
    nobody = ToolError(
        f"This would contact {host}, which must be allowed first, and nobody is here to ask. Go on without it."
        f' (The user can allow it beforehand: `allow = ["{host}"]` in research.toml.)'
    )
    if bench.ask is None:
        raise nobody
    try:
        return await bench.ask(
            f"The {bench.role} wants to {purpose}. This contacts {host}. Allow it?",
            CHOICES,
            kind="host",
            detail=host,
            node=bench.node,
            role=bench.role,
        )
    except NeedsDecision:
        raise nobody from None
    except Interrupted:
        raise ToolError("Nothing was contacted: the work was stopped.") from None


def remembered(project: Path, role: str) -> frozenset[str]:
    """The hosts that a role may contact about a project; none when the file cannot be read."""
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        return frozenset(map(str, json.loads(_file(project).read_text("utf-8")).get(role, ())))
    return frozenset()


def remember(project: Path, role: str, host: str) -> None:
    """Keep a consent for later sessions."""
    file = _file(project)
    try:
        told = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        told = {}
    told[role] = sorted({*told.get(role, ()), host})
    make_private(file.parent)
    new = file.with_suffix(f".{os.getpid()}.new")
    new.write_text(json.dumps(told, indent=1), "utf-8")
    new.replace(file)


def _file(project: Path) -> Path:
    return find_home().state / "consents" / f"{project_key(project)}.json"
