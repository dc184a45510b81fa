"""Running one command with more than the sandbox gives: the user sees all of it, and is asked first."""

import hashlib
import json
from dataclasses import replace

from core.limits import limits
from core.policy import policy_for
from core.sandbox.grant import Grant, NoGrant, find_granted
from tools.commands import check_command, describe
from tools.consent import COMMAND_CHOICES, Wish, require
from tools.exclusive import exclusively
from tools.kept import run_kept
from tools.workbench import ToolError, ToolResult, Workbench


async def run_command_outside(
    bench: Workbench,
    command: str,
    network: bool = False,
    read: str | None = None,
    write: str | None = None,
) -> ToolResult:
    """Run a shell command that needs the network, or a path outside of the project. The user sees it and is asked.

    The answer counts for exactly this command: ask with all that it needs at once. Use run_command for all others.

    Args:
        command: The command, for `sh -c`, in the project's folder.
        network: true when it must reach the network.
        read: Absolute paths outside that it must read, one on each line.
        write: Absolute paths outside that it must change, one on each line; nothing undoes that.
    """
    check_command(command)
    grant = _wanted(bench, network, read, write)
    await require(bench, _wish(bench, command, grant))
    return await exclusively(bench, _run, {"command": command, "grant": grant})


async def _run(bench: Workbench, command: str, grant: Grant) -> ToolResult:
    seconds = limits().tools.command_seconds
    granted = replace(bench, sandbox=bench.sandbox.granting(grant))
    printed = await run_kept(granted, ["sh", "-c", command], seconds=seconds)
    return ToolResult(printed.ended.exit_code == 0, describe(printed, seconds, network=grant.network))


def _wanted(bench: Workbench, network: bool, read: str | None, write: str | None) -> Grant:
    """What is asked for, as far as the policy lets anybody ask. Raises `ToolError`."""
    project = bench.stage.project.resolve()
    try:
        readable, writable = (
            tuple(find_granted(line.strip(), project) for line in (text or "").splitlines() if line.strip())
            for text in (read, write)
        )
    except NoGrant as error:
        raise ToolError(str(error)) from None
    if not (network or readable or writable):
        raise ToolError(
            "Nothing beyond the sandbox is asked for: set network, read or write, or use run_command."
        )
    rules = policy_for(bench.stage.project).rules(bench.role)
    if (network and not rules.network) or ((readable or writable) and not rules.outside):
        what = "network" if network and not rules.network else "paths outside of the project"
        raise ToolError(f"The policy gives commands of the {bench.role} no {what}. Go on without.")
    return Grant(network, readable, writable)


def _wish(bench: Workbench, command: str, grant: Grant) -> Wish:
    what = " and ".join(grant.told())
    return Wish(
        key=_key(command, grant),
        question=f"The {bench.role} wants to run this command with {what}:\n\n{command}\n\nAllow it?",
        choices=COMMAND_CHOICES,
        kind="path" if grant.readable or grant.writable else "network",
        detail=command,
        nobody=f"This command would get {what}, which the user must allow, and nobody is here to ask. Nothing was run. "
        "Go on without it, and say in your answer what the user should run.",
        refused=f"The user does not allow this command to have {what}. Nothing was run. Go on without it.",
        stopped="Nothing was run: the work was stopped.",
    )


def _key(command: str, grant: Grant) -> str:
    """The same for the same bytes only, and for the same grant."""
    paths = [[str(each) for each in some] for some in (grant.readable, grant.writable)]
    told = json.dumps([command, grant.network, *paths])
    return f"command {hashlib.sha256(told.encode()).hexdigest()} {json.dumps(command)}"
