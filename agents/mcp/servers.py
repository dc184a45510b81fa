"""Which MCP servers there are: the project's `.mcp.json`, the user's `mcp.toml`, and which ones are trusted."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from agents.trust import Trust
from core.config import BadConfig
from core.paths import Home

Origin = Literal["project", "user"]

PROJECT_FILE = ".mcp.json"
USER_FILE = "mcp.toml"
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_NAME = re.compile(r"[A-Za-z0-9][\w.\-]{0,60}")
_FILE_BYTES = 1_000_000


class Definition(msgspec.Struct, frozen=True):
    """What a file says about a server. Unknown fields are for other programs."""

    type: str = ""
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    cwd: str = ""
    url: str = ""
    headers: dict[str, str] = {}
    disabled: bool = False


class Server(msgspec.Struct, frozen=True):
    """One server, as it was written: `${NAME}` is not filled in yet."""

    name: str
    origin: Origin
    definition: Definition

    @property
    def transport(self) -> Literal["stdio", "http", "sse"]:
        if self.definition.command:
            return "stdio"
        return "sse" if self.definition.type == "sse" else "http"

    @property
    def target(self) -> str:
        """What it starts or where it is, for people."""
        words = (self.definition.command, *self.definition.args)
        return " ".join(words) if self.definition.command else self.definition.url

    @property
    def fingerprint(self) -> str:
        """Changes with anything that is written about it."""
        return hashlib.sha256(msgspec.json.encode([self.name, self.definition], order="sorted")).hexdigest()


def find_servers(project: Path, home: Home) -> list[Server]:
    """All servers that are not switched off, by name; the user's own come before the project's.

    Raises:
        BadConfig: a file is not valid.
    """
    found = {each.name: each for each in _project_servers(project)}
    found |= {each.name: each for each in _user_servers(home)}
    return sorted(
        (each for each in found.values() if not each.definition.disabled), key=lambda each: each.name
    )


def _project_servers(project: Path) -> list[Server]:
    path = project / PROJECT_FILE
    try:
        if path.stat().st_size > _FILE_BYTES:
            raise BadConfig(f"{path} is too large to be a list of MCP servers. Mend it or move it away.")
        told = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        raise BadConfig(f"{path} cannot be read: {error}. Mend it or move it away.") from error
    return _servers(told.get("mcpServers") if isinstance(told, dict) else None, "project", path)


def _user_servers(home: Home) -> list[Server]:
    path = home.config / USER_FILE
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path} cannot be read: {error}. Mend it or move it away.") from error
    return _servers(told.get("servers"), "user", path)


def _servers(told: Any, origin: Origin, path: Path) -> list[Server]:
    try:
        rows = msgspec.convert({} if told is None else told, dict[str, Definition])
    except msgspec.ValidationError as error:
        raise BadConfig(f"{path} is not valid: {error}. Mend it.") from error
    for name, row in rows.items():
        if not _NAME.fullmatch(name):
            raise BadConfig(f"{path} names a server {name[:80]!r}: use letters, digits, dots, - and _.")
        if bool(row.command) == bool(row.url):
            raise BadConfig(f"The server {name} in {path} needs either a command or a url.")
        if row.url and not row.url.startswith(("http://", "https://", "${")):
            raise BadConfig(f"The url of the server {name} in {path} must begin with http:// or https://.")
    return [Server(name, origin, row) for name, row in rows.items()]


def filled_in(definition: Definition, environ: Mapping[str, str]) -> Definition:
    """With `${NAME}` and `${NAME:-otherwise}` replaced.

    Raises:
        BadConfig: a variable is not set and there is no value for that case.
    """

    def fill(text: str) -> str:
        return _VARIABLE.sub(lambda match: _value(match, environ), text)

    return msgspec.structs.replace(
        definition,
        command=fill(definition.command),
        args=tuple(map(fill, definition.args)),
        env={name: fill(value) for name, value in definition.env.items()},
        cwd=fill(definition.cwd),
        url=fill(definition.url),
        headers={name: fill(value) for name, value in definition.headers.items()},
    )


def _value(match: re.Match[str], environ: Mapping[str, str]) -> str:
    value = environ.get(match[1], match[2])
    if value is None:
        raise BadConfig(f"it needs the environment variable {match[1]}, which is not set")
    return value


# -- trust ---------------------------------------------------------------------------------------


def is_trusted(server: Server, project: Path, home: Home) -> bool | None:
    """True for the user's own; for the project's what the user said of exactly this definition, else None."""
    if server.origin == "user":
        return True
    return _trust(home).said(project, server.name, server.fingerprint)


def keep_trust(server: Server, project: Path, home: Home, *, trusted: bool) -> None:
    """Remember what the user said. A changed definition is asked about again."""
    _trust(home).keep(project, server.name, server.fingerprint, trusted=trusted)


def _trust(home: Home) -> Trust:
    return Trust(home.state / "mcp-trust.json")
