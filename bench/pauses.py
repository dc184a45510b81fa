"""What an hour in the prompt cache costs and saves where a person drives Heddle, at list prices.

Usage: python bench/pauses.py [--traces FILE]

Two things: requests of one session with so many minutes between them; and one piece whose coder is paused twice in
the middle of it, so many minutes each time. Each piece is sent back once, and is done with all that is written kept
for five minutes, by the rule (`agents/lifetimes.py`), and with everything kept for an hour. Pieces and endpoint are
those of bench/cost.py.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from _pieces import DICE, Piece, Trouble, read_pieces
from cost import TRACES, Bill, Billing, by_team

import agents.lifetimes
import core.control
from agents.cache_points import Kept
from agents.lifetimes import Lifetimes
from agents.roster import Roster, load_roster
from core.commands import PauseNode, ResumeNode
from core.events import ModelCalled
from core.money import PICO_PER_USD
from core.paths import find_home
from core.prices import load_prices
from core.record import Record
from core.session import Session

BETWEEN = (0, 2, 10, 30, 50, 90)
PAUSED = (0, 10, 30, 90)
"""Minutes."""
AFTER = (15, 30)
"""The coder's calls after which it is paused."""
DAY = (
    (0, "SIMPLE"),
    (0, "MEDIUM"),
    (5, "SIMPLE"),
    (3, "SIMPLE"),
    (4, "MEDIUM"),
    (0, "COMPLEX"),
    (8, "SIMPLE"),
)
"""The pieces of a day, in the shares of the mix as far as so few can have them."""
WAYS: dict[str, Kept | None] = {"five minutes": Kept(), "the rule": None, "all for an hour": Kept(True, True)}


class Person:
    """Pauses the coder after some of its calls, and lets it go on so many minutes later."""

    def __init__(self, cache: Billing, minutes: float) -> None:
        self._cache = cache
        self._minutes = minutes
        self._calls = 0

    async def __call__(self, session: Session, record: Record) -> None:
        event = record.event
        if not isinstance(event, ModelCalled) or event.role != "senior_coder":
            return
        self._calls += 1
        if self._calls in AFTER and self._minutes:
            await session.submit(PauseNode(node=event.node))
            await asyncio.sleep(0.5)  # the call under way ends meanwhile
            self._cache.seconds += 60 * self._minutes
            await session.submit(ResumeNode(node=event.node))


@contextmanager
def kept(always: Kept | None) -> Iterator[None]:
    """Let all calls keep this for an hour, whatever the rule says."""
    rule = Lifetimes.choose
    if always is not None:
        Lifetimes.choose = lambda _self, _model, card, prompt: (
            always if card.cache_hour and prompt.front else Kept()
        )
    try:
        yield
    finally:
        Lifetimes.choose = rule


async def done(pieces: Sequence[Piece], roster: Roster, *, between: float = 0, paused: float = 0) -> int:
    """What the pieces cost, one after another; in pico-dollars."""
    cache, bills = Billing(1.0), list[Bill]()
    DICE.seed(1)  # the same words each time
    for module in (core.control, agents.lifetimes):
        module.monotonic_ms = lambda: int(1000 * cache.seconds)
    for number, piece in enumerate(pieces):
        # Each piece has a session of its own here, and stands for a request of one and the same.
        Lifetimes.is_called_again = property(lambda self, later=number > 0: self._role.returns and later)
        with tempfile.TemporaryDirectory() as folder:
            person = Person(cache, paused)
            bills += await by_team(piece, roster, load_prices(), Path(folder), Trouble(), cache, person)
        cache.seconds += 60 * between
    return sum(bill.cost for bill in bills)


async def line(minutes: int, pieces: Sequence[Piece], roster: Roster, **how: float) -> None:
    """All ways, side by side."""
    costs: list[int] = []
    for always in WAYS.values():
        with kept(always):
            costs.append(await done(pieces, roster, **how))
    cells = "".join(f"{cost / PICO_PER_USD:>11.4f} {100 * (cost / costs[0] - 1):>+6.1f} %" for cost in costs)
    print(f"{minutes:>8}{cells}", flush=True)


async def main(options: argparse.Namespace) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))
    roster = load_roster(options.roster, config=find_home().config, region="us-east-1", scope="global")
    found = read_pieces(options.traces)
    of = {kind: [piece for piece in found if piece.kind == kind] for _, kind in DAY}
    day = [of[kind][number] for number, kind in DAY]
    head = f"{'minutes':>8}" + "".join(f"{name:>20}" for name in WAYS)
    print(f"{len(day)} requests, with so many minutes between them\n{head}")
    for minutes in BETWEEN:
        await line(minutes, day, roster, between=minutes)
    print(f"\none MEDIUM piece, whose coder is paused twice for so many minutes\n{head}")
    for minutes in PAUSED:
        await line(minutes, [of["MEDIUM"][5]], roster, paused=minutes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--roster", default="current")
    options = parser.parse_args()
    if not options.traces.exists():
        print(f"skipped: the traces are not here ({options.traces.name}); name the file with --traces")
    else:
        logging.disable(logging.WARNING)
        with tempfile.TemporaryDirectory() as home:
            os.environ.update(HEDDLE_HOME=home, AWS_EC2_METADATA_DISABLED="true")
            asyncio.run(main(options))
