"""Whether a folder lies on a file system of another machine, where SQLite's WAL mode is not safe."""

import ctypes
import os
import sys
from functools import cache
from pathlib import Path

_NETWORK = {
    0x6969: "nfs",
    0xFF534D42: "cifs",
    0xFE534D42: "smb2",
    0x517B: "smb",
    0x01021997: "9p",
    0x65735546: "fuse",
    0x00C36400: "ceph",
    0x5346414F: "afs",
    0x6B414653: "kafs",
    0x73757245: "coda",
    0x0BD00BD0: "lustre",
    0x47504653: "gpfs",
    0x7461636F: "ocfs2",
    0x01161970: "gfs2",
    0x786F4256: "vboxsf",
    0xBACBACBC: "vmhgfs",
}
"""`f_type` of statfs(2) on Linux. 9p and fuse also carry the shared folders of virtual machines."""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def filesystem_magic(path: Path) -> int | None:
    """`f_type` of the file system that holds `path`, as an unsigned 32-bit number; None if unknown."""
    if not sys.platform.startswith("linux"):
        return None
    buffer = ctypes.create_string_buffer(512)
    if _libc().statfs(os.fsencode(path), buffer) != 0:
        return None
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF


def is_network(path: Path) -> bool:
    """True when shared memory between processes cannot be trusted there."""
    return filesystem_magic(path) in _NETWORK
