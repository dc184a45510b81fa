"""Options that stand before the command count as if they stood behind it, or are refused.

Left to itself, argparse has a command's defaults overwrite what was said before it:
`heddle --budget 0.50 run …` would run without a budget.
"""

import argparse
from collections.abc import Iterator, Sequence


def keep_leading_options(parser: argparse.ArgumentParser) -> None:
    """Have no command's default overwrite an option of the whole program."""
    shared = {action.dest for action in _options(parser)}
    for command in _below(parser):
        for action in command._actions:
            if action.dest in shared and not action.required:
                action.default = argparse.SUPPRESS
        for name in shared & command._defaults.keys():
            del command._defaults[name]


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments, as `parse_args` gives them; an option before a command that has no use for it is an error."""
    args = parser.parse_args(arguments)
    if args.command is None:
        return args
    used = {action.dest for command in _chosen(parser, args) for action in command._actions}
    for option in _options(parser):
        if option.dest not in used and getattr(args, option.dest) != option.default:
            parser.error(f"{option.option_strings[0]} says nothing to `heddle {args.command}`: leave it out")
    return args


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What can stand before a command and says something to it."""
    alone = ("help", "version")
    return [action for action in parser._actions if action.option_strings and action.dest not in alone]


def _commands(parser: argparse.ArgumentParser) -> "list[argparse._SubParsersAction[argparse.ArgumentParser]]":
    return [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]


def _below(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for commands in _commands(parser):
        for command in commands.choices.values():
            yield command
            yield from _below(command)


def _chosen(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Iterator[argparse.ArgumentParser]:
    for commands in _commands(parser):
        command = commands.choices.get(getattr(args, commands.dest) or "")
        if command is not None:
            yield command
            yield from _chosen(command, args)
