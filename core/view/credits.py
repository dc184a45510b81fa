"""Who wrote what of a file: role, model, run, its part of the cost, and who approved it."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from core.money import ZERO, Pico
from core.text import sanitise_line
from core.view.files import File, Piece
from core.view.steps import Step, Steps


class Key(NamedTuple):
    """What lines of one credit have in common. Safe to draw."""

    role: str
    model: str
    run: str
    approved_by: str
    """Empty while nobody has accepted it."""


class Credit(msgspec.Struct):
    """Lines by one node and model of one run, with one decision."""

    key: Key
    lines: int = 0
    cost: Pico = ZERO
    """The share of these lines."""
    estimated: bool = False

    def add(self, step: Step, lines: int) -> None:
        self.lines += lines
        self.cost = Pico(self.cost + lines * (step.share or 0))
        self.estimated |= step.work.is_estimated


def credits_of(file: File, steps: Steps) -> list[Credit]:
    """Everybody who wrote a line of what differs, the first line's first; without what nobody knows."""
    found: dict[Key, Credit] = {}
    for piece, id, lines in _written(file):
        step = steps.known.get(id)
        if step is not None:
            key = _key(file, piece, step)
            found.setdefault(key, Credit(key)).add(step, lines)
    return list(found.values())


def credited(file: File, piece: Piece | None, new_line: int, steps: Steps) -> Key | None:
    """Whose line it is, by its number after the change; 0 for one that is gone."""
    id = piece.step if piece is not None and not new_line else _at(file, piece, new_line)
    step = steps.known.get(id)
    return None if step is None else _key(file, piece, step)


def _written(file: File) -> Iterator[tuple[Piece | None, str, int]]:
    """Pieces, steps and how many lines came by them. What only takes lines away is its step's, with none."""
    for written in file.written if not file.pieces else ():
        yield None, written.step, written.lines
    for piece in file.pieces:
        for written in piece.written:
            yield piece, written.step, written.lines
        if not piece.written:
            yield piece, piece.step, 0


def _at(file: File, piece: Piece | None, new_line: int) -> str:
    """The step that brought a line."""
    spans, line = (file.written, 1) if piece is None else (piece.written, piece.new_start)
    for span in spans:
        line += span.lines
        if new_line < line:
            return span.step
    return ""


def _key(file: File, piece: Piece | None, step: Step) -> Key:
    verdict, by = (file.verdict, file.by) if piece is None else (piece.verdict, piece.by)
    approved = by if verdict == "accepted" else ""
    return Key(sanitise_line(step.role), sanitise_line(step.model), step.run, approved)
