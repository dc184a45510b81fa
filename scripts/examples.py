"""Write docs/examples.md from real runs of the original design's examples, in the rehearsal.

Usage: python scripts/examples.py       (takes about five minutes: models answer at the speed that the scripts give)

Every figure is read from the records of a run that the command itself made; nothing is carried over from before.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from core.events import ModelCalled
    from core.record import Record

EXAMPLES = {
    "health-endpoint": "Example 1: a health endpoint",
    "lru-cache": "Example 2: an LRU cache with TTL and thread safety",
    "websockets": "Example 3: websockets at scale",
    "live-updates": "What example 3 proposes, built",
}
ORIGINAL, CURRENT = "design-2025", "current"
ALONE = {
    "one warm Claude Sonnet 4.5": "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "one warm Claude Opus 4.1": "us.anthropic.claude-opus-4-1-20250805-v1:0",
}
HEAD = """\
# The three examples of the original design

Made by `scripts/examples.py` from real runs on {day}, over the rehearsal: what the models say is scripted, and so are
their speeds; the tools, the tests, the prompts and the bytes that are counted are real. Prices are list prices of
{prices}, nothing was billed. `heddle rehearse NAME` plays each of them, `--output stream-json` gives the records that
these figures come from, and a test holds their specialists and their order (`tests/agents/rehearsal/test_examples.py`).

## What the design said, and what is known of it

- **Who works.** The design names a model for each role; `heddle rehearse NAME --roster design-2025` uses exactly those.
  Each table below has them beside those of today's roster.
- **Prices.** The design counted Llama 3.3 70B at $0.27 for a million tokens of input. Bedrock's price is $0.72, so what
  its test engineer costs is up to 2.7 times what the design expected. Its other prices are right.
- **What its examples cost and how long they took.** The figures that the design gave for each example are not in this
  repository, so nothing stands beside ours in that column, and none were made up. Two claims of it are known, and both
  can be held against these runs: “60–80 % cheaper” and “sub-second”.
- **60–80 % cheaper** depends on what one compares with, so each example says it against two single agents that have a
  warm cache of their own, with the same calls and tokens. {saved}
  [Money](money.md) measures today's team on real traces.
- **Sub-second** cannot be. Specialists that wait for each other make their calls in a row, and a real model needs some
  0.3 to 1.2 seconds before its *first* token: four calls in a row cannot be done in one. The examples say what the
  scripted models took, and what is left when models answer at once (`--speed 0`): what Heddle, the tools and the tests
  need on this machine.
"""


@dataclass(frozen=True)
class Played:
    """One run, as its records tell it."""

    records: "list[Record]"

    def of(self, kind: type) -> list:
        return [record.event for record in self.records if isinstance(record.event, kind)]

    @property
    def calls(self) -> "list[ModelCalled]":
        from core.events import ModelCalled

        return self.of(ModelCalled)

    @property
    def seconds(self) -> float:
        """From the request to the end of the run."""
        from core.events import RequestSubmitted, RunFinished

        times = [
            datetime.fromisoformat(record.at)
            for record in self.records
            if isinstance(record.event, RequestSubmitted | RunFinished)
        ]
        return (times[-1] - times[0]).total_seconds()


def play(name: str, roster: str, speed: float) -> Played:
    """Play a scenario with the real command, in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        command = [
            sys.executable,
            "-P",
            str(ROOT),
            "rehearse",
            name,
            "--roster",
            roster,
            "--speed",
            str(speed),
        ]
        settings = {**os.environ, "HEDDLE_HOME": home}
        done = subprocess.run(command, env=settings, cwd=home, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{name} with {roster} ended with {done.returncode}: {done.stderr[-2000:]}")
        (log,) = Path(home).rglob("sessions/*.db")
        return Played(asyncio.run(read(log)))


async def read(log: Path) -> "list[Record]":
    from core.log import LogReader

    found: list[Record] = []
    async with await LogReader.open(log) as reader:
        while batch := await reader.read(found[-1].seq if found else 0):
            found += batch
    return found


# -- the page ----------------------------------------------------------------------------------------


def example(name: str, original: Played) -> str:
    """One example: what was asked, who worked at what cost, and how long it took."""
    from core.events import RequestSubmitted, RouteDecided

    current, at_once = play(name, CURRENT, 1), play(name, CURRENT, 0)
    (request,), (route,) = current.of(RequestSubmitted), current.of(RouteDecided)
    parts = [
        f"## {EXAMPLES[name]}",
        f"> {request.text}",
        f"`heddle rehearse {name}`: {route.complexity}, {route.pattern}. {ended(current)}",
        table(original, current),
        money(original, current),
        clock(current, at_once),
    ]
    return "\n\n".join([*parts[:-2], "\n".join(parts[-2:])]) + "\n"


def ended(played: Played) -> str:
    from core.events import RunFinished, TestsFinished

    (end,) = played.of(RunFinished)
    tests = played.of(TestsFinished)
    told = f" {tests[-1].passed} tests ran and passed." if tests and tests[-1].outcome == "passed" else ""
    files = f"{len(end.files)} files changed." if end.files else "It changed nothing, as explorers do."
    return f"It ended as {end.status}. {files}{told}"


def table(original: Played, current: Played) -> str:
    """A line for each node, in the order in which they worked."""
    from core.events import NodeStarted

    rows = [
        "| node | the design's model | calls | cost | today's model | calls | cost |",
        "|---|---|---|---|---|---|---|",
    ]
    order = [[event.node for event in played.of(NodeStarted)] for played in (original, current)]
    if order[0] != order[1]:
        raise RuntimeError(f"the rosters differ in who works: {order}")
    for node in order[0]:
        rows.append(f"| {node} | {cells(original, node)} | {cells(current, node)} |")
    sums = (f"{len(played.calls)} | {usd(played.calls)}" for played in (original, current))
    rows.append("| **all** | | " + " | | ".join(sums) + " |")
    return "\n".join(rows)


def cells(played: Played, node: str) -> str:
    from agents.catalog import title

    calls = [call for call in played.calls if call.node == node]
    return f"{title(calls[0].model)} | {len(calls)} | {usd(calls)}"


def usd(calls: "Sequence[ModelCalled]") -> str:
    from core.money import show_usd, to_pico, to_usd

    return show_usd(to_usd(sum(to_pico(call.cost_usd) for call in calls)))


def money(original: Played, current: Played) -> str:
    from core.counterfactual import compare
    from core.money import show_usd, to_usd
    from core.prices import load_prices

    book = load_prices()
    lines: list[str] = []
    for name, model in ALONE.items():
        ones = [compare(played.calls, model, book) for played in (original, current)]
        theirs = [show_usd(to_usd(one.theirs)) for one in ones]
        percents = [signed(one.percent or 0) for one in ones]
        lines.append(
            f"- Beside {name} with the same calls: {theirs[0]}, the design's team {percents[0]}; "
            f"{theirs[1]}, today's team {percents[1]}."
        )
    return "\n".join(lines)


def claim(originals: Sequence[Played]) -> str:
    """What the design's own team costs beside each single agent, over all examples."""
    from core.counterfactual import compare
    from core.prices import load_prices

    book, parts = load_prices(), list[str]()
    for name, model in ALONE.items():
        found = sorted(compare(played.calls, model, book).percent or 0 for played in originals)
        parts.append(f"beside {name} it costs {signed(found[0])} to {signed(found[-1])}")
    return f"Of the design's own team, over all examples: {', '.join(parts)}."


def signed(percent: int) -> str:
    return f"{percent:+d} %".replace("-", "−")


def clock(current: Played, at_once: Played) -> str:
    models = sum(call.latency_ms for call in current.calls) / 1000
    return (
        f"- {len(current.calls)} calls in a row: {current.seconds:.1f} s, of which the scripted models took "
        f"{models:.1f} s. With models that answer at once: {at_once.seconds:.1f} s."
    )


def main() -> None:
    from core.prices import load_prices

    originals = {name: play(name, ORIGINAL, 0) for name in EXAMPLES}
    day, saved = f"{datetime.now():%Y-%m-%d}", claim(list(originals.values()))
    parts = [HEAD.format(day=day, prices=load_prices().date, saved=saved)]
    for name, original in originals.items():
        print(f"playing {name} …", file=sys.stderr)
        parts.append(example(name, original))
    (ROOT / "docs/examples.md").write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    main()
