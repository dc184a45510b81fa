"""A small MCP server, started by tests as others' servers are: over stdio, or over HTTP on loopback.

    mcp_server.py [silent|broken|noisy]

It notes its process id in the file that MCP_TEST_NOTE names.
"""

import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":  # before the import, which takes its time
    note = os.environ.get("MCP_TEST_NOTE")
    if note:
        with Path(note).open("a") as file:
            file.write(f"{os.getpid()}\n")
    kind = sys.argv[1] if len(sys.argv) > 1 else ""
    if kind == "silent":
        time.sleep(600)
    if kind == "broken":
        print("no licence key", file=sys.stderr)
        sys.exit(1)
    if kind == "noisy":
        print("this is no JSON-RPC", flush=True)

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

server = MCPServer("small")


class Item(BaseModel):
    name: str
    count: int = 1


@server.tool()
def addNumbers(a: int, b: int = 2) -> str:
    """Add two numbers."""
    return str(a + b)


@server.tool()
def take_items(items: list[Item], best: Item | None = None) -> str:
    """Take a list of items."""
    return f"{len(items)} items, the best is {best.name if best else 'none'}"


@server.tool()
def where() -> str:
    """Tell the folder and what is known of the environment."""
    return f"{Path.cwd()} {os.environ.get('MCP_TEST_GIVEN')} {os.environ.get('AWS_SECRET_ACCESS_KEY')}"


@server.tool()
def read(path: str) -> str:
    """Read a file of the machine."""
    return Path(path).read_text()


@server.tool()
def fail() -> str:
    """Fail."""
    raise ToolError("it does not work")


@server.tool()
def wait() -> str:
    """Take very long."""
    Path(os.environ["MCP_TEST_NOTE"]).with_suffix(".waits").touch()
    time.sleep(600)
    return "late"


@server.tool()
def die() -> str:
    """End the process."""
    os._exit(3)


@server.tool()
def much() -> str:
    """Say much."""
    return "x" * 200_000


if __name__ == "__main__":
    server.run("stdio")
