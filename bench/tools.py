"""Searching and asking for the changes, next to ripgrep and git on the same files.

Usage: python bench/tools.py [FILES-TO-SEARCH] [FILES-FOR-STATUS]
"""

import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.sandbox import open_sandbox
from core.stage import Stage
from tools.registry import call
from tools.workbench import Workbench

ROUNDS = 7


def make(project: Path, files: int) -> None:
    """A committed repository of Python files; one in a hundred has the word that is searched."""
    for number in range(files):
        place = project / f"pkg{number // 1000}" / f"mod{number // 50}" / f"file{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        word = "needle" if number % (files // 100) == 0 else "hay"
        place.write_text(f"def work_{number}(amount):\n    return amount + {number}  # {word}\n" * 8)
    for words in (
        ["init", "-q"],
        ["config", "gc.auto", "0"],
        ["add", "-A"],
        ["-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "b"],
    ):
        subprocess.run(["git", *words], cwd=project, check=True, capture_output=True)


def timed(*acts: Callable[[], object]) -> list[tuple[float, float]]:
    """The median seconds of each, of the clock and of the processors, in turns, after a round that warms up."""
    taken: list[list[tuple[float, float]]] = [[] for _ in acts]
    for number in range(ROUNDS + 1):
        for act, seconds in zip(acts, taken, strict=True):
            start, used = time.perf_counter(), processors()
            act()
            if number:
                seconds.append((time.perf_counter() - start, processors() - used))
    return [
        (statistics.median(wall for wall, _ in each), statistics.median(used for _, used in each))
        for each in taken
    ]


def processors() -> float:
    """Seconds of processor time that this process and its children have used."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


def told(what: str, floor: tuple[float, float], ours: tuple[float, float], aim: str) -> None:
    """On a busy machine the processors' time says more than the clock's."""
    parts = [
        f"{name} floor {low * 1000:.0f} ms, ours {own * 1000:.0f} ms, {own / low:.2f} ×"
        for name, low, own in zip(("clock", "processors"), floor, ours, strict=True)
    ]
    print(f"{what}: {'; '.join(parts)} (aim {aim})", flush=True)


def bench_for(project: Path, folder: Path) -> Workbench:
    stage = Stage.create(project, folder)
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
    return Workbench(stage, sandbox, threading.Event(), "r1", "researcher", "researcher")


def main() -> None:
    searched = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    looked_at = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as name:
        os.environ["HEDDLE_HOME"] = f"{name}/heddle"
        rg = shutil.which("rg")
        bench = _placed(Path(name), "a", searched)
        tree = bench.stage.tree
        if rg:
            for word, what in (("needle", "100 matches"), ("nowhere", "no match")):
                bare = [rg, "--no-config", "--line-number", "--hidden", "--no-ignore", word, "."]
                floor, ours = timed(
                    lambda words=bare: subprocess.run(words, cwd=tree, capture_output=True, check=False),
                    lambda word=word: loop.run_until_complete(call("search_files", {"pattern": word}, bench)),
                )
                told(f"search_files, {searched:,} files, {what}", floor, ours, "1.3")
        bench = _placed(Path(name), "b", looked_at)
        loop.run_until_complete(call("write_file", {"path": "pkg0/new.py", "content": "x = 1\n"}, bench))
        floor, ours = timed(
            lambda: subprocess.run(
                ["git", "status", "--porcelain"], cwd=Path(name) / "b", capture_output=True, check=True
            ),
            lambda: loop.run_until_complete(call("git_status", {}, bench)),
        )
        told(f"git_status, {looked_at:,} files", floor, ours, "1.5")
    loop.close()


def _placed(top: Path, name: str, files: int) -> Workbench:
    (top / name).mkdir()
    make(top / name, files)
    return bench_for(top / name, top / f"stage-{name}")


if __name__ == "__main__":
    main()
