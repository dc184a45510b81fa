"""Asking a language server: requests that wait for their answers, and notices both ways."""

import contextlib
import itertools
import queue
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from core.sandbox import Service
from tools.lsp.wire import WireFault, framed, read_message

LOOK_SECONDS = 0.05
_METHOD_NOT_FOUND = -32601
_FAULT = re.compile(r"(?:[\w.]*error|fatal|panic)\b", re.IGNORECASE)
"""How the line begins that says what went wrong; where programs got to follows it."""
_NOTHING = ("client/registerCapability", "client/unregisterCapability", "window/workDoneProgress/create")


class ServerFailed(Exception):
    """The server gave no answer. The text says why, as a part of a sentence."""


class ServerEnded(ServerFailed):
    """Its process is gone."""


class ServerRefused(ServerFailed):
    """It answered with an error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class AskingStopped(Exception):
    """The work that asked was stopped."""


class _Answer:
    def __init__(self) -> None:
        self.there = threading.Event()
        self.message: dict[str, Any] = {}


class Connection:
    """One thread reads what the server says, one writes what it is told; any thread may ask."""

    def __init__(self, service: Service, folders: list[dict[str, str]]) -> None:
        self._service = service
        self._folders = folders
        self._ids = itertools.count(1)
        self._waiting: dict[int, _Answer] = {}
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._turn = threading.Lock()
        self._queued = 0
        """Messages that the writing thread has still to write; others must not overtake them."""
        self._lock = threading.Lock()
        self._gone = ""
        self.on_notice: Callable[[str, Any], None] = lambda _method, _params: None
        """Called with every notice, on the reading thread."""
        for work in (self._read, self._write):
            threading.Thread(target=work, name="heddle-lsp", daemon=True).start()

    @property
    def gone(self) -> str:
        """Why it has ended; empty while it goes on."""
        return self._gone

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        return self._service.pid

    def notify(self, method: str, params: Any) -> None:
        """Tell something that has no answer."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Any, *, seconds: float, stopped: Callable[[], bool]) -> Any:
        """Ask, and wait for the answer.

        Raises:
            ServerEnded, ServerRefused, ServerFailed: there is none, or not within `seconds`.
            AskingStopped: `stopped` said so.
        """
        number, answer = next(self._ids), _Answer()
        with self._lock:
            if self._gone:
                raise ServerEnded(self._gone)
            self._waiting[number] = answer
        try:
            self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            self._await(number, answer, seconds, stopped)
        finally:
            self._waiting.pop(number, None)
        return _result_of(answer.message)

    def _await(self, number: int, answer: _Answer, seconds: float, stopped: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while not answer.there.wait(min(LOOK_SECONDS, max(0.0, deadline - time.monotonic()))):
            late = time.monotonic() >= deadline
            if stopped() or late:
                self.notify("$/cancelRequest", {"id": number})
                if late:
                    raise ServerFailed(f"did not answer within {seconds:g} seconds")
                raise AskingStopped
        if not answer.message:
            raise ServerEnded(self._gone)

    def close(self) -> None:
        """End the process; whoever waits for an answer gets `ServerEnded`."""
        self._outbox.put(None)
        self._end("was ended")
        self._service.close()

    def _send(self, message: dict[str, Any]) -> None:
        """Write it at once where that waits for nobody; a server that does not read must not hold up who asks."""
        data = framed(message)
        with self._turn:
            if not self._queued and self._service.takes(len(data)):
                with contextlib.suppress(OSError, ValueError):  # the reading thread finds that it has ended
                    self._service.write(data)
                return
            self._queued += 1
            self._outbox.put(data)

    def _write(self) -> None:
        while (data := self._outbox.get()) is not None:
            try:
                self._service.write(data)
            except (OSError, ValueError):
                return
            with self._turn:
                self._queued -= 1

    def _read(self) -> None:
        why = ""
        try:
            while (message := read_message(self._service.stdout)) is not None:
                self._take(message)
        except WireFault as fault:
            why = f"does not speak the protocol: {fault}"
        except (OSError, ValueError):
            pass
        self._end(why or f"ended{_lines(self._service.complaint())}")
        self._outbox.put(None)
        self._service.close()

    def _end(self, why: str) -> None:
        with self._lock:
            self._gone = self._gone or why
            waiting = list(self._waiting.values())
        for answer in waiting:
            answer.there.set()

    def _take(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if not isinstance(method, str):
            answer = self._waiting.get(message.get("id", 0)) if isinstance(message.get("id"), int) else None
            if answer is not None:
                answer.message = message
                answer.there.set()
        elif "id" in message:
            self._send({"jsonrpc": "2.0", "id": message["id"], **self._reply(method, message.get("params"))})
        else:
            self.on_notice(method, message.get("params"))

    def _reply(self, method: str, params: Any) -> dict[str, Any]:
        """The answer to what the server asks of us: we configure nothing, and let it change nothing."""
        if method == "workspace/configuration":
            items = params.get("items") if isinstance(params, dict) else None
            return {"result": [None] * len(items or [])}
        if method == "workspace/workspaceFolders":
            return {"result": self._folders}
        if method == "workspace/applyEdit":
            return {"result": {"applied": False}}
        if method in _NOTHING or method.endswith("/refresh") or method == "window/showMessageRequest":
            return {"result": None}
        return {"error": {"code": _METHOD_NOT_FOUND, "message": f"{method} is not supported"}}


def _result_of(message: dict[str, Any]) -> Any:
    error = message.get("error")
    if isinstance(error, dict):
        code = error.get("code")
        text = " ".join(str(error.get("message", "")).split())[:300]
        raise ServerRefused(code if isinstance(code, int) else 0, f"said: {text}")
    return message.get("result")


def _lines(complaint: str) -> str:
    """The line of what a program complained of that says most, as a part of a sentence."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    said = next((line for line in lines if _FAULT.match(line)), lines[-1] if lines else "")
    return f" ({said[:300]})" if said else ""
