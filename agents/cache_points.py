"""The cache points of a Converse request, as each family of models takes them."""

from collections.abc import Iterable
from typing import Any

import msgspec

from core.limits import limits

_POINT = {"cachePoint": {"type": "default"}}
_HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}


class Kept(msgspec.Struct, frozen=True):
    """What of a prompt is kept for an hour; all the rest is for five minutes."""

    front: bool = False
    """Tools and system prompt: what every request begins with."""
    conversation: bool = False
    """Never without the front: what is kept longer must stand before what is kept shorter."""

    @property
    def minutes(self) -> int:
        """How long the whole prompt is found again."""
        return 60 if self.conversation else 5


BRIEFLY = Kept()


def for_nova(request: dict[str, Any]) -> dict[str, Any]:
    """One point, at the end of the system prompt: nowhere else are any taken."""
    system = list(request.get("system") or ())
    if not system or any("cachePoint" in block for block in system):
        return request
    return {**request, "system": [*system, _POINT]}


def for_claude(request: dict[str, Any], kept: Kept) -> dict[str, Any]:
    """Points after tools, system prompt and conversation, each for its time; none for a node without tools.

    Such a node makes one call, and a cache that nobody reads costs a quarter more.
    """
    if not request.get("toolConfig"):
        return _unmarked(request)
    config = request["toolConfig"]
    return {
        **request,
        "toolConfig": {**config, "tools": _timed(config["tools"], hour=kept.front)},
        "system": _timed(request.get("system") or (), hour=kept.front),
        "messages": _conversation(request["messages"], hour=kept.conversation),
    }


def _unmarked(request: dict[str, Any]) -> dict[str, Any]:
    messages = [
        {**message, "content": _without_points(message["content"])}
        for message in request.get("messages") or ()
    ]
    system = _without_points(request.get("system") or ())
    return {**request, "messages": messages, **({"system": system} if system else {})}


def _without_points(blocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for block in blocks if "cachePoint" not in block]


def _timed(blocks: Iterable[dict[str, Any]], *, hour: bool) -> list[dict[str, Any]]:
    """The same blocks, whose points are all for an hour or all for five minutes."""
    return [(_HOUR if hour else _POINT) if "cachePoint" in block else block for block in blocks]


def _conversation(messages: list[dict[str, Any]], *, hour: bool) -> list[dict[str, Any]]:
    """Every point for its time. A service looks back over so many blocks for what it knows: where the last turn had
    more, as with many tool calls at once, the place that the call before had marked is marked once more."""
    timed = [{**message, "content": _timed(message["content"], hour=hour)} for message in messages]
    marked = [place for place, message in enumerate(timed) if _is_marked(message)]
    since = sum(len(message["content"]) for message in timed[-2:])
    if marked == [len(timed) - 1] and len(timed) > 2 and since > limits().cache.look_back_blocks:
        timed[-3]["content"].append(_HOUR if hour else _POINT)
    return timed


def _is_marked(message: dict[str, Any]) -> bool:
    return any("cachePoint" in block for block in message["content"])
