"""What the screen says of the rehearsal before it is loaded: its scripts' requests, and how to leave it."""

import tomllib
from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "agents" / "rehearsal" / "scripts"
FIRST = "health-endpoint"
"""The scenario that a newcomer sees first."""

CONNECT_HINT = (
    "To work with real models, sign in to AWS (`aws login`, `aws sso login` or AWS_PROFILE), set AWS_REGION, "
    "and start `heddle` in your own repository."
)


def script_requests(own: Path) -> list[str]:
    """The requests that the user's own scripts and the shipped ones answer; unreadable files are left out."""
    paths = [
        *sorted(own.glob("*.toml")),
        *sorted(SHIPPED.glob("*.toml"), key=lambda path: path.stem != FIRST),
    ]
    found: list[str] = []
    for path in paths:
        try:
            request = tomllib.loads(path.read_text("utf-8")).get("request")
        except (OSError, ValueError):
            continue
        if isinstance(request, str):
            found.append(request)
    return found
