"""`heddle tools`: every tool with its family, its roles, whether it asks, and its manual."""

import argparse
from typing import TYPE_CHECKING

import msgspec

from cli.output import print_json
from cli.world import World

if TYPE_CHECKING:
    from tools.registry import Tool


class ToolLine(msgspec.Struct, frozen=True):
    """One tool, as `heddle tools` shows it."""

    name: str
    family: str
    roles: tuple[str, ...]
    """The roles that have it, whatever the roster says."""
    asks: bool
    """Whether it leaves the sandbox, so that the user is asked."""
    writes: bool
    executes: bool
    manual: str
    arguments: tuple["ArgumentLine", ...]


class ArgumentLine(msgspec.Struct, frozen=True):
    name: str
    type: str
    required: bool
    description: str


def tools(_: World, args: argparse.Namespace) -> int:
    """Print all tools, or one with its whole manual."""
    from cli.errors import usage
    from core.text import sanitise

    lines = [line for line in tool_lines() if args.name in (None, line.name)]
    if not lines:
        raise usage(f"There is no tool {args.name}. `heddle tools` lists them.")
    if args.output == "json":
        print_json(lines)
        return 0
    print(sanitise(_whole(lines[0]) if args.name else _table(lines)))
    return 0


def tool_lines() -> list[ToolLine]:
    """All tools, in the registry's order within their families."""
    from agents.roster import tools_of_roles
    from tools.registry import FAMILIES, TOOLS, manual_of

    roles = tools_of_roles()
    return [
        ToolLine(
            name=name,
            family=family,
            roles=tuple(role for role, own in roles.items() if name in own),
            asks=TOOLS[name].asks,
            writes=TOOLS[name].writes,
            executes=TOOLS[name].executes,
            manual=manual_of(TOOLS[name]),
            arguments=_arguments(TOOLS[name]),
        )
        for family, names in FAMILIES.items()
        for name in names
    ]


def _arguments(tool: "Tool") -> tuple[ArgumentLine, ...]:
    from tools.registry import schema_of

    schema = schema_of(tool)
    return tuple(
        ArgumentLine(name, row["type"], name in schema["required"], row["description"])
        for name, row in schema["properties"].items()
    )


def _table(lines: list[ToolLine]) -> str:
    rows: list[str] = []
    family = ""
    for line in lines:
        if line.family != family:
            family = line.family
            rows.append(f"\n{family}" if rows else family)
        mark = "asks" if line.asks else ""
        first = line.manual.partition(". ")[0].partition("\n")[0].rstrip(".")
        rows.append(f"  {line.name:<22}{mark:<6}{first}")
    return "\n".join([*rows, "", "`heddle tools NAME` shows a tool's whole manual and its roles."])


def _whole(line: ToolLine) -> str:
    rows = [f"{line.name} ({line.family})", "", line.manual, ""]
    for each in line.arguments:
        needed = "" if each.required else ", may be left out"
        rows.append(f"  {each.name} ({each.type}{needed}): {each.description}")
    asks = "It leaves the sandbox, so the user is asked." if line.asks else ""
    rows += ["", f"Roles: {', '.join(line.roles) or 'none'}", *([asks] if asks else [])]
    return "\n".join(rows)
