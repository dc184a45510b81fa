"""Which of a project's exact versions are known to be unsafe: by the ecosystem's own program, else by OSV."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.config import BadConfig
from core.limits import limits
from core.policy import policy_for
from core.sandbox import Ended, NotAllowed, SandboxFailed
from core.sandbox.grant import Grant
from tools.consent import CHOICES, Wish, require
from tools.exclusive import exclusively, in_a_thread
from tools.linting import program_of
from tools.packages.auditors import (
    AUDITORS,
    Auditor,
    Skipped,
    Weakness,
    can_read,
    environment_for,
    one_line,
    words_for,
)
from tools.packages.locks import Locked, known_versions, plain
from tools.packages.manifests import asked_for
from tools.research.pages import OTHERS
from tools.research.settings import base_of
from tools.research.web import Wanted, fetch_json
from tools.runners import interpreter_of
from tools.workbench import ToolError, ToolResult, Workbench

_AT_ONCE = 6
_BATCH = 500
_MOST_DETAILS = 25
_MOST_ROWS = 60
_MOST_SKIPPED = 10
_LIST_INSTALLED = (
    "from importlib import metadata as m\n"
    "for d in m.distributions(): print('%s==%s' % (d.metadata['Name'], d.version))"
)


@dataclass
class _Found:
    """What came of it, from all who were asked."""

    weak: list[Weakness] = field(default_factory=list[Weakness])
    heads: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])


async def audit_security(bench: Workbench) -> ToolResult:
    """Tell which of the project's exact versions have known weaknesses, and where they are fixed. The user is asked.

    pip-audit, npm audit, cargo audit and govulncheck answer where they are installed, else the OSV database does.
    What no lock file names and nothing has installed is not looked at.
    """
    versions = await _versions(bench)
    if not versions:
        raise ToolError(
            "No lock file or pinned requirement names exact versions, so there is nothing to look up."
        )
    found = _Found()
    rest: list[Locked] = []
    for ecosystem, auditor in AUDITORS.items():
        mine = [one for one in versions if one.ecosystem == ecosystem]
        rest += await _left_by(bench, auditor, mine, found) if mine else []
    if rest:
        await _by_osv(bench, sorted(rest), found)
    rows = [each.row for each in sorted(found.weak, key=lambda each: (each.package, each.id))]
    more = [f"(And {len(rows) - _MOST_ROWS} more.)"] if len(rows) > _MOST_ROWS else []
    others = [OTHERS] if rows else []
    return ToolResult(True, "\n".join([*found.heads, *others, *rows[:_MOST_ROWS], *more, *found.notes]))


def _head(who: str, versions: Sequence[Locked], weak: Sequence[Weakness]) -> str:
    files = ", ".join(sorted({each.file for each in versions}))
    packages = len({each.package for each in weak})
    return f"{who} looked up {len(versions)} packages ({files}): {packages} of them have known weaknesses."


async def _left_by(bench: Workbench, auditor: Auditor, versions: list[Locked], found: _Found) -> list[Locked]:
    """Let the ecosystem's own program answer. Those that it could not look at; all where it is not here, or fails."""
    program = program_of(bench.stage.project, auditor.program)
    if not program or not can_read(auditor, bench.stage.tree):
        return versions
    try:
        if not policy_for(bench.stage.project).rules(bench.role).network:
            return versions
        await require(bench, _wish(bench, auditor))
        ended = await _run(bench, auditor, program, versions)
        if ended.exit_code not in auditor.codes:
            raise ValueError(f"it ended with {ended.exit_code}: {ended.output.strip()[-200:]}")
        told = list(auditor.read(ended.output, versions))
    except (ToolError, BadConfig, NotAllowed, SandboxFailed) as error:
        found.notes.append(f"({auditor.name} was not run: {error})")
        return versions
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        said = one_line(str(error)) if isinstance(error, ValueError) else "its report is not understood"
        found.notes.append(f"({auditor.name} gave no report: {said}.)")
        return versions
    weak = [each for each in told if isinstance(each, Weakness)]
    found.weak += weak
    skipped = {plain(each.name) for each in told if isinstance(each, Skipped)}
    left = [each for each in versions if plain(each.name) in skipped]
    if left:
        names = [each.name for each in left]
        more = f" and {len(names) - _MOST_SKIPPED} more" if len(names) > _MOST_SKIPPED else ""
        found.notes.append(f"({auditor.name} could not look at: {', '.join(names[:_MOST_SKIPPED])}{more}.)")
    if len(left) < len(versions):
        found.heads.append(_head(auditor.name, [each for each in versions if each not in left], weak))
    return left


def _wish(bench: Workbench, auditor: Auditor) -> Wish:
    shown = shlex.join([auditor.program, *auditor.argv]) if auditor.argv[0] != "sh" else auditor.program
    return Wish(
        key=f"audit {auditor.name}",
        question=f"The {bench.role} wants to run {auditor.name} with the network: it sends the names and versions of the"
        " dependencies to its database. Allow it?",
        choices=CHOICES,
        kind="network",
        detail=shown,
        nobody="it needs the network, which the user must allow, and nobody is here to ask",
        refused="the user does not allow it",
    )


async def _run(bench: Workbench, auditor: Auditor, program: str, versions: Sequence[Locked]) -> Ended:
    ended: list[Ended] = []

    async def work(bench: Workbench) -> ToolResult:
        ended.append(
            await bench.sandbox.granting(Grant(network=True)).run(
                words_for(auditor, program),
                seconds=limits().tools.install_seconds,
                stop=bench.stop,
                environment=environment_for(auditor, versions),
            )
        )
        return ToolResult(True, "")

    await exclusively(bench, work, {})
    if ended[0].reason != "exited":
        raise ToolError("it did not end in time" if ended[0].reason == "timed_out" else "it was stopped")
    return ended[0]


async def _versions(bench: Workbench) -> list[Locked]:
    versions, complete = await in_a_thread(bench, _written)
    if complete:
        return versions
    result = await exclusively(bench, _installed, {})
    pairs = [line.split("==") for line in result.text.splitlines() if line.count("==") == 1]
    return [*versions, *(Locked("PyPI", plain(name), version, "installed") for name, version in pairs)]


def _written(bench: Workbench) -> tuple[list[Locked], bool]:
    """What the files name, and whether that is all: Python projects often have no lock file."""
    versions = known_versions(bench.stage.tree, bench.check)
    locked = any(each.ecosystem == "PyPI" for each in versions)
    return versions, locked or not any(each.ecosystem == "PyPI" for each in asked_for(bench.stage.tree))


async def _installed(bench: Workbench) -> ToolResult:
    argv = [interpreter_of(bench.stage.project), "-c", _LIST_INSTALLED]
    try:
        ended = await bench.sandbox.run(argv, seconds=limits().tools.command_seconds, stop=bench.stop)
    except (NotAllowed, SandboxFailed):
        return ToolResult(False, "")
    return ToolResult(ended.exit_code == 0, ended.output if ended.exit_code == 0 else "")


# -- the OSV database --------------------------------------------------------------------------------


async def _by_osv(bench: Workbench, versions: Sequence[Locked], found: _Found) -> None:
    try:
        ids = await _weak(bench, versions)
        details = await _details(bench, list(dict.fromkeys(id for each in ids.values() for id in each)))
    except ToolError as error:
        if not found.heads:
            raise ToolError("\n".join([str(error), *found.notes])) from None
        found.notes.append(f"({len(versions)} packages were not looked up: {error})")
        return
    weak = [_weakness(one, id, details[id]) for one, each in ids.items() for id in each if id in details]
    left = len({id for each in ids.values() for id in each}) - len(details)
    if left:
        found.notes.append(f"(And {left} more weaknesses; see https://osv.dev for them.)")
    found.weak += weak
    files = ", ".join(sorted({each.file for each in versions}))
    found.heads.append(
        f"Looked up {len(versions)} packages ({files}) in OSV: {len(ids)} of them have known weaknesses."
    )


async def _weak(bench: Workbench, versions: Sequence[Locked]) -> dict[Locked, list[str]]:
    """The ids of the weaknesses of each package that has some."""
    found: dict[Locked, list[str]] = {}
    for start in range(0, len(versions), _BATCH):
        batch = versions[start : start + _BATCH]
        queries = [_query(each) for each in batch]
        purpose = f"look up {len(versions)} package versions in the database of known weaknesses"
        told = await fetch_json(
            bench, Wanted(f"{base_of('osv')}/querybatch", purpose, body={"queries": queries})
        )
        results: list[Any] = (told.get("results") if isinstance(told, dict) else None) or []
        for one, result in zip(batch, results, strict=False):
            ids = [str(each["id"]) for each in (result or {}).get("vulns") or () if each.get("id")]
            if ids:
                found[one] = ids
    return found


def _query(one: Locked) -> dict[str, object]:
    version = one.version.removeprefix("v") if one.ecosystem == "Go" else one.version
    return {"package": {"name": one.name, "ecosystem": one.ecosystem}, "version": version}


async def _details(bench: Workbench, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    turn = asyncio.Semaphore(_AT_ONCE)
    asked = ids[:_MOST_DETAILS]

    async def look(id: str) -> Any:
        async with turn:
            return await fetch_json(
                bench, Wanted(f"{base_of('osv')}/vulns/{id}", "read about known weaknesses")
            )

    told = await asyncio.gather(*(look(id) for id in asked))
    return {id: each for id, each in zip(asked, told, strict=True) if isinstance(each, dict)}


def _weakness(one: Locked, id: str, told: Mapping[str, Any]) -> Weakness:
    aliases = tuple(map(str, (told.get("aliases") or ())[:2]))
    fixed = tuple(sorted(set(_fixed(told, one))))
    return Weakness(one, id, aliases, one_line(told.get("summary") or told.get("details")), fixed)


def _fixed(told: Mapping[str, Any], one: Locked) -> list[str]:
    return [
        str(event["fixed"])
        for affected in told.get("affected") or ()
        if (affected.get("package") or {}).get("name", "").lower() == one.name.lower()
        for span in affected.get("ranges") or ()
        if span.get("type") != "GIT"
        for event in span.get("events") or ()
        if event.get("fixed")
    ]
