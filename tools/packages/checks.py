"""Which dependencies have newer versions."""

import asyncio
import re

from tools.exclusive import in_a_thread
from tools.packages.locks import Locked, known_versions, plain
from tools.packages.manifests import Asked, asked_for
from tools.packages.registries import published
from tools.workbench import ToolError, ToolResult, Workbench

_MOST_PACKAGES = 60
_AT_ONCE = 6


async def check_updates(bench: Workbench) -> ToolResult:
    """List the direct dependencies for which newer versions are published. The user is asked once for each index."""
    asked, locked = await in_a_thread(bench, _dependencies)
    if not asked:
        raise ToolError(
            "The project names no dependencies that can be read (pyproject.toml, package.json, …)."
        )
    have = {(each.ecosystem, plain(each.name)): each.version for each in locked}
    turn = asyncio.Semaphore(_AT_ONCE)

    async def look(one: Asked) -> str | ToolError:
        async with turn:
            return await _compared(bench, one, have.get((one.ecosystem, plain(one.name)), ""))

    rows = await asyncio.gather(*(look(each) for each in asked[:_MOST_PACKAGES]))
    failed = [row for row in rows if isinstance(row, ToolError)]
    if len(failed) == len(rows):
        raise ToolError(f"No dependency could be looked up: {failed[0]}")
    behind = [f"- {row}" if isinstance(row, ToolError) else row for row in rows if row]
    head = f"{len(behind)} of {len(rows)} direct dependencies have newer versions or could not be looked up."
    more = (
        [f"(Only the first {_MOST_PACKAGES} of {len(asked)} were looked up.)"]
        if len(asked) > _MOST_PACKAGES
        else []
    )
    return ToolResult(True, "\n".join([head, *behind, *more]))


def _dependencies(bench: Workbench) -> tuple[list[Asked], list[Locked]]:
    """What the project asks for, and which exact versions it has."""
    return asked_for(bench.stage.tree), known_versions(bench.stage.tree, bench.check)


async def _compared(bench: Workbench, one: Asked, have: str) -> str | ToolError:
    """A row about a dependency that is behind; empty for one that is not."""
    try:
        known = await published(bench, one.ecosystem, one.name, "look for newer versions of the dependencies")
    except ToolError as error:
        return ToolError(f"{one.name} ({one.file}): not looked up: {error}")
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
