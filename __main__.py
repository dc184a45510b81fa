"""The front door: `heddle`, `python -m heddle` and `python <checkout>` are this same program.

Our own folder comes first on `sys.path`, and what came from `PYTHONPATH` or the current folder
goes, so that a user's repository with its own `core/`, `tools/` or even `textual/` is never imported.
"""

import gc
import os
import site
import sys


def _absolute(entry: str) -> str:
    try:
        return os.path.abspath(entry)  # noqa: PTH100 (pathlib is not loaded yet)
    except OSError:  # relative to a current folder that was deleted: nothing can be imported from it
        return entry


def _installed(here: str) -> set[str]:
    """Where Python and our dependencies are: these stay, whatever `PYTHONPATH` and the current folder are."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    places = [library, f"{library}/lib-dynload", *site.getsitepackages(), site.USER_SITE or library]
    if not os.path.exists(f"{here}/pyproject.toml"):  # noqa: PTH110 (no checkout: dependencies are beside us)
        places.append(os.path.dirname(here))  # noqa: PTH120
    return {_absolute(place) for place in places}


def _isolate() -> None:
    here = os.path.dirname(_absolute(__file__))  # noqa: PTH120
    given = [os.curdir, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    if not sys.flags.safe_path:
        given += sys.path[:1]  # the script's folder, or with `-m` the current one
    foreign = {_absolute(entry) for entry in given} - _installed(here) | {here}
    kept = [entry for entry in sys.path if _absolute(entry) not in foreign]
    sys.path[:] = [here, *kept]


def main() -> int:
    """Run the command line and give its exit code."""
    gc.disable()  # a tenth of the time to the first frame; cli.garbage looks for garbage again
    _isolate()
    from cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
