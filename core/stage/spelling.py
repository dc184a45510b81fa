"""File names in JSON and in diffs: every byte survives, whatever its encoding."""

import os

_SPELLED = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def escape(path: str) -> str:
    """A path as JSON can hold it, byte for byte: surrogates are not allowed there."""
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


def unescape(path: str) -> str:
    """The opposite of `escape`."""
    return path if path.isascii() else os.fsdecode(path.encode("latin-1"))


def quoted(name: str) -> str:
    """A file name as diffs spell it: in quotes and escaped when it holds anything that needs it."""
    if all(c.isprintable() and c not in '"\\' for c in name):
        return name
    return '"' + "".join(_spell(byte) for byte in os.fsencode(name)) + '"'


def _spell(byte: int) -> str:
    if byte in _SPELLED:
        return "\\" + _SPELLED[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
