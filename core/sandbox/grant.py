"""What one command gets beyond the sandbox, because the user said so: network, and paths outside."""

import os
from dataclasses import dataclass
from pathlib import Path

from core.sandbox.hidden import account_home, inside, own_folders
from core.sandbox.rules import looks_secret


class NoGrant(ValueError):
    """A path that no command gets, whoever asks; the text is a sentence that says why."""


@dataclass(frozen=True)
class Grant:
    """For one command. The paths are real ones: no link is on the way, `find_granted` saw to that."""

    network: bool = False
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()

    def told(self) -> list[str]:
        """What it gives, in words for the user; empty when it gives nothing."""
        told = ["network (the internet and this machine's own servers)"] if self.network else []
        told += [f"{each} to read" for each in self.readable]
        return told + [f"{each} to change, which nothing undoes" for each in self.writable]

    def moved(self) -> list[Path]:
        """Paths that lead elsewhere than when they were granted: the command must not run with them."""
        return [each for each in (*self.readable, *self.writable) if Path(os.path.realpath(each)) != each]


NOTHING = Grant()


def find_granted(name: str, project: Path) -> Path:
    """The real path of a file or folder outside of the project that somebody asks for.

    Raises:
        NoGrant: it does not exist, is the project's, or is nothing that a command may ever have.
    """
    shown = f"“{name[:200]}”"
    path = Path(name).expanduser()
    if "\0" in name or not path.is_absolute():
        raise NoGrant(f"{shown} is no absolute path. Name the file or folder from the root, or from ~.")
    real = Path(os.path.realpath(path))
    if not real.exists():
        raise NoGrant(f"{shown} does not exist.")
    if inside(real, project):
        raise NoGrant(f"{shown} lies in the project, which every command has: use run_command.")
    homes = {Path(os.path.realpath(each)) for each in (Path.home(), account_home())}
    if inside(project, real) or any(inside(home, real) for home in homes):
        raise NoGrant(f"{shown} holds the whole project or home. Ask for the one folder that is needed.")
    if any(inside(real, own) or inside(own, real) for own in own_folders()):
        raise NoGrant(f"{shown} is where Heddle keeps its own data. No command gets that.")
    if any(looks_secret(part) for part in real.parts):
        raise NoGrant(
            f"{shown} is called like something that holds secrets. Only the user can give it to commands, in policy.toml."
        )
    if not (real.is_dir() or real.is_file()):
        raise NoGrant(f"{shown} is neither a file nor a folder.")
    return real
