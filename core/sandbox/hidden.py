"""Which folders a command finds empty, and which tool chains are bound back into them."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from core.paths import find_home
from core.sandbox.rules import looks_secret, matches, tool_chains

_SHARED = (
    "/home", "/root", "/tmp", "/var/tmp", "/run", "/mnt", "/media", "/var/log", "/var/spool", "/var/mail", "/var/backups",
    "/boot",
)  # fmt: skip


def inside(path: Path, folder: Path) -> bool:
    """Whether `path` is `folder` or lies in it; both are taken as written."""
    return path == folder or folder in path.parents


def own_folders() -> list[Path]:
    """Heddle's own folders: logs, stages, configuration, sockets."""
    home = find_home()
    return [Path(os.path.realpath(each)) for each in (home.config, home.data, home.state, home.runtime)]


def account_home() -> str:
    """The home that the system knows for this user; `/` for one that it does not know."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"


def is_folder(path: Path) -> bool:
    """Whether this is a folder; False, and no error, where we may not look."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises there


def is_file(path: Path) -> bool:
    """Whether this is a file; False, and no error, where we may not look."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises there


def hidden_folders(environ: Mapping[str, str], project: Path) -> list[Path]:
    """Existing folders that a command finds empty and may fill, outermost only, none inside the project."""
    homes = [environ.get("HOME") or "/", account_home(), tempfile.gettempdir()]
    wanted = {Path(os.path.realpath(each)) for each in (*_SHARED, *homes)} | set(own_folders())
    wanted -= {Path("/")}
    found = [each for each in wanted if is_folder(each) and not inside(each, project)]
    return sorted(each for each in found if not any(other in found for other in each.parents))


def tool_folders(environ: Mapping[str, str], hidden: Sequence[Path], project: Path) -> list[Path]:
    """Folders in `hidden` that PATH, the environment or the project's virtual environments need."""
    home = Path(environ.get("HOME") or "/")
    wanted: set[Path] = set()
    for place in _places(environ, project):
        for path in {place, Path(os.path.realpath(place))}:
            if any(inside(path, each) for each in hidden):
                wanted |= _roots_of(path, home)
    for marker, folders in tool_chains().downloads.items():
        if is_file(project / marker):
            found = {home / each for each in folders}
            wanted |= {each for each in found if any(inside(each, other) for other in hidden)}
    usable = {each for each in wanted if is_folder(each) and not _too_wide(each, hidden, home, project)}
    return sorted(each for each in usable if not any(other in usable for other in each.parents))


def _places(environ: Mapping[str, str], project: Path) -> Iterable[Path]:
    path = environ.get("PATH", "")
    yield from (Path(entry) for entry in path.split(os.pathsep) if entry)
    yield from (Path(environ[name]) for name in tool_chains().environment.folders if environ.get(name))
    for program in tool_chains().programs:
        found = shutil.which(program, path=path)
        if found:
            yield _prefix(Path(os.path.realpath(found)))
    for name in tool_chains().environments:
        yield from _base_interpreter(project / name)


def _prefix(program: Path) -> Path:
    return program.parent.parent if program.parent.name == "bin" else program.parent


def _base_interpreter(environment: Path) -> Iterable[Path]:
    """Where the interpreter of a virtual environment was installed."""
    if not is_file(environment / "pyvenv.cfg"):
        return
    yield Path(os.path.realpath(environment))
    for name in ("python", "python3"):
        program = environment / "bin" / name
        if is_file(program):
            yield _prefix(Path(os.path.realpath(program)))


def _roots_of(path: Path, home: Path) -> set[Path]:
    """The known tool chain that `path` lies in, with those that it needs; else just `path`."""
    rules = tool_chains()
    for base in {home, Path(os.path.realpath(home)), Path(account_home())}:
        for name in rules.roots:
            if inside(path, base / name):
                return {base / name, *(base / other for other in rules.together.get(name, ()))}
    return {path}


def _too_wide(path: Path, hidden: Sequence[Path], home: Path, project: Path) -> bool:
    """A whole home, what holds one, something of Heddle's own or of the project is no tool chain."""
    real = Path(os.path.realpath(path))
    held = {*hidden, home, Path(os.path.realpath(home)), *own_folders()}
    if any(inside(each, real) or inside(each, path) for each in held):
        return True
    if inside(project, real) or inside(real, project) or matches(real.name, [".ssh", ".aws", ".gnupg"]):
        return True
    return any(inside(real, each) for each in own_folders())


def secrets_in(folder: Path) -> list[Path]:
    """Entries directly in a tool chain's folder that look like secrets (cargo's credentials, …)."""
    try:
        return sorted(Path(each.path) for each in os.scandir(folder) if looks_secret(each.name))
    except OSError:
        return []
