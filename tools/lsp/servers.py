"""The language servers of a session: started when first needed, again when they died, a few at a time."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from core.limits import limits
from core.sandbox import NotAllowed, Sandbox, ServiceFailed
from tools.lsp.connection import LOOK_SECONDS, AskingStopped, ServerFailed
from tools.lsp.program import NoServer, Program, find_program
from tools.lsp.server import LanguageServer, Stopped

_MOST_DEATHS = 3
_REST_SECONDS = 60.0
"""One that did not start is left alone for so long: until then every question would wait for the same failure."""


@dataclass
class _Place:
    """One kind of server."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    server: LanguageServer | None = None
    used: float = 0.0
    deaths: int = 0
    rests: float = 0.0
    """Until then it is not started, on `time.monotonic`."""
    why: str = ""


class LanguageServers:
    """All of a session's servers, by name."""

    def __init__(self, sandbox: Sandbox, project: Path, tree: Path) -> None:
        self._sandbox = sandbox
        self._project = project
        self._tree = tree
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        self._programs: dict[str, Program] = {}
        self._closed = False

    def server_for(self, place: str, stopped: Stopped) -> LanguageServer:
        """A server that runs and knows this kind of file.

        Raises:
            NoServer: there is none; the text is a sentence that says why.
            AskingStopped: `stopped` said so.
        """
        program = self._program_for(place)
        with self._lock:
            spot = self._places.setdefault(program.kind.name, _Place())
        while not spot.lock.acquire(timeout=LOOK_SECONDS):
            if stopped():
                raise AskingStopped
        try:
            return self._running(spot, program, stopped)
        finally:
            spot.lock.release()

    def _program_for(self, place: str) -> Program:
        """The same one as long as the session: what is installed meanwhile counts where there was none."""
        ending = PurePath(place).suffix.lower()
        if ending not in self._programs:
            self._programs[ending] = find_program(self._project, place)
        return self._programs[ending]

    def _running(self, spot: _Place, program: Program, stopped: Stopped) -> LanguageServer:
        spot.used = time.monotonic()
        if spot.server is not None and spot.server.gone:
            self._bury(spot, spot.server.gone)
        if spot.server is None:
            self._check(spot, program)
            self._make_room(spot)
            spot.server = self._start(spot, program, stopped)
            if self._closed:
                spot.server.close()
                raise NoServer("The session is being closed.")
        return spot.server

    def _check(self, spot: _Place, program: Program) -> None:
        if self._closed:
            raise NoServer("The session is being closed.")
        if spot.deaths >= _MOST_DEATHS:
            raise NoServer(
                f"{program.kind.name} {spot.why}; it is not started again after {spot.deaths} times."
            )
        if time.monotonic() < spot.rests:
            raise NoServer(f"{program.kind.name} {spot.why}; it is tried again in a minute.")

    def _start(self, spot: _Place, program: Program, stopped: Stopped) -> LanguageServer:
        try:
            return LanguageServer(program, self._sandbox, self._project, self._tree, stopped)
        except NotAllowed as error:
            raise NoServer(str(error)) from None
        except (ServiceFailed, ServerFailed) as error:
            self._bury(spot, str(error))
            spot.rests = time.monotonic() + _REST_SECONDS
            raise NoServer(f"{program.kind.name} {error}.") from None

    @staticmethod
    def _bury(spot: _Place, why: str) -> None:
        spot.server, spot.why = None, why
        spot.deaths += 1

    def _make_room(self, mine: _Place) -> None:
        """End the longest unused server when there are too many."""
        with self._lock:
            others = [each for each in self._places.values() if each is not mine and each.server is not None]
        others.sort(key=lambda each: each.used)
        for each in others[: max(0, len(others) - limits().tools.language_servers + 1)]:
            if each.lock.acquire(blocking=False):
                server, each.server = each.server, None
                each.lock.release()
                if server is not None:
                    server.close()

    def close(self) -> None:
        """End all of them."""
        self._closed = True
        with self._lock:
            servers = [each.server for each in self._places.values() if each.server is not None]
        for server in servers:
            server.close()
