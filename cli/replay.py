"""`heddle replay`: a session is played again on the full screen, from its log alone."""

import argparse
import sys

from cli.errors import usage
from cli.sessions import choose_session
from cli.world import World
from core.text import sanitise_line

_AT_ONCE = ("instant", "0")


def replay(world: World, args: argparse.Namespace) -> int:
    """Play a session again; ends with 2 where there is no terminal to play it on."""
    speed = read_speed(args.speed)
    session = choose_session(world, args.session)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise usage(
            f"A replay needs a terminal. `heddle show {session}` prints what happened in the session."
        )
    from cli.front import open_replay

    return open_replay(world, args, session, speed)


def read_speed(given: str) -> float:
    """How many times as fast as it was; 0: at once.

    Raises:
        Stop: it is no number above zero.
    """
    if given.lower() in _AT_ONCE:
        return 0.0
    try:
        speed = float(given.lower().rstrip("x×"))
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1000:
        raise usage(f"--speed {sanitise_line(given)} is no speed. Write it as 1, 2, 8 or instant.")
    return speed
