"""A command's environment: an allow-list, with a PATH that does not lead to Heddle's own installation."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.sandbox.rules import matches, tool_chains

FALLBACK_PATH = "/usr/local/bin:/usr/bin:/bin"


def clean_environment(
    source: Mapping[str, str], *, home: str, offline: bool, granted: Sequence[str] = ()
) -> dict[str, str]:
    """What a command may know of the environment `source`: nothing that is not on the list or `granted`.

    With network it learns of the proxies, but for those whose address holds a password.
    """
    rules = tool_chains().environment
    chosen = {name: value for name, value in source.items() if matches(name, (*rules.allowed, *granted))}
    chosen |= {name: source[name] for name in rules.folders if source.get(name, "").startswith("/")}
    chosen |= rules.always
    if offline:
        chosen |= rules.offline
    else:
        chosen |= {name: source[name] for name in rules.online if "@" not in source.get(name, "@")}
    chosen.setdefault("LANG", "C.UTF-8")
    return chosen | {"PATH": clean_path(source.get("PATH", "")), "HOME": home}


def clean_path(path: str) -> str:
    """PATH with absolute, existing folders only, and without the environment that runs Heddle."""
    ours = own_programs()
    kept: list[str] = []
    for entry in path.split(os.pathsep):
        folder = entry.rstrip("/") or entry
        if not os.path.isabs(folder) or folder in kept or not os.path.isdir(folder):  # noqa: PTH112, PTH117
            continue
        if os.path.realpath(folder) not in ours:
            kept.append(folder)
    return os.pathsep.join(kept) or FALLBACK_PATH


def own_programs() -> set[str]:
    """The program folders of the virtual environment that Heddle itself runs in; none outside of one."""
    if sys.prefix == sys.base_prefix:
        return set()
    return {os.path.realpath(Path(sys.prefix) / "bin")}
