"""The command line. Each subcommand imports what it needs when it runs."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from cli.errors import Stop, explain
from core.faults import EXIT_FAILED, EXIT_INTERRUPTED

Work = Callable[..., int]

_WORK = {
    "run": "cli.run:run",
    "sessions": "cli.sessions:list_sessions",
    "show": "cli.sessions:show_session",
    "cost": "cli.cost:cost",
    "changes": "cli.decide:changes",
    "accept": "cli.decide:accept",
    "reject": "cli.decide:reject",
    "apply": "cli.decide:apply",
    "undo": "cli.decide:undo",
    "rehearse": "cli.rehearse:rehearse",
    "models": "cli.models:models",
    "doctor": "cli.doctor:doctor",
    "tools": "cli.tools:tools",
    "mcp": "cli.mcp:mcp",
    "sandbox": "cli.sandbox:sandbox",
    "engine": "cli.engine:engine",
    "screen": "cli.screen:screen",
}
"""Where the work of each subcommand is."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code (docs/contract.md)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        return _print_version()
    from cli.parser import make_parser

    args = make_parser().parse_args(arguments)
    if args.version:
        return _print_version()
    return guarded(lambda: _work(args))


def _print_version() -> int:
    from core.version import heddle_version

    print(f"heddle {heddle_version()}")
    return 0


def _work(args: argparse.Namespace) -> int:
    from cli.world import find_world, keep_diagnostics

    command = args.command or "rehearse"
    if command == "rehearse" and _has_terminal() and (args.command is None or args.screen):
        command = "screen"
    module, _, function = _WORK[command].partition(":")
    work: Work = getattr(import_module(module), function)
    world = find_world()
    keep_diagnostics(world.home)
    return work(world, args)


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def guarded(work: Callable[[], int]) -> int:
    """Carry out a command; errors that are expected end as a sentence on stderr."""
    try:
        return work()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        stop = explain(error) or _unexpected(error)
        from core.text import sanitise

        print(f"heddle: {sanitise(str(stop))}", file=sys.stderr)
        return stop.code


def _unexpected(error: Exception) -> Stop:
    import logging

    from cli.world import keep_diagnostics
    from core.paths import find_home

    home = find_home()
    keep_diagnostics(home)
    logging.getLogger("heddle").exception(
        "a command ended with an error that nobody expected", exc_info=error
    )
    return Stop(
        f"Something went wrong inside Heddle ({type(error).__name__}: {error}). "
        f"Nothing of your project was changed by this; the details are in {home.diagnostics}."
    )
