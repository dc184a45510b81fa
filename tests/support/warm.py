"""`heddle` in a process of its own whose libraries are loaded already: forked off one that does nothing else.

Loading them takes a second and is the same for every command; what a command does is not. The forked process has
its own folder, environment, files and exit code, and ends as any process does. What the front door does before
anything is loaded is tried by starting it: in tests/project, and wherever a test starts `heddle` by itself.
"""

import gc
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryFile
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
_LOADED = ("core", "tools", "agents", "cli")
_MOST_BYTES = 1_000_000
"""Of a command's words and environment."""


class Warm:
    """The process that others are forked off. It ends with the one that holds this."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_BYTES)
        self._orders = ours
        words = [sys.executable, "-P", __file__, str(theirs.fileno())]
        self._process = subprocess.Popen(
            words, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()

    def run(
        self,
        argv: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        stdin: str | None,
        seconds: float,
    ) -> tuple[int, str, str]:
        """Exit code, output and errors of `heddle ARGV`. Raises TimeoutExpired, as `subprocess.run` does."""
        with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
            given.write((stdin or "").encode())
            given.seek(0)
            ours, theirs = socket.socketpair()
            order = json.dumps([list(argv), str(folder), dict(environment)]).encode()
            files = [given.fileno(), out.fileno(), err.fileno(), theirs.fileno()]
            with ours:
                with theirs:
                    socket.send_fds(self._orders, [order], files)
                code = _code(ours, [*argv], seconds)
            out.seek(0)
            err.seek(0)
            return code, out.read().decode(), err.read().decode()

    def close(self) -> None:
        self._orders.close()
        self._process.wait()


def _code(answers: socket.socket, words: list[str], seconds: float) -> int:
    """The exit code that is answered; the first answer is the process's id, so that it can be ended."""
    pid = int(answers.recv(64) or b"0")
    assert pid, "the process that commands are forked off is gone"
    answers.settimeout(seconds)
    try:
        return int(answers.recv(64))
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        raise subprocess.TimeoutExpired(words, seconds) from None


# -- in the process itself ---------------------------------------------------------------------------


def _load() -> None:
    sys.path.insert(0, str(ROOT))
    import_module("openai")
    for name in _LOADED:
        package = import_module(name)
        for each in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not each.name.startswith(("cli.screen", "agents.rehearsal.sample")):
                import_module(each.name)


def _serve(orders: socket.socket) -> list[str]:
    """Fork for every order; returns the words of the command in the one that was forked."""
    ended, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is ended:
                    ended.recv(4096)
                    _answer(waiting)
                elif (words := _take(orders, waiting)) is not None:
                    for each in (ended, wakes, orders, *waiting.values()):
                        each.close()
                    return words


def _answer(waiting: dict[int, socket.socket]) -> None:
    """Tell the exit codes of those that ended."""
    for pid in list(waiting):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            with waiting.pop(pid) as answers:
                answers.send(str(os.waitstatus_to_exitcode(status)).encode())


def _take(orders: socket.socket, waiting: dict[int, socket.socket]) -> list[str] | None:
    """Take an order: None in this process, the words of the command in the one that was forked."""
    data, files, *_ = socket.recv_fds(orders, _MOST_BYTES, 4)
    if not data:
        for each in waiting:
            os.kill(each, signal.SIGKILL)
        os._exit(0)
    words, folder, environment = json.loads(data)
    answers = socket.socket(fileno=files.pop())
    if (pid := os.fork()) != 0:
        waiting[pid] = answers
        answers.send(str(pid).encode())
        for each in files:
            os.close(each)
        return None
    answers.close()
    _become(files, folder, environment)
    return words


def _become(files: list[int], folder: str, environment: dict[str, str]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, each in enumerate(files):
        os.dup2(each, number)
        os.close(each)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def _front_door(words: list[str]) -> int:
    spec = spec_from_file_location("front_door", ROOT / "__main__.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.argv = ["heddle", *words]
    return module.main()


def main() -> NoReturn:
    orders = socket.socket(fileno=int(sys.argv[1]))
    _load()
    gc.freeze()  # what is shared stays shared
    sys.exit(_front_door(_serve(orders)))


if __name__ == "__main__":
    main()
