"""`heddle sandbox -- COMMAND`: run anything the way an agent would, on a private copy of the project."""

import argparse
import codecs
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cli.errors import Stop, usage
from cli.world import World, find_project
from core.faults import EXIT_NEEDS_DECISION
from core.limits import limits
from core.paths import make_private
from core.policy import policy_for
from core.removal import remove_if_possible
from core.sandbox import Ended, NotAllowed, SandboxFailed, open_sandbox
from core.sandbox.grant import Grant, NoGrant, find_granted
from core.stage import Stage
from core.text import sanitise, sanitise_line

TIMED_OUT = 124
"""What a command ends with that took too long, as with timeout(1)."""


def sandbox(world: World, args: argparse.Namespace) -> int:
    """Run the command, print what it prints, and end with its exit code."""
    if not args.words:
        raise usage("There is no command. Give one after two dashes: heddle sandbox -- make test.")
    project = find_project(args.project)
    grant = _granted(project, args)
    for sentence in policy_for(project).refused:
        print(f"heddle: {sanitise_line(sentence)}", file=sys.stderr)
    folder = Path(tempfile.mkdtemp(prefix="sandbox-", dir=make_private(world.home.stages)))
    try:
        stage = Stage.create(project, folder / "stage")
        before = stage.mark()
        ended = _run(stage, project, args, grant)
        _tell(ended, stage.changed_since(before))
    finally:
        remove_if_possible(folder)
    return TIMED_OUT if ended.exit_code is None else ended.exit_code


def _granted(project: Path, args: argparse.Namespace) -> Grant:
    """What the user lets this command have, asked on the terminal as for an agent's."""
    try:
        root = Path(os.path.realpath(project))
        readable, writable = (
            tuple(find_granted(str(Path(each).expanduser().absolute()), root) for each in some)
            for some in (args.read, args.write)
        )
    except NoGrant as error:
        raise usage(str(error)) from None
    grant = Grant(args.network, readable, writable)
    if not grant.told():
        return grant
    rules = policy_for(project).rules(args.role or "")
    if (grant.network and not rules.network) or ((readable or writable) and not rules.outside):
        raise Stop("The policy gives commands no network or no paths outside. Nothing was run.")
    what = sanitise_line(" and ".join(grant.told()))
    if not sys.stdin.isatty():
        sentence = (
            f"This command would get {what}: that is asked on a terminal, and this is none. Nothing was run."
        )
        raise Stop(sentence, EXIT_NEEDS_DECISION)
    print(f"Run this command with {what}?\n\n{sanitise(shlex.join(args.words))}\n", file=sys.stderr)
    print("y allows it once, anything else does not: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Stop("Nothing was run.")
    return grant


def _run(stage: Stage, project: Path, args: argparse.Namespace, grant: Grant) -> Ended:
    seconds = args.seconds or limits().tools.command_seconds
    try:
        where = open_sandbox(stage.tree, project, allow_unconfined=args.unconfined).of(args.role or "")
        where = where.granting(grant)
        if where.confinement == "unconfined" and args.unconfined:
            print("heddle: unconfined: nothing holds this command back.", file=sys.stderr)
        return where.run_here(args.words, seconds, lambda: False, _printer())
    except (NotAllowed, SandboxFailed) as error:
        raise Stop(str(error)) from error


def _printer() -> Callable[[bytes], None]:
    """Prints bytes as they are, but for a terminal, which gets no control characters."""
    sys.stdout.flush()
    raw = sys.stdout.buffer
    if not sys.stdout.isatty():
        return lambda data: (raw.write(data), raw.flush(), None)[-1]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return lambda data: print(sanitise(decoder.decode(data)), end="", flush=True)


def _tell(ended: Ended, changed: Sequence[str]) -> None:
    """What became of it, on stderr."""
    if ended.excess:
        print(f"heddle: {ended.excess}", file=sys.stderr)
    if ended.reason == "timed_out":
        print(f"heddle: ended after {ended.duration_ms / 1000:.0f} seconds.", file=sys.stderr)
    if changed:
        names = ", ".join(map(sanitise_line, changed[:10])) + (" …" if len(changed) > 10 else "")
        print(f"heddle: changed in the copy, which is gone now: {names}", file=sys.stderr)
