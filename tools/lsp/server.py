"""One language server at work on one project."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.limits import limits
from core.sandbox import Sandbox
from tools.languages import ServerKind
from tools.lsp.connection import LOOK_SECONDS, AskingStopped, Connection, ServerFailed, ServerRefused
from tools.lsp.documents import Documents, Shown
from tools.lsp.program import Program, options_for
from tools.lsp.protocol import Diagnostic, Spot, column_of, diagnostics_in, spots_in, text_in, uri_of

_END_SECONDS = 0.5
_BUSY = (-32801, -32802)
"""Codes of `ContentModified` and `ServerCancelled`: ask again."""
_TRIES = 4

Stopped = Callable[[], bool]

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-32", "utf-16"]},
    "textDocument": {
        "synchronization": {"didSave": True},
        "hover": {"contentFormat": ["plaintext", "markdown"]},
        "definition": {"linkSupport": True},
        "references": {},
        "publishDiagnostics": {"versionSupport": True},
        "diagnostic": {},
    },
    "workspace": {"configuration": True, "workspaceFolders": True, "didChangeWatchedFiles": {}},
    "window": {"workDoneProgress": True},
    "experimental": {"serverStatusNotification": True},
}
"""What we tell servers that we understand."""


def capabilities_for(kind: ServerKind) -> dict[str, Any]:
    """The same for one kind: those that want to be told of changed files hear that we shall tell them."""
    watching = {"dynamicRegistration": kind.told, "relativePatternSupport": kind.told}
    formats = ["markdown", "plaintext"] if kind.markdown else ["plaintext", "markdown"]
    return {
        **CAPABILITIES,
        "textDocument": {**CAPABILITIES["textDocument"], "hover": {"contentFormat": formats}},
        "workspace": {**CAPABILITIES["workspace"], "didChangeWatchedFiles": watching},
    }


class LanguageServer:
    """A server that was started; every question first brings it up to date with the stage."""

    def __init__(
        self, program: Program, sandbox: Sandbox, project: Path, tree: Path, stopped: Stopped
    ) -> None:
        """Start it.

        Raises:
            NotAllowed, ServiceFailed, ServerFailed: it cannot be started, or does not speak.
            AskingStopped: `stopped` said so meanwhile.
        """
        self.name = program.kind.name
        self._kind = program.kind
        service = sandbox.serve(program.argv, environment=program.environment, readable=program.readable)
        self._root = service.root
        folder = uri_of(self._root, "")
        folders = [{"uri": folder.rstrip("/"), "name": project.name}]
        self._news = threading.Condition()
        self._published: dict[str, tuple[int | None, int, list[Diagnostic]]] = {}
        self._progress: set[str] = set()
        self._quiet = not program.kind.status
        self._turn = threading.Lock()
        self._connection = Connection(service, folders)
        self._connection.on_notice = self._hear
        try:
            self._can, self._encoding = self._begin(project, folders, stopped)
            self._documents = Documents(self._connection, self._root, tree, program.kind)
        except BaseException:
            self._connection.close()
            raise

    def _begin(self, project: Path, folders: list[dict[str, str]], stopped: Stopped) -> tuple[Any, str]:
        hello = {
            "processId": None,
            "clientInfo": {"name": "heddle"},
            "rootUri": folders[0]["uri"],
            "workspaceFolders": folders,
            "capabilities": capabilities_for(self._kind),
            "initializationOptions": options_for(self._kind, project),
        }
        seconds = limits().tools.language_server_start_seconds
        result = self._connection.request("initialize", hello, seconds=seconds, stopped=stopped)
        can = result.get("capabilities") if isinstance(result, dict) else None
        if not isinstance(can, dict):
            raise ServerFailed("did not say what it can do")
        self._connection.notify("initialized", {})
        return can, str(can.get("positionEncoding") or "utf-16")

    @property
    def gone(self) -> str:
        """Why it has ended; empty while it runs."""
        return self._connection.gone

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._connection.pid

    def close(self) -> None:
        """Ask it to end, and end it."""
        if not self.gone:
            try:
                self._connection.request("shutdown", None, seconds=_END_SECONDS, stopped=lambda: False)
                self._connection.notify("exit", None)
            except (ServerFailed, AskingStopped):
                pass
        self._connection.close()

    # -- what it says by itself ------------------------------------------------------------------

    def _hear(self, method: str, params: Any) -> None:
        if not isinstance(params, dict):
            return
        with self._news:
            if method == "textDocument/publishDiagnostics":
                uri, found = str(params.get("uri")), diagnostics_in(params.get("diagnostics"))
                version = params.get("version")
                count = self._published.get(uri, (None, 0, []))[1] + 1
                self._published[uri] = (version if isinstance(version, int) else None, count, found)
            elif method == "$/progress":
                self._note_progress(params)
            elif method == "experimental/serverStatus":
                self._quiet = bool(params.get("quiescent", True))
            self._news.notify_all()

    def _note_progress(self, params: dict[str, Any]) -> None:
        value = params.get("value")
        kind = value.get("kind") if isinstance(value, dict) else ""
        if kind == "begin":
            self._progress.add(str(params.get("token")))
        elif kind == "end":
            self._progress.discard(str(params.get("token")))

    def _wait(self, ready: Callable[[], bool], seconds: float, stopped: Stopped) -> bool:
        """Wait for news until `ready`; False when that takes longer than `seconds`."""
        until = time.monotonic() + seconds
        with self._news:
            while not ready():
                left = until - time.monotonic()
                if left <= 0 or self.gone:
                    return False
                if stopped():
                    raise AskingStopped
                self._news.wait(min(LOOK_SECONDS, left))
        return True

    # -- questions -------------------------------------------------------------------------------

    def definition(self, place: str, text: str, line: int, index: int, stopped: Stopped) -> list[Spot]:
        """Where what stands there is defined. `line` and `index` count from 0.

        Raises, like all that ask: `ServerFailed`, `AskingStopped`.
        """
        return spots_in(self._root, self._ask("definition", place, text, line, index, stopped))

    def references(self, place: str, text: str, line: int, index: int, stopped: Stopped) -> list[Spot]:
        """Where what stands there is used, its definition too."""
        more = {"context": {"includeDeclaration": True}}
        return spots_in(self._root, self._ask("references", place, text, line, index, stopped, more))

    def hover(self, place: str, text: str, line: int, index: int, stopped: Stopped) -> str:
        """What the server says about what stands there; empty when it knows nothing."""
        result = self._ask("hover", place, text, line, index, stopped)
        return text_in(result.get("contents")) if isinstance(result, dict) else ""

    def _ask(
        self,
        what: str,
        place: str,
        text: str,
        line: int,
        index: int,
        stopped: Stopped,
        more: dict[str, Any] | None = None,
    ) -> Any:
        shown = self._bring_up_to_date(place, text, stopped)
        self._let_it_read(stopped)
        source = text.split("\n")[line]
        position = {"line": line, "character": column_of(source, index, self._encoding)}
        params = {"textDocument": {"uri": uri_of(self._root, place)}, "position": position, **(more or {})}
        if shown.moved:
            self._let_it_look_again(f"textDocument/{what}", params, stopped)
        return self._patiently(f"textDocument/{what}", params, stopped)

    def _let_it_look_again(self, method: str, params: dict[str, Any], stopped: Stopped) -> None:
        """Files changed: the first answer is from before or from the midst of it, so it does not count."""
        self._patiently(method, params, stopped)
        self._wait(lambda: False, self._kind.looks, stopped)
        self._let_it_read(stopped)

    def _patiently(self, method: str, params: dict[str, Any], stopped: Stopped) -> Any:
        """Ask again while the server says that it is still busy, or has found nothing and still reads."""
        until = time.monotonic() + limits().tools.language_server_seconds
        for _ in range(_TRIES):
            left = max(1.0, until - time.monotonic())
            try:
                result = self._connection.request(method, params, seconds=left, stopped=stopped)
            except ServerRefused as refused:
                if refused.code not in _BUSY:
                    raise
                result = None
            if result or not self._progress:
                return result
            self._wait(lambda: not self._progress, left, stopped)
        return None

    def _let_it_read(self, stopped: Stopped) -> None:
        """Wait until it has read the project, as far as it says; then ask anyway."""
        seconds = limits().tools.language_server_start_seconds
        self._wait(lambda: self._quiet and not self._progress, seconds, stopped)

    def _bring_up_to_date(self, place: str, text: str, stopped: Stopped, *, again: bool = False) -> Shown:
        """One question at a time does that; see `Documents.show`."""
        while not self._turn.acquire(timeout=LOOK_SECONDS):
            if stopped():
                raise AskingStopped
        try:
            return self._documents.show(place, text, again=again)
        finally:
            self._turn.release()

    def diagnose(self, place: str, text: str, stopped: Stopped) -> list[Diagnostic]:
        """What is wrong with a file.

        Raises: ServerFailed: it did not say in time; AskingStopped.
        """
        uri = uri_of(self._root, place)
        before = self._published.get(uri, (None, 0, []))[1]
        shown = self._bring_up_to_date(place, text, stopped, again=not self._kind.once)
        if self._can.get("diagnosticProvider"):
            self._let_it_read(stopped)
            result = self._patiently("textDocument/diagnostic", {"textDocument": {"uri": uri}}, stopped)
            return diagnostics_in(result.get("items") if isinstance(result, dict) else [])
        seconds = limits().tools.language_server_seconds

        def published() -> bool:
            told, count, _ = self._published.get(uri, (None, 0, []))
            return count > before if told is None else told >= shown.version

        if not self._wait(published, seconds, stopped):
            raise ServerFailed(self.gone or f"said nothing about the file within {seconds:g} seconds")
        self._wait(lambda: bool(self._published[uri][2]), self._kind.settles, stopped)
        return self._published[uri][2]
