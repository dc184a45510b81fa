"""Does routing earn its keep? The same pieces of work by one plain Strands agent and by Heddle, at list prices.

Usage: python bench/cost.py [--traces FILE] [--every N] [--class NAME] [--more-steps X] [--escalate] [--short X]
                            [--slow X] [--roster NAME]

Steps and tokens are those of real runs (shared/data/traces). Both sides really run: Strands, boto3, Heddle's
sessions, stages and tools, over a loopback endpoint that bills as Bedrock does: a prefix cache for each
model, with its lifetime and least size, counted on the bytes of each request. Only what models say is played.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from _pieces import (
    REWORK,
    SHARES,
    Piece,
    Shelf,
    Trouble,
    plain_turns,
    prose,
    read_pieces,
    shorter,
    team_script,
)
from strands import Agent, tool
from strands.agent.conversation_manager import NullConversationManager
from strands.models import BedrockModel
from strands.models.model import CacheConfig

from agents.aws import Connection, connect_rehearsal
from agents.conductor import Conductor
from agents.rehearsal import Rehearsal, Script
from agents.rehearsal.tokens import PrefixCache, Prompt
from agents.roster import Roster, load_roster
from core.commands import AnswerQuestion, SubmitRequest
from core.events import ModelCalled, NodeStarted, QuestionAsked, RunFinished
from core.money import PICO_PER_USD, to_pico
from core.paths import find_home
from core.prices import PriceBook, Usage, load_prices
from core.record import Record
from core.session import Session, Settings

AIMS = {"SIMPLE": 0.25, "MEDIUM": 0.8, "COMPLEX": 1.1}
MIX_AIM = 0.7
SECONDS, SMALL_SECONDS = 8.0, 4.0
"""How long a call takes with its tool, and on a small model: what is five minutes old has left the cache."""
SMALL = ("haiku", "nova", "llama")
TRACES = Path(__file__).parents[2] / "shared" / "data" / "traces" / "agent_steps.jsonl"
SYSTEM = "You are a careful software engineer. Do the work, test it, review it, and document it.\n"


class Billing(PrefixCache):
    """The endpoint's cache on a clock of its own: each call takes a while."""

    def __init__(self, slow: float) -> None:
        self.slow = slow
        self.seconds = 0.0
        super().__init__(lambda: self.seconds)

    def charge(self, model, body) -> Prompt:
        self.seconds += self.slow * (SMALL_SECONDS if any(name in model for name in SMALL) else SECONDS)
        return super().charge(model, body)


@dataclass
class Bill:
    """What one side cost, in pico-dollars, and its calls."""

    cost: int = 0
    calls: int = 0
    parts: Counter[str] = field(default_factory=Counter)
    """By role."""
    tokens: Counter[str] = field(default_factory=Counter)

    def plus(self, other: "Bill", share: float = 1.0) -> "Bill":
        """This and a part of another."""
        return Bill(
            self.cost + round(share * other.cost),
            self.calls + round(share * other.calls),
            *(_plus(*pair, share) for pair in ((self.parts, other.parts), (self.tokens, other.tokens))),
        )

    def add(self, role: str, usage: Usage, cost: int) -> None:
        self.cost += cost
        self.calls += 1
        self.parts[role] += cost
        self.tokens.update(
            input=usage.input, read=usage.cache_read, write=usage.cache_write, output=usage.output,
            hour=usage.cache_write_1h,
        )  # fmt: skip


def _plus(one: Counter[str], other: Counter[str], share: float) -> Counter[str]:
    return one + Counter({key: round(share * count) for key, count in other.items()})


# -- one plain agent ---------------------------------------------------------------------------------


@tool
def run(command: str, tokens: int) -> str:
    """Run a command in the project and give its output.

    Args:
        command: The command.
        tokens: How much of its output is wanted.
    """
    return prose(tokens - 12)


async def by_one(piece: Piece, roster: Roster, prices: PriceBook, slow: float) -> Bill:
    """The whole piece in one conversation, on the senior coder's model, with caching on."""
    bill, model = Bill(), roster["senior_coder"].model
    script = Script(name="piece", title=piece.id, request=piece.name, turns=tuple(plain_turns(piece)))
    with Rehearsal([script], speed=0, cache=Billing(slow)) as server:
        agent = Agent(
            model=_plain_model(model, connect_rehearsal(server.url)),
            system_prompt=SYSTEM + prose(500),
            tools=[run],
            callback_handler=None,
            conversation_manager=NullConversationManager(),
        )
        async for event in agent.stream_async(piece.text()):
            reported = event.get("event", {}).get("metadata", {}).get("usage")
            if reported:
                usage = _usage(reported)
                bill.add("plain", usage, prices.cost(model, usage))
    return bill


def _plain_model(model: str, connection: Connection) -> BedrockModel:
    return BedrockModel(
        boto_session=connection.session,
        boto_client_config=connection.client_config(),
        endpoint_url=connection.endpoint,
        model_id=model,
        max_tokens=16_000,
        cache_config=CacheConfig(strategy="auto", tools_ttl=True),
        additional_args={"requestMetadata": {"app": "bench", "role": "plain", "run": "r", "node": "n"}},
    )


def _usage(reported: dict) -> Usage:
    return Usage(
        input=reported["inputTokens"],
        output=reported["outputTokens"],
        cache_read=reported.get("cacheReadInputTokens", 0),
        cache_write=reported.get("cacheWriteInputTokens", 0),
    )


# -- Heddle ------------------------------------------------------------------------------------------


Watching = Callable[[Session, Record], Awaitable[None]]
"""Sees what a session puts on record, and may say something to it."""


async def by_team(
    piece: Piece,
    roster: Roster,
    prices: PriceBook,
    folder: Path,
    trouble: Trouble,
    cache: Billing,
    watching: Watching | None = None,
) -> tuple[Bill, Bill]:
    """The same by a session of Heddle, with its own prompts, tools and handoffs: what it costs, and what it
    costs more where it is sent back."""
    shelf = Shelf()
    script = team_script(piece, shelf, trouble)
    project = _project(folder / "project", shelf)
    bill, again = Bill(), Bill()
    with Rehearsal([script], speed=0, cache=cache) as server:
        team = Conductor(roster, connect_rehearsal(server.url), ask_above_usd="1000")
        settings = Settings(home=find_home(), prices=prices, allow_unconfined=True, interactive=True)
        session = await Session.open(settings, project=project, team=team)
        ending = asyncio.create_task(_watch(session, bill, again, watching))
        await session.submit(SubmitRequest(text=piece.text()))
        end = await ending
        await session.close()
    if end.status != "done" or to_pico(end.cost_usd) != bill.cost + again.cost:
        raise RuntimeError(f"{piece.id} ended as {end.status}: {end.answer[:500]}")
    return bill, again


def _project(folder: Path, shelf: Shelf) -> Path:
    for name, text in shelf.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "README.md").write_text("# Sample\n")
    (folder / "Makefile").write_text("test:\n\t@true\n")
    return folder


async def _watch(session: Session, bill: Bill, again: Bill, watching: Watching | None) -> RunFinished:
    """Take in the charges, say yes to every question, until the run ends. A node that starts once more does so
    because the work was sent back."""
    starts = Counter[str]()
    async for record in session.records():
        event = record.event
        if watching is not None:
            await watching(session, record)
        if isinstance(event, NodeStarted):
            starts[event.node] += 1
        elif isinstance(event, ModelCalled):
            usage = Usage(
                input=event.input_tokens,
                output=event.output_tokens,
                cache_read=event.cache_read_tokens,
                cache_write=event.cache_write_tokens,
                cache_write_1h=event.cache_write_1h_tokens,
            )
            side = again if starts[event.node] > 1 else bill
            side.add(event.role, usage, to_pico(event.cost_usd))
        elif isinstance(event, QuestionAsked):
            await session.submit(AnswerQuestion(id=event.id, answer=event.choices[0], by="bench"))
        elif isinstance(event, RunFinished):
            return event
    raise RuntimeError("the session ended before its run")


# -- the report --------------------------------------------------------------------------------------


@dataclass
class Class:
    """All pieces of one class: both sides' bills, in the same order."""

    one: list[Bill] = field(default_factory=list)
    approved: list[Bill] = field(default_factory=list)
    """Heddle's, where the work is approved at once."""
    again: list[Bill] = field(default_factory=list)
    """What it costs more where it is sent back."""
    traced: int = 0
    """Prompt tokens of the traces themselves."""
    share: float = REWORK
    """The part that is sent back."""

    @property
    def team(self) -> list[Bill]:
        """Heddle's bills, in which each return counts for the part that is sent back."""
        return self.returned(self.share)

    def returned(self, share: float) -> list[Bill]:
        """Heddle's bills where this part of the work is sent back."""
        pairs = zip(self.approved, self.again, strict=True)
        return [bill.plus(again, share) for bill, again in pairs]

    def ratio(self, share: float) -> float:
        """Heddle's cost against one agent's, where this part of the work is sent back."""
        return sum(bill.cost for bill in self.returned(share)) / sum(bill.cost for bill in self.one)

    @property
    def means(self) -> tuple[float, float]:
        """Dollars a piece: one agent, and the team."""
        return mean(bill.cost for bill in self.one), mean(bill.cost for bill in self.team)


def mean(costs: Iterable[int]) -> float:
    found = list(costs)
    return sum(found) / len(found) / PICO_PER_USD


def report(classes: dict[str, Class]) -> None:
    print("class      pieces  calls 1/H   one agent      Heddle   ratio        aim  approved/sent back")
    for kind, found in classes.items():
        one, team = found.means
        calls = [round(sum(b.calls for b in side) / len(side)) for side in (found.one, found.team)]
        print(
            f"{kind:<10} {len(found.one):>6}  {calls[0]:>4}/{calls[1]:<4} {one:>11.4f} {team:>11.4f} "
            f"{team / one:>7.2f} {_aim(AIMS.get(kind), team / one):>12}  "
            f"{found.ratio(0):.2f}/{found.ratio(1):.2f}"
        )
    if set(classes) == set(SHARES):
        one, team = (sum(SHARES[kind] * classes[kind].means[side] for kind in SHARES) for side in (0, 1))
        print(
            f"{'the mix':<27} {one:>11.4f} {team:>11.4f} {team / one:>7.2f} {_aim(MIX_AIM, team / one):>12}"
        )
    for kind, found in classes.items():
        print(f"{kind:<10} Heddle's cost: {_parts(found.team)}")


def _aim(aim: float | None, ratio: float) -> str:
    return "" if aim is None else f"≤{aim:<4} {'ok' if ratio <= aim else 'MISSED'}"


def _parts(bills: list[Bill]) -> str:
    whole = sum((bill.parts for bill in bills), Counter())
    return ", ".join(f"{role} {100 * cost / sum(whole.values()):.0f} %" for role, cost in whole.most_common())


def caches(classes: dict[str, Class]) -> None:
    """How much of all prompts came out of the cache."""
    for name in ("one", "team"):
        tokens = sum((bill.tokens for found in classes.values() for bill in getattr(found, name)), Counter())
        prompt = tokens["input"] + tokens["read"] + tokens["write"]
        shares = ", ".join(f"{key} {100 * tokens[key] / prompt:.1f} %" for key in ("read", "write", "input"))
        if name == "one":
            traced = sum(found.traced for found in classes.values())
            print(
                f"one agent's prompts, with its review and documents: {prompt / traced:.2f} × those of the traces"
            )
        print(f"{'one agent' if name == 'one' else 'Heddle':<10} prompts: {shares}; {tokens['output']:,} out")


async def measure(options: argparse.Namespace) -> dict[str, Class]:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))
    home, prices = find_home(), load_prices()
    roster = load_roster(options.roster, config=home.config, region="us-east-1", scope="global")
    classes = {kind: Class() for kind in SHARES if options.kind in ("", kind)}
    chosen = [piece for piece in read_pieces(options.traces) if piece.kind in classes][:: options.every]
    trouble = Trouble(options.more_steps, options.escalate)
    if options.escalate:
        classes["SIMPLE"].share = 1.0
    for number, whole in enumerate(chosen):
        piece = whole if options.short == 1 else shorter(whole, options.short)
        found = classes[piece.kind]
        found.traced += piece.prompts
        found.one.append(await by_one(piece, roster, prices, options.slow))
        folder = home.state / str(number)
        bills = await by_team(piece, roster, prices, folder, trouble, Billing(options.slow))
        found.approved.append(bills[0])
        found.again.append(bills[1])
        one, team = found.one[-1].cost, found.team[-1].cost
        print(f"{number + 1}/{len(chosen)} {piece.kind} {piece.id}: {team / one:.2f}", file=sys.stderr)
    return {kind: found for kind, found in classes.items() if found.one}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--every", type=int, default=4, metavar="N", help="each n-th piece; 1: all of them")
    parser.add_argument("--class", dest="kind", default="", choices=("", *SHARES))
    parser.add_argument(
        "--more-steps", type=float, default=1.0, metavar="X", help="small models need more steps"
    )
    parser.add_argument("--escalate", action="store_true", help="no fast coder manages its work")
    parser.add_argument("--short", type=float, default=1.0, metavar="X", help="only this part of all steps")
    parser.add_argument(
        "--slow", type=float, default=1.0, metavar="X", help="so much longer does each call take"
    )
    parser.add_argument("--roster", default="current")
    options = parser.parse_args()
    if not options.traces.exists():
        print(f"skipped: the traces are not here ({options.traces.name}); name the file with --traces")
        return
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(HEDDLE_HOME=home, AWS_EC2_METADATA_DISABLED="true")
        classes = asyncio.run(measure(options))
    print(f"{options.traces.name}, 1 of {options.every} pieces; roster {options.roster}; {date.today()}")
    report(classes)
    caches(classes)


if __name__ == "__main__":
    main()
