"""The lines of the ledger: which columns fit, its rows, its sums, and one row in full. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.money import to_usd
from core.view.charges import Charge
from core.view.ledger import COLUMNS, ColumnName, Sums, kind_words
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, cut, cut_line, spread
from tui.wording import duration, plural, short_model

_WIDTHS: dict[ColumnName, int] = {
    "day": 5, "time": 8, "run": 5, "node": 15, "role": 16, "model": 17, "kind": 16,
    "in": 8, "out": 7, "read": 8, "write": 8, "cost": 14, "took": 9,
}  # fmt: skip
_FIRST: tuple[ColumnName, ...] = (
    "cost", "node", "time", "in", "out", "model", "read", "kind", "write", "run", "took", "role", "day",
)  # fmt: skip
"""Which columns are shown, as far as there is room."""
_NUMBERS = {column.name for column in COLUMNS if column.number}
_GAP = 1


def fitting(width: int, by: ColumnName) -> list[ColumnName]:
    """The columns that fit, in their order; the one that is sorted by is among them."""
    chosen: list[ColumnName] = []
    room = width
    order: list[ColumnName] = [by, *(name for name in _FIRST if name != by)]
    for name in order:
        size = _WIDTHS[name] + _GAP
        if size <= room:
            chosen.append(name)
            room -= size
    return [column.name for column in COLUMNS if column.name in chosen]


def column_at(columns: Sequence[ColumnName], x: int) -> ColumnName | None:
    """The column at a cell of the head."""
    for name in columns:
        x -= _WIDTHS[name] + _GAP
        if x < 0:
            return name
    return None


def head_line(columns: Sequence[ColumnName], by: ColumnName, down: bool) -> Line:
    line: Line = []
    for name in columns:
        arrow = (" ▼" if down else " ▲") if name == by else ""
        line.append(Span(_fit(name, f"{name}{arrow}"), "key" if name == by else "dim"))
    return line


def row_line(row: Charge, columns: Sequence[ColumnName]) -> Line:
    return [Span(_fit(name, _text(row, name)), _ink(row, name)) for name in columns]


def _fit(name: ColumnName, text: str) -> str:
    width = _WIDTHS[name]
    shown = cut(text, width)
    padded = shown.rjust(width) if name in _NUMBERS else shown + " " * (width - len(shown))
    return padded + " " * _GAP


def _text(row: Charge, name: ColumnName) -> str:
    match name:
        case "day":
            return row.at[5:10]
        case "time":
            return row.at[11:19]
        case "run":
            return row.run
        case "node":
            return row.node
        case "role":
            return row.role
        case "model":
            return short_model(row.model)
        case "kind":
            return kind_words(row)
        case "in":
            return f"{row.input:,}"
        case "out":
            return f"{row.output:,}"
        case "read":
            return f"{row.cache_read:,}"
        case "write":
            return f"{row.cache_write:,}"
        case "cost":
            return ("~" if row.estimated else "") + f"${to_usd(row.cost)}"
        case "took":
            return duration(row.latency_ms)


def _ink(row: Charge, name: ColumnName) -> str:
    if name in ("node", "role"):
        return role_ink(row.role)
    if name == "kind":
        return "bad" if not row.ok else "warn" if row.kind in ("retry", "fallback") else "dim"
    return "accent" if name == "cost" else "" if name in _NUMBERS else "dim"


def sum_line(sums: Sums, of: int, billed: bool, width: int) -> Line:
    """What is shown, added up to the last digit."""
    calls = plural(sums.calls, "call") if sums.calls == of else f"{sums.calls:,} of {plural(of, 'call')}"
    words = f"{calls} · {sums.input:,} in · {sums.output:,} out"
    words += f" · {sums.cache_read:,} read · {sums.cache_write:,} written"
    cost = ("~" if sums.estimated else "") + f"${to_usd(sums.cost)}"
    right = [Span(cost, "accent bold"), Span("" if billed else " list price", "warn")]
    return spread([Span(words, "bold")], right, width)


def detail_lines(row: Charge, width: int) -> Lines:
    """Everything that is known of one call."""
    exact = "estimated, the usage was not reported" if row.estimated else "exact, as reported"
    paid = "" if row.billed else ", list price, not billed"
    first = f"{row.node} ({row.role}) in {row.run} · {row.model} · call {row.call}"
    second = f"{row.at[:19].replace('T', ' ')} UTC · {kind_words(row)} · took {duration(row.latency_ms)}"
    return [
        cut_line([Span(first, "dim")], width),
        cut_line([Span(f"{second} · {exact}{paid}", "dim")], width),
    ]
