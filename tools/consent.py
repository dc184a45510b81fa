"""What leaves the sandbox is asked about: once per role and project, and remembered as the user says."""

import asyncio
import contextlib
import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.events import QuestionKind
from core.paths import find_home, make_private, project_key
from core.run import Interrupted, NeedsDecision
from tools.workbench import ToolError, Workbench

ONCE, THIS_RUN, THIS_PROJECT, NO = (
    "allow once",
    "allow for this run",
    "allow for this project",
    "do not allow",
)
CHOICES = (THIS_RUN, THIS_PROJECT, NO)
COMMAND_CHOICES = (ONCE, *CHOICES)
_MOST_RUNS = 64


@dataclass(frozen=True)
class Wish:
    """Something that needs the user's leave."""

    key: str
    """What an answer counts for, together with the role: exactly this, and nothing that is like it."""
    question: str
    choices: tuple[str, ...]
    kind: QuestionKind
    detail: str
    """What exactly would be done."""
    nobody: str
    """What the model reads where nobody is there to ask."""
    refused: str
    """What the model reads where the user does not want it."""
    stopped: str = "Nothing was done: the work was stopped."


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
    wish = Wish(
        key=host,
        question=f"The {bench.role} wants to {purpose}. This contacts {host}. Allow it?",
        choices=CHOICES,
        kind="host",
        detail=host,
        nobody=f"This would contact {host}, which must be allowed first, and nobody is here to ask. Go on without it."
        f' (The user can allow it beforehand: `allow = ["{host}"]` in research.toml.)',
        refused=f"The user does not allow {host} to be contacted. Go on without it.",
        stopped="Nothing was contacted: the work was stopped.",
    )
    await require(bench, wish)


async def require(bench: Workbench, wish: Wish) -> None:
    """Return when the user allows this role what it wishes, or did so before.

    Raises:
        ToolError: the user does not want it, or nobody is there to ask.
    """
    if wish.key in remembered(bench.stage.project, bench.role):
        return
    said = _of_run(bench)
    async with said.asking:
        key = (bench.role, wish.key)
        allowed = said.answers.get(key)
        if allowed is None:
            answer = await _ask(bench, wish)
            allowed = answer in wish.choices and answer != NO
            if answer != ONCE:
                said.answers[key] = allowed
            if answer == THIS_PROJECT:
                await asyncio.to_thread(remember, bench.stage.project, bench.role, wish.key)
        if not allowed:
            raise ToolError(wish.refused)


def _of_run(bench: Workbench) -> _Said:
    key = (os.fspath(bench.stage.tree), bench.run)
    said = _runs.setdefault(key, _Said())
    _runs.move_to_end(key)
    while len(_runs) > _MOST_RUNS:
        _runs.popitem(last=False)
    return said


async def _ask(bench: Workbench, wish: Wish) -> str:
    if bench.ask is None:
        raise ToolError(wish.nobody)
    try:
        return await bench.ask(
            wish.question,
            wish.choices,
            kind=wish.kind,
            detail=wish.detail,
            node=bench.node,
            role=bench.role,
        )
    except NeedsDecision:
        raise ToolError(wish.nobody) from None
    except Interrupted:
        raise ToolError(wish.stopped) from None


def remembered(project: Path, role: str) -> frozenset[str]:
    """The wishes that a role was granted for a project; none when the file cannot be read."""
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        return frozenset(map(str, _stored(project).get(role, ())))
    return frozenset()


def remember(project: Path, role: str, key: str) -> None:
    """Keep a consent for later sessions, where no project can write."""
    try:
        told = dict(_stored(project))
    except (OSError, ValueError):
        told = {}
    told[role] = sorted({*told.get(role, ()), key})
    file = _file(project)
    make_private(file.parent)
    new = file.with_suffix(f".{os.getpid()}.new")
    new.write_text(json.dumps(told, indent=1), "utf-8")
    new.replace(file)


def _stored(project: Path) -> Mapping[str, list[str]]:
    return json.loads(_file(project).read_text("utf-8"))


def _file(project: Path) -> Path:
    return find_home().data / "consents" / f"{project_key(project)}.json"
