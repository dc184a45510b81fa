"""What the user lets commands have beyond the sandbox's rules, and what a project forbids.

`policy.toml` in the user's configuration folder, with `[sandbox]` for everyone and `[roles.NAME]` for
one role; and `.heddle/policy.toml` in a project, which can only tighten: what it would widen is
ignored, and said.
"""

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from core.config import BadConfig
from core.paths import find_home
from core.plainfile import read_plain

PROJECT_FILE = ".heddle/policy.toml"
_MOST_BYTES = 1_000_000
_WIDENING = ("readable", "writable", "environment", "show")
_PERMITTED = ("unconfined", "network", "outside")


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for commands."""

    readable: tuple[str, ...] = ()
    """Folders and files outside that commands may read."""
    writable: tuple[str, ...] = ()
    """Folders outside that commands may change."""
    environment: tuple[str, ...] = ()
    """Names of environment variables that commands get as well; shell patterns."""
    hide: tuple[str, ...] = ()
    """Files of the project that neither commands nor tools get to see; shell patterns of relative paths."""
    show: tuple[str, ...] = ()
    """Files of the project that may be seen although they look like secrets."""
    unconfined: bool = True
    """Whether `--unconfined` may be used at all."""
    network: bool = True
    """Whether the user may be asked to let one command have network."""
    outside: bool = True
    """Whether the user may be asked to let one command have a path outside."""

    def with_others(self, other: "Rules") -> "Rules":
        """Both together; what one of them forbids is forbidden."""
        joined = {name: (*getattr(self, name), *getattr(other, name)) for name in (*_WIDENING, "hide")}
        both = {name: getattr(self, name) and getattr(other, name) for name in _PERMITTED}
        return Rules(**joined, **both)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sandbox: Rules = Rules()
    roles: dict[str, Rules] = msgspec.field(default_factory=dict[str, Rules])


class Policy(msgspec.Struct, frozen=True):
    """The user's rules and a project's."""

    everyone: Rules = Rules()
    roles: dict[str, Rules] = msgspec.field(default_factory=dict[str, Rules])
    refused: tuple[str, ...] = ()
    """Sentences about what the project's file wanted and does not get."""

    def rules(self, role: str = "") -> Rules:
        """What holds for a role; without one, for everyone."""
        own = self.roles.get(role)
        return self.everyone if own is None else self.everyone.with_others(own)


def policy_for(project: Path) -> Policy:
    """The policy for a project, as the files say now.

    Raises:
        BadConfig: one of the files cannot be used; the message says which, and why.
    """
    user, its = find_home().config / "policy.toml", project / PROJECT_FILE
    return _policy(user, _stamp(user), its, _stamp(its))


def _stamp(path: Path) -> tuple[int, int]:
    """Something that changes when the file does."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


@cache
def _policy(user: Path, _user: tuple[int, int], project: Path, _project: tuple[int, int]) -> Policy:
    mine, its = _read(user), _read(project)
    wanted = {
        name for rules in (its.sandbox, *its.roles.values()) for name in _WIDENING if getattr(rules, name)
    }
    refused = tuple(
        f"{PROJECT_FILE} of the project sets {name}, which only you can: it is ignored. "
        f"Put it into {user} if you want it."
        for name in sorted(wanted)
    )
    everyone = mine.sandbox.with_others(_tightening(its.sandbox))
    roles = {
        name: mine.roles.get(name, Rules()).with_others(_tightening(its.roles.get(name, Rules())))
        for name in mine.roles.keys() | its.roles.keys()
    }
    return Policy(everyone, roles, refused)


def _tightening(rules: Rules) -> Rules:
    return Rules(hide=rules.hide, **{name: getattr(rules, name) for name in _PERMITTED})


def _read(path: Path) -> _File:
    try:
        text = (read_plain(path, _MOST_BYTES) or b"").decode("utf-8")
        return msgspec.convert(tomllib.loads(text), _File)
    except (OSError, ValueError) as error:
        raise BadConfig(f"The policy {path} cannot be used: {error}. Mend it or move it away.") from error
