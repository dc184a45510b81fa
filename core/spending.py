"""What this user has spent today and this month: all other sessions out of the index, this one from its records."""

from datetime import UTC, datetime

import msgspec

from core.history import LOGS, WINDOW, Projection, month_start, project_month
from core.index import Index, IndexUnreadable, Spell
from core.money import Pico
from core.paths import Home
from core.view.charges import Charges


class Elsewhere(msgspec.Struct, frozen=True):
    """What all other sessions were billed, and when that was read. Rehearsals are in none of it."""

    at: datetime
    today: Spell
    month: Spell
    window: Spell


class Spending(msgspec.Struct, frozen=True):
    """What all sessions together were billed."""

    today: Pico
    estimated: bool
    """Part of what was spent today is an estimate."""
    month: Pico
    month_estimated: bool
    projection: Projection | None
    """None with less than a day of charges behind us."""


async def read_elsewhere(home: Home, session: str, now: datetime, *, all_logs: bool) -> Elsewhere | None:
    """Ask the index, after it has read what is new in the other sessions' logs; None where it cannot be read.

    Args:
        session: the one that is left out.
        all_logs: look at every log, not only at the latest ones.
    """
    index = Index(home.index)
    await index.catch_up(home.sessions, most=None if all_logs else LOGS, but=home.session_log(session))
    today, month, window = _moments(now)
    try:
        return Elsewhere(
            now,
            await index.spent_since(today, but=session),
            await index.spent_since(month, but=session),
            await index.spent_since(window, but=session),
        )
    except (IndexUnreadable, msgspec.ValidationError):
        return None


def together(elsewhere: Elsewhere, here: Charges) -> Spending:
    """The other sessions and this one, at the moment when the others were read."""
    today, month, window = (
        _with(spell, here, moment)
        for spell, moment in zip(
            (elsewhere.today, elsewhere.month, elsewhere.window), _moments(elsewhere.at), strict=True
        )
    )
    return Spending(
        today.cost,
        today.estimated,
        month.cost,
        month.estimated,
        project_month(elsewhere.at, month, window),
    )


def _moments(now: datetime) -> tuple[str, str, str]:
    """The begin of today and of this month (UTC), and the moment from which the pace is taken."""
    utc = now.astimezone(UTC)
    return f"{utc:%Y-%m-%d}", f"{month_start(now):%Y-%m-%d}", f"{utc - WINDOW:%Y-%m-%dT%H:%M:%S}"


def _with(spell: Spell, here: Charges, moment: str) -> Spell:
    cost, estimated = here.billed_since(moment)
    firsts = [first for first in (spell.first, here.first_billed) if first]
    return Spell(min(firsts, default=""), Pico(spell.cost + cost), spell.estimated or estimated)
