"""What a command prints: head and tail in bounded memory, and a live tap for those who watch."""

import asyncio
import codecs
import contextlib
import threading
from collections import deque
from collections.abc import Callable

TAP_CHARACTERS = 65_536
"""What may wait for a slow watcher; more is left out of the live view (never of the result)."""


class Ring:
    """Keeps the first and the last half of `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._total = 0

    def add(self, data: bytes) -> None:
        self._total += len(data)
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if not data:
            return
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(self._tail[0]) >= self._half:
            self._tail_bytes -= len(self._tail.popleft())

    @property
    def omitted(self) -> int:
        """Bytes that were printed and not kept."""
        return self._total - len(self._head) - min(self._tail_bytes, self._half)

    def text(self) -> str:
        """What was kept, as UTF-8 with replacement marks; says how much is missing."""
        tail = b"".join(self._tail)[-self._half :]
        if not self.omitted:
            return (bytes(self._head) + tail).decode("utf-8", "replace")
        note = f"\n… {self.omitted:,} bytes left out …\n"
        return self._head.decode("utf-8", "replace") + note + tail.decode("utf-8", "replace")


class Tap:
    """Hands output to a callback on the loop's thread, joined, never more than one call waiting."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_output: Callable[[str], None]) -> None:
        self._loop = loop
        self._on_output = on_output
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lock = threading.Lock()
        self._waiting = ""
        self._scheduled = False

    @classmethod
    def here(cls, on_output: Callable[[str], None] | None) -> Callable[[bytes], None] | None:
        """What to call with output so that `on_output` gets it on the loop that runs now."""
        return cls(asyncio.get_running_loop(), on_output).add if on_output else None

    def add(self, data: bytes) -> None:
        """Called from the thread that reads the command's output."""
        text = self._decoder.decode(data)
        with self._lock:
            self._waiting = (self._waiting + text)[-TAP_CHARACTERS:]
            if self._scheduled or not self._waiting:
                return
            self._scheduled = True
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody watches any more
            self._loop.call_soon_threadsafe(self._flush)

    def _flush(self) -> None:
        with self._lock:
            text, self._waiting, self._scheduled = self._waiting, "", False
        self._on_output(text)
