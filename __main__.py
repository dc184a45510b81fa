"""The front door: `heddle`, `python -m heddle` and `python <checkout>` are this same program.

Our own folder comes first on `sys.path`, and what came from `PYTHONPATH` or the current folder
goes, so that a user's repository with its own `core/`, `tools/` or even `textual/` is never imported.
"""

import os
import sys


def _isolate() -> None:
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (pathlib is not loaded yet)
    foreign = {os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep)}  # noqa: PTH100
    foreign |= {os.getcwd(), here}  # noqa: PTH109
    kept = [entry for entry in sys.path if entry and os.path.abspath(entry) not in foreign]  # noqa: PTH100
    sys.path[:] = [here, *kept]


def main() -> int:
    """Run the command line and give its exit code."""
    _isolate()
    from cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
