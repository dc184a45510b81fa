"""`heddle mcp list|add|test|trust`: the MCP servers of a project and of the user."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cli.errors import Stop, usage
from cli.output import print_json
from cli.world import World, find_project
from core.faults import EXIT_CONFIGURATION
from core.paths import make_private
from core.text import sanitise, sanitise_line

if TYPE_CHECKING:
    from agents.mcp.servers import Server


class ServerLine(msgspec.Struct, frozen=True):
    """One server, as `heddle mcp list` shows it."""

    name: str
    origin: str
    """project (`.mcp.json`) or user (`mcp.toml`)."""
    transport: str
    target: str
    trusted: bool | None
    """None: the user has not been asked yet."""


class ToolLine(msgspec.Struct, frozen=True):
    """One tool of a server, as `heddle mcp test` shows it."""

    name: str
    """As models know it."""
    tool: str
    description: str


def mcp(world: World, args: argparse.Namespace) -> int:
    """Do what the subcommand says."""
    match args.action:
        case "add":
            return _add(world, args)
        case "test":
            return _test(world, args)
        case "trust":
            return _trust(world, args)
        case _:
            return _list(world, args)


def _list(world: World, args: argparse.Namespace) -> int:
    from agents.mcp.servers import find_servers, is_trusted

    project = find_project(args.project)
    lines = [
        ServerLine(each.name, each.origin, each.transport, each.target, is_trusted(each, project, world.home))
        for each in find_servers(project, world.home)
    ]
    if args.output == "json":
        print_json(lines)
        return 0
    if not lines:
        print(
            "No MCP servers. `heddle mcp add NAME COMMAND…` adds one of yours; a project names its own in .mcp.json."
        )
    for line in lines:
        said = {True: "trusted", False: "not to be used", None: "not trusted yet"}[line.trusted]
        print(sanitise_line(f"{line.name:<20} {line.origin:<8} {line.transport:<6} {said:<16} {line.target}"))
    return 0


def _add(world: World, args: argparse.Namespace) -> int:
    """Write a server of the user's own into `mcp.toml`, or of the project's into `.mcp.json`."""
    words: list[str] = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not args.url and len(words) == 1 and words[0].lower().startswith(("http://", "https://")):
        args.url, words = words[0], []
    if bool(args.url) == bool(words):
        raise usage("Give either a command (heddle mcp add NAME COMMAND ARG…) or --url.")
    row: dict[str, object] = {"url": args.url} if args.url else {"command": words[0], "args": words[1:]}
    pairs = [pair.partition("=") for pair in args.env]
    if any(not sign for _, sign, _ in pairs):
        raise usage("Write --env as NAME=VALUE; a value ${NAME} is filled in from your environment.")
    if pairs:
        row["env"] = {name: value for name, _, value in pairs}
    path = _add_to_user(world, args.name, row) if not args.to_project else _add_to_project(world, args, row)
    print(sanitise_line(f"Added {args.name} to {path}. `heddle mcp test {args.name}` tries it."))
    return 0


def _add_to_user(world: World, name: str, row: dict[str, object]) -> Path:
    import tomlkit

    path = make_private(world.home.config) / "mcp.toml"
    told = tomlkit.parse(path.read_text("utf-8") if path.exists() else "")
    if name in told.get("servers", {}):
        raise usage(f"There is a server {name} in {path} already. Change it there.")
    if "servers" not in told:
        told["servers"] = tomlkit.table(is_super_table=True)
    told["servers"][name] = row  # type: ignore[index]
    _checked(path, tomlkit.dumps(told), world, path.parent).chmod(0o600)
    return path


def _add_to_project(world: World, args: argparse.Namespace, row: dict[str, object]) -> Path:
    import json

    path = find_project(args.project) / ".mcp.json"
    try:
        told = json.loads(path.read_text("utf-8")) if path.exists() else {}
        servers = told.setdefault("mcpServers", {})
        if args.name in servers:
            raise usage(f"There is a server {args.name} in {path} already. Change it there.")
        servers[args.name] = row
    except (ValueError, AttributeError, TypeError):
        raise Stop(f"{path} is not valid. Mend it first.", EXIT_CONFIGURATION) from None
    return _checked(path, json.dumps(told, indent=2) + "\n", world, path.parent)


def _checked(path: Path, text: str, world: World, project: Path) -> Path:
    """Write it, unless nobody could read it afterwards."""
    from agents.mcp.servers import find_servers
    from core.config import BadConfig

    old = path.read_text("utf-8") if path.exists() else None
    path.write_text(text, "utf-8")
    try:
        find_servers(project, world.home)
    except BadConfig:
        if old is None:
            path.unlink()
        else:
            path.write_text(old, "utf-8")
        raise
    return path


def _find(world: World, args: argparse.Namespace) -> "tuple[Server, Path]":
    from agents.mcp.servers import find_servers

    project = find_project(args.project)
    servers = {each.name: each for each in find_servers(project, world.home)}
    if args.name not in servers:
        known = ", ".join(servers) or "none"
        raise usage(f"There is no MCP server {args.name} here. There are: {known}.")
    return servers[args.name], project


def _trust(world: World, args: argparse.Namespace) -> int:
    from agents.mcp.servers import keep_trust

    server, project = _find(world, args)
    if server.origin == "user":
        print(f"{server.name} is your own, so it is trusted.")
        return 0
    keep_trust(server, project, world.home, trusted=not args.never)
    word = "will not be used" if args.never else "is trusted as it is written now"
    print(sanitise_line(f"{server.name} {word}: {server.target}"))
    return 0


def _test(world: World, args: argparse.Namespace) -> int:
    """Start a server, list its tools, and end it."""
    from agents.mcp.servers import is_trusted

    server, project = _find(world, args)
    if not is_trusted(server, project, world.home):
        raise Stop(
            f"{server.name} comes with this project and is not trusted: it would run outside of the sandbox as"
            f" `{server.target}`. `heddle mcp trust {server.name}` trusts it."
        )
    lines = asyncio.run(_tools_of(world, server, project))
    if args.output == "json":
        print_json(lines)
        return 0
    print(f"{server.name} works. It has {len(lines)} tools:")
    for line in lines:
        print(sanitise(f"  {line.name}: {' '.join(line.description.split())[:200]}"))
    return 0


async def _tools_of(world: World, server: "Server", project: Path) -> list[ToolLine]:
    from agents.mcp.client import Connection, ServerFailed
    from agents.mcp.tools import Toolbox

    connection = Connection(server, project, project, world.home)
    try:
        await connection.start()
    except ServerFailed as error:
        raise Stop(str(error)) from None
    toolbox = Toolbox()
    toolbox.add(connection)
    await connection.close()
    return [ToolLine(name, offer.name, offer.description) for name, (_, offer) in toolbox.offers.items()]
