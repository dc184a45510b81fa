"""The connection to one MCP server: opened, used and closed in a task of its own, with a limit on every wait."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TextIO

import msgspec

from agents.mcp.servers import Definition, Server, filled_in
from core.config import BadConfig
from core.limits import limits
from core.paths import Home, make_private
from core.text import clip
from core.version import heddle_version
from tools.workbench import ToolError, ToolResult

_PAGES = 20
_TOOLS = 60
"""Tools of one server that are listed to models; each costs them room."""


class Offer(msgspec.Struct, frozen=True):
    """A tool as its server describes it."""

    name: str
    description: str
    schema: Any


class ServerFailed(Exception):
    """The server did not start, or its answer cannot be used; the text is a sentence."""


class Connection:
    """A server that is started when it is first needed, and once more when it died."""

    def __init__(self, server: Server, project: Path, stage: Path, home: Home) -> None:
        self.server = server
        self.offers: tuple[Offer, ...] = ()
        self._places = project, stage
        self._log = make_private(home.state / "mcp") / f"{server.name}.log"
        self._task: asyncio.Task[None] | None = None
        self._end = asyncio.Event()
        self._session: Any = None
        self._starts = 0

    async def start(self) -> None:
        """Start it and list its tools.

        Raises:
            ServerFailed: it did not come up in time, or not at all.
        """
        self._starts += 1
        self._end = asyncio.Event()
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(ready, self._end))
        seconds = limits().tools.mcp_start_seconds
        try:
            await asyncio.wait_for(asyncio.shield(ready), seconds)
        except TimeoutError:
            await self.close()
            raise self._failed(f"did not answer within {seconds:g} seconds") from None
        except asyncio.CancelledError:
            await self.close()
            raise
        except Exception as error:
            await self.close()
            raise self._failed(_plain(error)) from error

    def _failed(self, how: str) -> ServerFailed:
        return ServerFailed(f"The MCP server {self.server.name} {how}.{self._last_words()}")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._log.read_text("utf-8", "replace").strip().splitlines()
            return f" It said: {lines[-1][:300]}" if lines else ""
        return ""

    async def _live(self, ready: "asyncio.Future[None]", end: asyncio.Event) -> None:
        """The life of the connection: what is opened in this task is closed in it."""
        try:
            async with AsyncExitStack() as stack:
                session = await self._open(stack)
                self.offers = await _listed(session)
                self._session = session
                if not ready.done():
                    ready.set_result(None)
                await end.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error if isinstance(error, Exception) else ServerFailed("was ended"))
            if not isinstance(error, Exception):
                raise
        finally:
            self._session = None

    async def _open(self, stack: AsyncExitStack) -> Any:
        from mcp import ClientSession
        from mcp.types import Implementation

        told = filled_in(self.server.definition, os.environ)
        log = stack.enter_context(self._log.open("w", encoding="utf-8"))
        read, write = await stack.enter_async_context(self._transport(told, log))
        session = ClientSession(
            read,
            write,
            client_info=Implementation(name="heddle", version=heddle_version()),
            list_roots_callback=self._roots,
        )
        await stack.enter_async_context(session)
        await session.initialize()
        return session

    @asynccontextmanager
    async def _transport(self, told: Definition, log: TextIO) -> AsyncGenerator[tuple[Any, Any]]:
        match self.server.transport:
            case "stdio":
                async with self._stdio(told, log) as streams:
                    yield streams
            case "http":
                async with _http(told) as streams:
                    yield streams
            case "sse":
                from mcp.client.sse import sse_client

                async with sse_client(told.url, headers=dict(told.headers)) as streams:
                    yield streams[0], streams[1]

    def _stdio(self, told: Definition, log: TextIO) -> Any:
        """The server works in the project's folder: never in the stage, whose files models write."""
        from mcp import StdioServerParameters, stdio_client

        project = self._places[0]
        command = told.command
        if "/" in command:
            command = str(project / Path(command).expanduser())
        folder = project / Path(told.cwd).expanduser() if told.cwd else project
        parameters = StdioServerParameters(
            command=command, args=list(told.args), env=dict(told.env), cwd=folder
        )
        return stdio_client(parameters, errlog=log)

    async def _roots(self, context: Any) -> Any:
        from mcp.types import ListRootsResult, Root

        return ListRootsResult(roots=[Root(uri=self._places[1].as_uri(), name="project")])  # type: ignore[arg-type]

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Call one of its tools; a server that died is started once more.

        Raises:
            ToolError: it failed, or did not answer in time.
        """
        session = self._session or await self._again()
        seconds = limits().tools.mcp_seconds
        try:
            async with asyncio.timeout(seconds):
                found = await session.call_tool(tool, dict(arguments))
        except TimeoutError:
            raise ToolError(f"{self.server.name} did not answer within {seconds:g} seconds.") from None
        except Exception as error:
            if self._task is not None and _is_end(error):
                await self.close()
            raise ToolError(f"{self.server.name} failed: {_plain(error)}.") from None
        return ToolResult(not found.is_error, _text_of(found))

    async def _again(self) -> Any:
        if self._starts >= 2:
            raise ToolError(f"The MCP server {self.server.name} has ended. Go on without its tools.")
        try:
            await self.start()
        except ServerFailed as error:
            raise ToolError(f"{error} Go on without its tools.") from None
        return self._session

    async def close(self) -> None:
        """End it; its process is gone afterwards."""
        task, self._task = self._task, None
        if task is None:
            return
        self._end.set()
        if self._session is None:
            task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()


@asynccontextmanager
async def _http(told: Definition) -> AsyncGenerator[tuple[Any, Any]]:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    timeout = httpx2.Timeout(limits().tools.mcp_start_seconds, read=limits().tools.mcp_seconds)
    async with (
        httpx2.AsyncClient(headers=dict(told.headers), timeout=timeout, follow_redirects=True) as client,
        streamable_http_client(told.url, http_client=client) as streams,
    ):
        yield streams[0], streams[1]


async def _listed(session: Any) -> tuple[Offer, ...]:
    """Its tools, some pages of them at most."""
    offers: list[Offer] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        page = await (session.list_tools() if cursor is None else session.list_tools(cursor=cursor))
        offers += [
            Offer(each.name, each.description or each.title or "", each.input_schema) for each in page.tools
        ]
        cursor = page.next_cursor
        if not cursor or len(offers) >= _TOOLS:
            break
    return tuple(offers[:_TOOLS])


def _text_of(result: Any) -> str:
    parts = [_block(each) for each in result.content]
    if not any(parts) and result.structured_content is not None:
        parts = [msgspec.json.encode(result.structured_content).decode()]
    return clip("\n".join(filter(None, parts)), limits().tools.output_characters) or "(It said nothing.)"


def _block(block: Any) -> str:
    if block.type == "text":
        return block.text
    if block.type == "resource":
        return getattr(block.resource, "text", "") or f"({block.resource.uri}: no text, not shown)"
    if block.type == "resource_link":
        return f"{block.name}: {block.uri}"
    return f"({block.type}: {getattr(block, 'mime_type', '')}, not shown)"


def _is_end(error: Exception) -> bool:
    """Whether the connection is gone, and not only this call refused."""
    name = type(error).__name__
    return name in ("ClosedResourceError", "BrokenResourceError", "EndOfStream") or "onnection closed" in str(
        error
    )


def _plain(error: BaseException) -> str:
    """What an error says; of a group its first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError):
        return f"could not be started: there is no {error.filename}"
    if isinstance(error, BadConfig):
        return f"could not be started: {error}"
    return (
        f"failed ({type(error).__name__}: {str(error)[:300]})"
        if str(error)
        else f"failed ({type(error).__name__})"
    )
