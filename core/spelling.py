"""File names in JSON and in diffs: every byte survives, whatever its encoding."""

import os
import re

_SPELLED = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
_MEANT = {letter.encode(): bytes([byte]) for byte, letter in _SPELLED.items()}
_QUOTED = re.compile(r'"(?:[ !#-\[\]-~]|\\[abtnvfr"\\]|\\[0-3][0-7]{2})*"')
_ESCAPED = re.compile(rb'\\([abtnvfr"\\]|[0-3][0-7]{2})')


def escape(path: str) -> str:
    """A path as JSON can hold it, byte for byte: surrogates are not allowed there."""
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


def unescape(path: str) -> str:
    """The opposite of `escape`."""
    return path if path.isascii() else os.fsdecode(path.encode("latin-1"))


def recorded(path: str) -> str:
    r"""A path as events and commands name it: as it is, or as diffs spell it (`"caf\\351"`) when its bytes are
    no UTF-8. So is one that only looks like that, so that `real` knows them apart.
    """
    return _quote(path) if _is_not_text(path) or _QUOTED.fullmatch(path) else path


def real(path: str) -> str:
    """The opposite of `recorded`; other spellings are taken as they are."""
    if not _QUOTED.fullmatch(path):
        return path
    data = _ESCAPED.sub(_byte, os.fsencode(path[1:-1]))
    return os.fsdecode(data)


def _is_not_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return True
    return False


def _byte(match: re.Match[bytes]) -> bytes:
    found = match[1]
    return bytes([int(found, 8)]) if found.isdigit() else _MEANT[found]


def quoted(name: str) -> str:
    """A file name as diffs spell it: in quotes and escaped when it holds anything that needs it."""
    if all(c.isprintable() and c not in '"\\' for c in name):
        return name
    return _quote(name)


def _quote(name: str) -> str:
    return '"' + "".join(_spell(byte) for byte in os.fsencode(name)) + '"'


def _spell(byte: int) -> str:
    if byte in _SPELLED:
        return "\\" + _SPELLED[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
