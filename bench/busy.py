"""The screen while models write: processor time, repaints, and how long a key takes to be seen.

One node and eight, 100 tokens a second each, over 10,000 items of past; nothing at all; and a decision that
waits. The engine is `_load.py`: the real log and link, with typists instead of models. The floor is a bare
Textual application whose text area takes the same keys, idle, and one that appends to a `Log` 30 times a second.
"""

import os
import random
import subprocess
import sys
import tempfile
import time

from _terminal import ROOT, Terminal, exact_cpu_seconds, heddle

SECONDS = 12
ITEMS = 10_000
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
    with tempfile.TemporaryDirectory() as home:
        settings = {"HEDDLE_HOME": home, "HOME": home}
        floor(settings, 0, "bare Textual, idle")
        floor(settings, 30, "bare Textual, a Log of 30 writes a second")
        for name, items, nodes in (("one node", 0, 1), (f"eight nodes, {ITEMS:,} items", ITEMS, 8)):
            with engine(settings, f"{SESSION}{nodes}", items) as load:
                terminal = open_screen(settings, f"{SESSION}{nodes}")
                terminal.drain(8 if items else 2)
                measure(terminal, f"{name}: idle", typing=False)
                request(terminal, f"stream {nodes} {4 * SECONDS}")
                terminal.drain(1)
                early = measure(terminal, f"{name}: streaming, not typing", typing=False)
                measure(terminal, f"{name}: streaming, typing", typing=True, clear=True)
                late = measure(terminal, f"{name}: streaming, at its end", typing=False)
                print(f"{name}: processor time at the end / at the start {late / early:.2f}")
                terminal.until("done", 60)
                request(terminal, "ask")
                terminal.until("Go on", 20)
                terminal.drain(1)
                measure(terminal, f"{name}: a decision waits", typing=False)
                terminal.end()
                load.terminate()


def floor(settings: dict[str, str], rate: int, name: str) -> None:
    terminal = Terminal([sys.executable, "-c", FLOOR.replace("{rate}", str(rate))], settings)
    terminal.until("usable prompt")
    terminal.drain(1)
    measure(terminal, name, typing=True)
    terminal.end()


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


def measure(terminal: Terminal, name: str, *, typing: bool, clear: bool = False) -> float:
    """Percent of a core over some seconds, with repaints and the echo of keys; prints it."""
    before, begun = exact_cpu_seconds(terminal.pid), time.perf_counter()
    painted = terminal.writes
    waits = _type(terminal) if typing else terminal.drain(SECONDS) or []
    took = time.perf_counter() - begun
    percent = 100 * (exact_cpu_seconds(terminal.pid) - before) / took
    line = f"{name}: {percent:.1f} % of a core, {(terminal.writes - painted) / took:.0f} repaints a second"
    if waits:
        waits.sort()
        middle, late = waits[len(waits) // 2] * 1000, waits[int(len(waits) * 0.95)] * 1000
        line += f", key to echo p50 {middle:.0f} ms, p95 {late:.0f} ms"
    print(line, flush=True)
    if clear:
        terminal.type("\x7f" * len(waits))
        terminal.drain(1)
    return percent


def _type(terminal: Terminal) -> list[float]:
    """Type a key every now and then, and see how long each takes to be painted."""
    chance, waits = random.Random(1), []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        terminal.drain(chance.uniform(0.05, 0.2))
        key = KEYS[len(waits) % len(KEYS)]
        terminal.painted = b""
        sent = time.perf_counter()
        terminal.type(key)
        terminal.until(key, 10)
        waits.append(time.perf_counter() - sent)
    return waits


if __name__ == "__main__":
    main()
