"""Ways to models: what a user can choose between, and what came of trying one. Knows no client of any of them."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from core.config import Config

WayKind: TypeAlias = Literal["aws", "ollama", "endpoint"]
How: TypeAlias = Literal["single sign-on", "access key", "role", "login", "program", "nothing yet"]

OLLAMA = "http://127.0.0.1:11434/v1"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")
"""What comes before any profile where it is set."""
_PROFILE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", *KEYS)
_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")


class Profile(msgspec.Struct, frozen=True):
    """A profile of the user's AWS files."""

    name: str
    region: str
    how: How
    """How it signs in."""


class Way(msgspec.Struct, frozen=True):
    """One way to models, as it was chosen. It never holds a key: only the name of the variable that does."""

    kind: WayKind
    profile: str = ""
    """Empty: whatever the environment says."""
    region: str = ""
    url: str = ""
    key_variable: str = ""
    model: str = ""
    """The endpoint's name of the model that does the work."""
    free: bool = False
    price: tuple[str, str] | None = None
    """Dollars per million tokens, in and out."""


class Tried(msgspec.Struct, frozen=True):
    """What came of trying a way, in words for people."""

    ok: bool
    said: str
    advice: str = ""
    cost_usd: str = "0.00"
    models: tuple[str, ...] = ()
    """What an endpoint offers."""
    roster: str = ""
    """The roster that will be used, once it is saved."""


def read_profiles(environ: Mapping[str, str]) -> Sequence[Profile]:
    """The profiles of the user's AWS files, the default one first; no secret of theirs is looked at."""
    folder = Path("~/.aws").expanduser()
    config = _sections(Path(environ.get("AWS_CONFIG_FILE", folder / "config")))
    keys = _sections(Path(environ.get("AWS_SHARED_CREDENTIALS_FILE", folder / "credentials")))
    told = {name.removeprefix("profile ").strip(): section for name, section in config.items()}
    told = {name: section for name, section in told.items() if not name.startswith(_NO_PROFILES)}
    for name, section in keys.items():
        told[name] = {**told.get(name, {}), **section}
    found = [Profile(name, section.get("region", ""), _how(section)) for name, section in told.items()]
    return sorted(found, key=lambda each: (each.name != "default", each.name))


_SIGNS: tuple[tuple[str, How], ...] = (
    ("sso_session", "single sign-on"),
    ("sso_start_url", "single sign-on"),
    ("login_session", "login"),
    ("role_arn", "role"),
    ("credential_process", "program"),
    ("aws_access_key_id", "access key"),
)
_NO_PROFILES = ("sso-session ", "services ", "plugins")


def _sections(path: Path) -> dict[str, dict[str, str]]:
    """What a file says; nothing where it cannot be read: the AWS libraries will say why."""
    import configparser

    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return {}
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _how(section: Mapping[str, str]) -> How:
    for sign, how in _SIGNS:
        if sign in section:
            return how
    return "nothing yet"


def use_aws(config: Config, environ: MutableMapping[str, str]) -> None:
    """Let the configured profile and region count where the environment says nothing else."""
    if config.aws.profile and not any(environ.get(name) for name in _PROFILE):
        environ["AWS_PROFILE"] = config.aws.profile
    if config.aws.region and not any(environ.get(name) for name in _REGION):
        environ["AWS_REGION"] = config.aws.region


def comes_before(environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that are set and come before a profile of the configuration."""
    yield from (name for name in _PROFILE if environ.get(name))


def wrong_url(text: str) -> str:
    """What is wrong with an endpoint's address; empty when nothing is."""
    if not text.startswith(("http://", "https://")) or len(text.partition("//")[2]) <= 2:
        return "An address begins with http:// or https://."
    if "@" in text.partition("//")[2].partition("/")[0] or "?" in text:
        return "An address has no name, password or key in it: put a key into an environment variable."
    return ""


def wrong_variable(text: str) -> str:
    """What is wrong with the name of an environment variable, such as that it is a key; empty when nothing is."""
    if text.replace("_", "").isalnum() and text.isascii() and text.upper() == text and not text[0].isdigit():
        return ""
    return "That is no variable's name. Put the key into one, such as MY_KEY, and name it here."
