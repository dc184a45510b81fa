"""What a tool call or a command prints while it runs, on its way to the record from whichever thread reads it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec

from core.events import ShellOutput, ToolOutput
from core.limits import limits
from core.log.errors import LogError
from core.run import Interrupted

Tell = Callable[[str], None]
Piece = ToolOutput | ShellOutput
"""What is put on record of it; its text is what has come since the last one."""


class LiveOutput:
    """Puts the pieces on record in their order, up to `limits().record.live_output_characters`."""

    def __init__(self, emit: Callable[[Piece], Awaitable[None]], piece: Piece) -> None:
        self._emit_piece = emit
        self._piece = piece
        self._loop = asyncio.get_running_loop()
        self._left = limits().record.live_output_characters
        self._told: set[asyncio.Task[None]] = set()
        self._error: LogError | None = None

    def tell(self, text: str) -> None:
        """Called in any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: there is no record any more
            self._loop.call_soon_threadsafe(self._take, text)

    async def settle(self) -> None:
        """Return when everything that was told is given to the record.

        Raises:
            LogError: it could not be written.
        """
        await asyncio.sleep(0)
        await asyncio.gather(*self._told)
        if self._error is not None:
            raise self._error

    def _take(self, text: str) -> None:
        text, self._left = text[: self._left], max(0, self._left - len(text))
        if text:
            task = self._loop.create_task(self._emit(text))
            self._told.add(task)
            task.add_done_callback(self._told.discard)

    async def _emit(self, text: str) -> None:
        with contextlib.suppress(Interrupted):
            try:
                await self._emit_piece(msgspec.structs.replace(self._piece, text=text))
            except LogError as error:
                self._error = error
