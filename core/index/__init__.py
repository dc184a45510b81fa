"""The index over all sessions: list, full-text search, charges. Derived from the logs alone.

Deleting the file is harmless: `catch_up` and `rebuild` make it again from the session logs. Writing is
best effort and never raises into a session. Each call opens and closes its own connection in a thread,
so that several Heddles share the file without waiting for each other's sessions.
"""

from core.index.index import CaughtUp, Index, IndexUnreadable, billed_before, spent_on
from core.index.reading import (
    Asked,
    ChargedBy,
    ChargeRow,
    Exchange,
    NodeCost,
    Preview,
    SessionRow,
    Sought,
    Spell,
)
from core.index.routes import OverrideCount, RouteCount
from core.index.wanted import SYNTAX, Wanted, read_sought

__all__ = [
    "SYNTAX",
    "Asked",
    "CaughtUp",
    "ChargeRow",
    "ChargedBy",
    "Exchange",
    "Index",
    "IndexUnreadable",
    "NodeCost",
    "OverrideCount",
    "Preview",
    "RouteCount",
    "SessionRow",
    "Sought",
    "Spell",
    "Wanted",
    "billed_before",
    "read_sought",
    "spent_on",
]
