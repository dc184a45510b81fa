"""The command line. Each subcommand imports what it needs when it runs."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from cli.errors import Stop, explain
from core.faults import EXIT_FAILED, EXIT_INTERRUPTED

if TYPE_CHECKING:
    import argparse

Work = Callable[..., int]

_WORK = {
    "run": "cli.run:run",
    "resume": "cli.resume:resume",
    "sessions": "cli.sessions:list_sessions",
    "show": "cli.sessions:show_session",
    "replay": "cli.replay:replay",
    "cost": "cli.cost:cost",
    "routes": "cli.routes:routes",
    "changes": "cli.listing:changes",
    "accept": "cli.decide:accept",
    "reject": "cli.decide:reject",
    "apply": "cli.decide:apply",
    "undo": "cli.decide:undo",
    "resolve": "cli.decide:resolve",
    "rewind": "cli.rewind:rewind",
    "proposals": "cli.proposals:proposals",
    "blame": "cli.blame:blame",
    "rehearse": "cli.rehearse:rehearse",
    "models": "cli.models:models",
    "roster": "cli.roster:roster",
    "doctor": "cli.doctor:doctor",
    "connect": "cli.connect:connect",
    "keys": "cli.keys:keys",
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
    _open_what_is_closed()
    if arguments == ["--version"]:
        return _print_version()
    _escape_what_cannot_be_shown()
    if not arguments:
        from cli.plain import plain_arguments

        return _flushed(guarded(lambda: _work(plain_arguments())))
    from cli.leading import parse
    from cli.parser import make_parser

    args = parse(make_parser(), arguments)
    if args.version:
        return _print_version()
    return _flushed(guarded(lambda: _work(args)))


def _open_what_is_closed() -> None:
    """Whoever starts us may have closed an output (`>&-`): what is opened next must not be taken for it."""
    while (lowest := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(lowest, True)
    os.close(lowest)
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def _escape_what_cannot_be_shown() -> None:
    """A terminal or file in an encoding without our characters gets their code points, and no run ends by it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _print_version() -> int:
    from core.version import heddle_version

    print(f"heddle {heddle_version()}")
    return 0


def _work(args: "argparse.Namespace") -> int:
    from cli.world import find_world, keep_diagnostics
    from core.ways import use_aws

    command = args.command or "rehearse"
    if command == "rehearse" and _has_terminal() and (args.command is None or args.screen):
        command = "screen"
    if getattr(args, "budget", None) is not None:
        from cli.budget import read_budget

        args.budget = read_budget(args.budget)
    module, _, function = _WORK[command].partition(":")
    work: Work = getattr(import_module(module), function)
    world = find_world()
    use_aws(world.config, os.environ)
    keep_diagnostics(world.home)
    if command != "screen":
        from cli.garbage import look_for_garbage

        look_for_garbage()
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
        return EXIT_FAILED
    except Exception as error:
        stop = explain(error) or _unexpected(error)
        from core.text import sanitise

        print(f"heddle: {sanitise(str(stop))}", file=sys.stderr)
        return stop.code


def _flushed(code: int) -> int:
    """The exit code, once all is written; where nothing can be written any more, Python must not try again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            code = code or EXIT_FAILED
    return code


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
