"""`heddle blame`: who wrote each line of a file, with which model, in which run, for what, and who approved it."""

import argparse
import asyncio
import sys

from cli.errors import Stop, usage
from cli.output import print_json
from cli.sessions import choose_session
from cli.world import World
from core.blame import BlamedLine, blame as blame_lines
from core.log import LogReader
from core.money import show_usd, to_usd
from core.past import Past
from core.spelling import real, recorded
from core.stage.change import StageError
from core.stage.history import History
from core.stage.shadow import Shadow
from core.text import sanitise_line
from core.view.steps import Steps

_COLUMNS = ("line", "role", "model", "run", "cost", "approved by")


def blame(world: World, args: argparse.Namespace) -> int:
    """Print a file of a session's private copy with what is known of each line."""
    session = choose_session(world, args.session)
    past, steps = asyncio.run(_read(world, session))
    name = recorded(args.file)
    found = _lines(world, session, past, steps, name)
    if args.output == "json":
        print_json([_as_data(line) for line in found])
        return 0
    _print(found)
    return 0


def _lines(world: World, session: str, past: Past, steps: Steps, name: str) -> list[BlamedLine]:
    """Raises `Stop` where nothing is known of the file."""
    folder = world.home.stage(session) / "shadow.git"
    if not folder.is_dir():
        raise Stop("The private copy of this session is gone, and with it who wrote which line.")
    try:
        found = blame_lines(History(Shadow(folder)), past.waiting, steps, real(name), name)
    except (StageError, OSError) as error:
        raise Stop(f"The private copy of this session cannot be read: {error}") from error
    if found is None:
        raise usage(
            f"No agent has written a line of {sanitise_line(name)} that is there now. "
            "`heddle changes` lists what was changed; paths are relative to the project."
        )
    return found


def _as_data(line: BlamedLine) -> dict[str, object]:
    step = line.step
    share = None if step is None else step.share
    return {
        "line": line.number,
        "text": line.text.encode("utf-8", "backslashreplace").decode(),
        "role": line.role,
        "node": "" if step is None else step.node,
        "model": "" if step is None else step.model,
        "run": line.run,
        "step": "" if step is None else step.commit,
        "cost_usd": None if share is None else to_usd(share),
        "estimated": step is not None and step.work.is_estimated,
        "approved_by": list(line.approved_by),
        "applied": line.applied,
    }


def _print(lines: list[BlamedLine]) -> None:
    rows = [_row(line) for line in lines]
    widths = [max(len(row[at]) for row in [list(_COLUMNS), *rows]) for at in range(len(_COLUMNS))]
    print("  ".join(word.ljust(width) for word, width in zip(_COLUMNS, widths, strict=True)), file=sys.stderr)
    for line, row in zip(lines, rows, strict=True):
        front = "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True))
        print(f"{front}  {sanitise_line(line.text)}".rstrip())


def _row(line: BlamedLine) -> list[str]:
    step = line.step
    if not line.role:
        return [str(line.number), "", "", "", "", ""]
    share = None if step is None else step.share
    mark = "~" if step is not None and step.work.is_estimated else ""
    cost = "" if share is None else f"{mark}{show_usd(to_usd(share))}"
    by = ", ".join(line.approved_by) or ("applied" if line.applied else "nobody yet")
    model = "" if step is None else step.model
    return [str(line.number), *(sanitise_line(word) for word in (line.role, model, line.run, cost, by))]


async def _read(world: World, session: str) -> tuple[Past, Steps]:
    """What the records say of decisions, and of the cost of each step."""
    past, steps = Past(), Steps()
    async with await LogReader.open(world.home.session_log(session)) as reader:
        after = 0
        while batch := await reader.read(after):
            for record in batch:
                past.apply(record)
                steps.apply(record.event)
                after = record.seq
    return past, steps
