"""Which dependencies have newer versions, and which versions are known to be unsafe."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.limits import limits
from core.sandbox import NotAllowed, SandboxFailed
from tools.exclusive import exclusively
from tools.packages.locks import Locked, known_versions
from tools.packages.manifests import Asked, asked_for
from tools.packages.registries import published
from tools.research.pages import OTHERS
from tools.research.settings import base_of
from tools.research.web import Wanted, fetch_json
from tools.runners import interpreter_of
from tools.workbench import ToolError, ToolResult, Workbench

_MOST_PACKAGES = 60
_AT_ONCE = 6
_BATCH = 500
_MOST_DETAILS = 25
_LIST_INSTALLED = (
    "from importlib import metadata as m\n"
    "for d in m.distributions(): print('%s==%s' % (d.metadata['Name'], d.version))"
)


async def check_updates(bench: Workbench) -> ToolResult:
    """List the direct dependencies for which newer versions are published. The user is asked once for each index."""
    asked = asked_for(bench.stage.tree)
    if not asked:
        raise ToolError(
            "The project names no dependencies that can be read (pyproject.toml, package.json, …)."
        )
    have = {(each.ecosystem, _plain(each.name)): each.version for each in known_versions(bench.stage.tree)}
    turn = asyncio.Semaphore(_AT_ONCE)

    async def look(one: Asked) -> str:
        async with turn:
            return await _compared(bench, one, have.get((one.ecosystem, _plain(one.name)), ""))

    rows = await asyncio.gather(*(look(each) for each in asked[:_MOST_PACKAGES]))
    behind = [row for row in rows if row]
    head = f"{len(behind)} of {len(rows)} direct dependencies have newer versions or could not be looked up."
    more = (
        [f"(Only the first {_MOST_PACKAGES} of {len(asked)} were looked up.)"]
        if len(asked) > _MOST_PACKAGES
        else []
    )
    return ToolResult(True, "\n".join([head, *behind, *more]))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


async def _compared(bench: Workbench, one: Asked, have: str) -> str:
    """A row about a dependency that is behind; empty for one that is not."""
    try:
        known = await published(bench, one.ecosystem, one.name, "look for newer versions of the dependencies")
    except ToolError as error:
        return f"- {one.name} ({one.file}): not looked up: {error}"
    current = have or one.wanted.lstrip("^~=<>! v")
    if not known.newest or current.lstrip("v") == known.newest.lstrip("v"):
        return ""
    said = f"has {have}" if have else f"asks for {one.wanted or 'any version'}"
    if (
        not have
        and one.wanted[:1] in (">", "")
        and not re.search("[<=]=?[0-9]", one.wanted.replace(">=", ""))
    ):
        return ""  # an open range holds the newest one
    return f"- {one.name} ({one.file}): {said}, newest is {known.newest}"


async def audit_security(bench: Workbench) -> ToolResult:
    """Look up the exact versions in the lock files (or installed ones) in the OSV database of known weaknesses.

    The user is asked once. What no lock file names is not looked at, and the result says so.
    """
    versions = await _versions(bench)
    if not versions:
        raise ToolError(
            "No lock file or pinned requirement names exact versions, so there is nothing to look up."
        )
    found = await _weak(bench, versions)
    files = ", ".join(sorted({each.file for each in versions}))
    head = f"Looked up {len(versions)} packages ({files}) in OSV: {len(found)} of them have known weaknesses."
    if not found:
        return ToolResult(True, head)
    ids = list(dict.fromkeys(id for names in found.values() for id in names))
    details = await _details(bench, ids[:_MOST_DETAILS])
    rows = [_row(one, id, details) for one, names in sorted(found.items()) for id in names if id in details]
    rest = len(ids) - len(details)
    more = [f"(And {rest} more weaknesses; see https://osv.dev for them.)"] if rest > 0 else []
    return ToolResult(True, "\n".join([head, OTHERS, *rows, *more]))


async def _versions(bench: Workbench) -> list[Locked]:
    versions = known_versions(bench.stage.tree)
    if any(each.ecosystem == "PyPI" for each in versions) or not any(
        each.ecosystem == "PyPI" for each in asked_for(bench.stage.tree)
    ):
        return versions
    result = await exclusively(bench, _installed, {})
    pairs = [line.split("==") for line in result.text.splitlines() if line.count("==") == 1]
    return [*versions, *(Locked("PyPI", _plain(name), version, "installed") for name, version in pairs)]


async def _installed(bench: Workbench) -> ToolResult:
    argv = [interpreter_of(bench.stage.project), "-c", _LIST_INSTALLED]
    try:
        ended = await bench.sandbox.run(argv, seconds=limits().tools.command_seconds, stop=bench.stop)
    except (NotAllowed, SandboxFailed):
        return ToolResult(False, "")
    return ToolResult(ended.exit_code == 0, ended.output if ended.exit_code == 0 else "")


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

    async def look(id: str) -> Any:
        async with turn:
            return await fetch_json(
                bench, Wanted(f"{base_of('osv')}/vulns/{id}", "read about known weaknesses")
            )

    told = await asyncio.gather(*(look(id) for id in ids))
    return {id: each for id, each in zip(ids, told, strict=True) if isinstance(each, dict)}


def _row(one: Locked, id: str, details: Mapping[str, Mapping[str, Any]]) -> str:
    told = details[id]
    aliases = ", ".join(map(str, (told.get("aliases") or ())[:2]))
    summary = str(told.get("summary") or told.get("details") or "").strip().partition("\n")[0][:200]
    fixed = sorted(set(_fixed(told, one)))
    advice = f"fixed in {', '.join(fixed[:3])}" if fixed else "no fixed version is known"
    return f"- {one.name} {one.version} ({one.file}): {id}{f' ({aliases})' if aliases else ''}: {summary}; {advice}"


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
