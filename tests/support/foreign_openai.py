"""An OpenAI-compatible endpoint that is not ours: chat completions over HTTP and server-sent events.

It chooses its answers as the foreign Bedrock does, and is strict where such endpoints are known to be strict.
"""

import json
import select
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.foreign_bedrock import Asked, BedrockWire, Break, ForeignBedrock, Refuse, Reply


@dataclass
class AskedChat(Asked):
    """One chat request, read with the words of a Converse one."""

    @property
    def system(self) -> str:
        return "\n".join(each["content"] for each in self.messages if each["role"] == "system")

    @property
    def text(self) -> str:
        said = (each.get("content") for each in self.messages if each["role"] in ("user", "tool"))
        return "\n".join(each if isinstance(each, str) else json.dumps(each) for each in said)

    @property
    def tools(self) -> dict[str, dict[str, Any]]:
        functions = (tool["function"] for tool in self.body.get("tools", ()))
        return {function["name"]: function["parameters"] for function in functions}

    @property
    def choice(self) -> Any:
        return self.body.get("tool_choice")

    @property
    def metadata(self) -> dict[str, str]:
        return {}

    @property
    def most(self) -> int:
        return int(self.body.get("max_tokens") or self.body.get("max_completion_tokens") or 0)


class ForeignOpenAI(ForeignBedrock):
    """The endpoint. `base_url` is what a user would configure; `key` the one that it wants, if any."""

    key: str | None = None
    offers: tuple[str, ...] | None = ("qwen3:8b", "gpt-oss:20b")
    """What it lists as its models; None: it keeps no list, as some endpoints do not."""
    only_stop = False
    """Ends answers with tool calls as if they had none, and numbers all calls 0, as some endpoints do."""

    @property
    def wire(self) -> type[BaseHTTPRequestHandler]:
        return ChatWire

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def objection(self, asked: Asked) -> str | None:
        body = asked.body
        if not asked.most:
            return "max_tokens is missing (this endpoint insists)"
        if not body.get("stream") or not body.get("stream_options", {}).get("include_usage"):
            return "the answer is not streamed with its usage"
        if "tools" in body and not body["tools"]:
            return "[] is too short - 'tools'"
        if "cachePoint" in json.dumps(body) or "reasoningContent" in json.dumps(body):
            return "unknown content"
        return _conversation(body["messages"])


def _conversation(messages: list[dict[str, Any]]) -> str | None:
    """Every tool call is answered at once, by a message that names it."""
    open_calls: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            return f"tool_call_ids did not have response messages: {open_calls}"
        for call in message.get("tool_calls", ()):
            open_calls.append(call["id"])
            if not isinstance(json.loads(call["function"]["arguments"]), dict):
                return "arguments must be a JSON object"
        if not message.get("tool_calls") and not message.get("content"):
            return "content is empty"
    return "tool calls without answers" if open_calls else None


class ChatWire(BedrockWire):
    """POST /v1/chat/completions."""

    foreign: ForeignOpenAI

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(raw)
        headers = dict(self.headers.items())
        asked = AskedChat(body["model"], self.path, body, headers, len(raw), self.client_address)
        wanted = self.foreign.key
        try:
            if wanted and headers.get("Authorization") != f"Bearer {wanted}":
                self._refuse(Refuse(401, "invalid_api_key", f"Incorrect API key: {headers['Authorization']}"))
                return
            self._give(asked, self.foreign.choose(asked))
        except OSError:
            asked.left.set()
            self.close_connection = True

    def do_GET(self) -> None:
        """GET /v1/models."""
        wanted = self.foreign.key
        if wanted and self.headers.get("Authorization") != f"Bearer {wanted}":
            self._refuse(Refuse(401, "invalid_api_key", "Incorrect API key"))
            return
        if self.foreign.offers is None:
            self._refuse(Refuse(404, "not_found", "no such page"))
            return
        rows = [
            {"id": name, "object": "model", "created": 0, "owned_by": "x"} for name in self.foreign.offers
        ]
        body = json.dumps({"object": "list", "data": rows}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, refuse: Refuse) -> None:
        error = {"message": refuse.message, "type": refuse.code, "code": refuse.code, "param": None}
        body = json.dumps({"error": error}).encode()
        self.send_response(refuse.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # -- streams -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _event(self, payload: Any) -> bytes:
        return f"data: {payload if isinstance(payload, str) else json.dumps(payload)}\n\n".encode()

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._chunk(self._event({"id": "c1", "object": "chat.completion.chunk", "choices": [choice]}))

    def _stream(self, asked: Asked, reply: Reply) -> None:
        self._begin()
        self._delta({"role": "assistant", "content": ""})
        if reply.thinks:
            self._delta({"reasoning_content": "Hm."})
        said = "refusal" if reply.stop == "refusal" else "content"
        for piece in _pieces(reply):
            self._delta({said: piece})
        for number, (name, arguments) in enumerate(reply.calls):
            self._tool(number, name, arguments)
        self._wait(asked, reply.hold)
        self._delta({}, self._finish(reply))
        usage = self.foreign.charge(asked, reply)
        if reply.metadata and usage:
            self._chunk(self._event({"choices": [], "usage": _usage(usage)}))
        self._chunk(self._event("[DONE]"))
        self._end()

    def _tool(self, number: int, name: str, arguments: Any) -> None:
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        index = 0 if self.foreign.only_stop else number
        begin = {"index": index, "id": f"use{self.foreign.number()}", "type": "function"}
        self._delta({"tool_calls": [{**begin, "function": {"name": name, "arguments": ""}}]})
        size = max(7, len(text) // 8)
        for start in range(0, len(text), size):
            piece = {"index": index, "function": {"arguments": text[start : start + size]}}
            self._delta({"tool_calls": [piece]})

    def _finish(self, reply: Reply) -> str:
        if self.foreign.only_stop:
            return "stop"
        names = {"tool_use": "tool_calls", "max_tokens": "length", "content_filtered": "content_filter"}
        return names.get(reply.stop_reason(), "stop")

    def _break(self, asked: Asked, how: Break) -> None:
        self.close_connection = True
        if how.how == "silent":
            self._wait_long(asked)
            return
        self._begin()
        for number in range(how.words):
            self._delta({"content": f"lost{number} "})
        whole = self._event({"choices": [{"index": 0, "delta": {"content": "never"}}]})
        match how.how:
            case "eof" | "empty":
                self._end()
            case "half_frame":
                self._chunk(whole[: len(whole) // 2])
                self._end()
            case "cut":
                self.wfile.write(f"{len(whole):x}\r\n".encode() + whole[:20])
            case "reset":
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case "bad_crc":
                self._chunk(b"data: {no json\n\n")
                self._end()
            case "stall":
                self._wait_long(asked)
            case code:
                self._chunk(self._event({"error": {"message": how.message, "code": code, "type": code}}))
                self._end()

    def _wait_long(self, asked: Asked) -> None:
        while not self.foreign.closing.is_set():
            if select.select([self.connection], [], [], 0.01)[0]:
                raise ConnectionResetError


def _pieces(reply: Reply) -> Iterator[str]:
    half = max(1, len(reply.text) // 2)
    parts = [reply.text[:half], reply.text[half:]] if reply.repeat == 1 else [reply.text] * reply.repeat
    return (part for part in parts if part)


def _usage(usage: dict[str, int]) -> dict[str, Any]:
    """The same figures as this wire counts them: what came from the cache is part of the prompt."""
    read = usage.get("cacheReadInputTokens", 0)
    prompt = usage["inputTokens"] + read
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage["outputTokens"],
        "total_tokens": prompt + usage["outputTokens"],
        "prompt_tokens_details": {"cached_tokens": read},
    }
