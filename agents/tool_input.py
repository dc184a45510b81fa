"""What a model writes as a tool's arguments, held back until it is whole and known to be a JSON object.

Strands would run a tool with `{}` for broken JSON, let deep nesting end the node, and send a list back in
the history, which Bedrock refuses. So the pieces are joined here, and only an object goes on.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tools.arguments import parse_arguments
from tools.workbench import ToolError

NOT_SENT = " The tool was not called."


class ToolInput:
    """The tool calls of one stream."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}
        """Why the arguments of a call cannot be used, by the call's id."""
        self.characters = 0
        """How much a model has written as arguments so far."""
        self._call = ""
        self._parts: list[str] = []

    def pass_on(self, chunk: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """The chunks of the stream that go on in place of this one."""
        start = (chunk.get("contentBlockStart") or {}).get("start") or {}
        delta = (chunk.get("contentBlockDelta") or {}).get("delta") or {}
        if "toolUse" in start:
            self._call, self._parts = str(start["toolUse"].get("toolUseId") or ""), []
        elif "toolUse" in delta:
            text = str(delta["toolUse"].get("input") or "")
            self._parts.append(text)
            self.characters += len(text)
            return ()
        elif "contentBlockStop" in chunk and self._parts:
            return (*self._whole(chunk["contentBlockStop"]), chunk)
        return (chunk,)

    def _whole(self, block: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        text, self._parts = "".join(self._parts), []
        fault = argument_fault(text)
        if fault is not None:
            self.faults[self._call] = fault
            text = "{}"
        place = {key: block[key] for key in ("contentBlockIndex",) if key in block}
        return ({"contentBlockDelta": {**place, "delta": {"toolUse": {"input": text}}}},)


def argument_fault(text: str) -> str | None:
    """Why a tool call's argument text cannot be used; None when it can."""
    try:
        arguments = parse_arguments(text)
        json.dumps(arguments, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except ToolError as error:
        return f"{error}{NOT_SENT}"
    except UnicodeEncodeError:
        return f"The arguments hold half of a surrogate pair, which is no character.{NOT_SENT}"
    except (ValueError, RecursionError):
        return f"The arguments hold a number that JSON cannot carry, or are nested too deeply.{NOT_SENT}"
    return None
