"""What the screen says before the engine is loaded: the rehearsal's requests, how to leave it, the roles."""

from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "agents" / "rehearsal" / "scripts"
_ROLES = SHIPPED.parent.parent / "roles.toml"
FIRST = "health-endpoint"
"""The scenario that a newcomer sees first."""
_SAYS = '\nrequest = "'
"""Before the request of a shipped script; a test holds them to it."""

CONNECT_HINT = (
    "To work with real models, `heddle connect` lists the ways to them, tries one and remembers it; "
    "then start `heddle` in your own repository."
)
SCREEN_HINT = "{help} shows every key, {settings} the settings. / begins a command, @ names a file or a role."


def script_requests(own: Path, scenario: str | None = None) -> list[str]:
    """The requests that the user's own scripts and the shipped ones answer; unreadable files are left out.

    Args:
        scenario: the name or the file of the one that comes first, as on the command line.
    """
    shipped = sorted(SHIPPED.glob("*.toml"), key=lambda path: (path.stem != FIRST, path.stem))
    paths = [*sorted(own.glob("*.toml")), *shipped]
    if scenario is not None:
        named = [path for path in paths if path.stem == scenario] or [Path(scenario)]
        paths = list(dict.fromkeys([*named, *paths]))
    found: list[str] = []
    for path in paths:
        try:
            request = _request(path.read_text("utf-8"), path.parent == SHIPPED)
        except (OSError, ValueError):
            continue
        if isinstance(request, str):
            found.append(request)
    return found


def _request(text: str, shipped: bool) -> object:
    """What a script answers. The shipped ones say it in a plain line: no parser is loaded before the first frame."""
    if shipped:
        return text.partition(_SAYS)[2].partition('"\n')[0]
    import tomllib

    try:  # its own settings, without its turns: those take most of the time to read
        return tomllib.loads(text.partition("\n[")[0]).get("request")
    except ValueError:  # that was no table, but a line of some text
        return tomllib.loads(text).get("request")


def role_words() -> dict[str, str]:
    """Each role that a request can name, and what it does; the router and the orchestrator work in any case."""
    import tomllib

    roles = tomllib.loads(_ROLES.read_text("utf-8"))["roles"]
    return {name: str(role["does"]) for name, role in roles.items() if name not in ("router", "orchestrator")}
