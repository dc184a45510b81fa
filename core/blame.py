"""Who wrote each line of a file in the stage, with which model, for what, and who approved it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.stage.authors import Authors, Origin
from core.stage.history import History
from core.stage.shadow import Item
from core.view.steps import Step, Steps
from core.waiting import WaitingChanges


@dataclass(frozen=True, slots=True)
class BlamedLine:
    """One line. Without a step it is the project's own."""

    number: int
    text: str
    step: Step | None = None
    role: str = ""
    run: str = ""
    approved_by: tuple[str, ...] = ()
    """Who accepted it; empty while nobody did."""
    applied: bool = False
    """The project has it."""


def blame(
    history: History, waiting: WaitingChanges, steps: Steps, place: str, recorded: str
) -> list[BlamedLine] | None:
    """The lines of a file as it is recorded in the stage; None where no node has touched it, or it has no lines.

    `place` is its path, and `recorded` the same as records name it.
    """
    change = history.change(place)
    authors = history.authors(place, change.old_path if change else None)
    item = history.work.get(place)
    if item is None or not authors.spans:
        return None
    text = history.load(item).decode("utf-8", "surrogateescape").split("\n")
    approvers = _approvers(history, waiting, place, recorded, item)
    accepted = _accepted(waiting, recorded)
    found: list[BlamedLine] = []
    for number, origin in _by_line(authors):
        line = text[number - 1]
        if origin is None:
            found.append(BlamedLine(number, line))
            continue
        applied = number in approvers
        by = approvers.get(number) or accepted(number)
        step = steps.known.get(origin.commit)
        found.append(BlamedLine(number, line, step, origin.role, origin.run, by, applied))
    return found


def _by_line(authors: Authors) -> Iterator[tuple[int, Origin | None]]:
    for span in authors.spans:
        for number in range(span.first, span.first + span.lines):
            yield number, span.origin


def _approvers(
    history: History, waiting: WaitingChanges, place: str, recorded: str, item: Item
) -> dict[int, tuple[str, ...]]:
    """Who approved the lines that the project has: whoever accepted the first apply that brought them."""
    base = history.base.get(place)
    if base is None:
        return {}
    given = list(waiting.approved.get(recorded, {}).values())
    versions = history.applied(place)
    if len(versions) != len(given):
        versions, given = [base], [tuple(dict.fromkeys(by for one in given for by in one))]
    found = dict.fromkeys(history.shared(base, item), given[-1] if given else ())
    for version, by in reversed(list(zip(versions, given, strict=True))):
        if version is not None:
            found |= {line: by for line in history.shared(version, item) if line in found}
    return found


def _accepted(waiting: WaitingChanges, recorded: str) -> Callable[[int], tuple[str, ...]]:
    """Who accepted a line that waits to be applied."""
    decided = waiting.decided.get(recorded)

    def find(number: int) -> tuple[str, ...]:
        if decided is None:
            return ()
        if not decided.pieces:
            return (decided.by,) if decided.rest == "accepted" and decided.by else ()
        taken_out = 0
        for piece in decided.pieces.values():
            hunk = piece.hunk
            if hunk.rejected:
                taken_out += hunk.new_lines - hunk.old_lines
                continue
            first = hunk.new_start - taken_out
            if first <= number < first + hunk.new_lines:
                return (piece.by,) if piece.verdict == "accepted" and piece.by else ()
        return ()

    return find
