"""Runs tests under coverage.py and prints which lines were left out: run by the project's own interpreter.

    python -c THIS FILE'S TEXT MODULE [ARGUMENTS…]

Prints the tests' output, then a line of `MARK` and one line of JSON. Old Pythons must understand it.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile

MARK = "--- heddle coverage ---"
NOT_INSTALLED = 97


def measure(words):  # noqa: ANN001, ANN201 - also for Pythons without annotations of today
    try:
        import coverage
    except ImportError:
        return NOT_INSTALLED
    folder = tempfile.mkdtemp()
    data = os.path.join(folder, "data")  # noqa: PTH118
    known = [".coveragerc", "setup.cfg", "tox.ini", "pyproject.toml"]
    config = any(os.path.exists(each) and "coverage" in open(each).read() for each in known)  # noqa: PTH110, PTH123, SIM115
    source = [] if config else ["--source=."]
    run = [sys.executable, "-m", "coverage", "run", "--data-file=" + data, *source, "-m", *words]
    code = subprocess.call(run)
    sys.stdout.flush()
    print(MARK)
    print(json.dumps({"files": _files(coverage, data)}))
    return code


def _files(coverage, data):  # noqa: ANN001, ANN202
    found = coverage.Coverage(data_file=data)
    with contextlib.suppress(Exception):
        found.combine()  # nothing to do when nothing ran in parallel
    found.load()
    told = {}
    for path in found.get_data().measured_files():
        try:
            _, statements, _, missing, _ = found.analysis2(path)
        except Exception:
            continue  # its source is gone
        told[os.path.relpath(path)] = [len(statements), missing]
    return told


if __name__ == "__main__":
    sys.exit(measure(sys.argv[1:]))
