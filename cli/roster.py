"""`heddle roster list|show|trust`: what each role really gets, and the prompts that a project brings."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cli.errors import usage
from cli.output import print_json
from cli.world import World, find_project, find_roster
from core.text import sanitise, sanitise_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.prompting import ProjectPrompt
    from agents.roster import Role, Roster


class RosterLine(msgspec.Struct, frozen=True):
    """One roster, as `heddle roster list` shows it."""

    name: str
    title: str
    origin: str
    """shipped or user (`rosters/` of the configuration folder)."""
    chosen: bool
    """The one that is used when nothing else is said."""


class RoleLine(msgspec.Struct, frozen=True):
    """What one role gets, as `heddle roster show` shows it."""

    role: str
    does: str
    models: tuple[str, ...]
    """The first one works, the next ones stand in."""
    tools: tuple[str, ...]
    seldom: tuple[str, ...]
    """Those of its tools whose manuals it reads only when it needs them."""
    mcp: bool
    output_tokens: int
    prompt_origin: str
    """shipped, user or project."""
    prompt_path: str
    prompt: str
    unused_prompt: str | None
    """A prompt of the project's that is not used."""
    unused_because: str | None
    rung: tuple[str, ...] = ()
    """Its models where it takes over what a lower role did not manage; none: the same."""


def roster(world: World, args: argparse.Namespace) -> int:
    """Do what the subcommand says."""
    match args.action:
        case "show":
            return _show(world, args)
        case "trust":
            return _trust(world, args)
        case "set":
            from cli.rosterfile import set_roster

            return set_roster(world, args)
        case _:
            return _list(world, args)


def _list(world: World, args: argparse.Namespace) -> int:
    from agents.roster import roster_names

    lines = [_roster_line(world, name) for name in roster_names(world.home.config)]
    if args.output == "json":
        print_json(lines)
        return 0
    for line in lines:
        mark = "▸" if line.chosen else " "
        print(sanitise_line(f"{mark} {line.name:<16}{line.origin:<9}{line.title}"))
    print("\n▸ is used when nothing else is said. `heddle roster show NAME` says what each role gets.")
    return 0


def _roster_line(world: World, name: str) -> RosterLine:
    from core.config import BadConfig

    origin = "user" if (world.home.config / "rosters" / f"{name}.toml").is_file() else "shipped"
    try:
        title = find_roster(world, name, region()).title
    except BadConfig as error:
        title = f"cannot be used: {error}"
    return RosterLine(name, title, origin, name == world.config.roster)


def region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


# -- one roster ------------------------------------------------------------------------------------


def _show(world: World, args: argparse.Namespace) -> int:
    from agents.prompting import project_prompts, with_project

    project = find_project(args.project)
    plain = find_roster(world, args.name, region())
    chosen, notes = with_project(plain, project, world.home)
    prompts = {each.role: each for each in project_prompts(plain, project, world.home)}
    if args.role and args.role not in chosen.roles:
        raise usage(f"There is no role {args.role}. There are: {', '.join(chosen.roles)}.")
    roles = [chosen[args.role]] if args.role else list(chosen.roles.values())
    lines = [_role_line(role, prompts.get(role.name)) for role in roles]
    if args.output == "json":
        print_json(lines)
        return 0
    print(sanitise_line(f"{chosen.name}: {chosen.title} · region {region()} · project {project}"))
    for line in lines:
        print(sanitise(_text(line, chosen, whole=bool(args.role))))
    for note in notes:
        print(sanitise_line(f"\nNote: {note}".lstrip()))
    return 0


def _role_line(role: "Role", brought: "ProjectPrompt | None") -> RoleLine:
    unused = brought if brought is not None and brought.standing != "used" else None
    return RoleLine(
        role=role.name,
        does=role.does,
        models=role.models,
        tools=role.tools,
        seldom=role.seldom,
        mcp=role.mcp,
        output_tokens=role.output_tokens,
        prompt_origin=role.prompt_origin,
        prompt_path=role.prompt_path,
        prompt=role.prompt,
        unused_prompt=str(unused.path) if unused else None,
        unused_because=unused.standing if unused else None,
        rung=role.rung,
    )


def _text(line: RoleLine, chosen: "Roster", *, whole: bool) -> str:
    models, rung = (_names(found, chosen) for found in (line.models, line.rung))
    tools = ", ".join(tool for tool in line.tools if tool not in line.seldom) or "none"
    seldom = ", ".join(tool for tool in line.tools if tool in line.seldom)
    rows = [
        f"\n{line.role}: {line.does}",
        f"  models  {models}",
        f"  prompt  {line.prompt_origin}, {len(line.prompt)} characters: {line.prompt_path}",
        f"  tools   {tools}{', and those of MCP servers' if line.mcp else ''}",
        f"  limits  answers of {line.output_tokens:,} tokens",
    ]
    if rung:
        rows.insert(2, f"          and where it takes over from a lower role: {rung}")
    if seldom:
        rows.insert(5 if rung else 4, f"          and when it asks for one: {seldom}")
    if line.unused_prompt:
        rows.insert(4 if rung else 3, f"          not used ({line.unused_because}): {line.unused_prompt}")
    return "\n".join([*rows, "", line.prompt] if whole else rows)


def _names(models: "Sequence[str]", chosen: "Roster") -> str:
    return ", then ".join(f"{chosen.catalog.title(model)} ({model})" for model in models)


# -- trust -----------------------------------------------------------------------------------------


def _trust(world: World, args: argparse.Namespace) -> int:
    from agents.prompting import PROJECT_FOLDER, project_prompts, trust

    project: Path = find_project(args.project)
    found = {
        each.role: each for each in project_prompts(find_roster(world, None, region()), project, world.home)
    }
    usable = [role for role, prompt in found.items() if prompt.standing != "unreadable"]
    unknown = [role for role in args.roles if role not in usable]
    if unknown or not usable:
        known = ", ".join(usable) or "none"
        raise usage(
            f"{PROJECT_FOLDER} of {project} has no prompt for {', '.join(unknown) or 'any role'}. It has: {known}."
        )
    for role in args.roles or usable:
        trust(world.home).keep(project, role, found[role].fingerprint, trusted=not args.never)
        word = "will not be used" if args.never else "is trusted as it is written now"
        print(sanitise_line(f"The prompt for {role} {word}: {found[role].path}"))
        if not args.never and found[role].standing == "yours comes first":
            print(sanitise_line(f"Your own prompt for {role} comes before it, as long as there is one."))
    return 0
