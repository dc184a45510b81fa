"""`heddle keys`: every action of the screen with its keys, and the name by which `[keys]` changes it."""

import argparse

import msgspec

from cli.output import print_json
from cli.world import World


class KeyLine(msgspec.Struct, frozen=True):
    name: str
    """As in the `[keys]` table of config.toml."""
    keys: tuple[str, ...]
    does: str
    can_change: bool


def keys(world: World, args: argparse.Namespace) -> int:
    """Print the table.

    Raises:
        BadConfig: the `[keys]` table of the configuration cannot be used.
    """
    from tui.actions import SCOPE_TITLES, key_name
    from tui.keymap import can_change, read_keys

    actions = read_keys(world.config.keys).actions
    lines = [
        KeyLine(f"{each.scope}.{each.name}", each.keys, each.help, can_change(each))
        for scope in SCOPE_TITLES
        for each in actions
        if each.scope == scope
    ]
    if args.output == "json":
        print_json(lines)
        return 0
    for line in lines:
        shown = " or ".join(map(key_name, line.keys))
        print(f"{line.name:<28}{shown:<22}{line.does}{'' if line.can_change else ' (fixed)'}")
    print('\nYour own go into config.toml: [keys], then lines such as diffs.accept = "y" or help = "f11".')
    return 0
