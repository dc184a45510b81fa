"""The report of an error that nobody expected: what somebody else needs to find it, and no more."""

import os
import platform
import traceback
from pathlib import Path

from core.clock import now
from core.paths import Home
from core.version import heddle_version


def write_report(home: Home, error: BaseException) -> str:
    """Write a report into the state folder; gives its path, or a few words where it cannot be written.

    It holds the traceback without any value of a variable, and no secret that is known.
    """
    from core.sandbox.masking import mask
    from core.sandbox.secrecy import own_secrets

    moment = now()
    path = home.state / f"crash-{moment:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    lines = [
        f"heddle {heddle_version()}",
        f"Python {platform.python_version()} on {platform.platform()}",
        f"TERM={os.environ.get('TERM', '')} at {moment:%Y-%m-%dT%H:%M:%SZ}",
        "",
        "".join(traceback.format_exception(_cause(error))),
    ]
    return _written(path, mask("\n".join(lines), own_secrets()).text)


def _written(path: Path, text: str) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", "backslashreplace")
    except OSError as problem:
        return f"no file, since it could not be written: {problem}"
    return str(path)


def _cause(error: BaseException) -> BaseException:
    """What broke a worker of the screen, instead of the fact that one was broken."""
    inner = getattr(error, "error", None)
    return inner if isinstance(inner, BaseException) else error
