"""The diffs with 5,000 files and with a file of 100,000 lines: CPU to open, move, scroll and search, against the
same screen over three small files, and against a bare Textual list of as many lines."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.pilot import Pilot
from textual.scroll_view import ScrollView
from textual.strip import Strip

sys.path.insert(0, str(Path(__file__).parents[1]))

from core import events as e
from core.clock import now
from core.commands import Command
from core.record import Record, timestamp
from tui.app import HeddleApp

SIZE = (160, 50)
RUNS = 5
AT = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}


def patch_of(lines: int, every: int) -> tuple[str, tuple[e.Hunk, ...]]:
    """A file of so many lines of which each `every`th is changed; with every=1 it is new."""
    if every == 1:
        body = "".join(f"+value_{n} = compute({n}, 'x')  # line {n}\n" for n in range(lines))
        return f"--- /dev/null\n+++ b/x\n@@ -0,0 +1,{lines} @@\n{body}", (hunk(1, 0, 0, 1, lines),)
    parts = [f"--- a/x\n+++ b/x\n@@ -1,{lines} +1,{lines} @@\n"]
    hunks: list[e.Hunk] = []
    for n in range(1, lines + 1):
        if n % every:
            parts.append(f" row_{n} = table[{n}]\n")
        else:
            parts.append(f"-value_{n} = compute({n})\n+value_{n} = compute_all({n}, 'x')\n")
            hunks.append(hunk(len(hunks) + 1, n, 1, n, 1))
    return "".join(parts), tuple(hunks)


def hunk(number: int, old: int, olds: int, new: int, news: int) -> e.Hunk:
    return e.Hunk(
        id=f"h{number}", old_start=old, old_lines=olds, new_start=new, new_lines=news, role="fast_coder"
    )


class Tape:
    """A session that is over: its records and nothing else."""

    id = "s"

    def __init__(self, files: Sequence[tuple[str, str, tuple[e.Hunk, ...]]]) -> None:
        begin = [
            e.SessionStarted(
                project="/p", version="0", roster="r", backend="rehearsal", confinement="confined"
            ),
            e.RequestSubmitted(run="r1", text="x"),
        ]
        changed = [
            e.FileChanged(
                **AT, path=path, kind="modified", added_lines=1, removed_lines=1, patch=patch, hunks=hunks
            )
            for path, patch, hunks in files
        ]
        events = [*begin, *changed]
        at = timestamp(now())
        self.tape = [Record(seq, "s", at, event) for seq, event in enumerate(events, 1)]

    async def submit(self, command: Command) -> None:
        pass

    async def records(self, after: int = 0) -> AsyncIterator[Record]:
        for record in self.tape[after:]:
            yield record
        await asyncio.Event().wait()

    async def close(self) -> None:
        pass


class Bare(App[None]):
    """The floor: as many lines in a ScrollView that draws plain text."""

    class Lines(ScrollView, can_focus=True):
        def render_line(self, y: int) -> Strip:
            text = f"row {self.scroll_offset.y + y} = table[{y}]  # a line of text".ljust(self.size.width)
            return Strip([Segment(text, self.rich_style)])

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._count = lines

    def compose(self) -> ComposeResult:
        yield self.Lines()

    def on_mount(self) -> None:
        self.query_one(self.Lines).virtual_size = Size(100, self._count)
        self.query_one(self.Lines).focus()


async def spend(pilot: Pilot[None], *keys: str, times: int = RUNS) -> float:
    """Milliseconds of CPU for one round of these keys, the median of some."""
    spent: list[float] = []
    for _ in range(times):
        begin = time.process_time()
        await pilot.press(*keys)
        await pilot.pause()
        spent.append(1000 * (time.process_time() - begin))
    return sorted(spent)[len(spent) // 2]


KEYS: dict[str, tuple[str, ...]] = {
    "scroll a page": ("pagedown",),
    "to the end": ("end",),
    "back to the begin": ("home",),
    "next hunk": ("right_square_bracket",),
    "next file": ("n",),
    "side by side": ("v",),
    "search a word, by letter": ("slash", *"compute", "escape"),
    "next match": ("N",),
}


async def ours(files: Sequence[tuple[str, str, tuple[e.Hunk, ...]]], keys: Sequence[str]) -> dict[str, float]:
    tape = Tape(files)

    async def connect() -> Tape:
        return tape

    app = HeddleApp(connect, project="p", frame=0.01)
    found: dict[str, float] = {}
    async with app.run_test(size=SIZE) as pilot:
        while app.screen.view.last < len(tape.tape) or not app.screen.feed.drawn:
            await pilot.pause()
        await pilot.press("f4")
        await pilot.pause()
        view = app.screen.query_one("#patch")
        diffs = app.screen.query_one("#diffs")
        spent: list[float] = []
        for _ in range(RUNS):
            view.show(None)
            begin = time.process_time()
            diffs.redraw()
            await pilot.pause()
            spent.append(1000 * (time.process_time() - begin))
        found["open"] = sorted(spent)[RUNS // 2]
        for name in keys:
            diffs.show_file(0)
            if name == "next match":
                await pilot.press("slash", *"compute", "enter")
            await pilot.pause()
            found[name] = await spend(pilot, *KEYS[name])
    return found


async def bare(lines: int) -> float:
    app = Bare(lines)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        return await spend(pilot, "pagedown")


async def main() -> None:
    small = [(f"pkg/small{n}.py", *patch_of(60, 10)) for n in range(3)]
    many = [(f"pkg{n // 50}/file{n}.py", *patch_of(60, 10)) for n in range(5_000)]
    long = [("pkg/long.py", *patch_of(100_000, 1_000)), *small]
    fresh = [("pkg/new.py", *patch_of(100_000, 1)), *small]
    dense = [("pkg/dense.py", *patch_of(100_000, 10)), *small]
    floor = await bare(100_000)
    base = await ours(small, list(KEYS))
    base["scroll a page"] = floor  # three small files have no page to scroll
    print(f"CPU in ms, median of {RUNS}; a page in a bare ScrollView of 100,000 lines: {floor:.1f}")
    rows = {
        "5,000 files": many,
        "100,000 lines": long,
        "100,000 new lines": fresh,
        "10,000 hunks": dense,
    }
    columns = {name: await ours(files, list(KEYS)) for name, files in rows.items()}
    print(f"{'':<26}{'3 small files':>16}" + "".join(f"{name:>26}" for name in columns))
    for name in ("open", *KEYS):
        cells = "".join(f"{c[name]:>14.1f} ({c[name] / base[name]:>5.1f} ×)" for c in columns.values())
        print(f"{name:<26}{base[name]:>16.1f}{cells}")


if __name__ == "__main__":
    asyncio.run(main())
