"""Every setting with what it does, its value and where that comes from; and setting one, comments kept.

The settings are those of `core.config.Config`: their names, sentences, kinds and choices are read off the
class, so that nothing can be configured that the screen does not show.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import msgspec
from msgspec import inspect

from core.config import ENVIRONMENT, BadConfig, Config, load_config, parse_config
from core.money import to_pico
from core.paths import make_private
from core.ways import wrong_url, wrong_variable

Kind: TypeAlias = Literal["choice", "flag", "count", "number", "money", "text", "table"]
"""`table`: several lines, written in the file itself."""

_NOW = frozenset({"theme", "reduced_motion", "graph", "title", "bell", "notify"})
"""What the open screen takes up at once; everything else counts from the next start."""


class Setting(msgspec.Struct, frozen=True):
    name: str
    """As in the file; what belongs to a table is parted from it by a dot."""
    does: str
    kind: Kind
    value: str
    """As text; empty: it is not set."""
    default: str
    source: str
    """`default`, `config.toml`, or the variable of the environment that it comes from."""
    choices: tuple[str, ...] = ()
    optional: bool = False
    at_once: bool = False
    """Whether a change counts at once, and not only from the next start."""


class Preferences:
    """The user's `config.toml` behind the screen.

    Args:
        folder: the configuration folder.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.path = folder / "config.toml"
        self._environ = environ

    def config(self) -> Config:
        """Everything as it counts now.

        Raises:
            BadConfig: the file cannot be used.
        """
        return load_config(self.path.parent, self._environ)

    def settings(self) -> Sequence[Setting]:
        """All settings, in the order of the class.

        Raises:
            BadConfig: the file cannot be used.
        """
        config, written = self.config(), self._written()
        return [self._setting(name, field, config, written) for name, field in _fields(Config)]

    def write(self, values: Mapping[str, object]) -> Config:
        """Write these settings; None takes one out of the file. All of them, or none.

        Returns:
            What counts afterwards; the environment still comes before the file.

        Raises:
            BadConfig: a value is not valid, or the file cannot be written. Nothing was changed.
        """
        import tomlkit

        known = {name for name, _ in _fields(Config)}
        document = tomlkit.parse(self._text())
        for name, value in values.items():
            if name not in known:
                raise BadConfig(f"There is no setting called {name}.")
            _put(document, name.split("."), value)
        text = tomlkit.dumps(document)
        parse_config(text, self.path, {})
        config = parse_config(text, self.path, self._environ)
        try:
            write_whole(self.path, text)
        except OSError as error:
            raise BadConfig(f"{self.path} cannot be written: {error.strerror}.") from error
        return config

    def write_text(self, name: str, text: str) -> Config:
        """Write one setting as the user typed it; nothing typed takes it out of the file.

        Raises:
            BadConfig: it is not valid; the sentence says what is.
        """
        setting = next((each for each in self.settings() if each.name == name), None)
        if setting is None:
            raise BadConfig(f"There is no setting called {name}.")
        return self.write({name: _typed(setting, text.strip())})

    def _setting(self, name: str, field: Any, config: Config, written: Mapping[str, Any]) -> Setting:
        variables = {setting: variable for variable, setting in ENVIRONMENT.items()}
        variable = variables.get(name, "")
        kind, choices, optional = _kind(name, field.type)
        in_file = _look(written, name) is not None
        default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
        return Setting(
            name=name,
            does=_description(field.type),
            kind=kind,
            value=_shown(_look(msgspec.structs.asdict(config), name)),
            default=_shown(default),
            source=variable if self._environ.get(variable) else "config.toml" if in_file else "default",
            choices=choices,
            optional=optional,
            at_once=name in _NOW,
        )

    def _text(self) -> str:
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            return ""
        except (UnicodeDecodeError, OSError) as error:
            raise BadConfig(f"{self.path} cannot be read: {error}.") from error

    def _written(self) -> Mapping[str, Any]:
        import tomlkit

        return tomlkit.parse(self._text())


# -- the class, read off ---------------------------------------------------------------------------


def _fields(cls: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field with its dotted name, those of its tables in their place."""
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        if isinstance(field.type, inspect.StructType):
            yield from _fields(field.type.cls, f"{field.name}.")
        else:
            yield prefix + field.name, field


def _description(kind: Any) -> str:
    extra: Mapping[str, Any] = getattr(kind, "extra_json_schema", None) or {}
    return str(extra.get("description", ""))


def _kind(name: str, kind: Any) -> tuple[Kind, tuple[str, ...], bool]:
    """How a field is set, what it can be, and whether it may be left out."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    kinds = list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]
    optional = any(isinstance(one, inspect.NoneType) for one in kinds)
    for one in kinds:
        match one.type if isinstance(one, inspect.Metadata) else one:
            case inspect.LiteralType(values=values):
                return "choice", tuple(str(value) for value in values), optional
            case inspect.BoolType():
                return "flag", ("on", "off"), optional
            case inspect.IntType():
                return "count", (), optional
            case inspect.FloatType():
                return "number", (), optional
            case inspect.StrType():
                return "money" if name.endswith("_usd") else "text", (), optional
            case _:
                continue
    return "table", (), optional


def _look(values: Mapping[str, Any], name: str) -> Any:
    """The value with this dotted name; None where there is none."""
    value: Any = values
    for part in name.split("."):
        if isinstance(value, msgspec.Struct):
            value = getattr(value, part, None)
        elif isinstance(value, Mapping):
            value = cast("Mapping[str, Any]", value).get(part)
        else:
            return None
    return value


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return f"{len(cast('Mapping[str, object]', value))} set" if value else ""
    return str(value)


# -- writing ---------------------------------------------------------------------------------------


def _typed(setting: Setting, text: str) -> object:
    """A value out of what was typed.

    Raises:
        BadConfig: it is none.
    """
    if not text:
        return None
    match setting.kind:
        case "flag":
            if text not in ("on", "off"):
                raise BadConfig(f"{setting.name} is on or off.")
            return text == "on"
        case "choice":
            if text not in setting.choices:
                raise BadConfig(f"{setting.name} is one of: {', '.join(setting.choices)}.")
            return text
        case "count" | "number":
            try:
                return int(text) if setting.kind == "count" else float(text)
            except ValueError:
                raise BadConfig(f"{setting.name} is a number, such as 3.") from None
        case "money":
            return _amount(setting.name, text.removeprefix("$").strip())
        case "text":
            return _without_secret(setting.name, text)
        case "table":
            raise BadConfig(f"{setting.name} is a table: write it in the file itself.")


def _without_secret(name: str, text: str) -> str:
    """A text that is kept in the file, where no key and no password belongs."""
    checks = {"openai.base_url": wrong_url, "openai.key_variable": wrong_variable}
    if name in checks and (wrong := checks[name](text)):
        raise BadConfig(wrong)
    return text


def _amount(name: str, text: str) -> str:
    try:
        if to_pico(text) >= 0:
            return text
    except ValueError:
        pass
    raise BadConfig(f"{name} is an amount in dollars, such as 0.50.")


def _put(table: Any, path: Sequence[str], value: object) -> None:
    """Set one value, or take it out; a table that is then empty stays, for its comments."""
    import tomlkit

    *tables, name = path
    for part in tables:
        if part not in table:
            if value is None:
                return
            table[part] = tomlkit.table()
        table = table[part]
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value


def write_whole(path: Path, text: str) -> None:
    """Write a file of the user's so that it is the old one or the new one, with its rights; links are followed.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    path = Path(os.path.realpath(path))
    make_private(path.parent)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
