"""Deleted sessions: their logs are put aside, and can be put back until somebody empties that folder."""

from pathlib import Path

from core.log import find_holder
from core.paths import Home, make_private
from core.refusal import Refusal


def deleted_folder(home: Home) -> Path:
    """Where the logs of deleted sessions are kept."""
    return home.data / "deleted"


def discard(home: Home, session: str) -> None:
    """Take a session out of every list. Its private copy stays where it is, for when it is put back.

    Raises:
        Refusal: it is at work, or there is no such session.
        OSError: the log cannot be moved.
    """
    log = home.session_log(session)
    if not log.is_file():
        raise Refusal(f"There is no session {session}.")
    if find_holder(log) is not None:
        raise Refusal(f"Session {session} is open in another Heddle: leave it there first.")
    _move(home.sessions, make_private(deleted_folder(home)), session)


def put_back(home: Home, session: str) -> None:
    """Undo `discard`.

    Raises:
        Refusal: it was not deleted, or there is one of that id.
        OSError: the log cannot be moved.
    """
    if not (deleted_folder(home) / f"{session}.db").is_file():
        raise Refusal(f"There is no deleted session {session}.")
    if home.session_log(session).exists():
        raise Refusal(f"Session {session} is there already.")
    _move(deleted_folder(home), make_private(home.sessions), session)


def _move(source: Path, target: Path, session: str) -> None:
    """The log last: until it is there, nothing of the session can be opened without all of it."""
    files = [file for file in source.glob(f"{session}.db*") if not file.name.endswith(".lock")]
    for file in sorted(files, key=lambda file: file.suffix == ".db"):
        file.replace(target / file.name)
