"""The rehearsal's server: Bedrock Runtime on loopback, with a thread and an event loop of its own."""

import asyncio
import json
import logging
import socket
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

import msgspec

from agents.rehearsal import http
from agents.rehearsal.cue import read_cue
from agents.rehearsal.delivery import Delivery
from agents.rehearsal.faults import HTTP_FAULTS, STREAM_FAULTS
from agents.rehearsal.performance import Performance, perform
from agents.rehearsal.refusals import MALFORMED, refusal, refuses_counting
from agents.rehearsal.reply import Reply, reply_to
from agents.rehearsal.script import Fault, Script
from agents.rehearsal.tokens import PrefixCache, count_prompt

log = logging.getLogger(__name__)

_CALLS_KEPT = 400
_TURNS_COUNTED = 10_000


class HeardCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request that reached the rehearsal."""

    model: str
    operation: str
    """`converse`, `converse-stream` or `count-tokens`."""
    metadata: Mapping[str, str]
    body: Mapping[str, Any]
    script: str = ""
    """The script that answers it; empty when none covers it."""
    outcome: str = "answered"
    """`answered`, a fault's name, or `refused: …`."""
    notes: tuple[str, ...] = ()
    """What is allowed and still worth knowing."""


Planned: TypeAlias = tuple[Reply, Performance, Fault | None]


class Rehearsal:
    """A loopback Bedrock that plays scripts.

    `speed` divides every delay: 2 is twice as fast, 0 waits for nothing. `cache` is the prompt cache that
    calls are charged with, when it is not to be its own. Start it with `start()`
    and end it with `close()`, or use it in `with` or `async with`.
    """

    def __init__(
        self, scripts: Sequence[Script], *, speed: float = 1.0, cache: PrefixCache | None = None
    ) -> None:
        self.scripts = tuple(scripts)
        self.speed = speed
        self._calls: deque[HeardCall] = deque(maxlen=_CALLS_KEPT)
        self._attempts: OrderedDict[str, int] = OrderedDict()
        self._cache = cache or PrefixCache()
        self._port: int | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where it listens, once it is started."""
        if self._port is None:
            raise RuntimeError("The rehearsal is not started.")
        return f"http://127.0.0.1:{self._port}"

    @property
    def calls(self) -> list[HeardCall]:
        """The latest requests, oldest first."""
        return list(self._calls)

    def start(self) -> Self:
        """Listen on a free port of 127.0.0.1; returns at once, ready for requests."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._port = listener.getsockname()[1]
        ready = threading.Event()
        run = (listener, ready)
        self._thread = threading.Thread(target=self._run, args=run, name="rehearsal", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def close(self) -> None:
        """End all connections and wait for the thread. Closing twice is fine."""
        if self._thread is None or self._loop is None or self._main is None:
            return
        self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(listener, ready))
        except asyncio.CancelledError:
            log.debug("the rehearsal is closed")

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        server = await asyncio.start_server(self._connect, sock=listener, start_serving=False)
        ready.set()
        try:
            await server.serve_forever()
        finally:
            server.close()
            for writer in list(self._open):
                writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, http.BadRequest) as error:
            log.debug("connection ended: %r", error)
        except asyncio.CancelledError:
            log.debug("the rehearsal is closed under a connection")
        except Exception:
            log.exception("the rehearsal could not answer")
            writer.write(_error(500, "InternalServerException", "The rehearsal could not read this request."))
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await http.read_request(reader, writer)
        if request is None:
            return False
        target = request.target()
        if target is None:
            writer.write(http.answer(404, {"message": "There is nothing here."}, "UnknownOperationException"))
            await writer.drain()
            return request.keeps_alive
        model, operation = target
        body = _parse(request.body)
        if operation == "count-tokens":
            writer.write(self._count(model, body))
            await writer.drain()
            return request.keeps_alive
        return await self._converse(reader, writer, model, operation, body) and request.keeps_alive

    def _count(self, model: str, body: Any) -> bytes:
        wanted = body.get("input") if isinstance(body, dict) else None
        conversation = wanted.get("converse") if isinstance(wanted, dict) else None
        self._hear(HeardCall(model=model, operation="count-tokens", metadata={}, body=body or {}))
        if refuses_counting(model):
            return _error(400, "ValidationException", "The provided model doesn't support counting tokens.")
        if conversation is None or refusal("", conversation, streamed=False) == MALFORMED:
            return _error(400, "ValidationException", MALFORMED)
        return http.answer(200, {"inputTokens": count_prompt(conversation)})

    async def _converse(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        model: str,
        operation: str,
        body: Any,
    ) -> bool:
        planned = self._plan(model, operation, body)
        if isinstance(planned, bytes):
            writer.write(planned)
            await writer.drain()
            return True
        reply, performance, fault = planned
        delivery = Delivery(reader, writer, reply.turn, self.speed)
        deliver = delivery.stream if operation == "converse-stream" else delivery.send
        return await deliver(performance, fault)

    def _plan(self, model: str, operation: str, body: Any) -> bytes | Planned:
        """What to answer: an error as it is sent, or a performance and how it breaks."""
        streamed = operation == "converse-stream"
        heard = _heard(model, operation, body)
        if (message := refusal(model, body, streamed=streamed)) is not None:
            self._hear(msgspec.structs.replace(heard, outcome=f"refused: {message}"))
            return _error(400, "ValidationException", message)
        reply = reply_to(read_cue(model, body), self.scripts)
        fault = self._next_fault(reply)
        outcome = fault.kind if fault else "answered"
        self._hear(msgspec.structs.replace(heard, script=reply.script, outcome=outcome))
        if fault is not None and (error := _http_error(fault, streamed)) is not None:
            return error
        performance = perform(
            reply,
            self._cache.charge(model, body),
            max_tokens=(body.get("inferenceConfig") or {}).get("maxTokens"),
            signed="claude" in model,
            broken=fault is not None and fault.kind == "bad_json",
        )
        return reply, performance, fault

    def _next_fault(self, reply: Reply) -> Fault | None:
        """The fault of this attempt, and count the attempt."""
        attempt = self._attempts.pop(reply.key, 0)
        self._attempts[reply.key] = attempt + 1
        if len(self._attempts) > _TURNS_COUNTED:
            self._attempts.popitem(last=False)
        for fault in reply.turn.fault:
            if attempt < fault.times:
                return fault
            attempt -= fault.times
        return None

    def _hear(self, call: HeardCall) -> None:
        self._calls.append(call)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return None


def _heard(model: str, operation: str, body: Any) -> HeardCall:
    given = body if isinstance(body, dict) else {}
    metadata = given.get("requestMetadata")
    config = given.get("inferenceConfig")
    limited = isinstance(config, dict) and "maxTokens" in config
    return HeardCall(
        model=model,
        operation=operation,
        metadata=metadata if isinstance(metadata, dict) else {},
        body=given,
        notes=() if limited else ("maxTokens is absent: Bedrock reserves the model's whole output",),
    )


def _http_error(fault: Fault, streamed: bool) -> bytes | None:
    """The answer to a fault that comes as an HTTP error; None for a broken stream."""
    kind: str = fault.kind
    if not streamed and kind in STREAM_FAULTS:
        kind = STREAM_FAULTS[kind][1]
    known = HTTP_FAULTS.get(kind)
    return None if known is None else _error(known.status, known.error, fault.message or known.message)


def _error(status: int, name: str, message: str) -> bytes:
    return http.answer(status, {"message": message}, name)
