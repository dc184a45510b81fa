"""Programs of ours that look through the stage, such as ripgrep: they see it, the system and themselves.

They go by names, and a command may put a link in a name's place between two looks. Outside of a sandbox
they would follow it; where they run, there is nothing at its other end.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from core.sandbox.bubblewrap import probe
from core.sandbox.hidden import hidden_folders, inside
from core.sandbox.mounts import system_secrets

_SMALL = "1000000"
_OURS = Path(__file__).resolve().parents[2]


def only_looking(argv: Sequence[str], folder: Path) -> list[str]:
    """`argv`, started so that it can read this folder, the system and its own program, and change nothing.

    Where there is no sandbox it is `argv` as it is: commands are not held back there either.
    """
    found = probe()
    if not found.ok:
        return list(argv)
    place = Path(os.path.realpath(folder))
    hidden = hidden_folders(os.environ, place)
    words = [found.program, *found.flags, "--ro-bind", "/", "/", "--dev", "/dev", "--tmpfs", "/proc"]
    for each in hidden:
        words += ["--size", _SMALL, "--tmpfs", str(each)]
    for each in system_secrets(place):
        words += each
    for each in _needed(argv[0], hidden):
        words += ["--ro-bind", str(each), str(each)]
    return [*words, "--ro-bind", str(place), str(place), "--chdir", str(place), "--", *argv]


def failed_to_look(exit_code: int | None, output: str) -> bool:
    """Whether it was not the program that ended so, but bubblewrap, which did not get to start it."""
    return exit_code == 1 and output.startswith("bwrap: ")


def _needed(program: str, hidden: Sequence[Path]) -> list[Path]:
    """What the program and our own Python are made of, where that is hidden."""
    named = (program, sys.prefix, sys.base_prefix, _OURS)
    places = {Path(each) for name in named for each in (name, os.path.realpath(name))}
    wanted = {each for each in places if any(inside(each, other) for other in hidden)}
    return sorted(each for each in wanted if not wanted.intersection(each.parents))
