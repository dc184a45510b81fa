"""The roster: which models, prompt, tools and limits each role has."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from agents.catalog import Catalog, ModelCard, Scope, invocation_id, load_catalog
from agents.providers import split_provider
from core.config import BadConfig
from core.prices import split_prefix
from tools.registry import TOOLS

FOLDER = Path(__file__).parent
PromptOrigin = Literal["shipped", "user", "project"]


class Role(msgspec.Struct, frozen=True):
    name: str
    does: str
    models: tuple[str, ...]
    """Ids to call, the first one first; the next ones stand in."""
    tools: tuple[str, ...]
    prompt: str
    output_tokens: int
    mcp: bool = False
    """Whether it may use the tools of MCP servers."""
    seldom: tuple[str, ...] = ()
    """Those of its tools whose manuals it reads only when it needs them (`agents/seldom.py`)."""
    returns: bool = False
    """The next requests of a session call it again: its tools and prompt are worth keeping (`agents/lifetimes.py`)."""
    rung: tuple[str, ...] = ()
    """Ids to call where it takes over what a lower role did not manage; none: the same as ever."""
    prompt_origin: PromptOrigin = "shipped"
    prompt_path: str = ""
    """The file that the prompt was read from."""

    @property
    def model(self) -> str:
        return self.models[0]

    @property
    def taking_over(self) -> "Role":
        """The role as it takes over the work of a lower one."""
        return msgspec.structs.replace(self, models=self.rung or self.models)


class Roster(msgspec.Struct, frozen=True):
    name: str
    title: str
    roles: dict[str, Role]
    catalog: Catalog

    def __getitem__(self, role: str) -> Role:
        return self.roles[role]

    def models(self) -> list[str]:
        """Every id that may be called, in a stable order."""
        every = (model for role in self.roles.values() for model in (*role.models, *role.rung))
        return list(dict.fromkeys(every))

    def providers(self) -> set[str]:
        """Whose models it names."""
        return {split_provider(model)[0] for model in self.models()}

    def card(self, model: str) -> ModelCard:
        """What a model can do."""
        return self.catalog.card(model)

    def find_model(self, name: str, region: str) -> str | None:
        """The whole id of a model that somebody names by its id, with or without its region's prefix, or by
        its title; those of the roster come before others that the catalog has. None: there is none."""
        wanted = name.lower()
        names = {model: (model, split_prefix(model)[1], self.catalog.title(model)) for model in self.models()}
        for model, known in names.items():
            if wanted in map(str.lower, known):
                return model
        for base, facts in self.catalog.cards.items():
            if wanted in (base.lower(), facts.title.lower()):
                return invocation_id(base, region, self._scope)
        prefix, base = split_prefix(name)
        return name if prefix and base in self.catalog.cards else None

    @property
    def _scope(self) -> Scope:
        return "global" if any(model.startswith("global.") for model in self.models()) else "geo"


def with_output_tokens(roster: Roster, tokens: int | None) -> Roster:
    """The roster with the user's own `max_tokens` for every role but the router, whose answer is one line."""
    if tokens is None:
        return roster
    roles = {
        name: role if name == "router" else msgspec.structs.replace(role, output_tokens=tokens)
        for name, role in roster.roles.items()
    }
    return msgspec.structs.replace(roster, roles=roles)


class _RoleRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    does: str
    output_tokens: int
    tools: tuple[str, ...] = ()
    seldom: tuple[str, ...] = ()
    mcp: bool = False
    returns: bool = False


class _Roles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tool_sets: dict[str, tuple[str, ...]]
    roles: dict[str, _RoleRow]


class _Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tools: tuple[str, ...] | None = None
    seldom: tuple[str, ...] | None = None
    mcp: bool | None = None
    returns: bool | None = None
    output_tokens: Annotated[int, msgspec.Meta(gt=0)] | None = None


class _RosterFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    roles: dict[str, tuple[str, ...]]
    rungs: dict[str, tuple[str, ...]] = {}
    settings: dict[str, _Override] = {}


@cache
def _roles() -> _Roles:
    return msgspec.convert(tomllib.loads((FOLDER / "roles.toml").read_text("utf-8")), _Roles)


def role_names() -> tuple[str, ...]:
    """All roles, in the order of `agents/roles.toml`."""
    return tuple(_roles().roles)


def tools_of_roles() -> dict[str, tuple[str, ...]]:
    """The tools that each role has, when no roster says otherwise."""
    return {name: _expanded(row.tools) for name, row in _roles().roles.items()}


def _expanded(entries: Iterable[str]) -> tuple[str, ...]:
    sets = _roles().tool_sets
    return tuple(tool for entry in entries for tool in sets.get(entry, (entry,)))


def roster_names(config: Path) -> list[str]:
    """Shipped rosters and the user's own (`rosters/` in the configuration folder)."""
    shipped = {path.stem for path in (FOLDER / "rosters").glob("*.toml")}
    own = {path.stem for path in (config / "rosters").glob("*.toml")}
    return sorted(shipped | own)


def load_roster(
    name: str, *, config: Path, region: str, scope: Scope, catalog: Catalog | None = None
) -> Roster:
    """Read a roster; the user's file of that name comes before the shipped one.

    Raises:
        BadConfig: no such roster, or one that cannot be used; the sentence says which and why.
    """
    path = _find(name, config)
    try:
        file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _RosterFile)
        _check(file)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError, OSError) as error:
        raise BadConfig(f"The roster {path} is not valid: {error}. Mend it, or choose another.") from error
    missing = [role for role in role_names() if not file.roles.get(role)]
    if missing:
        raise BadConfig(f"The roster {path} names no model for {', '.join(missing)}. Add a line for each.")
    roles = {role: _role(role, file, config=config, region=region, scope=scope) for role in role_names()}
    return Roster(name, file.title, roles, catalog or load_catalog(config))


def _check(file: _RosterFile) -> None:
    """Names in a roster that mean nothing.

    Raises:
        msgspec.ValidationError: there are such.
    """
    for role in (*file.roles, *file.rungs, *file.settings):
        if role not in role_names():
            raise msgspec.ValidationError(f"there is no role {role}")
    for role, own in file.settings.items():
        for tool in (*(own.tools or ()), *(own.seldom or ())):
            if tool not in TOOLS and tool not in _roles().tool_sets:
                raise msgspec.ValidationError(f"{role} is given {tool}, which is no tool")


def _find(name: str, config: Path) -> Path:
    for folder in (config / "rosters", FOLDER / "rosters"):
        path = folder / f"{name}.toml"
        if "/" not in name and path.is_file():
            return path
    known = ", ".join(roster_names(config))
    raise BadConfig(f"There is no roster called {name!r}. Choose one of: {known}.")


def _role(name: str, file: _RosterFile, *, config: Path, region: str, scope: Scope) -> Role:
    row = _roles().roles[name]
    own = file.settings.get(name, _Override())
    tools = _expanded(row.tools if own.tools is None else own.tools)
    origin, path = _prompt_file(name, config)
    return Role(
        name=name,
        does=row.does,
        models=tuple(invocation_id(model, region, scope) for model in file.roles[name]),
        rung=tuple(invocation_id(model, region, scope) for model in file.rungs.get(name, ())),
        tools=tools,
        prompt=_prompt(path),
        output_tokens=own.output_tokens or row.output_tokens,
        seldom=_expanded(row.seldom if own.seldom is None else own.seldom),
        mcp=row.mcp if own.mcp is None else own.mcp,
        returns=row.returns if own.returns is None else own.returns,
        prompt_origin=origin,
        prompt_path=str(path),
    )


def _prompt_file(name: str, config: Path) -> tuple[PromptOrigin, Path]:
    """The user's own prompt of a role, else the shipped one."""
    own = config / "prompts" / f"{name}.md"
    return ("user", own) if own.is_file() else ("shipped", FOLDER / "prompts" / f"{name}.md")


def _prompt(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (UnicodeDecodeError, OSError) as error:
        raise BadConfig(f"The prompt {path} cannot be read: {error}. Mend it, or remove it.") from error
