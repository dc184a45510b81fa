"""The index over all sessions: list, full-text search, charges. Derived from the logs alone.

Deleting the file is harmless: `catch_up` and `rebuild` make it again from the session logs. Writing is
best effort and never raises into a session. Each call opens and closes its own connection in a thread,
so that several Heddles share the file without waiting for each other's sessions.
"""

from core.index.index import CaughtUp, Index, IndexUnreadable, spent_on
from core.index.reading import ChargedBy, ChargeRow, NodeCost, SessionRow, Spell

__all__ = [
    "CaughtUp",
    "ChargeRow",
    "ChargedBy",
    "Index",
    "IndexUnreadable",
    "NodeCost",
    "SessionRow",
    "Spell",
    "spent_on",
]
