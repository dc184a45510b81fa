"""How soon a stopped command is gone, and what the sandbox costs, against starting `true` without it.

python bench/sandbox.py
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.sandbox import Sandbox, open_sandbox
from core.stage import Stage

RUNS = 20
COMMANDS = {
    "sleeps": "echo go; sleep 100",
    "ignores TERM": "trap '' TERM; echo go; while :; do sleep 1; done",
    "prints without end": "yes",
    "has 100 children": "for i in $(seq 100); do sleep 100 & done; echo go; wait",
}


def milliseconds(work: Callable[[], float]) -> str:
    """The median and the longest of several runs."""
    took = [work() * 1000 for _ in range(RUNS)]
    return f"median {statistics.median(took):.0f} ms, longest {max(took):.0f} ms"


def stopped(sandbox: Sandbox, command: str) -> float:
    """Seconds from stop to the end of everything."""
    heard, at = threading.Event(), [0.0]

    def wanted() -> bool:
        if heard.is_set() and not at[0]:
            at[0] = time.monotonic()
        return bool(at[0])

    sandbox.run_here(["sh", "-c", command], 60, wanted, lambda _: heard.set())
    return time.monotonic() - at[0]


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.environ["HEDDLE_HOME"] = f"{name}/heddle"
        project = Path(name) / "project"
        project.mkdir()
        (project / "a.txt").write_text("a\n")
        stage = Stage.create(project, Path(name) / "stage")
        sandbox = open_sandbox(stage.tree, project, allow_unconfined=False)
        for what, command in COMMANDS.items():
            print(f"stop, a command that {what}: {milliseconds(lambda text=command: stopped(sandbox, text))}")
        bare = milliseconds(lambda: timed(lambda: subprocess.run(["true"], check=True)))
        print(f"true without a sandbox: {bare}")
        inside = milliseconds(lambda: timed(lambda: sandbox.run_here(["true"], 10, lambda: False)))
        print(f"true in the sandbox: {inside}")


if __name__ == "__main__":
    main()
