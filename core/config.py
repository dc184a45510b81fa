"""The user's configuration: `config.toml` in the configuration folder, `HEDDLE_*` over it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from core.money import to_pico

ENVIRONMENT = {
    "HEDDLE_ROSTER": "roster",
    "HEDDLE_SCOPE": "scope",
    "HEDDLE_BUDGET_USD": "budget_usd",
    "HEDDLE_ASK_ABOVE_USD": "ask_above_usd",
    "HEDDLE_THEME": "theme",
}
"""Environment variables and the settings that they replace."""


class BadConfig(Exception):
    """The configuration cannot be used; the message is a sentence that names the file and the fault."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    roster: str = "current"
    scope: Literal["geo", "global"] = "global"
    """Which inference profiles to use: `geo` keeps requests in the region's geography (Claude: +10 %)."""
    budget_usd: str | None = None
    """The most that one run may cost unless the run says otherwise."""
    ask_above_usd: str = "1.00"
    """A run whose expected cost is higher waits for the user before it starts."""
    theme: str = "heddle"
    retry_base_seconds: float | None = None
    retry_attempts: int | None = None
    output_tokens: int | None = None
    """Default `max_tokens` of a model call."""


def load_config(folder: Path, environ: Mapping[str, str]) -> Config:
    """Read `config.toml` and the environment.

    Raises:
        BadConfig: with a sentence that says what to mend.
    """
    path = folder / "config.toml"
    values = _read(path)
    values |= {name: environ[variable] for variable, name in ENVIRONMENT.items() if environ.get(variable)}
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise BadConfig(
            f"The configuration is not valid: {_plain(error)}. "
            f"Mend {path} (or the HEDDLE_* variable) and start again."
        ) from error
    _check_money(config, path)
    return config


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadConfig(
            f"The configuration file {path} cannot be read: {error}. Mend it or move it away, then start again."
        ) from error


def _plain(error: msgspec.ValidationError) -> str:
    return str(error).replace("Object contains unknown field", "there is no setting called")


def _check_money(config: Config, path: Path) -> None:
    for name in ("budget_usd", "ask_above_usd"):
        value: str | None = getattr(config, name)
        try:
            if value is not None and to_pico(value) < 0:
                raise ValueError(f"{value} is negative")
        except ValueError as error:
            raise BadConfig(
                f"{name} in {path} is no amount in dollars: {error}. Write it as 0.50."
            ) from error
