"""Reading files that somebody else may have made: never a FIFO, a device or through a link, never too much."""

import os
import stat
from pathlib import Path


def read_plain(path: Path, most: int) -> bytes | None:
    """The first `most` bytes of a plain file; None for anything else, and for what is not there.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if path.is_symlink() or not path.is_file():
            return None
        raise
    with os.fdopen(fd, "rb") as file:
        return file.read(most) if stat.S_ISREG(os.fstat(fd).st_mode) else None
