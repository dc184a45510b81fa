"""What a Converse call asks for: who asks, how far the work is, and what shape the answer must have."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from agents.rehearsal.script import Script

Json = Mapping[str, Any]


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    body: Json
    session: str
    run: str
    node: str
    role: str
    round: int
    index: int
    """Assistant messages since the last user message that has text and no tool result."""

    @property
    def messages(self) -> Sequence[Json]:
        return self.body["messages"]

    @property
    def tools(self) -> list[Json]:
        entries = (self.body.get("toolConfig") or {}).get("tools") or []
        return [entry["toolSpec"] for entry in entries if "toolSpec" in entry]

    @property
    def forced_tool(self) -> Json | None:
        """The tool that must be called: the named one, or with `any` the only or last one."""
        choice = (self.body.get("toolConfig") or {}).get("toolChoice") or {}
        if "tool" in choice:
            return next((tool for tool in self.tools if tool["name"] == choice["tool"].get("name")), None)
        return self.tools[-1] if "any" in choice and self.tools else None

    @property
    def text_format(self) -> Json | None:
        """The JSON schema that the text of the answer must follow."""
        wanted = (self.body.get("outputConfig") or {}).get("textFormat") or {}
        schema = ((wanted.get("structure") or {}).get("jsonSchema") or {}).get("schema")
        return msgspec.json.decode(schema) if schema else None

    @property
    def last_message(self) -> str:
        return "\n".join(_texts(self.messages[-1]["content"]))

    def tool_with(self, properties: set[str]) -> Json | None:
        """The tool whose schema has these properties; the last, since it was added for the answer."""
        fitting = (tool for tool in reversed(self.tools) if properties <= set(properties_of(tool)))
        return next(fitting, None)


def read_cue(model: str, body: Json) -> Cue:
    """Take what a checked Converse body says about itself; a foreign client's says less."""
    metadata = body.get("requestMetadata") or {}
    number = metadata.get("round", "1")
    return Cue(
        model=model,
        body=body,
        session=metadata.get("session", ""),
        run=metadata.get("run", ""),
        node=metadata.get("node", ""),
        role=metadata.get("role", ""),
        round=int(number) if number.isdecimal() else 1,
        index=_index(body["messages"]),
    )


def properties_of(tool: Json) -> Json:
    """The properties of a tool's input schema."""
    return tool.get("inputSchema", {}).get("json", {}).get("properties", {})


def find_script(scripts: Sequence[Script], cue: Cue) -> Script | None:
    """The script whose request is in the call: in the last message that has one, at the last place."""
    for texts in _conversation(cue):
        said = _words("\n".join(texts))
        found = [(_place(said, request), script) for script in scripts for request in _requests(script)]
        place, script = max(found, key=lambda item: item[0], default=((-1, 0), None))
        if place[0] >= 0:
            return script
    return None


def _place(said: str, request: str) -> tuple[int, int]:
    """Where the request ends at last, and how long it is: of two with one end, the longer one was meant."""
    words = _words(request)
    at = said.rfind(words)
    return (at + len(words), len(words)) if at >= 0 else (-1, 0)


def _requests(script: Script) -> tuple[str, ...]:
    return (script.request, *script.aliases)


def _conversation(cue: Cue) -> Iterator[list[str]]:
    """What people and models said, last message first, and the system prompt; no tool results."""
    for message in reversed(cue.messages):
        yield [block["text"] for block in message["content"] if "text" in block]
    yield [block["text"] for block in cue.body.get("system") or [] if "text" in block]


def _words(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+", text.casefold())) + " "


def _index(messages: Sequence[Json]) -> int:
    index = 0
    for message in reversed(messages):
        if message["role"] == "assistant":
            index += 1
        elif _starts_work(message["content"]):
            break
    return index


def _starts_work(content: Sequence[Json]) -> bool:
    return any("text" in block for block in content) and not any("toolResult" in block for block in content)


def _texts(content: Sequence[Json]) -> Iterator[str]:
    for block in content:
        if "text" in block:
            yield block["text"]
        elif "json" in block:
            yield msgspec.json.encode(block["json"]).decode()
        elif "toolResult" in block:
            yield from _texts(block["toolResult"]["content"])
