"""The MCP tools of one run: servers that are trusted are connected, and their tools given to the nodes that may use them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from strands.types.tools import AgentTool, ToolSpec

from agents.board import Board
from agents.mcp.client import Connection, Offer, ServerFailed
from agents.mcp.servers import Server, find_servers, is_trusted, keep_trust
from agents.mcp.shape import flat_schema, safe_name, unpacked
from agents.tooling import NodeTool, put_on_record, workbench
from core.config import BadConfig
from core.events import NoticeGiven
from core.live import Tell
from core.paths import Home, find_home
from core.run import NeedsDecision, Run
from core.text import clip
from tools.exclusive import while_wanted
from tools.secrecy import without_secrets
from tools.workbench import ToolError, ToolResult

TRUST, NOT_NOW, NEVER = "trust it", "not now", "never"
_DESCRIPTION_CHARACTERS = 1_000


@dataclass
class Toolbox:
    """The MCP tools that a run has, by the name that models know."""

    offers: dict[str, tuple[Connection, Offer]] = field(default_factory=dict)

    def add(self, connection: Connection) -> None:
        for offer in connection.offers:
            name = safe_name(connection.server.name, offer.name, self.offers)
            if name not in self.offers:
                self.offers[name] = connection, offer

    def tools(self, board: Board, node: str, role: str, bad_calls: Mapping[str, str]) -> list[AgentTool]:
        """All of them, for one node."""
        return [
            ServerTool(name, connection, offer, board, node, role, bad_calls)
            for name, (connection, offer) in self.offers.items()
        ]


class ServerTool(NodeTool):
    """One tool of one server, for one node. Whatever the server does comes back as a result."""

    def __init__(
        self,
        name: str,
        connection: Connection,
        offer: Offer,
        board: Board,
        node: str,
        role: str,
        bad_calls: Mapping[str, str],
    ) -> None:
        super().__init__(name, board, node, role, bad_calls)
        self._connection = connection
        self._offer = offer
        self._schema = flat_schema(offer.schema)

    @property
    def tool_spec(self) -> ToolSpec:
        told = clip(self._offer.description.strip(), _DESCRIPTION_CHARACTERS) or self._offer.name
        text = f"{told} (From the MCP server {self._connection.server.name}.)"
        return {"name": self._name, "description": text, "inputSchema": {"json": self._schema}}

    async def result(self, arguments: object, fault: str) -> ToolResult:
        """See `NodeTool`."""

        async def work(_: Tell) -> ToolResult:
            return ToolResult(False, fault) if fault else await self._call(arguments)

        return await put_on_record(self._board, self._node, self._role, self._name, arguments, work)

    async def _call(self, arguments: object) -> ToolResult:
        if not isinstance(arguments, Mapping):
            return ToolResult(False, f"The arguments of {self._name} must be an object.")
        missing = [each for each in self._schema["required"] if each not in arguments]
        if missing:
            return ToolResult(False, f"{self._name} needs {', '.join(missing)}.")
        wanted = self._connection.call(self._offer.name, unpacked(arguments, self._schema))
        bench = workbench(self._board.run, self._node, self._role)
        try:
            result = await while_wanted(bench, self._name, wanted)
            return await asyncio.to_thread(without_secrets, result, bench)
        except ToolError as error:
            return ToolResult(False, str(error))


@asynccontextmanager
async def open_toolbox(run: Run, home: Home | None = None) -> AsyncGenerator[Toolbox]:
    """Connect the servers that the user trusts, all at once; one that fails is told and left out."""
    home = home or find_home()
    toolbox = Toolbox()
    connections = [Connection(each, run.project, run.stage.tree, home) for each in await _trusted(run, home)]
    try:
        started = await asyncio.gather(*(each.start() for each in connections), return_exceptions=True)
        for connection, failure in zip(connections, started, strict=True):
            if failure is None:
                toolbox.add(connection)
            elif isinstance(failure, ServerFailed):
                await run.emit(NoticeGiven(text=f"{failure} The run goes on without it.", level="warning"))
            else:
                raise failure
        yield toolbox
    finally:
        await asyncio.gather(*(each.close() for each in connections))


async def _trusted(run: Run, home: Home) -> list[Server]:
    """The servers that may be started; the project's own are asked about once for each definition."""
    try:
        servers = await asyncio.to_thread(find_servers, run.project, home)
    except BadConfig as error:
        await run.emit(NoticeGiven(text=f"No MCP server is used: {error}", level="warning"))
        return []
    return [each for each in servers if await _may_start(run, each, home)]


async def _may_start(run: Run, server: Server, home: Home) -> bool:
    said = is_trusted(server, run.project, home)
    if said is not None:
        return said
    text = (
        f"This project brings an MCP server, {server.name}: {clip(server.target, 300)}. It would run outside of the"
        " sandbox and may do whatever you may. Start it?"
    )
    try:
        answer = await run.ask(text, (TRUST, NOT_NOW, NEVER))
    except NeedsDecision:
        text = f"The project's MCP server {server.name} is not used: nobody has trusted it yet (`heddle mcp trust`)."
        await run.emit(NoticeGiven(text=text, level="warning"))
        return False
    if answer != NOT_NOW:
        await asyncio.to_thread(keep_trust, server, run.project, home, trusted=answer == TRUST)
    return answer == TRUST
