"""How long a stage takes, next to `git worktree add` of the same tree on the same machine.

Usage: python bench/stage.py [FILES] [BYTES-PER-FILE]
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from core.stage import Stage


def make(project: Path, files: int, size: int) -> None:
    """A repository of text files in folders of fifty, all committed."""
    dice = random.Random(1)
    for number in range(files):
        place = project / f"pkg{number // 1000}" / f"mod{number // 50}" / f"file{number}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        line = b"%08x\n" % dice.getrandbits(32)
        place.write_bytes(line * max(1, dice.randrange(size * 2) // len(line)))
    (project / ".gitignore").write_text("*.log\nbuild/\n")
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "bench")


def git(project: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True)


def timed(act: Callable[[], object]) -> float:
    """Seconds that it takes, once the disk is quiet."""
    os.sync()
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 8_000
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        project = top / "project"
        project.mkdir()
        make(project, files, size)
        worktrees = [
            timed(lambda n=n: git(project, "worktree", "add", "-q", str(top / f"w{n}"))) for n in range(3)
        ]
        stages = [timed(lambda n=n: Stage.create(project, top / f"s{n}")) for n in range(3)]
        floor = min(worktrees)
        stage = Stage.open(top / "s0")
        rows = {"stage": min(stages), "refresh, nothing new": timed(stage.refresh), "mark": timed(stage.mark)}
        rows["open"] = timed(lambda: Stage.open(top / "s0"))
        rows["write and record"] = timed(
            lambda: (
                stage.write("made", b"x"),
                stage.record(["made"], run="r", node="n", role="n", message="m"),
            )
        )
        print(f"{files:,} files; git worktree add {floor:.2f} s")
        for what, seconds in rows.items():
            print(f"{what:>22}: {seconds / floor:6.3f} × git worktree add")


main()
