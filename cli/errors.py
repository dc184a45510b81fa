"""Errors that end a command: a sentence on stderr and an exit code, never a traceback."""

import sys

from core.faults import EXIT_CONFIGURATION, EXIT_FAILED, EXIT_TRY_AGAIN, EXIT_USAGE, Fault
from core.text import sanitise


class Stop(Exception):
    """End the command with a sentence and an exit code."""

    def __init__(self, sentence: str, code: int = EXIT_FAILED) -> None:
        super().__init__(sentence)
        self.code = code


def usage(sentence: str) -> Stop:
    return Stop(sentence, EXIT_USAGE)


def tell_refusal(reason: str) -> int:
    """Say why the session did not carry a command out; gives the exit code."""
    print(sanitise(reason), file=sys.stderr)
    return EXIT_FAILED


def explain(error: Exception) -> Stop | None:
    """The sentence and code of an error that is expected; None for one that is not."""
    # Loaded here only: the screen's first frame must not wait for Git and SQLite.
    from core.config import BadConfig
    from core.link.errors import LinkError
    from core.log.errors import LogBusy, LogError, LogMissing, LogTooNew
    from core.stage.change import StageError

    match error:
        case Stop():
            return error
        case Fault():
            return Stop(f"{error.message} {error.advice}", error.exit_code)
        case BadConfig():
            return Stop(str(error), EXIT_CONFIGURATION)
        case LogBusy():
            return Stop(str(error), EXIT_TRY_AGAIN)
        case LogMissing():
            return Stop(f"{error} `heddle sessions` lists those that there are.", EXIT_USAGE)
        case LogTooNew():
            return Stop(str(error), EXIT_CONFIGURATION)
        case LogError() | StageError() | LinkError():
            return Stop(str(error), EXIT_FAILED)
        case _:
            return None
