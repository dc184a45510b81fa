"""What can go wrong between two processes that share a session. Messages are sentences for the user."""

from pathlib import Path


class LinkError(Exception):
    """The link cannot be made."""


class LinkLost(LinkError):
    """The other end is gone. What was committed is in the log; connect again with the last cursor."""

    def __init__(self, socket: Path, why: str = "the connection ended") -> None:
        super().__init__(
            f"The engine that runs this session is gone ({why}; socket {socket}). "
            "Nothing that was recorded is lost."
        )
