"""The confined sandbox: bubblewrap, with the stage at the project's own path and nothing else to write."""

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pygit2

from core.events import Confinement
from core.limits import limits
from core.sandbox.borrowed import Borrowed, MountPoints, find_borrowed, find_masked
from core.sandbox.contract import SandboxFailed
from core.sandbox.environment import clean_environment
from core.sandbox.hidden import hidden_folders, inside, is_folder, secrets_in, tool_folders
from core.sandbox.output import Tap
from core.sandbox.process import Ended, Launch, in_thread, limited, supervise
from core.sandbox.service import Service, Services
from core.stage.shadow import isolate

PLACES = ("/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap")
"""Where bubblewrap may be: never where PATH says, since a repository can change what that means."""

_PROBE_SECONDS = 10.0
_BASE = ("--unshare-all", "--new-session", "--die-with-parent", "--cap-drop", "ALL")
_NESTED = ("--unshare-user", "--disable-userns")


@dataclass(frozen=True)
class Probe:
    """Whether commands can be confined here; `reason` says why not, or what works."""

    ok: bool
    reason: str
    program: str = ""
    flags: tuple[str, ...] = field(default=())


def probe() -> Probe:
    """Start bubblewrap for real, once per process, with the flags that commands will get."""
    found = next((place for place in PLACES if os.access(place, os.X_OK)), None)
    if found is None:
        return Probe(False, "bubblewrap (the program bwrap) is not installed")
    return probe_program(found)


@cache
def probe_program(program: str) -> Probe:
    """Like `probe`, for the bubblewrap at this absolute path."""
    reason = ""
    for extra, words in ((_NESTED, ""), ((), ", without --disable-userns")):
        flags = (*_BASE, *extra)
        reason = _try(program, flags)
        if not reason:
            return Probe(True, f"bubblewrap works{words}", program, flags)
    return Probe(False, f"bubblewrap does not start here: {reason}")


def _try(program: str, flags: Sequence[str]) -> str:
    """Why it does not work; empty when it does."""
    argv = [program, *flags, *_system(), "--size", "4096", "--tmpfs", "/tmp", "--", "/bin/sh", "-c", "exit 0"]
    try:
        done = subprocess.run(
            argv,
            env={"PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    text = done.stderr.decode("utf-8", "replace").strip()
    return "" if done.returncode == 0 else text or f"it ended with {done.returncode}"


def _system() -> list[str]:
    return ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]


class Confined:
    """Runs commands in bubblewrap."""

    confinement: Confinement = "confined"

    def __init__(self, tree: Path, project: Path, found: Probe) -> None:
        self._tree = Path(os.path.realpath(tree))
        self._project = Path(os.path.realpath(project))
        self._named = Path(os.path.abspath(project))  # noqa: PTH100 - keeps symbolic links
        self._probe = found
        self._points = MountPoints(self._tree)
        self.services = Services()

    async def run(
        self,
        argv: Sequence[str],
        *,
        seconds: float,
        stop: threading.Event,
        on_output: Callable[[str], None] | None = None,
        environment: Mapping[str, str] = {},
    ) -> Ended:
        """See `core.sandbox.contract.Sandbox`."""
        tell = Tap.here(on_output)
        extra = dict(environment)
        return await in_thread(lambda stopped: self._run(argv, seconds, stopped, tell, extra), stop)

    def _run(
        self,
        argv: Sequence[str],
        seconds: float,
        stopped: Callable[[], bool],
        tell: Callable[[bytes], None] | None,
        extra: Mapping[str, str],
    ) -> Ended:
        clean = {**self._environment(), **extra}
        try:
            with self._mounted(clean) as mounts, _Status() as status:
                words = [self._probe.program, *self._probe.flags, *_system(), *mounts]
                words += ["--json-status-fd", str(status.writer), "--"]
                words += limited(argv, processes=limits().sandbox.processes)
                launch = Launch(
                    argv=words, environment=clean, folder=Path("/"), shell=True, pass_fds=(status.writer,)
                )
                ended = supervise(launch, seconds=seconds, stopped=stopped, tell=tell)
                if ended.reason == "exited" and not status.tells_an_exit_code():
                    raise SandboxFailed(f"The sandbox could not be set up: {ended.output.strip()}")
                return ended
        except OSError as error:
            raise SandboxFailed(f"The sandbox could not be set up: {error}") from error

    def serve(
        self, argv: Sequence[str], *, environment: Mapping[str, str] = {}, readable: Sequence[Path] = ()
    ) -> Service:
        """See `core.sandbox.contract.Sandbox`."""
        clean = {**self._environment(), **environment}
        return Service(self._placed(argv, clean, readable), self._project)

    @contextlib.contextmanager
    def _placed(
        self, argv: Sequence[str], clean: Mapping[str, str], readable: Sequence[Path]
    ) -> Generator[Launch]:
        with self._mounted(clean, readable, bind="--ro-bind") as mounts:
            words = [self._probe.program, *self._probe.flags, *_system(), *mounts, "--"]
            words += limited(argv, processes=limits().sandbox.processes)
            yield Launch(argv=words, environment=clean, folder=Path("/"), shell=True)

    @contextlib.contextmanager
    def _mounted(
        self, clean: Mapping[str, str], readable: Sequence[Path] = (), bind: str = "--bind"
    ) -> Generator[list[str]]:
        """bwrap's arguments for the file system, while the mount points that they need exist."""
        hidden = hidden_folders(os.environ, self._project)
        borrowed = find_borrowed(self._project, self._tree, hidden)
        git = self._throw_away_git()
        points = [(each.relative, each.is_folder) for each in borrowed] + ([(".git", True)] if git else [])
        with self._points.held(points):
            yield self._mounts(clean, hidden, borrowed, git, readable, bind)

    def _environment(self) -> dict[str, str]:
        home = Path(os.path.realpath(os.environ.get("HOME") or "/"))
        own = "/tmp/home" if inside(home, self._project) or home == Path("/") else str(home)
        return clean_environment(os.environ, home=own, offline=True) | {"TMPDIR": "/tmp"}

    def _throw_away_git(self) -> Path | None:
        """A repository that commands may use as they like; only where the project has one."""
        if not os.path.lexists(self._project / ".git"):
            return None
        folder = self._tree.parent / "sandbox"
        if not (folder / ".git" / "HEAD").is_file():
            isolate()
            repository = pygit2.init_repository(str(folder))
            repository.config["user.name"] = "Heddle"
            repository.config["user.email"] = "heddle@localhost"
        return folder / ".git"

    def _mounts(
        self,
        clean: Mapping[str, str],
        hidden: Sequence[Path],
        borrowed: Sequence[Borrowed],
        git: Path | None,
        readable: Sequence[Path],
        bind: str,
    ) -> list[str]:
        """bwrap's arguments; outer folders come before those inside them."""
        size = str(limits().sandbox.tmp_bytes)
        mounts: dict[Path, tuple[str, ...]] = {
            each: ("--size", size, "--tmpfs", str(each)) for each in hidden
        }
        for folder in tool_folders(os.environ, hidden, self._project):
            mounts[folder] = ("--ro-bind-try", str(folder), str(folder))
            mounts |= {each: _mask(each, is_folder(each)) for each in secrets_in(folder)}
        for folder in readable:
            if any(inside(folder, each) for each in hidden) and not inside(folder, self._project):
                mounts[folder] = ("--ro-bind", str(folder), str(folder))
        mounts |= self._link(hidden)
        mounts[self._project] = (bind, str(self._tree), str(self._project))
        if git:
            mounts[self._project / ".git"] = (bind, str(git), str(self._project / ".git"))
        for each in borrowed:
            place = self._project / each.relative
            mounts[place] = ("--ro-bind-try", str(each.source), str(place))
        for relative, folder_like in find_masked(borrowed):
            mounts[self._project / relative] = _mask(self._project / relative, folder_like)
        ordered = sorted(mounts.items(), key=lambda item: len(item[0].parts))
        words = [word for _, mount in ordered for word in mount]
        return [*words, *self._homes(clean, hidden), "--chdir", str(self._project)]

    def _link(self, hidden: Sequence[Path]) -> dict[Path, tuple[str, ...]]:
        """The path with symbolic links by which the project was opened, where it would be hidden."""
        if self._named == self._project or not any(inside(self._named, each) for each in hidden):
            return {}
        return {self._named: ("--symlink", str(self._project), str(self._named))}

    def _homes(self, clean: Mapping[str, str], hidden: Sequence[Path]) -> list[str]:
        home = Path(clean["HOME"])
        needed = home not in hidden and any(inside(home, each) for each in hidden)
        return ["--dir", str(home)] if needed else []


def _mask(path: Path, folder_like: bool) -> tuple[str, ...]:
    return ("--tmpfs", str(path)) if folder_like else ("--ro-bind", "/dev/null", str(path))


class _Status:
    """The pipe on which bwrap reports."""

    def __enter__(self) -> "_Status":
        self._reader, self.writer = os.pipe()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._reader)
        self._close_writer()

    def _close_writer(self) -> None:
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1

    def tells_an_exit_code(self) -> bool:
        """Whether bwrap got as far as running the command; asked when bwrap has ended."""
        self._close_writer()
        text = b""
        while data := os.read(self._reader, 65_536):
            text += data
        lines = text.decode("utf-8", "replace").splitlines()
        return any("exit-code" in json.loads(line) for line in lines if line.startswith("{"))
