"""`heddle changes`: the changes that wait, with their hunks."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from cli.naming import find_named
from cli.output import print_json
from cli.sessions import choose_session
from cli.world import World
from core.events import FileChanged, OverlapFound
from core.log import LogReader
from core.past import Past
from core.text import sanitise, sanitise_line
from core.verdicts import Piece, lines_by_hunk


def changes(world: World, args: argparse.Namespace) -> int:
    """List the changes that wait, or print their diffs."""
    past = asyncio.run(read_past(world, choose_session(world, args.session)))
    named = find_named(past, args.files)
    wanted = {*named.files, *named.hunks}
    found = {path: change for path, change in past.changes.items() if not wanted or path in wanted}
    if args.output == "json":
        print_json([_as_data(change, past) for change in found.values()])
        return 0
    if not found:
        print("No change waits for a decision.", file=sys.stderr)
    for path, change in found.items():
        _print(path, change, past, whole=args.diff or bool(wanted))
    return 0


def _print(path: str, change: FileChanged, past: Past, *, whole: bool) -> None:
    counts = f"+{change.added_lines} −{change.removed_lines}"
    name = sanitise_line(path if change.old_path is None else f"{change.old_path} → {path}")
    marks = f"  [{', '.join(change.marks)}]" if change.marks else ""
    overlaps = past.waiting.overlaps.get(path, ())
    state = "conflict" if path in past.waiting.conflicts else past.waiting.decided[path].verdict
    print(f"{state:<10} {change.kind:<9}{counts:>12}  {name}  ({change.role}){marks}")
    for overlap in overlaps:
        print(f"  two nodes wrote the same lines: {overlapping(overlap)}")
    for id, piece in past.waiting.decided[path].pieces.items():
        hunk, note = piece.hunk, f"  {sanitise_line(piece.stale or piece.comment)}".rstrip()
        place = f"-{hunk.old_start},{hunk.old_lines} +{hunk.new_start},{hunk.new_lines}"
        print(f"  {piece.verdict:<10} #{id:<10} {place}  ({piece.role}){note}")
    if whole:
        print(sanitise(change.patch))


def _as_data(change: FileChanged, past: Past) -> dict[str, object]:
    cut = lines_by_hunk(change.patch, change.hunks)
    decided, conflict = past.waiting.decided[change.path], past.waiting.conflicts.get(change.path)
    return {
        "path": change.path,
        "kind": change.kind,
        "state": decided.verdict,
        "added_lines": change.added_lines,
        "removed_lines": change.removed_lines,
        "role": change.role,
        "run": change.run,
        "old_path": change.old_path,
        "binary": change.binary,
        "old_mode": change.old_mode,
        "new_mode": change.new_mode,
        "marks": change.marks,
        "comment": decided.comment,
        "conflict": None if conflict is None else {"regions": conflict.regions, "text": conflict.text},
        "overlaps": [_overlap(one) for one in past.waiting.overlaps.get(change.path, ())],
        "hunks": [_hunk(piece, lines) for piece, lines in zip(decided.pieces.values(), cut, strict=True)],
        "patch": change.patch,
    }


def _overlap(event: OverlapFound) -> dict[str, object]:
    return {
        "node": event.node,
        "role": event.role,
        "other_node": event.other_node,
        "other_role": event.other_role,
        "hunk": event.hunk,
        "run": event.run,
    }


def overlapping(event: OverlapFound) -> str:
    """Who changed whose lines."""
    return f"{sanitise_line(event.node)} over {sanitise_line(event.other_node)}"


def _hunk(piece: Piece, lines: Sequence[str]) -> dict[str, object]:
    hunk = piece.hunk
    return {
        "id": hunk.id,
        "state": piece.verdict,
        "old": "".join(f"{line[1:]}\n" for line in lines if line.startswith("-")),
        "new": "".join(f"{line[1:]}\n" for line in lines if line.startswith("+")),
        "old_start": hunk.old_start,
        "old_lines": hunk.old_lines,
        "new_start": hunk.new_start,
        "new_lines": hunk.new_lines,
        "role": piece.role,
        "run": piece.run,
        "comment": piece.comment,
        "stale": piece.stale,
    }


async def read_past(world: World, session: str) -> Past:
    """What a session's records say."""
    past = Past()
    async with await LogReader.open(world.home.session_log(session)) as reader:
        after = 0
        while batch := await reader.read(after):
            for record in batch:
                past.apply(record)
                after = record.seq
    return past
