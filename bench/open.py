"""Long sessions: how soon an old one is on the screen, and whether the fiftieth turn costs what the first did.

A session of 10,000 items is opened by `heddle --session`, with its engine still to be loaded and with one that
serves it already; the floor is the first frame of a bare Textual application. Then 50 turns of 1,000 tokens
(`_load.py` writes them), the screen opened anew on them, and 100,000 records. And what `heddle replay` shows of
both: the begin of the session played, and its end at once.
"""

import tempfile
import time

from _terminal import PRIORITY, Terminal, bare_app, exact_cpu_seconds, heddle, median, pss_mb
from busy import engine, request

ITEMS = 10_000
TURNS = 50
EDGE = 5
"""Turns at either end that are compared."""
RECORDS = 100_000
LONG, MORE = "20260131-120000-long", "20260131-120000-more"
LAST = f"end{ITEMS // 12}"


def main() -> None:
    print(PRIORITY)
    with tempfile.TemporaryDirectory() as home:
        settings = {"HEDDLE_HOME": home, "HOME": home, "AWS_EC2_METADATA_DISABLED": "true"}
        opened(settings)
        turns(settings)
        records(settings)
        replayed(settings)


def opened(settings: dict[str, str]) -> None:
    """The last request of an old session on the screen."""
    load = engine(settings, LONG, ITEMS)
    served = [_first_sight(settings, ("--session", LONG), LAST) for _ in range(3)]
    load.terminate()
    load.wait()
    alone = [_first_sight(settings, ("--session", LONG), LAST) for _ in range(3)]
    floor = [_first_frame(settings) for _ in range(3)]
    for name, times in (("its engine still to load", alone), ("an engine that serves it", served)):
        print(
            f"{ITEMS:,} items, {name}: on the screen after {median([wall for wall, _ in times]):.2f} s",
            end=", ",
        )
        print(f"{min(cpu for _, cpu in times):.2f} s of processor time", end=" ")
        print(f"(aim 1 s); first frame of bare Textual {median(floor):.2f} s", flush=True)


def _first_sight(settings: dict[str, str], command: tuple[str, ...], text: str) -> tuple[float, float]:
    terminal = Terminal(heddle(*command), settings)
    try:
        return terminal.until(text), exact_cpu_seconds(terminal.pid)
    finally:
        terminal.end()


def _first_frame(settings: dict[str, str]) -> float:
    terminal = Terminal(bare_app(), settings)
    try:
        return terminal.until("usable prompt")
    finally:
        terminal.end()


def turns(settings: dict[str, str]) -> None:
    """Fifty turns in one screen: processor time and memory at either end, and the same session opened anew."""
    session = "20260131-120000-turn"
    load = engine(settings, session, 0)
    terminal = Terminal(heddle("--session", session), settings)
    terminal.until("confined")
    used, memory = [], []
    for _ in range(TURNS):
        before = exact_cpu_seconds(terminal.pid)
        request(terminal, "turn 1000")
        terminal.until("done")
        terminal.drain(0.3)
        used.append(exact_cpu_seconds(terminal.pid) - before)
        memory.append(pss_mb(terminal.pid))
    terminal.end()
    first, last = median(used[1 : EDGE + 1]), median(used[-EDGE:])
    print(
        f"a turn of 1,000 tokens: {first:.2f} s of processor time at first, {last:.2f} s after {TURNS}",
        end="; ",
    )
    print(f"ratio {last / first:.2f} (aim 1.0); memory {memory[EDGE]:.0f} MB, then {memory[-1]:.0f} MB")
    anew = [_first_sight(settings, ("--session", session), "cloth") for _ in range(3)]
    load.terminate()
    print(f"the same session opened anew: {median([wall for wall, _ in anew]):.2f} s", end=", ")
    print(f"{min(cpu for _, cpu in anew):.2f} s of processor time (aim 0.5 s)", flush=True)


def records(settings: dict[str, str]) -> None:
    """So many records through one screen: what its memory is after a tenth of them, and after all."""
    load = engine(settings, MORE, 0)
    terminal = Terminal(heddle("--session", MORE), settings)
    terminal.until("confined")
    memory = []
    begun = time.perf_counter()
    for _ in range(10):
        request(terminal, f"records {RECORDS // 10}")
        terminal.until("done", 120)
        terminal.drain(0.5)
        memory.append(pss_mb(terminal.pid))
    print(
        f"{RECORDS:,} records in {time.perf_counter() - begun:.0f} s: {memory[0]:.1f} MB after a tenth",
        end=", ",
    )
    print(f"{memory[-1]:.1f} MB after all; ratio {memory[-1] / memory[0]:.2f} (aim 1.1)")
    terminal.end()
    load.terminate()
    load.wait()


def replayed(settings: dict[str, str]) -> None:
    """The old sessions, played again: the first answer on the screen, or at once the last one."""
    for what, session, speed, text in (
        (f"{ITEMS:,} items, played as they came", LONG, "1", "end1"),
        (f"{ITEMS:,} items, their end at once", LONG, "instant", LAST),
        (f"{RECORDS:,} records, a picture on the way", MORE, "instant", "coder"),
        (f"{RECORDS:,} records, their end", MORE, "instant", "replay  done"),
    ):
        command = ("replay", session, "--speed", speed)
        times = [_first_sight(settings, command, text) for _ in range(3)]
        print(f"replay of {what}: {median([wall for wall, _ in times]):.2f} s", end=", ")
        print(f"{min(cpu for _, cpu in times):.2f} s of processor time (aim 1 s)", flush=True)


if __name__ == "__main__":
    main()
