"""The terminal: Textual's own driver, and what it does not know about terminals that are old, odd or pasted into."""

from __future__ import annotations

import codecs
import locale
import os
import selectors
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias, cast

from textual import events
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from tui.ascii import fold, speaks_utf8
from tui.leaving import leave_on_signals

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

    from tui.app import HeddleApp

_BEGIN, _END = "\x1b[200~", "\x1b[201~"
_HELD = len(_END) - 1
_BYTES = 65_536
_WAIT_SECONDS = 0.1
_HUNG_UP = 128 + signal.SIGHUP
_ERRORS = "heddle-locale"

Piece: TypeAlias = tuple[Literal["keys", "paste"], str]


class Pastes:
    """Takes what is pasted out of the stream of keys: Textual would look at each of its characters by itself.

    The marks around a paste stay among the keys.
    """

    def __init__(self) -> None:
        self._seen = ""
        """The last keys, in which a mark may have begun."""
        self._held = ""
        """The last characters of a paste, in which its end may have begun."""
        self._pasted: list[str] | None = None

    def split(self, text: str) -> Iterator[Piece]:
        """Give what is new, in order; a paste as a whole, once its end is there."""
        while text:
            if self._pasted is None:
                keys, text = self._until_begin(text)
                yield "keys", keys
                continue
            both, text = self._held + text, ""
            body, end, rest = both.partition(_END)
            if end:
                yield "paste", "".join([*self._pasted, body])
                self._pasted, self._held, text = None, "", rest
                yield "keys", end
            else:
                self._pasted.append(both[:-_HELD])
                self._held = both[-_HELD:]

    def _until_begin(self, text: str) -> tuple[str, str]:
        """The keys up to the begin of a paste and with its mark, and what follows."""
        both = self._seen + text
        at = both.find(_BEGIN)
        if at < 0:
            self._seen = both[-_HELD:]
            return text, ""
        length = at + len(_BEGIN) - len(self._seen)
        self._seen, self._pasted = "", []
        return text[:length], text[length:]


def _in_the_locale(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8, as an old terminal sends them, are read in the locale's encoding."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode(locale.getencoding(), "replace"), error.end


codecs.register_error(_ERRORS, _in_the_locale)


class Lasting:
    """A terminal's file that outlives the terminal: what cannot be written any more is dropped.

    Textual's writer would end with the first error, and whoever waits for it would wait for ever.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> int:
        if not self._gone:
            self._try(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        if not self._gone:
            self._try(self._file.flush)

    def isatty(self) -> bool:
        return self._file.isatty()

    def fileno(self) -> int:
        return self._file.fileno()

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (OSError, ValueError):  # hung up, or closed
            self._gone = True


class Terminal(LinuxDriver):
    """Writes ASCII where the locale is not UTF-8, survives bytes that are none, and takes a paste as a whole."""

    def __init__(self, app: App[Any], **more: Any) -> None:
        super().__init__(app, **more)
        self._file = cast(IO[str], Lasting(self._file))
        encoding = getattr(sys.__stderr__, "encoding", "") or ""
        self._folds = not speaks_utf8(os.environ, encoding)

    def start_application_mode(self) -> None:
        """Take the terminal; a signal gives it back from its first change on, while the screen is still being made."""
        leave_on_signals(cast("HeddleApp", self._app).leave)
        super().start_application_mode()

    def write(self, data: str) -> None:
        super().write(fold(data) if self._folds else data)

    def run_input_thread(self) -> None:
        """Read keys until the terminal is given back."""
        parser, pastes = XTermParser(self._debug), Pastes()
        decode = codecs.getincrementaldecoder("utf-8")(_ERRORS).decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_WAIT_SECONDS):
                    data = self._read()
                    if not data:  # the terminal is gone, and would be ready to read for ever
                        self._app.call_later(self._app.exit, return_code=_HUNG_UP)
                        break
                    for kind, text in pastes.split(decode(data)):
                        self._take(parser, kind, text)
                for message in parser.tick():
                    self._pass_on(message)
        with suppress(EOFError, ParseError):
            for _ in parser.feed(""):
                pass

    def _read(self) -> bytes:
        """What was typed; nothing when the terminal is gone."""
        try:
            return os.read(self.fileno, _BYTES)
        except OSError:
            return b""

    def _take(self, parser: XTermParser, kind: Literal["keys", "paste"], text: str) -> None:
        if kind == "paste":
            self.process_message(events.Paste(text.replace("\0", "")))
        elif text:
            for message in parser.feed(text):
                self._pass_on(message)

    def _pass_on(self, message: Message) -> None:
        """The marks alone are an empty paste to Textual's parser, and Alt with a letter would be typed as well."""
        if isinstance(message, events.Key) and message.key.startswith("alt+"):
            message.character = None
        if not (isinstance(message, events.Paste) and not message.text):
            self.process_message(message)
