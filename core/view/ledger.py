"""The ledger as a table: sorted by any column, narrowed by words, added up exactly, and written as CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from core.money import Pico, to_usd
from core.view.charges import Charge

ColumnName: TypeAlias = Literal[
    "day", "time", "run", "node", "role", "model", "kind", "in", "out", "read", "write", "cost", "took"
]


class Column(msgspec.Struct, frozen=True):
    name: ColumnName
    help: str
    key: Callable[[Charge], str | int]
    """What it is sorted by; where two are equal, the earlier call comes first."""
    number: bool = False


def kind_words(row: Charge) -> str:
    """Why the model was called, and that it failed."""
    return row.kind if row.ok else f"{row.kind}, failed"


COLUMNS: tuple[Column, ...] = (
    Column("day", "on which day, UTC", lambda row: row.at[:10]),
    Column("time", "when the call had ended, UTC", lambda row: row.seq),
    Column("run", "which run", lambda row: row.run),
    Column("node", "which node", lambda row: row.node),
    Column("role", "which role", lambda row: row.role),
    Column("model", "which model", lambda row: row.model),
    Column("kind", "why it was called", kind_words),
    Column("in", "prompt tokens that no cache held", lambda row: row.input, number=True),
    Column("out", "tokens of the answer", lambda row: row.output, number=True),
    Column("read", "prompt tokens read from the cache", lambda row: row.cache_read, number=True),
    Column("write", "prompt tokens written to the cache", lambda row: row.cache_write, number=True),
    Column("cost", "dollars, exact; ~ where the usage was not reported", lambda row: row.cost, number=True),
    Column("took", "milliseconds", lambda row: row.latency_ms, number=True),
)


class Sums(msgspec.Struct):
    """What some rows add up to."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: int = 0
    """Pico-dollars."""
    estimated: bool = False
    calls: int = 0


_Figures: TypeAlias = tuple[int, int, int, int, int, bool]
"""What of a row is added up, as in `Sums`."""


class Ledger:
    """A view of the charges. Rows are added to at their end only.

    Args:
        rows: all charges; later ones are seen after `refresh`.
    """

    def __init__(self, rows: Sequence[Charge]) -> None:
        self._rows = rows
        self._known: list[Charge] = []
        """All of them: those of long ago would be unpacked again for each letter of a filter."""
        self._texts: list[str] = []
        """What each row is searched in."""
        self._figures: list[_Figures] = []
        self._found: Sequence[int] = ()
        """Places of the rows that are shown, in the order of the calls."""
        self.words = ""
        self.by: ColumnName = "time"
        self.down = True
        """The largest, or the latest, first."""
        self.shown: list[Charge] = []
        self.sums = Sums()
        self.refresh()

    def refresh(self) -> None:
        """Take in what is new, and find, add up and sort what is shown."""
        fresh = self._rows[len(self._known) :] if self._known else list(self._rows)
        self._known += fresh
        self._texts += [_text(row) for row in fresh]
        self._figures += [_figures(row) for row in fresh]
        self._find(range(len(self._known)))

    def _find(self, places: Sequence[int]) -> None:
        """Show those of some rows that hold all words."""
        for word in self.words.lower().split():
            places = [place for place in places if word in self._texts[place]]
        self._found = places
        self.sums = _add_up([self._figures[place] for place in places])
        self._sort()

    def narrow(self, words: str) -> None:
        """Show the rows in which each of these words stands somewhere."""
        further = bool(self.words) and words.startswith(self.words)
        self.words = words
        if further and len(self._known) == len(self._rows):
            self._find(self._found)
        else:
            self.refresh()

    def sort_by(self, name: ColumnName) -> None:
        """Sort by a column, numbers and times from the largest on; the same column again: the other way."""
        column = _BY_NAME[name]
        self.down = not self.down if name == self.by else column.number or name in ("day", "time")
        self.by = name
        self._sort()

    def _sort(self) -> None:
        self.shown = [self._known[place] for place in self._found]
        if self.by != "time":
            self.shown.sort(key=_BY_NAME[self.by].key, reverse=self.down)
        elif self.down:
            self.shown.reverse()


_BY_NAME = {column.name: column for column in COLUMNS}


def _figures(row: Charge) -> _Figures:
    return row.input, row.output, row.cache_read, row.cache_write, row.cost, row.estimated


def _add_up(rows: Sequence[_Figures]) -> Sums:
    if not rows:
        return Sums()
    *figures, estimated = zip(*rows, strict=True)
    return Sums(*map(sum, figures), estimated=any(estimated), calls=len(rows))


def _text(row: Charge) -> str:
    exact = "estimated ~" if row.estimated else "exact"
    parts = (row.at, row.run, row.node, row.role, row.model, kind_words(row), exact, row.call)
    return " ".join(parts).lower()


# -- CSV -------------------------------------------------------------------------------------------

_HEAD = (
    "time", "run", "node", "role", "model", "kind", "ok", "input_tokens", "output_tokens",
    "cache_read_tokens", "cache_write_tokens", "cost_usd", "estimated", "billed", "latency_ms", "call",
    "cache_write_1h_tokens",
)  # fmt: skip


def as_csv(rows: Iterable[Charge]) -> str:
    """The rows in their order, with a head; amounts are decimal dollars to the last digit."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(_HEAD)
    for row in rows:
        texts = (row.at, row.run, row.node, row.role, row.model, row.kind)
        tokens = (row.input, row.output, row.cache_read, row.cache_write)
        flags = (_yes(row.estimated), _yes(row.billed), row.latency_ms)
        cost = to_usd(Pico(row.cost))
        call = (_harmless(row.call), row.cache_write_1h)
        lines.writerow([*map(_harmless, texts), _yes(row.ok), *tokens, cost, *flags, *call])
    return out.getvalue()


_FORMULAS = frozenset("=+-@＝＋－＠")
"""How a formula begins, in full width too, as some spreadsheets read it."""


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that begins like one gets an apostrophe in front."""
    return f"'{text}" if text.lstrip()[:1] in _FORMULAS or text[:1] in ("\t", "\r") else text
