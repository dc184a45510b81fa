"""How long until the prompt can be used, how much memory, how much CPU when idle; against a bare Textual app."""

import tempfile

from _terminal import (
    PRIORITY,
    Terminal,
    bare_app,
    children,
    cpu_seconds,
    exact_cpu_seconds,
    heddle,
    median,
    pss_mb,
)

RUNS = 15
IDLE_SECONDS = 10
ELSEWHERE = ("HEDDLE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
"""What would lead out of the home that is made for this."""


def main() -> None:
    print(PRIORITY)
    with tempfile.TemporaryDirectory() as home:
        settings = {"HOME": home, "AWS_EC2_METADATA_DISABLED": "true"} | dict.fromkeys(ELSEWHERE, "")
        _first_frame(heddle(), "Type a request", settings)  # compiles what is not compiled yet
        floors, ours = [], []
        for _ in range(RUNS):
            floors.append(_first_frame(bare_app(), "usable prompt", settings))
            ours.append(_first_frame(heddle(), "Type a request", settings))
        for name, which, of in (("", 0, median), ("processor time to the ", 1, min)):
            floor, our = (of([each[which] for each in found]) for found in (floors, ours))
            print(f"{name}first frame with a prompt: {our:.3f} s; bare Textual {floor:.3f} s", end="; ")
            print(f"ratio {our / floor:.2f} (aim 1.3)")
        _resting(settings)


def _first_frame(command: list[str], text: str, settings: dict[str, str]) -> tuple[float, float]:
    """Seconds, and seconds of processor time."""
    terminal = Terminal(command, settings)
    try:
        return terminal.until(text), exact_cpu_seconds(terminal.pid)
    finally:
        terminal.end()


def _resting(settings: dict[str, str]) -> None:
    bare = Terminal(bare_app(), settings)
    bare.until("usable prompt")
    terminal = Terminal(heddle(), settings)
    terminal.until("confined", 60)
    terminal.drain(2)
    bare.drain(0.5)
    engine = children(terminal.pid)[0]
    pids = {"screen": terminal.pid, "engine": engine, "bare": bare.pid}
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    terminal.drain(IDLE_SECONDS)
    used = {name: 100 * (cpu_seconds(pid) - before[name]) / IDLE_SECONDS for name, pid in pids.items()}
    memory = {name: pss_mb(pid) for name, pid in pids.items()}
    both = memory["screen"] + memory["engine"]
    print(f"memory (PSS): screen {memory['screen']:.0f} MB (aim 80), both {both:.0f} MB (aim 200)", end="; ")
    print(f"bare Textual {memory['bare']:.0f} MB; ratio {memory['screen'] / memory['bare']:.1f}")
    print(f"idle CPU: screen {used['screen']:.1f} %, engine {used['engine']:.1f} % (aim 1)", end="; ")
    print(f"bare Textual {used['bare']:.1f} %")
    terminal.end()
    bare.end()


if __name__ == "__main__":
    main()
