"""The file system of a confined command, as bubblewrap's arguments."""

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.limits import limits
from core.policy import Rules
from core.sandbox.borrowed import Borrowed, find_masked
from core.sandbox.grant import Grant
from core.sandbox.hidden import inside, is_folder, secrets_in, tool_folders
from core.sandbox.layer import Layered
from core.sandbox.secrecy import Hidden

_SYSTEM_SECRETS = (
    "/etc/shadow*",
    "/etc/gshadow*",
    "/etc/ssh/*_key",
    "/etc/ssl/private",
    "/etc/sudoers*",
    "/etc/krb5.keytab",
)
"""Hidden where we may read them ourselves, which is so for a superuser."""
_SMALL = 32
"""Hidden folders other than home and /tmp hold so much less."""

_Mounts = dict[Path, tuple[str, ...]]


@dataclass(frozen=True)
class View:
    """What a command is to see."""

    tree: Path
    project: Path
    named: Path
    """The project's path as it was given, with symbolic links."""
    home: Path
    hidden: Sequence[Path]
    borrowed: Sequence[Borrowed]
    git: Path | None
    """The throw-away repository."""
    secrets: Hidden
    """What is hidden of the stage."""
    readable: Sequence[Path]
    """Folders that may be read although they are hidden."""
    rules: Rules
    grant: Grant
    layer: Layered
    bind: str
    """How the stage is bound: `--bind` or `--ro-bind`."""


def words_for(view: View, environ: Mapping[str, str]) -> list[str]:
    """bubblewrap's arguments; outer folders come before those inside them."""
    mounts = _hidden(view) | _tools(view, environ) | _granted(view) | _link(view)
    mounts[view.project] = (view.bind, str(view.tree), str(view.project))
    if view.git:
        mounts[view.project / ".git"] = (view.bind, str(view.git), str(view.project / ".git"))
    mounts |= _ignored(view)
    for relative in sorted(view.secrets.files | view.secrets.folders):
        place, folder_like = view.project / relative, relative in view.secrets.folders
        if is_there(view.tree, relative, folder=folder_like):  # bubblewrap would make what is gone meanwhile
            mounts[place] = _mask(place, folder_like)
    mounts |= _sockets(view, mounts)
    ordered = sorted(mounts.items(), key=lambda item: len(item[0].parts))
    words = [word for _, mount in ordered for word in mount]
    return [*words, *_homes(view), "--chdir", str(view.project)]


def is_there(tree: Path, relative: str, *, folder: bool) -> bool:
    """Whether the tree has it, and behind no link: bubblewrap would follow that, out of the sandbox."""
    *above, name = relative.split("/")
    place = tree
    for part in above:
        place /= part
        if place.is_symlink():
            return False
    place /= name
    return not place.is_symlink() and (place.is_dir() if folder else place.is_file())


def _ignored(view: View) -> _Mounts:
    """The project's ignored files: with a layer over them that can be written, or read-only."""
    mounts: _Mounts = {}
    for each in view.borrowed:
        place = view.project / each.relative
        own = each.source == view.project / each.relative
        if view.layer.merged and own:
            mounts[place] = ("--bind-try", str(view.layer.merged / each.relative), str(place))
        else:  # a link, to where no layer is
            mounts[place] = ("--ro-bind-try", str(each.source), str(place))
    for relative, folder_like in find_masked(view.borrowed):
        if not view.layer.covers(relative):
            mounts[view.project / relative] = _mask(view.project / relative, folder_like)
    return mounts


def _hidden(view: View) -> _Mounts:
    most = limits().sandbox.tmp_bytes
    wide = {view.home, Path("/tmp")}
    mounts: _Mounts = {}
    for each in view.hidden:
        size = most if any(inside(other, each) for other in wide) else most // _SMALL
        mounts[each] = ("--size", str(size), "--tmpfs", str(each))
    return mounts | {Path(each[-1]): each for each in system_secrets(view.project)}


def system_secrets(project: Path) -> list[tuple[str, ...]]:
    """What hides the system's own secrets, as bubblewrap's words."""
    found: list[tuple[str, ...]] = []
    for pattern in _SYSTEM_SECRETS:
        for name in glob.glob(pattern):  # noqa: PTH207 - absolute patterns
            path = Path(name)
            if os.access(path, os.R_OK) and not path.is_symlink() and not inside(project, path):
                found.append(_mask(path, is_folder(path)))
    return found


def _tools(view: View, environ: Mapping[str, str]) -> _Mounts:
    mounts: _Mounts = {}
    for folder in tool_folders(environ, view.hidden, view.project):
        mounts[folder] = ("--ro-bind-try", str(folder), str(folder))
        mounts |= {each: _mask(each, is_folder(each)) for each in secrets_in(folder)}
    for folder in view.readable:
        if any(inside(folder, each) for each in view.hidden) and not inside(folder, view.project):
            mounts[folder] = ("--ro-bind", str(folder), str(folder))
    return mounts


def _granted(view: View) -> _Mounts:
    """What the user's policy adds: never something that holds the project or lies in it. And a grant."""
    mounts: _Mounts = _names(view) if view.grant.network else {}
    for how, names in (("--ro-bind-try", view.rules.readable), ("--bind-try", view.rules.writable)):
        for name in names:
            path = Path(os.path.realpath(Path(name).expanduser()))
            if path.exists() and not inside(path, view.project) and not inside(view.project, path):
                mounts[path] = (how, str(path), str(path))
    mounts |= {each: ("--ro-bind", str(each), str(each)) for each in view.grant.readable}
    return mounts | {each: ("--bind", str(each), str(each)) for each in view.grant.writable}


def _names(view: View) -> _Mounts:
    """Who tells the addresses of hosts: a link into a folder that is hidden, on many systems."""
    real = Path(os.path.realpath("/etc/resolv.conf"))
    hidden = any(inside(real, each) for each in view.hidden)
    return {real: ("--ro-bind-try", str(real), str(real))} if hidden and real.is_file() else {}


def _sockets(view: View, mounts: _Mounts) -> _Mounts:
    """Sockets of the machine that a command could reach by their path: a read-only folder does not stop it."""
    found: _Mounts = {}
    for path in listening():
        for each in view.borrowed:
            if inside(path, each.source):
                relative = Path(each.relative) / path.relative_to(each.source)
                if not view.layer.covers(str(relative)):
                    found |= _covered(view.project / relative)
        holder = max(
            (each for each in mounts if inside(path, each)), key=lambda each: len(each.parts), default=None
        )
        if holder is None or (holder not in view.hidden and not inside(holder, view.project)):
            found |= _covered(path)
    return found


def _covered(path: Path) -> _Mounts:
    return {path: _mask(path, False)}


def listening() -> list[Path]:
    """Unix sockets with a path that somebody of this machine's network listens on, and that exist."""
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as table:  # noqa: PTH123
            names = {line.split(None, 7)[7].rstrip("\n") for line in table if " /" in line}
    except (OSError, IndexError):
        return []
    return sorted(Path(os.path.realpath(name)) for name in names if os.path.exists(name))  # noqa: PTH110


def _link(view: View) -> _Mounts:
    """The path with symbolic links by which the project was opened, where it would be hidden."""
    if view.named == view.project or not any(inside(view.named, each) for each in view.hidden):
        return {}
    return {view.named: ("--symlink", str(view.project), str(view.named))}


def _homes(view: View) -> list[str]:
    needed = view.home not in view.hidden and any(inside(view.home, each) for each in view.hidden)
    return ["--dir", str(view.home)] if needed else []


def _mask(path: Path, folder_like: bool) -> tuple[str, ...]:
    return ("--tmpfs", str(path)) if folder_like else ("--ro-bind", "/dev/null", str(path))
