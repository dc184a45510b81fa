"""Notices that something in a project's folders moved. What it was, a look at the project says (`core.stage.looking`)."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from watchfiles import watch

from core.limits import limits

_log = logging.getLogger(__name__)
_STEP_MS = 200
"""The library looks into its own mailbox so often."""
_SILENCE_MS = 1000
"""After the first silence of this length one more look is due, for what moved before the watches were there."""
TOO_MANY = "holds too many folders to be watched"
NO_MORE = "cannot be watched: the kernel gives no more watches (fs.inotify.max_user_watches)"


class Eyes:
    """Watches folders, each by itself and not what is below it, so that ignored trees cost nothing.

    `moved` is called on the event loop. Where the kernel does not watch, `blind` says why, and whoever
    looks has to look from time to time.
    """

    def __init__(self, project: Path, moved: Callable[[], None]) -> None:
        self._project = project
        self._moved = moved
        self._folders: frozenset[str] | None = None
        self._stop = threading.Event()
        self.blind = ""
        """Why nothing is watched, as the end of a sentence about the project; empty while it is."""

    def open(self, folders: Sequence[str]) -> None:
        """Watch these folders of the project, and its top, unless they are watched already."""
        wanted = frozenset(folders)
        if wanted == self._folders:
            return
        self.close()
        self._folders, self._stop = wanted, threading.Event()
        if len(wanted) > limits().watch.folders:
            self.blind = TOO_MANY
            return
        self.blind = ""
        places = [os.fspath(self._project / folder) for folder in ("", *sorted(wanted))]
        work = self._watch, asyncio.get_running_loop(), self._stop, places
        threading.Thread(target=work[0], args=work[1:], name="heddle-watch", daemon=True).start()

    def close(self) -> None:
        """Stop watching. The thread ends by itself soon after."""
        self._stop.set()
        self._folders = None

    def _watch(self, loop: asyncio.AbstractEventLoop, stop: threading.Event, places: list[str]) -> None:
        silent = False
        try:
            for found in watch(
                *places,
                stop_event=stop,
                step=_STEP_MS,
                rust_timeout=_SILENCE_MS,
                yield_on_timeout=True,
                recursive=False,
                watch_filter=None,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                if found or not silent:
                    self._call(loop, stop, "")
                silent = silent or not found
        except FileNotFoundError:
            self._call(loop, stop, "", lost=True)
        except (OSError, RuntimeError) as error:
            _log.warning("the project cannot be watched: %s", error)
            self._call(loop, stop, NO_MORE)

    def _call(
        self, loop: asyncio.AbstractEventLoop, stop: threading.Event, blind: str, *, lost: bool = False
    ) -> None:
        """Back to the event loop, which may be gone by now."""

        def there() -> None:
            if stop.is_set():
                return
            self.blind = blind
            if lost:  # a folder went between the walk and the watch: the next look names them anew
                self._folders = None
            self._moved()

        try:
            loop.call_soon_threadsafe(there)
        except RuntimeError:
            stop.set()
