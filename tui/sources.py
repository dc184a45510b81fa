"""What the screen may ask for besides its session: past sessions, past requests, what was spent, the roles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from core.events import BudgetScope
from core.money import Pico

if TYPE_CHECKING:
    from core.counterfactual import OneModel
    from core.index import Asked
    from core.library import Library
    from core.preferences import Preferences
    from core.rosters import ModelLine
    from core.spending import Elsewhere
    from core.ways import Profile, Tried, Way
    from tui.connection import Connect

Recall: TypeAlias = "Callable[[], Awaitable[Sequence[Asked]]]"


async def _nothing_asked() -> Sequence[Asked]:
    return ()


async def _nothing_spent(session: str, all_logs: bool) -> Elsewhere | None:
    return None


async def _no_model(roster: str) -> OneModel | None:
    return None


def _nowhere(name: str, text: str) -> Path:
    raise OSError("there is no folder for it")


class Ways(msgspec.Struct, frozen=True):
    """Ways to models, tried in a process of their own: the screen loads no client."""

    profiles: Callable[[], Sequence[Profile]]
    try_way: Callable[[Way], Awaitable[Tried]]
    save_way: Callable[[Way], Awaitable[Tried]]
    """Remembers one that was tried."""


class Rosters(msgspec.Struct, frozen=True):
    """Who has which model, read and written in a process of their own."""

    roles: Callable[[str], Awaitable[Sequence[ModelLine]]]
    """A roster by its name; nothing where it cannot be read."""
    models: Callable[[], Awaitable[Sequence[ModelLine]]]
    """Every model that a role could have, with its price."""
    save: Callable[[str, str, Mapping[str, Sequence[str]]], Awaitable[str]]
    """Makes of a roster one of another name in which these roles have other models, and uses it from then on;
    gives what is wrong with it, if it cannot be."""


class Sources(msgspec.Struct, frozen=True):
    library: Callable[[], Library] | None = None
    """Every session of the user; made when it is first needed, since it loads what the first frame can do without."""
    resume: Callable[[str, bool], Connect] | None = None
    """How to connect to a past session instead of the one that is open here; true: in the rehearsal."""
    recall: Recall = _nothing_asked
    """What the user asked in any session, each text once, the latest first."""
    preferences: Preferences | None = None
    """The user's settings; None where there is nothing to write them into."""
    rosters: Rosters | None = None
    """None where no roster can be written."""
    ways: Ways | None = None
    """Tries and remembers ways to models; None where none can be chosen."""
    roles: Callable[[], Mapping[str, str]] = dict[str, str]
    """Each role that can be asked for, and what it does; read when it is first needed."""
    elsewhere: Callable[[str, bool], Awaitable[Elsewhere | None]] = _nothing_spent
    """What all sessions but the one named were billed; whether all logs are looked at, or the latest only."""
    one_model: Callable[[str], Awaitable[OneModel | None]] = _no_model
    """The one model that a roster's team is compared with; None where it has no price."""
    budgets: Mapping[BudgetScope, Pico] = msgspec.field(default_factory=dict[BudgetScope, Pico])
    """The budgets beside the run's, as they are set."""
    export: Callable[[str, str], Path] = _nowhere
    """Writes a file of this name and text where the user finds it, and says where; raises OSError."""
