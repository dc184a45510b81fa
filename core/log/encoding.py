"""An event or a command as JSON text that every decoder takes: UTF-8, without lone surrogates."""

import re
from typing import Any, cast

import msgspec

from core.commands import Command
from core.events import Event

_SURROGATE = re.compile("[\ud800-\udfff]")
_encoder = msgspec.json.Encoder()


def encode_clean(message: Event | Command) -> tuple[bytes, bool]:
    """The JSON, and whether lone surrogates (half a character, as file names can hold) became U+FFFD."""
    try:
        return _encoder.encode(message), False
    except UnicodeEncodeError:
        return _encoder.encode(_scrub(msgspec.to_builtins(message))), True


def _scrub(value: Any) -> Any:
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case list():
            return [_scrub(item) for item in cast("list[Any]", value)]
        case tuple():
            return [_scrub(item) for item in cast("tuple[Any, ...]", value)]
        case dict():
            pairs = cast("dict[Any, Any]", value).items()
            return {_scrub(key): _scrub(item) for key, item in pairs}
        case _:
            return value
