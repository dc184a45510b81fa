"""Where a link is: a Unix socket that only its owner can reach."""

import os
import socket
import stat
import sys
from pathlib import Path

from core.link.errors import LinkError

_PATH_BYTES = 107 if sys.platform.startswith("linux") else 103


def check_path(path: Path) -> None:
    """Refuse a path that does not fit into a socket address.

    Raises:
        LinkError: too long.
    """
    size = len(os.fsencode(path))
    if size > _PATH_BYTES:
        raise LinkError(
            f"The socket path {path} has {size} bytes, and the system allows {_PATH_BYTES}. "
            "Set XDG_RUNTIME_DIR or TMPDIR to a folder with a shorter path."
        )


def bind(path: Path) -> socket.socket:
    """A listening socket (mode 0600) in a private folder (0700); a dead one in its place is removed.

    Raises:
        LinkError: the path is too long, in use, or its folder belongs to somebody else.
    """
    check_path(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _make_private(path.parent)
        _remove_stale(path)
        if sys.platform.startswith("linux"):
            os.fchmod(listener.fileno(), 0o600)  # before bind: there is no moment with a wider mode
        listener.bind(os.fspath(path))
        path.chmod(0o600)
        listener.listen(64)
        listener.setblocking(False)
    except BaseException as error:
        listener.close()
        if isinstance(error, OSError):
            raise LinkError(f"The socket {path} cannot be made: {error}.") from error
        raise
    return listener


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise LinkError(
            f"The folder {folder} for sockets belongs to somebody else or is a link. "
            "Remove it, or set XDG_RUNTIME_DIR to a folder of your own."
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise LinkError(f"{path} is in the way of a socket: it is a file of another kind. Move it away.")
    if _answers(path):
        raise LinkError(f"Another process serves at {path} already.")
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
        return True
