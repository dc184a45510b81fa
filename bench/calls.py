"""Searching and looking at what changed, through whole tool calls, next to ripgrep and git themselves.

Usage: python bench/calls.py [FILES-TO-SEARCH] [FILES-OF-GIT]

`search_files` over many files beside `rg`, with a few matches, with none and with more than are shown;
`git_status` of a stage with a few changes beside `git status` of the same tree. Our time is that of the whole
call: arguments checked, the engine run, its answer put in order and looked through for secrets.
"""

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from core.sandbox import open_sandbox
from core.stage import Stage
from tools.registry import call
from tools.search import ripgrep
from tools.workbench import Workbench

_TURNS = 7
_WORDS = [f"w{number:x}" for number in range(5_000)]


def make(project: Path, files: int) -> None:
    """A repository of source-like files in folders of fifty, all committed."""
    dice = random.Random(1)
    for number in range(files):
        place = project / f"pkg{number // 2_500}" / f"mod{number // 50}" / f"file{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        lines = [" ".join(dice.choices(_WORDS, k=8)) for _ in range(dice.randrange(5, 60))]
        lines += ["def needle_here(x):"] if number % 400 == 0 else []
        place.write_text("\n".join(lines) + "\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "bench"]):
        subprocess.run(
            ["git", "-c", "user.name=b", "-c", "user.email=b@example.org", *words], cwd=project, check=True
        )


def timed(act: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def compared(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """The best time of both, taken in turns so that drift hits both."""
    taken = [(timed(ours), timed(theirs)) for _ in range(_TURNS)]
    return min(each[0] for each in taken), min(each[1] for each in taken)


def told(what: str, ours: float, theirs: float, floor: str, aim: float) -> None:
    print(
        f"{what:>42}: {ours * 1000:6.0f} ms, {ours / theirs:5.2f} × {floor} {theirs * 1000:.0f} ms (aim {aim})"
    )


def workbench(top: Path, project: Path) -> Workbench:
    stage = Stage.create(project, top / "stage")
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
    return Workbench(stage, sandbox, threading.Event(), run="r1", node="n", role="researcher")


def search(files: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "project"
        project.mkdir()
        make(project, files)
        bench = workbench(Path(name), project)
        program = ripgrep(bench)
        for what, pattern in (
            ("few matches", r"needle_\w+"),
            ("none", "no_such_name"),
            ("thousands", r"\bw1[0-9a-f]\b"),
        ):

            def ours(pattern: str = pattern) -> None:
                result = asyncio.run(call("search_files", {"pattern": pattern}, bench))
                assert result.ok, result.text

            if program is None:
                print(f"search_files, {what}: {timed(ours):.2f} s; ripgrep is not installed here")
                continue
            words = [program, "--no-config", "-n", "--hidden", "--no-ignore", "-g", "!.git", pattern, "."]

            def theirs(words: list[str] = words) -> None:
                subprocess.run(words, cwd=bench.stage.tree, stdout=subprocess.DEVNULL, check=False)

            told(f"search_files, {files:,} files, {what}", *compared(ours, theirs), "rg", 1.3)


def status(files: int) -> None:
    if shutil.which("git") is None:
        print("git is not installed here")
        return
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "project"
        project.mkdir()
        make(project, files)
        bench = workbench(Path(name), project)
        for number in range(0, files, files // 7):
            place = f"pkg{number // 2_500}/mod{number // 50}/file{number}.py"
            (project / place).write_text("changed\n")
            bench.stage.write(place, b"changed\n")

        def ours() -> None:
            result = asyncio.run(call("git_status", {}, bench))
            assert result.ok and "modified" in result.text, result.text

        def theirs() -> None:
            subprocess.run(
                ["git", "status", "--porcelain"], cwd=project, stdout=subprocess.DEVNULL, check=True
            )

        os.sync()
        told(f"git_status, {files:,} files", *compared(ours, theirs), "git status", 1.5)


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:]] or [50_000, 20_000]
    search(sizes[0])
    status(sizes[-1] if len(sizes) > 1 else 20_000)


if __name__ == "__main__":
    main()
