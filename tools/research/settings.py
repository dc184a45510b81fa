"""What the user says about research: `research.toml` in the configuration folder."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from core.paths import find_home
from tools.workbench import ToolError

Service = Literal[
    "tavily", "brave", "searxng", "stackexchange", "pypi", "npm", "crates", "go", "docs_rs", "pkg_go", "osv"
]


class Research(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The user's research.toml."""

    provider: Literal["tavily", "brave", "searxng"] | None = None
    """Who answers web_search; without it, whoever there is a key or an address for."""
    allow: tuple[str, ...] = ()
    """Hosts that need no question."""
    private: tuple[str, ...] = ()
    """Hosts (`name` or `name:port`) that may stand at a private address, such as one's own SearXNG."""
    hosts: dict[Service, str] = {}
    """Other addresses for the services of hosts.toml."""


def research() -> Research:
    """The user's settings, or the defaults.

    Raises:
        ToolError: the file is not valid.
    """
    path = find_home().config / "research.toml"
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Research)
    except FileNotFoundError:
        return Research()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ToolError(f"The user's {path.name} is not valid ({error}), so nothing was contacted.") from None


@cache
def _shipped() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_name("hosts.toml").read_text("utf-8"))


def base_of(service: Service) -> str:
    """Where a service answers, without a slash at the end; empty when nobody said."""
    return (research().hosts.get(service) or _shipped()[service]).rstrip("/")
