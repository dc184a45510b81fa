"""A Bedrock Runtime endpoint that is not ours: it knows nothing of Heddle, of its metadata or of its rehearsal.

It answers generically, by what a request looks like, and it is strict where Bedrock is known to be strict.
Standard library only, with framing of its own. Faults are injected by count: `server.next(…)`.
"""

import json
import re
import select
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from tests.support.waiting import SOON

# -- what a request looks like ---------------------------------------------------------------------


@dataclass
class Asked:
    """One request as it came in."""

    model: str
    operation: str
    body: dict[str, Any]
    headers: dict[str, str]
    size: int
    peer: tuple[str, int]
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the client has closed the connection while we still had something to say."""

    @property
    def system(self) -> str:
        return "\n".join(block.get("text", "") for block in self.body.get("system", ()))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body["messages"]

    @property
    def text(self) -> str:
        """All that users and tools said."""
        return "\n".join(_texts(self.messages))

    @property
    def tools(self) -> dict[str, dict[str, Any]]:
        config = self.body.get("toolConfig") or {}
        specs = (tool["toolSpec"] for tool in config.get("tools", ()) if "toolSpec" in tool)
        return {spec["name"]: spec["inputSchema"]["json"] for spec in specs}

    @property
    def choice(self) -> dict[str, Any] | None:
        return (self.body.get("toolConfig") or {}).get("toolChoice")

    @property
    def extra(self) -> dict[str, Any]:
        """What only this model understands."""
        return self.body.get("additionalModelRequestFields") or {}

    @property
    def turn(self) -> int:
        """How often the model has spoken in this conversation."""
        return sum(message["role"] == "assistant" for message in self.messages)

    @property
    def metadata(self) -> dict[str, str]:
        return self.body.get("requestMetadata") or {}

    @property
    def most(self) -> int:
        return int(self.body.get("inferenceConfig", {}).get("maxTokens", 0))

    def tool_with(self, *names: str) -> str | None:
        """The tool whose schema has these properties."""
        for tool, schema in self.tools.items():
            if set(names) <= set(schema.get("properties", {})):
                return tool
        return None


def _texts(messages: list[dict[str, Any]]) -> Iterator[str]:
    for message in messages:
        for block in message["content"]:
            if "text" in block:
                yield block["text"]
            for inner in block.get("toolResult", {}).get("content", ()):
                yield inner.get("text", "")


# -- what it says ----------------------------------------------------------------------------------


@dataclass
class Reply:
    """An answer: text, then tool calls as (name, arguments); arguments may be raw text that is no JSON."""

    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    stop: str | None = None
    usage: dict[str, int] | None = None
    """None: counted from the request; an empty one is left out."""
    metadata: bool = True
    thinks: bool = False
    """Begin with reasoning that is signed by this model."""
    hold: threading.Event | None = None
    """Wait for this before the last word."""
    repeat: int = 1
    """Say the text so often, in as many pieces."""

    def stop_reason(self) -> str:
        return self.stop or ("tool_use" if self.calls else "end_turn")


@dataclass
class Refuse:
    """An HTTP error before anything was done."""

    status: int
    code: str
    message: str = "refused"


@dataclass
class Break:
    """A stream that does not end well, after some words."""

    how: str
    """eof, half_frame, reset, bad_crc, stall, silent, empty, or the name of an exception member."""
    message: str = "broken"
    words: int = 2
    whole: bool = False
    """End the text block before."""


Answer = Reply | Refuse | Break


MADE = "def made() -> int:\n    return 1\n"
"""What a coder writes that is told nothing else: behaviour, and public."""


@dataclass
class _Injected:
    answer: Answer
    when: Callable[[Asked], bool]
    times: int


# -- frames ----------------------------------------------------------------------------------------


def pack(headers: dict[str, str], body: bytes) -> bytes:
    """One message of the AWS event stream encoding."""
    head = bytearray()
    for name, value in headers.items():
        key, text = name.encode("ascii"), value.encode("utf-8")
        head += bytes((len(key),)) + key + b"\x07" + len(text).to_bytes(2, "big") + text
    prelude = struct.pack("!II", 16 + len(head) + len(body), len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + bytes(head) + body
    return message + struct.pack("!I", zlib.crc32(message))


def event(kind: str, payload: dict[str, Any], *, message: str = "event") -> bytes:
    headers = {f":{message}-type": kind, ":content-type": "application/json", ":message-type": message}
    return pack(headers, json.dumps(payload).encode())


# -- what Bedrock refuses --------------------------------------------------------------------------


def objection(asked: Asked) -> str | None:
    """Why Bedrock would refuse this request, as far as that is known."""
    body, model = asked.body, asked.model
    config = body.get("inferenceConfig", {})
    if not config.get("maxTokens"):
        return "maxTokens is missing (this endpoint insists)"
    for check in (_llama, _nova, _claude, _others, _conversation):
        found = check(asked, model)
        if found:
            return found
    return None


def _llama(asked: Asked, model: str) -> str | None:
    if "meta.llama" not in model:
        return None
    if asked.tools and asked.operation == "converse-stream":
        return "This model doesn't support tool use in streaming mode."
    if asked.choice is not None:
        return "This model doesn't support the toolConfig.toolChoice field. Remove toolConfig.toolChoice."
    for message in asked.messages:
        if message["role"] == "user" and len({"text" in block for block in message["content"]}) > 1:
            return "Conversation blocks and tool result blocks cannot be provided in the same turn."
    return None


def _nova(asked: Asked, model: str) -> str | None:
    if "amazon.nova" not in model:
        return None
    for name, schema in asked.tools.items():
        extra = set(schema) - {"type", "properties", "required"}
        if extra or re.search(r'"(anyOf|\$ref|\$defs)"', json.dumps(schema)):
            return f"Malformed input request: the schema of {name} has {sorted(extra)} or alternatives"
        if "-" in name:
            return "Model produced invalid sequence as part of ToolUse"
    blocks = [block for message in asked.messages for block in message["content"]]
    tools = (asked.body.get("toolConfig") or {}).get("tools", ())
    if any("cachePoint" in each for each in (*blocks, *tools)):
        return "Malformed input request: extraneous key [cachePoint] is not permitted"
    return None


def _claude(asked: Asked, model: str) -> str | None:
    if "anthropic.claude" not in model:
        return None
    if model.startswith("anthropic."):
        return f"Invocation of model ID {model} with on-demand throughput isn’t supported."
    choice = asked.choice or {}
    if re.search(r"(opus|sonnet)-5-5", model) and ("any" in choice or "tool" in choice):
        return "Thinking may not be enabled when tool_choice forces tool use."
    if "thinking" in asked.extra and "-5-5" not in model:
        return "adaptive thinking is not supported on this model"
    if "temperature" in asked.body.get("inferenceConfig", {}) and "-5" in model:
        return "`temperature` is deprecated for this model."
    if json.dumps(asked.body).count('"cachePoint"') > 4:
        return "A maximum of 4 cache points are allowed."
    times = [point.get("ttl", "5m") for point in _points(asked)]
    if sorted(times) != times:
        return "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block."
    if "1h" in times and not re.search(r"-(4-[5-9]|5)", model):
        return "Malformed input request: #: extraneous key [ttl] is not permitted"
    return None


def _points(asked: Asked) -> list[dict[str, str]]:
    """Cache points in the order in which they are processed: tools, system, messages."""
    tools = (asked.body.get("toolConfig") or {}).get("tools", ())
    blocks = [block for message in asked.messages for block in message["content"]]
    return [
        part["cachePoint"]
        for part in (*tools, *asked.body.get("system", ()), *blocks)
        if "cachePoint" in part
    ]


def _others(asked: Asked, model: str) -> str | None:
    if "claude" not in model and asked.extra:
        return f"extraneous key [{next(iter(asked.extra))}] is not permitted"
    if ("claude" in model or "nova" in model) or '"cachePoint"' not in json.dumps(asked.body):
        return None
    return "extraneous key [cachePoint] is not permitted"


def _conversation(asked: Asked, model: str) -> str | None:
    roles = [message["role"] for message in asked.messages]
    if roles[0] != "user" or roles[-1] != "user":
        return "A conversation must start and end with a user message."
    if any(a == b for a, b in pairwise(roles)):
        return "roles must alternate between user and assistant"
    open_calls: set[str] = set()
    for message in asked.messages:
        found = _blocks(message, open_calls, model)
        if found:
            return found
    return "tool calls without results" if open_calls else None


def _blocks(message: dict[str, Any], open_calls: set[str], model: str) -> str | None:
    if not message["content"]:
        return "content is empty"
    results = {block["toolResult"]["toolUseId"] for block in message["content"] if "toolResult" in block}
    if message["role"] == "user":
        if results != open_calls:
            return "toolResult blocks do not match the toolUse blocks of the previous turn"
        open_calls.clear()
    for block in message["content"]:
        if "text" in block and not block["text"].strip():
            return "text field is blank"
        if "toolUse" in block:
            if not isinstance(block["toolUse"]["input"], dict):
                return "toolUse.input must be a JSON object"
            open_calls.add(block["toolUse"]["toolUseId"])
        signed = block.get("reasoningContent", {}).get("reasoningText", {}).get("signature")
        if signed is not None and signed != model:
            return "`thinking` blocks are bound to a different conversation or model"
    return None


# -- the server ------------------------------------------------------------------------------------


class ForeignBedrock:
    """The endpoint. Use as a context manager; `url` is where it listens. With `tls` it speaks HTTPS."""

    @property
    def wire(self) -> type[BaseHTTPRequestHandler]:
        """What it speaks."""
        return BedrockWire

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Asked] = []
        self.objections: list[str] = []
        self.routes = {"complexity": "SIMPLE", "pattern": "graph", "confidence": 0.9, "reason": "it is small"}
        self.verdicts: list[dict[str, Any]] = [{"approved": True, "must_fix": []}]
        """Given one after the other; the last one again and again."""
        self.design_verdicts: list[dict[str, Any]] = [{"approved": True, "must_fix": []}]
        """The same for a verdict that has a place for risks."""
        self.plays: list[tuple[str, list[Answer]]] = []
        """Turns for whoever's system prompt holds a phrase; the first that fits is played."""
        self.profiles: dict[str, str] = {}
        """Application inference profiles, and the model that each of them was copied from."""
        self.usage: Callable[[Asked], dict[str, int] | None] = lambda _asked: None
        self._injected: list[_Injected] = []
        self._given = 0
        self._designs = 0
        self._numbers = 0
        self._turn = threading.Lock()
        self._news = threading.Condition()
        self._closing = threading.Event()
        self._http = _Http(("127.0.0.1", 0), type("Handler", (self.wire,), {"foreign": self}))
        self._http.tls = tls
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "ForeignBedrock":
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def play(self, phrase: str, *turns: Answer) -> None:
        """What to say to a system prompt with this phrase, turn by turn of the conversation; then the last."""
        self.plays.insert(0, (phrase, list(turns)))

    def next(self, answer: Answer, *, times: int = 1, when: Callable[[Asked], bool] = lambda _: True) -> None:
        """Give this answer to the next requests that fit, before anything else."""
        self._injected.append(_Injected(answer, when, times))

    def wait_for(self, fits: Callable[[list[Asked]], bool], seconds: float = SOON) -> None:
        """Wait until the requests so far fit."""
        with self._news:
            assert self._news.wait_for(lambda: fits(self.requests), seconds), self.requests

    def of(self, phrase: str) -> list[Asked]:
        """The requests of whoever's system prompt holds a phrase."""
        return [asked for asked in self.requests if phrase in asked.system]

    # -- choosing an answer ------------------------------------------------------------------------

    def choose(self, asked: Asked) -> Answer:
        """What this request gets."""
        with self._turn:
            self.requests.append(asked)
            found = self.objection(asked)
            if found:
                self.objections.append(f"{asked.model}: {found}")
                answer: Answer = Refuse(400, "ValidationException", found)
            else:
                answer = self._take_injected(asked) or self._usual(asked)
        with self._news:
            self._news.notify_all()
        return answer

    def _take_injected(self, asked: Asked) -> Answer | None:
        for injected in self._injected:
            if injected.times and injected.when(asked):
                injected.times -= 1
                return injected.answer
        return None

    def _usual(self, asked: Asked) -> Answer:
        route, verdict = asked.tool_with("complexity"), asked.tool_with("approved")
        for phrase, turns in self.plays:
            if phrase in asked.system:
                return turns[min(asked.turn, len(turns) - 1)]
        if route:
            return Reply(calls=((route, self.routes),))
        design = asked.tool_with("approved", "risks")
        if design:
            given = self.design_verdicts[min(self._designs, len(self.design_verdicts) - 1)]
            self._designs += 1
            return Reply(calls=((design, given),))
        if verdict:
            given = self.verdicts[min(self._given, len(self.verdicts) - 1)]
            self._given += 1
            return Reply(calls=((verdict, given),))
        if "write_file" in asked.tools and asked.turn == 0:
            name = f"made_{len(asked.system) % 97}.py"
            return Reply("I write a file.", (("write_file", {"path": name, "content": MADE}),))
        return Reply("Here is what I found and did.")

    def objection(self, asked: Asked) -> str | None:
        """Why this request is refused."""
        return objection(replace(asked, model=self.profiles.get(asked.model, asked.model)))

    def number(self) -> int:
        with self._turn:
            self._numbers += 1
            return self._numbers

    def charge(self, asked: Asked, reply: Reply) -> dict[str, int] | None:
        """The usage that is reported for a reply."""
        usage = reply.usage if reply.usage is not None else self.usage(asked)
        if usage is None:
            written = len(reply.text) * reply.repeat + sum(len(str(each)) for _, each in reply.calls)
            usage = {"inputTokens": asked.size // 4, "outputTokens": min(asked.most, written // 4 + 1)}
        if not usage:
            return None
        cached = usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0)
        return {"totalTokens": usage["inputTokens"] + usage["outputTokens"] + cached, **usage}

    @property
    def closing(self) -> threading.Event:
        return self._closing


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[Any, Any]:
        """The next connection; hands are shaken in its own thread, with its first byte."""
        opened, peer = super().get_request()
        if self.tls is not None:
            opened = self.tls.wrap_socket(opened, server_side=True, do_handshake_on_connect=False)
        return opened, peer

    def shutdown_request(self, request: Any) -> None:
        """End a connection: one that lingers for no time at all is reset."""
        if any(request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)):
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, *_: object) -> None:  # type: ignore[override]
        """A client that left is no news."""


class BedrockWire(BaseHTTPRequestHandler):
    """Converse, ConverseStream and their errors."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    foreign: ForeignBedrock

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        _, _, model, operation = self.path.split("/", 3)
        asked = Asked(
            unquote(model),
            operation,
            json.loads(raw),
            dict(self.headers.items()),
            len(raw),
            self.client_address,
        )
        answer = self.foreign.choose(asked)
        try:
            self._give(asked, answer)
        except OSError:
            asked.left.set()
            self.close_connection = True

    def _give(self, asked: Asked, answer: Answer) -> None:
        match answer:
            case Refuse():
                self._refuse(answer)
            case Reply() if asked.operation == "converse":
                self._converse(asked, answer)
            case Reply():
                self._stream(asked, answer)
            case Break():
                self._break(asked, answer)

    # -- whole answers -----------------------------------------------------------------------------

    def _refuse(self, refuse: Refuse) -> None:
        body = json.dumps({"message": refuse.message}).encode()
        self.send_response(refuse.status)
        self.send_header("x-amzn-ErrorType", refuse.code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _converse(self, asked: Asked, reply: Reply) -> None:
        content: list[dict[str, Any]] = [{"text": reply.text}] if reply.text else []
        for name, arguments in reply.calls:
            use = {"toolUseId": f"use{self.foreign.number()}", "name": name, "input": arguments}
            content.append({"toolUse": use})
        answer = {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": reply.stop_reason(),
            "usage": self.foreign.charge(asked, reply),
            "metrics": {"latencyMs": 1},
        }
        self._wait(asked, reply.hold)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # -- streams -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.amazon.eventstream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def _stream(self, asked: Asked, reply: Reply) -> None:
        self._begin()
        self._chunk(event("messageStart", {"role": "assistant"}))
        place = 0
        if reply.thinks:
            thought = ({"text": "Hm."}, {"signature": asked.model})
            self._block(place, *({"reasoningContent": part} for part in thought))
            place += 1
        if reply.text:
            self._say(asked, reply, place)
            place += 1
        for name, arguments in reply.calls:
            self._call(place, name, arguments)
            place += 1
        self._wait(asked, reply.hold)
        self._chunk(event("messageStop", {"stopReason": reply.stop_reason()}))
        usage = self.foreign.charge(asked, reply)
        if reply.metadata:
            about = {"metrics": {"latencyMs": 1}} | ({"usage": usage} if usage else {})
            self._chunk(event("metadata", about))
        self._end()

    def _block(self, place: int, *deltas: dict[str, Any]) -> None:
        for delta in deltas:
            self._chunk(event("contentBlockDelta", {"contentBlockIndex": place, "delta": delta}))
        self._chunk(event("contentBlockStop", {"contentBlockIndex": place}))

    def _say(self, asked: Asked, reply: Reply, place: int) -> None:
        half = max(1, len(reply.text) // 2)
        pieces = [reply.text[:half], reply.text[half:]] if reply.repeat == 1 else [reply.text] * reply.repeat
        self._block(place, *({"text": piece} for piece in pieces if piece))

    def _call(self, place: int, name: str, arguments: Any) -> None:
        use = {"toolUseId": f"use{self.foreign.number()}", "name": name}
        self._chunk(event("contentBlockStart", {"contentBlockIndex": place, "start": {"toolUse": use}}))
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        size = max(7, len(text) // 8)
        pieces = (text[start : start + size] for start in range(0, len(text), size))
        self._block(place, *({"toolUse": {"input": piece}} for piece in pieces))

    def _wait(self, asked: Asked, hold: threading.Event | None) -> None:
        """Wait for the test, or until the client has left."""
        while hold is not None and not hold.is_set() and not self.foreign.closing.is_set():
            if select.select([self.connection], [], [], 0.01)[0]:
                raise ConnectionResetError
        return

    # -- broken streams ----------------------------------------------------------------------------

    def _break(self, asked: Asked, how: Break) -> None:
        self.close_connection = True
        if how.how == "silent":
            self._wait(asked, threading.Event())
            return
        self._begin()
        if how.how != "empty":
            self._chunk(event("messageStart", {"role": "assistant"}))
        for number in range(how.words):
            delta = {"contentBlockIndex": 0, "delta": {"text": f"lost{number} "}}
            self._chunk(event("contentBlockDelta", delta))
        if how.whole:
            self._chunk(event("contentBlockStop", {"contentBlockIndex": 0}))
        self._fail(asked, how)

    def _fail(self, asked: Asked, how: Break) -> None:
        whole = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "never "}})
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
                self._chunk(whole[:-1] + bytes((whole[-1] ^ 0xFF,)))
                self._end()
            case "stall":
                self._wait(asked, threading.Event())
            case "error":
                headers = {":message-type": "error", ":error-code": "Odd", ":error-message": how.message}
                self._chunk(pack(headers, b""))
                self._end()
            case member:
                self._chunk(event(member, {"message": how.message}, message="exception"))
                self._end()
