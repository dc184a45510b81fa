"""Applies, undoes or recovers in a child process that kills itself before its n-th step.

Reads one JSON object a line: `act`, `project`, `journals`, `changes` (a file), `kill` (from 0).
Answers each with a line: `killed`, or `done` when there are fewer steps.
"""

import json
import os
import pickle
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from core.stage import progress
from core.stage.apply import apply, recover, undo


def act(order: dict) -> None:
    left = order["kill"]

    def step(name: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    progress.step = step
    project, journals = Path(order["project"]), Path(order["journals"])
    if order["act"] == "apply":
        apply(project, pickle.loads(Path(order["changes"]).read_bytes()), journals)
    elif order["act"] == "undo":
        undo(project, journals)
    else:
        recover(journals)


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        act(json.loads(line))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    print("killed" if killed else "done" if status == 0 else "failed", flush=True)
