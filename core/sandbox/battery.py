"""The sandbox under attack: real commands try what they must not be able to do, and it is looked at what they did."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pygit2

from core.paths import find_home
from core.sandbox.bubblewrap import Confined, probe
from core.sandbox.contract import NotAllowed, Sandbox, SandboxFailed
from core.stage.stage import Stage

WORKER = Path(__file__).with_name("battery_worker.py")
_SECONDS = 30.0
_SUBMODULE, _NESTED = ".git/modules/sub", "nested/.git"


@dataclass(frozen=True)
class Outcome:
    """What the attacks achieved."""

    achieved: Mapping[str, str]
    """Attack → what it did; empty where it was denied."""
    failure: str = ""
    """Why they could not be tried; empty when they were."""

    @property
    def allowed(self) -> list[str]:
        return sorted(name for name, did in self.achieved.items() if did)


@dataclass
class Ground:
    """A small project with canaries around it."""

    folder: Path
    project: Path
    outside: Path
    home: Path
    log: Path
    stage: Stage
    secret: str
    sockets: dict[str, socket.socket] = field(default_factory=dict[str, socket.socket])

    def told(self, *, confined: bool) -> str:
        """What the attacks have to know, as JSON."""
        return json.dumps(
            {
                "outside": str(self.outside),
                "home": str(self.home),
                "log": str(self.log),
                "secret": self.secret,
                "pid": os.getpid(),
                "cmdline": Path("/proc/self/cmdline").read_bytes().hex(),
                "tcp": self.sockets["tcp"].getsockname()[1],
                "udp": self.sockets["udp"].getsockname()[1],
                "dns": self.sockets["dns"].getsockname()[1],
                "unix": str(self.folder / "unix.sock"),
                "abstract": self.folder.name,
                "confined": confined,
                "superuser": os.getuid() == 0,
            }
        )

    def damage(self) -> dict[str, str]:
        """What the attacks did to the ground itself, whatever they say."""
        found: dict[str, str] = {}
        if sorted(each.name for each in self.outside.iterdir()) != ["canary"]:
            found["write_outside"] = "there are new files outside"
        if (self.outside / "canary").read_text() != "canary" or (
            self.outside / "canary"
        ).stat().st_mode & 0o077:
            found["write_outside"] = "a file outside was changed"
        if (self.project / ".git" / "hooks" / "post-checkout").exists():
            found["write_hook"] = "the project's hooks were changed"
        if "fsmonitor" in (self.project / ".git" / "config").read_text():
            found["write_git_config"] = "the project's Git configuration was changed"
        for name, place in (("write_submodule", _SUBMODULE), ("write_nested_repository", _NESTED)):
            if (self.project / place / "hooks" / "post-checkout").exists() or "evil" in (
                self.project / place / "config"
            ).read_text():
                found[name] = "its hooks or its configuration were changed"
        for name in ("tcp", "udp", "dns", "path", "abstract"):
            if self._arrived(self.sockets[name]):
                found[f"network_{name}"] = "something arrived"
        return found

    @staticmethod
    def _arrived(one: socket.socket) -> bool:
        one.setblocking(False)
        try:
            if one.type == socket.SOCK_DGRAM:
                return bool(one.recv(10))
            one.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@contextlib.contextmanager
def prepared(parent: Path | None = None) -> Generator[Ground]:
    """A ground in a new folder under `parent` (default: the temporary folder); gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="heddle-attacks-", dir=parent) as name,
        contextlib.ExitStack() as ending,
    ):
        folder = Path(name)
        project, outside = folder / "project", folder / "outside"
        pygit2.init_repository(str(project))
        (project / "app.py").write_text("print(1)\n")
        _repositories_inside(project)
        outside.mkdir()
        (outside / "canary").write_text("canary")
        (outside / "canary").chmod(0o600)
        home = folder / "home"
        for each in (".aws/credentials", ".ssh/id_ed25519"):
            (home / each).parent.mkdir(parents=True)
            (home / each).write_text("canary")
        secret = secrets.token_hex(16)
        ending.enter_context(_bystander(secret))
        log = _own_log(ending)
        stage = Stage.create(project, folder / "stage")
        ground = Ground(folder, project, outside, home, log, stage, secret)
        for kind, opened in _listening(folder).items():
            ground.sockets[kind] = ending.enter_context(opened)
        yield ground


def _repositories_inside(project: Path) -> None:
    """A submodule, and a repository that is none."""
    (project / _SUBMODULE / "hooks").mkdir(parents=True)
    (project / _SUBMODULE / "config").write_text("[core]\n\tworktree = ../../../sub\n")
    (project / "sub").mkdir()
    (project / "sub" / ".git").write_text(f"gitdir: ../{_SUBMODULE}\n")
    (project / "sub" / "code.py").write_text("print(2)\n")
    pygit2.init_repository(str(project / "nested"))
    (project / "nested" / "code.py").write_text("print(3)\n")


@contextlib.contextmanager
def _bystander(secret: str) -> Generator[None]:
    """A process of the user's that knows a secret."""
    process = subprocess.Popen(["sleep", "600"], env={"PATH": "/usr/bin:/bin", "SECRET": secret})
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _own_log(ending: contextlib.ExitStack) -> Path:
    """A file where Heddle keeps its logs."""
    folder = find_home().data
    folder.mkdir(parents=True, exist_ok=True)
    log = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="attack-", dir=folder))) / "log.db"
    log.write_text("canary")
    return log


def _listening(folder: Path) -> dict[str, socket.socket]:
    """A server of each kind on this machine."""
    found = {
        "tcp": socket.create_server(("127.0.0.1", 0)),
        "udp": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "dns": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "path": socket.socket(socket.AF_UNIX),
        "abstract": socket.socket(socket.AF_UNIX),
    }
    for name in ("udp", "dns"):
        found[name].bind(("127.0.0.1", 0))
    found["path"].bind(str(folder / "unix.sock"))
    found["abstract"].bind("\0" + folder.name)
    for name in ("path", "abstract"):
        found[name].listen()
    return found


def try_here() -> Outcome:
    """All attacks on the sandbox that commands get on this machine."""
    with prepared() as ground:
        try:
            return attack(ground, Confined(ground.stage.tree, ground.project, probe()))
        except (NotAllowed, SandboxFailed) as error:
            return Outcome({}, str(error))


def attack(ground: Ground, sandbox: Sandbox, *, environment: Mapping[str, str] = {}) -> Outcome:
    """Try everything in `sandbox`, in this thread.

    Raises:
        NotAllowed, SandboxFailed: nothing can be run.
    """
    told = ground.told(confined=sandbox.confinement == "confined")
    argv = ["python3", "-c", WORKER.read_text("utf-8"), told]
    ended = sandbox.run_here(argv, _SECONDS, lambda: False, None, environment)
    try:
        said: dict[str, Any] = json.loads(ended.output.strip().rpartition("\n")[2])
    except ValueError:
        return Outcome({}, ended.output.strip()[-400:] or f"it ended with {ended.exit_code}")
    return Outcome({**said, **ground.damage()})
