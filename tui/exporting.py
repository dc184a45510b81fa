"""Charges into a file: what is written, and what the user is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from core.text import sanitise_line
from core.view.charges import Charge
from tui.wording import plural

Export: TypeAlias = Callable[[str, str], Path]
"""Writes a file of this name and text where the user finds it, and says where; raises OSError."""


async def export_rows(rows: Sequence[Charge], name: str, export: Export) -> tuple[str, bool]:
    """Write rows in their order, and give a sentence that says where they are, or why they are not."""
    from core.view.ledger import as_csv

    text = as_csv(rows)
    try:
        path = await asyncio.to_thread(export, f"{name}.csv", text)
    except OSError as error:
        return f"Nothing was written: {sanitise_line(error.strerror or str(error))}.", False
    return f"{plural(len(rows), 'call')} written to {sanitise_line(str(path))}", True
