"""The user's configuration: `config.toml` in the configuration folder, `HEDDLE_*` over it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

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


Theme: TypeAlias = Literal["heddle-dark", "heddle-light", "heddle-contrast", "heddle-safe", "heddle-ansi"]


class BadConfig(Exception):
    """The configuration cannot be used; the message is a sentence that names the file and the fault."""


_MONEY = ("budget_usd", "session_budget_usd", "node_budget_usd", "day_budget_usd", "ask_above_usd")
_Seconds = Annotated[float, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]


def _says(description: str) -> msgspec.Meta:
    """What a setting does, in a sentence for the screen of settings and for whoever reads this."""
    return msgspec.Meta(description=description)


class OpenAI(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The endpoint behind `openai:` in a roster: any that speaks OpenAI's chat completions."""

    base_url: Annotated[str, _says("The endpoint's address. Ollama's own unless it says otherwise.")] = (
        "http://127.0.0.1:11434/v1"
    )
    key_variable: Annotated[
        str | None,
        _says("The environment variable that holds the key. The key itself is written down nowhere."),
    ] = None
    free: Annotated[
        bool, _says("It bills nothing: its models cost 0 where the price book has no row for them.")
    ] = False
    length_name: Annotated[
        Literal["max_tokens", "max_completion_tokens"] | None,
        _says("What it calls the limit of an answer. Told by the address when left out."),
    ] = None

    @property
    def bills_nothing(self) -> bool:
        """Ollama on this machine bills nothing; anything else only when the user says so."""
        return self.free or self == OpenAI()


class AWS(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How Bedrock is reached where the environment does not say it."""

    profile: Annotated[
        str | None,
        _says("The profile of ~/.aws/config, unless AWS_PROFILE or keys in the environment say otherwise."),
    ] = None
    region: Annotated[
        str | None, _says("Where models are called, such as us-east-1, unless AWS_REGION says otherwise.")
    ] = None


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set. The screen of settings is made from this class."""

    roster: Annotated[str, _says("Which roster is used: the models that do the work of each role.")] = (
        "current"
    )
    scope: Annotated[
        Literal["geo", "global"],
        _says("Which inference profiles: geo keeps requests in the region's geography (Claude: +10 %)."),
    ] = "global"
    budget_usd: Annotated[
        str | None, _says("The most that one run may cost, unless the run says otherwise.")
    ] = None
    session_budget_usd: Annotated[
        str | None, _says("The most that all runs of one session may cost together.")
    ] = None
    node_budget_usd: Annotated[str | None, _says("The most that one node of a run may cost.")] = None
    day_budget_usd: Annotated[
        str | None, _says("The most that all running Heddles may cost in one day (UTC).")
    ] = None
    ask_above_usd: Annotated[
        str, _says("A run whose expected cost is higher waits for you before it starts.")
    ] = "1.00"
    theme: Annotated[Theme, _says("The colours of the screen.")] = "heddle-dark"
    mouse: Annotated[
        bool, _says("Whether clicks count here. Off: the terminal itself marks and copies text.")
    ] = True
    graph: Annotated[
        Literal["boxes", "list"], _says("How the agent graph is drawn; a list suits screen readers.")
    ] = "boxes"
    reduced_motion: Annotated[bool, _says("Nothing moves by itself: no animation, no counting clock.")] = (
        False
    )
    title: Annotated[bool, _says("Whether the terminal's title says that something waits.")] = True
    bell: Annotated[
        bool,
        _says(
            "Whether the bell rings when something waits, while the terminal is not known to have the focus."
        ),
    ] = True
    notify: Annotated[
        bool,
        _says("Whether a notification says it too (OSC 9 or 777), where the terminal is known to show one."),
    ] = True
    retry_base_seconds: Annotated[
        _Seconds | None, _says("The first wait before a call is tried again; it doubles.")
    ] = None
    retry_attempts: Annotated[
        _Count | None, _says("How often one call is tried with one model, the first time included.")
    ] = None
    output_tokens: Annotated[_Count | None, _says("The longest answer of one model call, in tokens.")] = None
    aws: AWS = AWS()
    openai: OpenAI = OpenAI()
    profiles: Annotated[
        dict[str, str],
        _says("Application inference profiles (ARNs), each with the id of the model that it stands for."),
    ] = {}
    keys: Annotated[
        dict[str, str | list[str] | dict[str, str | list[str]]],
        _says("Your own keys: an action's name and its key, or several."),
    ] = {}


def load_config(folder: Path, environ: Mapping[str, str]) -> Config:
    """Read `config.toml` and the environment; an empty variable counts as none.

    Raises:
        BadConfig: with a sentence that says what to mend, and where.
    """
    path = folder / "config.toml"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        text = ""
    except (UnicodeDecodeError, OSError) as error:
        raise _unreadable(path, error) from error
    return parse_config(text, path, environ)


def parse_config(text: str, path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration that a file's text and the environment make.

    Raises:
        BadConfig: with a sentence that says what to mend, and where.
    """
    written = _values(text, path)
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


def _values(text: str, path: Path) -> dict[str, object]:
    """What the file says; an amount without quotes is as exact as one with them."""
    if not text:
        return {}
    import tomllib  # the first frame waits for it only where there is something to read

    try:
        values = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(path, error) from error
    return {name: str(value) if _is_amount(name, value) else value for name, value in values.items()}


def _unreadable(path: Path, error: Exception) -> BadConfig:
    return BadConfig(
        f"The configuration file {path} cannot be read: {error}. Mend it or move it away, then start again."
    )


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
