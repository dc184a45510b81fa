"""A line of code in ink: its colours, the words that changed, and its rows where it is long. Pure."""

from collections.abc import Sequence

from rich.cells import cell_len

from tui.paint import Line, Lines, Span, chop
from tui.syntax import Stretch

Ranges = Sequence[tuple[int, int]]
_LONGEST = 4_000
"""Characters from which a line has one ink only."""


def rows_of(text: str, room: int) -> int:
    """How many rows of `room` cells a line takes."""
    if text.isascii() and "\t" not in text:
        return max(1, -(-len(text) // room))
    return len(chop(text, room))


def ink_rows(
    text: str, room: int, ink: str, ground: str, colours: Sequence[Stretch], words: Ranges, strong: str
) -> Lines:
    """A line in rows of `room` cells, each filled with its ground.

    Args:
        ink: of what has no colour of its own.
        words: characters that stand on the `strong` ground.
    """
    parts = [line[0].text if line else "" for line in chop(text, room)]
    if len(text) > _LONGEST or not (colours or words):
        return [_filled([Span(part, f"{ink} {ground}".strip())], room, ground) for part in parts]
    inks = _inks(sum(map(len, parts)), ink, ground, colours, words, strong)
    lines: Lines = []
    start = 0
    for part in parts:
        lines.append(_filled(_spans(part, inks[start : start + len(part)]), room, ground))
        start += len(part)
    return lines


def _inks(
    size: int, ink: str, ground: str, colours: Sequence[Stretch], words: Ranges, strong: str
) -> list[str]:
    """The inks of each character."""
    fronts, grounds = [ink] * size, [ground] * size
    for start, end, colour in colours:
        fronts[start:end] = [colour] * (min(end, size) - min(start, size))
    for start, end in words:
        grounds[start:end] = [strong] * (min(end, size) - min(start, size))
    return [f"{front} {back}".strip() for front, back in zip(fronts, grounds, strict=True)]


def _spans(text: str, inks: Sequence[str]) -> Line:
    line: Line = []
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or inks[index] != inks[start]:
            line.append(Span(text[start:index], inks[start]))
            start = index
    return line


def _filled(line: Line, room: int, ground: str) -> Line:
    missing = room - sum(cell_len(span.text) for span in line)
    return [*line, Span(" " * missing, ground)] if missing > 0 else line


def mark_places(line: Line, places: Sequence[int], size: int) -> Line:
    """A line with `size` characters from each of these places on reversed, whatever their colours are."""
    if not places:
        return line
    inks = [span.ink for span in line for _ in span.text]
    for place in places:
        marked = [f"{ink} reverse".strip() for ink in inks[place : place + size]]
        inks[place : place + size] = marked
    return _spans("".join(span.text for span in line), inks)
