"""Where Heddle keeps things: XDG folders, or all of it under `HEDDLE_HOME`."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs


class Home(msgspec.Struct, frozen=True):
    config: Path
    """What the user writes: `config.toml`, rosters, prices, prompts."""
    data: Path
    """What must not be lost: session logs, undo points, apply journals."""
    state: Path
    """What can be made again: stages, the index, diagnostic logs."""
    runtime: Path
    """Sockets. Kept short, since a Unix socket's path may have 107 bytes only."""

    @property
    def sessions(self) -> Path:
        return self.data / "sessions"

    @property
    def stages(self) -> Path:
        return self.state / "stages"

    @property
    def spend(self) -> Path:
        """What was spent today over all running Heddles."""
        return self.data / "spend.db"

    @property
    def index(self) -> Path:
        return self.state / "index.db"

    @property
    def exports(self) -> Path:
        """What the user had written for other programs to read."""
        return self.data / "exports"

    @property
    def diagnostics(self) -> Path:
        return self.state / "heddle.log"

    def session_log(self, session: str) -> Path:
        return self.sessions / f"{session}.db"

    def stage(self, session: str) -> Path:
        return self.stages / session

    def journals(self, project: Path) -> Path:
        """Apply journals and undo points of one project."""
        return self.data / "journals" / project_key(project)


def project_key(project: Path) -> str:
    """A short name for a project's folder, unique by its real path."""
    real = os.path.realpath(project)
    digest = _digest(os.fsencode(real))[:12]
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in Path(real).name)[:40]
    return f"{name or 'root'}-{digest}"


def find_home(environ: Mapping[str, str] = os.environ) -> Home:
    """The user's folders; `HEDDLE_HOME` puts config, data and state under one. Creates nothing."""
    one = environ.get("HEDDLE_HOME")
    if one:
        root = Path(one).expanduser().absolute()
        return Home(root / "config", root / "data", root / "state", _runtime(environ, str(root)))
    dirs = platformdirs.PlatformDirs("heddle", appauthor=False)
    return Home(
        Path(dirs.user_config_dir), Path(dirs.user_data_dir), Path(dirs.user_state_dir), _runtime(environ, "")
    )


def _digest(data: bytes) -> str:
    from hashlib import sha256  # most first frames do without

    return sha256(data).hexdigest()


def _runtime(environ: Mapping[str, str], salt: str) -> Path:
    base = environ.get("XDG_RUNTIME_DIR")
    suffix = _digest(salt.encode())[:8] if salt else str(os.getuid())
    if base and len(base) < 40 and Path(base).is_dir():
        return Path(base) / f"heddle-{suffix}"
    return Path(tempfile.gettempdir()) / f"heddle-{os.getuid()}-{suffix}"


def make_private(folder: Path) -> Path:
    """Create a folder that only its owner can enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
