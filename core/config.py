"""The user's configuration: `config.toml` in the configuration folder, `HEDDLE_*` over it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from core.money import to_pico

ENVIRONMENT = {
    "HEDDLE_ROSTER": "roster",
    "HEDDLE_SCOPE": "scope",
    "HEDDLE_BUDGET_USD": "budget_usd",
    "HEDDLE_SESSION_BUDGET_USD": "session_budget_usd",
    "HEDDLE_NODE_BUDGET_USD": "node_budget_usd",
    "HEDDLE_DAY_BUDGET_USD": "day_budget_usd",
    "HEDDLE_ASK_ABOVE_USD": "ask_above_usd",
    "HEDDLE_THEME": "theme",
}
"""Environment variables and the settings that they replace."""


class BadConfig(Exception):
    """The configuration cannot be used; the message is a sentence that names the file and the fault."""


_MONEY = ("budget_usd", "session_budget_usd", "node_budget_usd", "day_budget_usd", "ask_above_usd")
_Seconds = Annotated[float, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]


class OpenAI(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The endpoint behind `openai:` in a roster: any that speaks OpenAI's chat completions."""

    base_url: str = "http://127.0.0.1:11434/v1"
    """Ollama's own address, unless it says otherwise."""
    key_variable: str | None = None
    """The environment variable that holds the key. The key itself is written down nowhere."""
    free: bool = False
    """It bills nothing: its models cost 0 where the price book has no row for them."""
    length_name: Literal["max_tokens", "max_completion_tokens"] | None = None
    """What it calls the limit of an answer; told by the address when left out."""

    @property
    def bills_nothing(self) -> bool:
        """Ollama on this machine bills nothing; anything else only when the user says so."""
        return self.free or self == OpenAI()


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    roster: str = "current"
    scope: Literal["geo", "global"] = "global"
    """Which inference profiles to use: `geo` keeps requests in the region's geography (Claude: +10 %)."""
    budget_usd: str | None = None
    """The most that one run may cost unless the run says otherwise."""
    session_budget_usd: str | None = None
    """The most that all runs of one session may cost together."""
    node_budget_usd: str | None = None
    """The most that one node of a run may cost."""
    day_budget_usd: str | None = None
    """The most that all running Heddles may cost in one day (UTC)."""
    ask_above_usd: str = "1.00"
    """A run whose expected cost is higher waits for the user before it starts."""
    theme: Literal["heddle-dark", "heddle-light"] = "heddle-dark"
    retry_base_seconds: _Seconds | None = None
    retry_attempts: _Count | None = None
    output_tokens: _Count | None = None
    """Default `max_tokens` of a model call."""
    openai: OpenAI = OpenAI()
    profiles: dict[str, str] = {}
    """Application inference profiles (ARNs), and the id of the model that each of them was copied from."""


def load_config(folder: Path, environ: Mapping[str, str]) -> Config:
    """Read `config.toml` and the environment; an empty variable counts as none.

    Raises:
        BadConfig: with a sentence that says what to mend, and where.
    """
    path = folder / "config.toml"
    written = _read(path)
    given = {name: environ[variable] for variable, name in ENVIRONMENT.items() if environ.get(variable)}
    variables = {name: variable for variable, name in ENVIRONMENT.items() if name in given}
    try:
        config = msgspec.convert(written | given, Config, strict=False)
    except msgspec.ValidationError as error:
        raise BadConfig(
            f"The configuration is not valid: {_plain(error)}. "
            f"Mend {_place(str(error), path, variables)} and start again."
        ) from error
    for name in _MONEY:
        _check_money(name, getattr(config, name), variables.get(name, str(path)))
    return config


def _read(path: Path) -> dict[str, object]:
    """What the file says; an amount without quotes is as exact as one with them."""
    try:
        values = tomllib.loads(path.read_text("utf-8"), parse_float=str)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadConfig(
            f"The configuration file {path} cannot be read: {error}. Mend it or move it away, then start again."
        ) from error
    return {name: str(value) if _is_amount(name, value) else value for name, value in values.items()}


def _is_amount(name: str, value: object) -> bool:
    return name in _MONEY and type(value) is int


def _plain(error: msgspec.ValidationError) -> str:
    return str(error).replace("Object contains unknown field", "there is no setting called")


def _place(error: str, path: Path, variables: Mapping[str, str]) -> str:
    """Where the setting that is not valid comes from."""
    return next((variable for name, variable in variables.items() if f"$.{name}`" in error), str(path))


def _check_money(name: str, value: str | None, place: str) -> None:
    try:
        if value is not None and to_pico(value) < 0:
            raise ValueError(f"{value} is below zero")
    except ValueError as error:
        raise BadConfig(f"{name} in {place} is no amount in dollars: {error}. Write it as 0.50.") from error
