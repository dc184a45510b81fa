"""A file's difference taken apart into cuts, and put together again from some of them. Bytes throughout.

Lines end with a line feed, as Git has it, and a last line may lack it. Lines count from 0.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pygit2

_TITLE_BYTES, _TITLE_REACH = 80, 2_000
"""Of a line that says where a hunk is, and how many lines above the hunk it is looked for."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Lines of the base that go, and what comes in their place: one hunk without lines around it."""

    start: int
    """The first line that goes, or before which something comes."""
    count: int
    """How many lines go."""
    old: bytes
    new: bytes

    @property
    def end(self) -> int:
        return self.start + self.count

    @property
    def growth(self) -> int:
        """How many lines the file has more with it."""
        return count_lines(self.new) - self.count

    def touches(self, other: "Cut") -> bool:
        """True when no unchanged line stands between them."""
        return self.start <= other.end and other.start <= self.end


def split_lines(data: bytes) -> list[bytes]:
    """Lines with their ends."""
    return io.BytesIO(data).readlines()


def count_lines(data: bytes) -> int:
    return data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))


def cuts_between(old: bytes, new: bytes) -> tuple[Cut, ...]:
    """The difference of two texts, top down; no two cuts touch."""
    patch = pygit2.Patch.create_from(old, new, context_lines=0, interhunk_lines=0)
    before, after = split_lines(old), split_lines(new)
    return tuple(_cut(hunk, before, after) for hunk in patch.hunks)


def _cut(hunk: pygit2.DiffHunk, before: Sequence[bytes], after: Sequence[bytes]) -> Cut:
    start = hunk.old_start - (hunk.old_lines > 0)
    comes = hunk.new_start - (hunk.new_lines > 0)
    old = b"".join(before[start : start + hunk.old_lines])
    return Cut(start, hunk.old_lines, old, b"".join(after[comes : comes + hunk.new_lines]))


def assemble(old: bytes, cuts: Iterable[Cut]) -> bytes:
    """The base with these cuts made, none of which may overlap another."""
    lines, parts, at = split_lines(old), list[bytes](), 0
    for cut in sorted(cuts, key=_place):
        parts += lines[at : cut.start]
        parts.append(cut.new)
        at = cut.end
    return b"".join([*parts, *lines[at:]])


def _place(cut: Cut) -> tuple[int, int]:
    return cut.start, cut.end


def names(cuts: Iterable[Cut]) -> list[str]:
    """An id for each: of its bytes, and with a number for equal ones in the order that they come in."""
    found: list[str] = []
    seen: Counter[str] = Counter()
    for cut in cuts:
        head = hashlib.sha256(b"%d " % len(cut.old) + cut.old + cut.new).hexdigest()[:8]
        seen[head] += 1
        found.append(head if seen[head] == 1 else f"{head}-{seen[head]}")
    return found


def shifted(cuts: Iterable[Cut], by: Sequence[Cut]) -> list[Cut]:
    """The same cuts, for a base in which others (`by`, which touch none of them) are made already."""
    return [
        replace(cut, start=cut.start + sum(one.growth for one in by if one.end < cut.start)) for cut in cuts
    ]


def fitting(cuts: Iterable[Cut], others: Sequence[Cut]) -> list[Cut]:
    """Those that touch none of the others."""
    return [cut for cut in cuts if not any(cut.touches(other) for other in others)]


def unified(old: bytes, cuts: Sequence[Cut], context: int = 3) -> bytes:
    """The hunks of a unified diff, from the first `@@` on."""
    lines = split_lines(old)
    return b"".join(_section(lines, group, before, context) for group, before in _groups(cuts, context))


def _groups(cuts: Sequence[Cut], context: int) -> Iterator[tuple[list[Cut], int]]:
    """Cuts that share a section, each group with the growth of all cuts before it."""
    group, growth = list[Cut](), 0
    for cut in cuts:
        if group and cut.start - group[-1].end > 2 * context:
            yield group, growth
            growth += sum(one.growth for one in group)
            group = []
        group.append(cut)
    if group:
        yield group, growth


def _section(lines: Sequence[bytes], group: Sequence[Cut], growth: int, context: int) -> bytes:
    first, last = max(0, group[0].start - context), min(len(lines), group[-1].end + context)
    parts, at = list[bytes](), first
    for cut in group:
        parts += [_line(b" ", line) for line in lines[at : cut.start]]
        parts += [_line(b"-", line) for line in lines[cut.start : cut.end]]
        parts += [_line(b"+", line) for line in split_lines(cut.new)]
        at = cut.end
    parts += [_line(b" ", line) for line in lines[at:last]]
    before, after = last - first, last - first + sum(cut.growth for cut in group)
    head = f"@@ -{_range(first, before)} +{_range(first + growth, after)} @@".encode()
    return b"".join([head, _title(lines, first), b"\n", *parts])


def _title(lines: Sequence[bytes], first: int) -> bytes:
    """The nearest line above that begins with a letter, which says in what function this is, as Git does it."""
    for line in reversed(lines[max(0, first - _TITLE_REACH) : first]):
        if line[:1].isalpha() or line[:1] in (b"_", b"$"):
            return b" " + line[:_TITLE_BYTES].rstrip()
    return b""


def _range(start: int, count: int) -> str:
    place = start + 1 if count else start
    return f"{place}" if count == 1 else f"{place},{count}"


def _line(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + b"\n\\ No newline at end of file\n"
