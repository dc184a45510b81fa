"""A session played again: the state after any of its records, times, and what is worth jumping to.

The state is the one that the live screen folds, from the same records. Going back takes up the last
checkpoint before and folds on from there, so that a jump costs the same wherever it leads.
"""

import pickle
from bisect import bisect_left, bisect_right
from datetime import datetime
from statistics import median_low
from typing import Literal, TypeAlias

import msgspec

from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeUndone,
    ConflictResolved,
    Event,
    Failed,
    HandedOff,
    ModelCalled,
    NodeFinished,
    ProposalDecided,
    QuestionAnswered,
    QuestionAsked,
    Retried,
    RouteOverridden,
    RunFinished,
    TestsFinished,
    TextDelta,
    ToolFinished,
    WorkEscalated,
)
from core.money import Pico, show_usd, to_pico, to_usd
from core.record import Record
from core.text import first_line, sanitise_line
from core.view.session import Dirty, SessionView

Kind: TypeAlias = Literal["decision", "failure", "handoff", "spike"]

LONGEST_MS = 2_000
"""A longer wait between two records is played as one of so long: a user's lunch is not worth seeing."""
SPIKE_TIMES = 3
"""A model call is a spike in the cost from so many times the session's median call on."""
_SPACING = 1_000
_MOST_CHECKPOINTS = 24
"""Beyond that, every other one is dropped and the spacing doubles, so that memory grows no further."""


class Mark(msgspec.Struct, frozen=True):
    """A record that is worth jumping to."""

    position: int
    """How many records are taken in once it has happened."""
    kind: Kind
    text: str
    """What happened, on one line, safe to draw."""


class Replay:
    """The records of a session, and the state after so many of them.

    Args:
        view: the state, which is changed in place: whoever draws it may keep its parts.
    """

    def __init__(self, view: SessionView) -> None:
        self.view = view
        self.records: list[Record] = []
        self.position = 0
        """How many records are taken in."""
        self._times: list[int] = []
        """When each record comes, in milliseconds from the first, with long waits cut short."""
        self._moment: datetime | None = None
        self._marks: list[Mark] = []
        self._charges: list[tuple[int, Pico, str]] = []
        self._known: tuple[int, list[Mark]] = (-1, [])
        self._spacing = _SPACING
        self._checkpoints: dict[int, bytes] = {0: pickle.dumps(view, pickle.HIGHEST_PROTOCOL)}

    def add(self, record: Record) -> None:
        """Take in a record at the end of the tape; the state stays where it is."""
        moment = datetime.fromisoformat(record.at)
        gap = 0 if self._moment is None else int((moment - self._moment).total_seconds() * 1000)
        self._moment = moment
        self._times.append((self._times[-1] if self._times else 0) + max(0, min(gap, LONGEST_MS)))
        self.records.append(record)
        if not isinstance(record.event, TextDelta):  # most records are, and nobody jumps to one
            self._note(len(self.records), record.event)

    # -- times -----------------------------------------------------------------------------------

    @property
    def length(self) -> int:
        """Milliseconds from the first to the last record."""
        return self._times[-1] if self._times else 0

    def time_at(self, position: int) -> int:
        """When the record before a position came; 0 before all of them."""
        return self._times[position - 1] if position else 0

    def position_at(self, time: float) -> int:
        """How many records have come by a time."""
        return bisect_right(self._times, time)

    @property
    def at(self) -> str:
        """The moment that is shown, RFC 3339; empty before the first record."""
        if not self.records:
            return ""
        return self.records[max(0, self.position - 1)].at

    # -- going -----------------------------------------------------------------------------------

    def approach(self, target: int) -> bool:
        """Take up the checkpoint that is nearest before a target, if that saves anything.

        True when the state was replaced, so that all of it must be drawn again.
        """
        nearest = max(place for place in self._checkpoints if place <= target)
        if self.position <= target and nearest <= self.position:
            return False
        become(self.view, pickle.loads(self._checkpoints[nearest]))
        self.position = nearest
        return True

    def step(self) -> Dirty:
        """Take in the next record. There must be one."""
        dirty = self.view.apply(self.records[self.position])
        self.position += 1
        if self.position % self._spacing == 0 and self.position not in self._checkpoints:
            self._checkpoints[self.position] = pickle.dumps(self.view, pickle.HIGHEST_PROTOCOL)
            self._thin_out()
        return dirty

    def _thin_out(self) -> None:
        if len(self._checkpoints) > _MOST_CHECKPOINTS:
            self._spacing *= 2
            kept = [place for place in self._checkpoints if place % self._spacing == 0]
            self._checkpoints = {place: self._checkpoints[place] for place in kept}

    def after(self, position: int) -> int:
        """The position one step further on: deltas of one text that follow each other are one step."""
        end = min(len(self.records), position + 1)
        while position < end < len(self.records) and self._goes_on(end):
            end += 1
        return end

    def before(self, position: int) -> int:
        """The position one step back."""
        end = max(0, position - 1)
        while end > 0 and self._goes_on(end):
            end -= 1
        return end

    def _goes_on(self, index: int) -> bool:
        """Whether a record and the one before it are deltas of the same text."""
        one, other = self.records[index - 1].event, self.records[index].event
        return isinstance(one, TextDelta) and isinstance(other, TextDelta) and one.block == other.block

    # -- marks -----------------------------------------------------------------------------------

    @property
    def marks(self) -> list[Mark]:
        """All that is worth jumping to, in order."""
        if self._known[0] != len(self.records):
            found = sorted([*self._marks, *self._spikes()], key=lambda mark: mark.position)
            self._known = (len(self.records), found)
        return self._known[1]

    def next_mark(self, kind: Kind, position: int) -> Mark | None:
        """The first mark of a kind after a position."""
        marks = [mark for mark in self.marks if mark.kind == kind]
        place = bisect_right(marks, position, key=lambda mark: mark.position)
        return marks[place] if place < len(marks) else None

    def last_mark(self, kind: Kind, position: int) -> Mark | None:
        """The last mark of a kind before a position."""
        marks = [mark for mark in self.marks if mark.kind == kind]
        place = bisect_left(marks, position, key=lambda mark: mark.position)
        return marks[place - 1] if place else None

    def _note(self, position: int, event: Event) -> None:
        if isinstance(event, ModelCalled):
            self._charges.append((position, to_pico(event.cost_usd), sanitise_line(event.role)))
        if (text := failure(event)) is not None:
            self._mark(position, "failure", text)
        elif (text := decision(event)) is not None:
            self._mark(position, "decision", text)
        elif isinstance(event, HandedOff | WorkEscalated):
            source = event.from_role if isinstance(event, HandedOff) else event.role
            self._mark(position, "handoff", f"{source} → {event.to_role}")

    def _mark(self, position: int, kind: Kind, text: str) -> None:
        """Several of a kind at once, such as the verdicts on all files, count as the last of them."""
        last = self._marks[-1] if self._marks else None
        alike = last is not None and last.kind == kind and self._event(last.position) is self._event(position)
        if last is not None and alike and last.position == position - 1:
            self._marks.pop()
        self._marks.append(Mark(position, kind, first_line(sanitise_line(text), 100)))

    def _event(self, position: int) -> type[Event]:
        return type(self.records[position - 1].event)

    def _spikes(self) -> list[Mark]:
        if not self._charges:
            return []
        costs = [cost for _, cost, _ in self._charges]
        least = min(max(costs), SPIKE_TIMES * median_low(costs))
        return [
            Mark(position, "spike", f"{show_usd(to_usd(cost))} for one call of {role}")
            for position, cost, role in self._charges
            if cost >= least > 0
        ]


def become(part: object, other: object) -> None:
    """Give an object the state of another one, and leave what it is made of the objects that they are."""
    mine: dict[str, object] = vars(part)
    theirs: dict[str, object] = vars(other)
    for name in mine.keys() - theirs.keys():
        del mine[name]
    for name, value in theirs.items():
        own = mine.get(name)
        if type(own) is type(value) and hasattr(own, "__dict__"):
            become(own, value)
        else:
            mine[name] = value


def failure(event: Event) -> str | None:
    """What failed, if that is what an event says."""
    # Most events say nothing here, so this is no exhaustive match.
    if isinstance(event, Failed):
        return event.message
    if isinstance(event, TestsFinished) and event.outcome == "failed":
        return f"tests failed: {event.summary}"
    if isinstance(event, ToolFinished) and not event.ok:
        return f"{event.role}: {event.tool} failed"
    if isinstance(event, NodeFinished) and event.status == "failed":
        return f"{event.node} failed"
    if isinstance(event, Retried):
        return f"{event.role} tries again: {event.reason}"
    if isinstance(event, RunFinished) and event.status == "failed":
        return "the run failed"
    return None


def decision(event: Event) -> str | None:
    """What was to be decided by the user, or what he decided, if that is what an event says."""
    if isinstance(event, QuestionAsked):
        return f"asked: {event.text}"
    if isinstance(event, QuestionAnswered):
        return f"answered: {event.answer}"
    if isinstance(event, ChangeDecided):
        return f"{event.verdict} {event.path}"
    if isinstance(event, ChangeApplied | ChangeUndone):
        return f"{'written' if isinstance(event, ChangeApplied) else 'taken back'}: {event.path}"
    if isinstance(event, ConflictResolved):
        return f"conflict decided: {event.path}"
    if isinstance(event, ProposalDecided):
        return f"proposal {event.verdict}"
    if isinstance(event, RouteOverridden):
        return "another route was chosen"
    return None
