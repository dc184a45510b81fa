"""The screen while models write: processor time, repaints, and how long a key takes to be seen.

One node and eight, 100 tokens a second each, over 10,000 items of past; nothing at all; and a decision that
waits. The engine is `_load.py`: the real log and link, with typists instead of models. The floor is a bare
Textual application whose text area takes the same keys: idle, typed into in turns with the screen that is
measured, and one that appends to a `Log` 30 times a second. Beside the time until a key is seen stands the
processor time that the program used meanwhile, which a busy machine does not make longer. `busy.py one` and
`busy.py eight` measure a half of it.
"""

import os
import random
import subprocess
import sys
import tempfile
import time

from _terminal import PRIORITY, ROOT, Terminal, exact_cpu_seconds, heddle, median

SECONDS = 12
ROUNDS = 3
"""In which keys are typed into the floor and into what is measured, in turns."""
ITEMS = 10_000
LOADS = {"one": ("one node", 0, 1), "eight": (f"eight nodes, {ITEMS:,} items", ITEMS, 8)}
KEYS = "qxzj"
SESSION = "20260131-120000-busy"
FLOOR = """
from textual.app import App
from textual.widgets import Log, TextArea
class Floor(App):
    def compose(self):
        yield TextArea("usable prompt")
        yield Log()
    def on_mount(self):
        if {rate}:
            log = self.query_one(Log)
            self.set_interval(1 / {rate}, lambda: log.write("three words or "))
        self.query_one(TextArea).focus()
Floor().run()
"""


def main() -> None:
    print(PRIORITY, flush=True)
    with tempfile.TemporaryDirectory() as home:
        settings = {"HEDDLE_HOME": home, "HOME": home}
        chosen = [LOADS[name] for name in sys.argv[1:]] or LOADS.values()
        if len(chosen) > 1:
            log = floor(settings, 30)
            measure(log, "bare Textual, a Log of 30 writes a second", typing=True)
            log.end()
        bare = floor(settings, 0)
        for name, items, nodes in chosen:
            with engine(settings, f"{SESSION}{nodes}", items) as load:
                terminal = open_screen(settings, f"{SESSION}{nodes}")
                terminal.drain(8 if items else 2)
                measure(terminal, f"{name}: idle", typing=False)
                request(terminal, f"stream {nodes} {5 * SECONDS}")
                terminal.drain(1)
                early = measure(terminal, f"{name}: streaming, not typing", typing=False)
                measure(terminal, f"{name}: streaming, typing", typing=True, clear=True, beside=bare)
                late = measure(terminal, f"{name}: streaming, at its end", typing=False)
                print(f"{name}: processor time at the end / at the start {late / early:.2f}")
                terminal.until("done", 60)
                request(terminal, "ask")
                terminal.until("Go on", 20)
                terminal.drain(1)
                measure(terminal, f"{name}: a decision waits", typing=False)
                terminal.end()
                load.terminate()
        bare.end()


def floor(settings: dict[str, str], rate: int) -> Terminal:
    """A bare application with a text area, and so many writes a second into a `Log`."""
    terminal = Terminal([sys.executable, "-c", FLOOR.replace("{rate}", str(rate))], settings)
    terminal.until("usable prompt")
    terminal.drain(1)
    return terminal


def engine(settings: dict[str, str], session: str, items: int) -> "subprocess.Popen[str]":
    load = subprocess.Popen(
        [sys.executable, str(ROOT / "bench" / "_load.py"), session, str(items)],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert load.stdout is not None
    load.stdout.readline()
    return load


def open_screen(settings: dict[str, str], session: str) -> Terminal:
    terminal = Terminal(heddle("--session", session), settings)
    terminal.until("confined")
    return terminal


def request(terminal: Terminal, text: str) -> None:
    terminal.type(text)
    terminal.drain(0.5)
    terminal.type("\r")


def measure(
    terminal: Terminal, name: str, *, typing: bool, clear: bool = False, beside: Terminal | None = None
) -> float:
    """Percent of a core over some seconds, with repaints and the echo of keys; prints it."""
    used = took = painted = 0.0
    keys, floors = Keys(), Keys()
    for _ in range(ROUNDS if typing else 1):
        if beside is not None:
            floors.type_into(beside)
            terminal.drain(0.5)  # what it painted meanwhile
        before, begun, writes = exact_cpu_seconds(terminal.pid), time.perf_counter(), terminal.writes
        keys.type_into(terminal) if typing else terminal.drain(SECONDS)
        took += time.perf_counter() - begun
        used += exact_cpu_seconds(terminal.pid) - before
        painted += terminal.writes - writes
    print(f"{name}: {100 * used / took:.1f} % of a core, {painted / took:.0f} repaints a second", end="")
    print(f", key to echo {keys.told()}" if typing else "", end="")
    print(f"; bare Textual beside it {floors.told()}" if beside is not None else "", flush=True)
    if clear:
        terminal.type("\x7f" * keys.typed)
        terminal.drain(1)
    return 100 * used / took


class Keys:
    """Keys that are typed every now and then, in rounds: how long each takes to be painted, and what that costs."""

    def __init__(self) -> None:
        self.typed = 0
        self._chance = random.Random(1)
        self._rounds: list[tuple[list[float], list[float]]] = []

    def type_into(self, terminal: Terminal) -> None:
        """One round."""
        waits, costs = [], []
        end = time.perf_counter() + SECONDS / ROUNDS
        while time.perf_counter() < end:
            terminal.drain(self._chance.uniform(0.05, 0.2))
            key = KEYS[self.typed % len(KEYS)]
            terminal.painted = b""
            before, sent = exact_cpu_seconds(terminal.pid), time.perf_counter()
            terminal.type(key)
            terminal.until(key, 10)
            waits.append(time.perf_counter() - sent)
            costs.append(exact_cpu_seconds(terminal.pid) - before)
            self.typed += 1
        self._rounds.append((waits, costs))

    def told(self) -> str:
        """Of each figure the median of the rounds."""
        wait, cost = ([each[which] for each in self._rounds] for which in (0, 1))
        (w50, w95), (c50, c95) = (
            [_of_rounds(rounds, part) for part in (0.5, 0.95)] for rounds in (wait, cost)
        )
        return f"p50 {w50:.0f} ms, p95 {w95:.0f} ms (processor time {c50:.1f} and {c95:.1f} ms)"


def _of_rounds(rounds: list[list[float]], part: float) -> float:
    """Milliseconds: what so many of the values are below, as the median of the rounds."""
    return 1000 * median([sorted(values)[int(len(values) * part)] for values in rounds])


if __name__ == "__main__":
    main()
