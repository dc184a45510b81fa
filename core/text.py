"""Text that is not ours, made safe for a terminal, and cut to size.

Models, tools, files, file names and errors are kept exactly in the records; every exit to a
terminal passes through `sanitise`. Textual widgets hand raw escape sequences to the terminal,
so this one function stands between a tool's output and somebody's clipboard.
"""

import re
import sys
from functools import cache

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"
_INVISIBLE = "\u200b\u2060-\u2065\u2028\u2029\ufeff\ufff9-\ufffb\u00ad\u180e"
_DANGEROUS = rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}{_INVISIBLE}\ud800-\udfff\U000e0000-\U000e007f]"
"""C0 without tab and newline, DEL, C1, bidirectional and zero-width controls, lone surrogates, tags.

Joiners (U+200C, U+200D) and variation selectors stay: emoji and several scripts need them.
"""


@cache
def _dangerous() -> re.Pattern[str]:
    return re.compile(_DANGEROUS)


def _mark(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"⟨U+{code:04X}⟩"


def sanitise(text: str) -> str:
    """Replace every character that a terminal would obey by a visible mark; CRLF becomes LF."""
    if text.isprintable():  # nothing of it is: the first frame does without the expression, which is large
        return text
    return _dangerous().sub(_mark, text.replace("\r\n", "\n"))


def sanitise_line(text: str) -> str:
    """Like `sanitise`, for one line: newlines become visible too, and tabs one space."""
    return sanitise(text).replace("\n", "⏎").replace("\t", " ")


def sanitise_name(text: str) -> str:
    """Like `sanitise_line`, for what thousands of records repeat: it is kept in memory once."""
    return sys.intern(sanitise_line(text))


def escape_json(text: str) -> str:
    r"""Write the same characters as `\u` escapes in JSON text that is otherwise finished."""
    if text.isascii() and text.replace("\n", "").isprintable():  # ten times as fast, and mostly so
        return text
    return _dangerous().sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"


def clip(text: str, limit: int) -> str:
    """Keep head and tail of a long text, `limit` characters at most, and say how much is left out."""
    if len(text) <= limit:
        return text
    room = limit - len(_left_out(len(text)))
    if room <= 0:
        return text[: max(0, limit)]
    tail = room // 3
    head = room - tail
    return text[:head] + _left_out(len(text) - room) + text[len(text) - tail :]


def _left_out(characters: int) -> str:
    return f"\n… {characters:,} characters left out …\n"


def first_line(text: str, limit: int = 80) -> str:
    """The first line that says something, on one line, for titles and lists."""
    line = next((part.strip() for part in text.splitlines() if part.strip()), "")
    return line if len(line) <= limit else line[: max(0, limit - 1)] + "…"
