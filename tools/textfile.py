"""A file's bytes as text and back without loss, so that what is not edited stays byte for byte."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.workbench import ToolError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOK_BYTES = 8_192
_ERRORS = {"utf-8": "surrogateescape", "cp1252": "strict", "latin-1": "strict"}


@dataclass(frozen=True)
class TextFormat:
    """How a file spells its text."""

    encoding: str = "utf-8"
    bom: bytes = b""
    crlf: bool = False
    """Most lines end with CRLF."""
    mixed: bool = False
    """Both kinds of line ends occur."""

    def decode(self, data: bytes) -> str:
        """All of the text without BOM; bytes that are no text stand as surrogates. `ToolError` if impossible."""
        try:
            return data[len(self.bom) :].decode(self.encoding, _ERRORS.get(self.encoding, "surrogatepass"))
        except UnicodeDecodeError as error:
            raise ToolError(f"The file is damaged: it is no {self.encoding} text ({error.reason}).") from None

    def encode(self, text: str) -> bytes:
        """What `decode` gave, as bytes with the BOM. `ToolError` if the encoding lacks a character."""
        try:
            return self.bom + text.encode(self.encoding, _ERRORS.get(self.encoding, "surrogatepass"))
        except UnicodeEncodeError as error:
            character = f"U+{ord(text[error.start]):04X}"
            raise ToolError(f"The character {character} cannot be written in {self.encoding}.") from None


def is_binary(data: bytes) -> bool:
    """Whether this is no text: NUL bytes without a mark of UTF-16 or UTF-32."""
    return b"\0" in data[:_LOOK_BYTES] and not any(data.startswith(bom) for bom, _ in _MARKS)


def format_of(data: bytes) -> TextFormat:
    """Encoding, BOM and line ends, from the bytes alone."""
    bom, encoding = next(((bom, name) for bom, name in _MARKS if data.startswith(bom)), (b"", ""))
    encoding = encoding or _guess(data)
    lines, pairs = data.count("\n".encode(encoding)), data.count("\r\n".encode(encoding))
    return TextFormat(encoding, bom, crlf=pairs * 2 > lines, mixed=0 < pairs < lines)


def _guess(data: bytes) -> str:
    """UTF-8 unless more of the non-ASCII bytes are wrong than right; then a one-byte encoding."""
    if data.isascii():
        return "utf-8"
    text = data.decode("utf-8", "surrogateescape")
    wrong = len(re.findall("[\udc80-\udcff]", text))
    right = len(re.findall("[^\x00-\x7f\udc80-\udcff]", text))
    if not wrong or right >= wrong:
        return "utf-8"
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def lines_of(text: str) -> list[str]:
    """The lines without their ends. A last line end makes no empty line."""
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def with_line_ends(text: str, *, crlf: bool) -> str:
    """The text with all its line ends of one kind."""
    plain = text.replace("\r\n", "\n")
    return plain.replace("\n", "\r\n") if crlf else plain


def find_all(text: str, old: str) -> list[tuple[int, int]]:
    """Where `old` is, as (start, end), whatever the line ends; never overlapping."""
    if "\r" not in text:
        return list(_spans(text, with_line_ends(old, crlf=False)))
    wanted = re.escape(with_line_ends(old, crlf=False)).replace("\\\n", "\r?\n")
    return [match.span() for match in re.finditer(wanted, text)]


def _spans(text: str, old: str) -> Iterator[tuple[int, int]]:
    at = text.find(old)
    while at >= 0:
        yield at, at + len(old)
        at = text.find(old, at + max(1, len(old)))


def readable(text: str) -> str:
    """Surrogates, which stand for bytes that are no text, as replacement marks."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def require_text(text: str, name: str) -> None:
    """Raise `ToolError` when the text holds half a surrogate pair, which no file can."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ToolError(f"{name} holds half a surrogate pair, which cannot be written to a file.") from None
