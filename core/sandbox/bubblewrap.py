"""The confined sandbox: bubblewrap, with the stage at the project's own path and nothing else to write."""

import contextlib
import json
import os
import platform
import secrets
import stat
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from core.config import BadConfig
from core.events import Confinement
from core.limits import limits
from core.policy import Rules, policy_for
from core.sandbox import syscalls
from core.sandbox.borrowed import MountPoints, find_borrowed
from core.sandbox.contract import SandboxFailed
from core.sandbox.environment import clean_environment
from core.sandbox.family import COOKIE
from core.sandbox.grant import NOTHING, Grant
from core.sandbox.hidden import hidden_folders, inside
from core.sandbox.layer import Layer, Layered
from core.sandbox.mounts import View, words_for
from core.sandbox.output import Tap
from core.sandbox.packages import package_environment, packages_of
from core.sandbox.process import Ended, Launch, in_thread, limited, supervise
from core.sandbox.secrecy import hidden_files, look_again
from core.sandbox.service import Service, Services
from core.sandbox.throwaway import throw_away_git

PLACES = ("/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap")
"""Where bubblewrap may be: never where PATH says, since a repository can change what that means."""

_PROBE_SECONDS = 10.0
_BASE = ("--unshare-all", "--new-session", "--die-with-parent", "--cap-drop", "ALL")
_NO_LAYER = Layered()
_NESTED = ("--unshare-user", "--disable-userns")


@dataclass(frozen=True)
class Probe:
    """Whether commands can be confined here; `reason` says why not, or what works."""

    ok: bool
    reason: str
    program: str = ""
    flags: tuple[str, ...] = field(default=())
    filtered: bool = False
    """Whether the system call filter works."""


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
    for filtered in [True, False] if syscalls.exists_here() else [False]:
        for extra in (_NESTED, ()):
            flags = (*_BASE, *extra)
            reason = _try(program, flags, filtered)
            if not reason:
                return Probe(True, _works(extra, filtered), program, flags, filtered)
    return Probe(False, f"bubblewrap does not start here: {reason}")


def _works(extra: Sequence[str], filtered: bool) -> str:
    lacks = [] if extra else ["--disable-userns"]
    lacks += [] if filtered else [f"a system call filter for {platform.machine()}"]
    return "bubblewrap works" + (f", without {' and '.join(lacks)}" if lacks else "")


def _try(program: str, flags: Sequence[str], filtered: bool) -> str:
    """Why it does not work; empty when it does."""
    try:
        with syscalls.opened(filtered) as fds:
            return _start(
                [program, *flags, *syscalls.words(fds), *_system(), "--", "/bin/sh", "-c", "exit 0"], fds
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)


def _start(argv: Sequence[str], fds: tuple[int, ...]) -> str:
    """Run it; why it failed, or nothing."""
    done = subprocess.run(
        argv,
        env={"PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=_PROBE_SECONDS,
        check=False,
        pass_fds=fds,
    )
    text = done.stderr.decode("utf-8", "replace").strip()
    return "" if done.returncode == 0 else text or f"it ended with {done.returncode}"


def _system() -> list[str]:
    """The whole system, read-only, with its own /proc and a /dev in which only /dev/shm can be filled.

    A superuser needs no capability to change kernel settings such as `core_pattern`, which the kernel
    runs outside of every namespace: so /proc/sys is read-only as well.
    """
    size = str(limits().sandbox.tmp_bytes)
    devices = ["--dev", "/dev", "--remount-ro", "/dev", "--size", size, "--tmpfs", "/dev/shm"]
    return ["--ro-bind", "/", "/", "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", *devices]


class Confined:
    """Runs commands in bubblewrap."""

    confinement: Confinement = "confined"

    def __init__(self, tree: Path, project: Path, found: Probe) -> None:
        self._tree = Path(os.path.realpath(tree))
        self._project = Path(os.path.realpath(project))
        self._named = Path(os.path.abspath(project))  # noqa: PTH100 - keeps symbolic links
        self._probe = found
        self._role = ""
        self._grant = NOTHING
        self._points = MountPoints(self._tree)
        self._layer = Layer(self._tree.parent / "ignored", self._project)
        self.services = Services()

    def of(self, role: str) -> "Confined":
        """See `core.sandbox.contract.Sandbox`."""
        other = copy(self)
        other._role = role
        return other

    def granting(self, grant: Grant) -> "Confined":
        """See `core.sandbox.contract.Sandbox`."""
        other = copy(self)
        other._grant = grant
        return other

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
        return await in_thread(lambda stopped: self.run_here(argv, seconds, stopped, tell, extra), stop)

    def run_here(
        self,
        argv: Sequence[str],
        seconds: float,
        stopped: Callable[[], bool],
        tell: Callable[[bytes], None] | None = None,
        environment: Mapping[str, str] = {},
    ) -> Ended:
        """See `core.sandbox.contract.Sandbox`."""
        try:
            clean = {**self._environment(), **environment}
            with (
                self._layer.held(stopped) as layer,
                _Status() as status,
                self._placed(argv, clean, layer=layer, status=status.writer) as launch,
            ):
                ended = supervise(launch, seconds=seconds, stopped=stopped, tell=tell)
                if ended.reason == "exited" and not ended.excess and not status.tells_an_exit_code():
                    raise SandboxFailed(f"The sandbox could not be set up: {ended.output.strip()}")
                return replace(ended, read_only=layer.reason)
        except (OSError, BadConfig) as error:
            raise SandboxFailed(f"The sandbox could not be set up: {error}") from error
        finally:
            look_again(self._tree)
            _open_up(self._tree)

    def serve(
        self, argv: Sequence[str], *, environment: Mapping[str, str] = {}, readable: Sequence[Path] = ()
    ) -> Service:
        """See `core.sandbox.contract.Sandbox`."""
        clean = {**self._environment(), **environment}
        return Service(self._placed(argv, clean, readable, bind="--ro-bind"), self._project)

    @contextlib.contextmanager
    def _placed(
        self,
        argv: Sequence[str],
        clean: Mapping[str, str],
        readable: Sequence[Path] = (),
        bind: str = "--bind",
        layer: Layered = _NO_LAYER,
        status: int | None = None,
    ) -> Generator[Launch]:
        """How to start bwrap, while what it needs exists. `status`: where it reports."""
        with (
            self._mounted(clean, readable, bind, layer) as mounts,
            syscalls.opened(self._probe.filtered) as fds,
        ):
            words = [*layer.prefix, self._probe.program, *self._probe.flags, *layer.inside]
            words += ["--share-net"] if self._grant.network else []
            words += ["--json-status-fd", str(status)] if status is not None else []
            words += [*syscalls.words(fds), *_system(), *mounts, "--unsetenv", COOKIE, "--"]
            words += limited(argv, processes=limits().sandbox.processes)
            cookie = secrets.token_hex(16)
            yield Launch(
                argv=words,
                # bwrap's own first child is bound to bwrap's life only some moments after it was made:
                # one that was made while bwrap was killed is found by its environment.
                environment={**clean, COOKIE: cookie},
                folder=Path("/"),
                shell=True,
                cookie=cookie,
                pass_fds=fds if status is None else (*fds, status),
                writes=self._tree,
            )

    @contextlib.contextmanager
    def _mounted(
        self, clean: Mapping[str, str], readable: Sequence[Path], bind: str, layer: Layered
    ) -> Generator[list[str]]:
        """bwrap's arguments for the file system, while the mount points that they need exist."""
        if moved := self._grant.moved():
            raise SandboxFailed(f"{moved[0]} leads elsewhere than when it was allowed. Nothing was run.")
        hidden = hidden_folders(os.environ, self._project)
        packages = packages_of(self._tree)
        git = self._throw_away_git()
        view = View(
            tree=self._tree,
            project=self._project,
            named=self._named,
            home=Path(clean["HOME"]),
            hidden=hidden,
            borrowed=find_borrowed(self._project, self._tree, hidden),
            git=git,
            secrets=hidden_files(self._tree, self._project),
            readable=[*readable, *([packages] if packages.is_dir() else [])],
            rules=self._rules(),
            grant=self._grant,
            layer=layer,
            bind=bind,
        )
        points = [(each.relative, each.is_folder) for each in view.borrowed] + (
            [(".git", True)] if git else []
        )
        with self._points.held(points):
            yield words_for(view, os.environ)

    def _rules(self) -> Rules:
        return policy_for(self._project).rules(self._role)

    def _environment(self) -> dict[str, str]:
        home = Path(os.path.realpath(os.environ.get("HOME") or "/"))
        own = "/tmp/home" if inside(home, self._project) or home == Path("/") else str(home)
        granted = self._rules().environment
        offline = not self._grant.network
        clean = clean_environment(os.environ, home=own, offline=offline, granted=granted)
        return clean | {"TMPDIR": "/tmp"} | package_environment(self._tree)

    def _throw_away_git(self) -> Path | None:
        """A repository that commands may use as they like; only where the project has one.

        A link of a command's own in its place is left as it is: to mount over it would be to follow it.
        """
        own = self._tree / ".git"
        if not os.path.lexists(self._project / ".git") or own.is_symlink() or own.is_file():
            return None
        secret = hidden_files(self._tree, self._project)
        return throw_away_git(self._tree.parent / "sandbox", self._project, secret)


def _open_up(tree: Path) -> None:
    """A command may have taken away our own right to its folder: then none would ever run there again."""
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(tree.stat().st_mode)
        if mode & 0o700 != 0o700:
            tree.chmod(mode | 0o700)


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
