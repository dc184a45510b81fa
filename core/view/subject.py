"""What a tool call is about, in one short line."""

import msgspec

from core.text import first_line, sanitise_line

_TELLING = ("path", "command", "pattern", "query", "target", "url", "name")


def tool_subject(arguments: str, limit: int = 120) -> str:
    """Pick the telling argument out of a call's JSON text; safe to draw, empty when there is none.

    Clipped arguments are no JSON any more: then their beginning stands for them.
    """
    try:
        values = msgspec.json.decode(arguments or "{}", type=dict[str, object])
    except msgspec.DecodeError:
        return first_line(sanitise_line(arguments), limit)
    for name in _TELLING:
        if isinstance(value := values.get(name), str) and value:
            return first_line(sanitise_line(value), limit)
    text = next((value for value in values.values() if isinstance(value, str)), "")
    return first_line(sanitise_line(text), limit)
