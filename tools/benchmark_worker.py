"""Times a command: run in the sandbox by the project's own interpreter.

    python -c THIS FILE'S TEXT RUNS COMMAND

Prints one line of JSON: `seconds` of each run, or `failed`, the exit code, and `output`, its last words.
Old Pythons must understand it.
"""

import json
import subprocess
import sys
import time


def measure(runs, command):  # noqa: ANN001, ANN201 - also for Pythons without annotations of today
    taken = []
    for number in range(runs + 1):
        started = time.perf_counter()
        done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: PLW1510
        if done.returncode:
            return {"failed": done.returncode, "output": done.stdout.decode("utf-8", "replace")[-2000:]}
        if number:  # the first one only warms up
            taken.append(time.perf_counter() - started)
    return {"seconds": taken}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), sys.argv[2])))
