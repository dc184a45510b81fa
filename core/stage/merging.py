"""Three-way merging of texts, by the lines of their base. Changes that touch each other clash, as in Git."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.events import Side
from core.stage.cuts import Cut, assemble, shifted, split_lines


@dataclass(frozen=True, slots=True)
class Clash:
    """Cuts of both sides at the same lines that do not come to the same."""

    ours: tuple[Cut, ...]
    theirs: tuple[Cut, ...]

    @property
    def start(self) -> int:
        return min(cut.start for cut in (*self.ours, *self.theirs))

    @property
    def end(self) -> int:
        return max(cut.end for cut in (*self.ours, *self.theirs))


@dataclass(frozen=True, slots=True)
class Merge:
    """Two differences to the same base, side by side."""

    old: bytes
    ours: tuple[Cut, ...]
    """The agents' cuts that touch none of the user's."""
    theirs: tuple[Cut, ...]
    """All of the user's."""
    clashes: tuple[Clash, ...]

    def taken(self, side: Side) -> bytes:
        """Both differences together; where they clash, that side's stands."""
        clashed = [cut for clash in self.clashes for cut in clash.theirs]
        theirs = self.theirs if side == "project" else [cut for cut in self.theirs if cut not in clashed]
        stands = [] if side == "project" else [cut for clash in self.clashes for cut in clash.ours]
        return assemble(self.old, [*theirs, *self.ours, *stands])

    def marked(self) -> bytes:
        """Both differences together, with both sides between conflict markers where they clash."""
        lines, parts, at = split_lines(self.old), list[bytes](), 0
        clashed = {cut for clash in self.clashes for cut in (*clash.ours, *clash.theirs)}
        free = [cut for cut in {*self.ours, *self.theirs} if cut not in clashed]
        for clash in self.clashes:
            parts.append(_between(lines, at, clash.start, free))
            for mark, cuts in ((b"<<<<<<< project\n", clash.theirs), (b"=======\n", clash.ours)):
                parts += [mark, _whole(_between(lines, clash.start, clash.end, cuts))]
            parts.append(b">>>>>>> stage\n")
            at = clash.end
        return b"".join([*parts, _between(lines, at, len(lines) + 1, free)])


def _between(lines: Sequence[bytes], start: int, end: int, cuts: Sequence[Cut]) -> bytes:
    """A part of the base with those of the cuts made that lie in it."""
    mine = [cut for cut in cuts if start <= cut.start and cut.end <= end]
    part = b"".join(lines[start:end])
    return assemble(part, [Cut(cut.start - start, cut.count, cut.old, cut.new) for cut in mine])


def _whole(text: bytes) -> bytes:
    return text if not text or text.endswith(b"\n") else text + b"\n"


def merge(old: bytes, ours: Sequence[Cut], theirs: Sequence[Cut]) -> Merge:
    """Put two differences to a base side by side."""
    meetings = list(_meetings(ours, theirs))
    met = {cut for meeting in meetings for cut in meeting.ours}
    clashes = tuple(meeting for meeting in meetings if not _agree(old, meeting))
    return Merge(old, tuple(cut for cut in ours if cut not in met), tuple(theirs), clashes)


def _agree(old: bytes, clash: Clash) -> bool:
    lines = split_lines(old)
    ours, theirs = (_between(lines, clash.start, clash.end, cuts) for cuts in (clash.ours, clash.theirs))
    return ours == theirs


def _meetings(ours: Sequence[Cut], theirs: Sequence[Cut]) -> Iterator[Clash]:
    """Groups of cuts that hang together by touching one of the other side, top down."""
    sides = [(cut, 0) for cut in ours] + [(cut, 1) for cut in theirs]
    group: tuple[list[Cut], list[Cut]] = [], []
    end = -1
    for cut, side in sorted(sides, key=lambda one: (one[0].start, one[0].end)):
        if cut.start > end:
            if group[0] and group[1]:
                yield Clash(tuple(group[0]), tuple(group[1]))
            group = [], []
        group[side].append(cut)
        end = max(end, cut.end)
    if group[0] and group[1]:
        yield Clash(tuple(group[0]), tuple(group[1]))


def moved(cuts: Sequence[Cut], theirs: Sequence[Cut]) -> list[Cut]:
    """Cuts of the old base as cuts of one that has the user's edits; those that touch an edit are left out."""
    free = [cut for cut in cuts if not any(cut.touches(edit) for edit in theirs)]
    return shifted(free, theirs)
