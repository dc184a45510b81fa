"""`heddle sessions rename | export | delete | restore`: what can be done with a past session as a whole."""

import argparse
import asyncio
import sys
from pathlib import Path

from cli.decide import carry_out
from cli.errors import Stop, usage
from cli.sessions import choose_session
from cli.world import World
from core.commands import RenameSession
from core.events import CommandRefused, SessionRenamed
from core.exporting import as_json, as_markdown, read_all
from core.refusal import Refusal
from core.shelf import deleted_folder, discard, put_back
from core.text import sanitise

ACTIONS = ("rename", "export", "delete", "restore")


def keep(world: World, args: argparse.Namespace) -> int:
    """Do what the first word says with the session that the second one names."""
    action, *rest = args.words
    if not rest or (len(rest) > 1) != (action == "rename"):
        title = " TITLE" if action == "rename" else ""
        raise usage(
            f"Write it as: heddle sessions {action} SESSION{title}. To search for the word: --search {action}."
        )
    try:
        if action == "restore":
            put_back(world.home, rest[0])
            print(f"Session {sanitise(rest[0])} is back.")
            return 0
        session = choose_session(world, rest[0])
        if action == "delete":
            return _delete(world, session)
    except Refusal as refusal:
        raise Stop(str(refusal)) from None
    if action == "rename":
        return _rename(world, session, " ".join(rest[1:]))
    return _export(world, session, args)


def _delete(world: World, session: str) -> int:
    discard(world.home, session)
    print(f"Session {session} is deleted. To undo that: heddle sessions restore {session}")
    print(f"Its log is kept in {deleted_folder(world.home)} until you empty that folder.", file=sys.stderr)
    return 0


def _rename(world: World, session: str, title: str) -> int:
    events = asyncio.run(carry_out(world, session, [RenameSession(title=title, by="cli")]))
    for event in events:
        if isinstance(event, CommandRefused):
            raise Stop(sanitise(event.reason))
        if isinstance(event, SessionRenamed):
            print(f"Session {session} is called {sanitise(event.title)}.")
    return 0


def _export(world: World, session: str, args: argparse.Namespace) -> int:
    records = asyncio.run(read_all(world.home.session_log(session)))
    text = as_json(records) if args.format == "json" else as_markdown(session, records)
    if args.file is None:
        sys.stdout.write(text)
        return 0
    try:
        Path(args.file).write_text(text, "utf-8")
    except OSError as error:
        raise Stop(f"{sanitise(args.file)} cannot be written: {error.strerror}.") from None
    print(f"Session {session} is in {sanitise(args.file)}.", file=sys.stderr)
    return 0
