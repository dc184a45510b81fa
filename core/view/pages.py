"""The items of a transcript: the latest as they are, those of long ago packed away until somebody looks at them.

A session of a day has tens of thousands of items, and the screen shows the last forty. A page that lies far
behind the end is packed (a tenth of its size) once nothing in it goes on; whoever asks for one of its items has
the page unpacked, and only so many of those are kept.
"""

import pickle
import zlib
from collections.abc import Iterator, Sequence
from typing import cast, overload

from core.view.items import Item, NodeItem, ShellItem, TextItem, ToolItem

_PAGE = 256
"""Items of one page."""
_NEAR = 4
"""Pages at the end that are never packed."""
_LOOKED_AT = 4
"""Old pages that stay unpacked after somebody looked at them."""
_QUICK = 1
"""zlib's level."""


class Items(Sequence[Item]):
    """Like a list that only grows. An item may be changed in place until another one is asked for."""

    def __init__(self) -> None:
        self._pages: list[list[Item] | bytes] = []
        self._count = 0
        self._loose: list[int] = []
        """Old pages that are not packed, the one that was looked at last at the end."""

    def append(self, item: Item) -> None:
        """Add one at the end."""
        if self._count % _PAGE == 0:
            self._begin_page()
        cast("list[Item]", self._pages[-1]).append(item)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._count))]
        at = index + self._count if index < 0 else index
        if not 0 <= at < self._count:
            raise IndexError(index)
        return self._page(at // _PAGE)[at % _PAGE]

    def __iter__(self) -> Iterator[Item]:
        for number in range(len(self._pages)):
            yield from self._page(number)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Items | list) and list(self) == list(cast("Sequence[Item]", other))

    __hash__ = None  # pyright: ignore[reportAssignmentType]  (what can be changed has no hash)

    @property
    def packed(self) -> int:
        """How many items are packed away."""
        return _PAGE * sum(isinstance(page, bytes) for page in self._pages)

    # -- pages -----------------------------------------------------------------------------------

    def _begin_page(self) -> None:
        self._pages.append([])
        if (old := len(self._pages) - 1 - _NEAR) >= 0:
            self._loose.insert(0, old)
            self._pack(0)

    def _page(self, number: int) -> list[Item]:
        page = self._pages[number]
        if isinstance(page, bytes):
            self._pages[number] = page = cast("list[Item]", pickle.loads(zlib.decompress(page)))
            self._loose.append(number)
            self._pack(_LOOKED_AT)
        return page

    def _pack(self, kept: int) -> None:
        """Pack loose pages, but the last ones that were looked at, and those in which something goes on."""
        for number in self._loose[: len(self._loose) - kept]:
            page = cast("list[Item]", self._pages[number])
            if not any(_goes_on(item) for item in page):
                self._pages[number] = zlib.compress(pickle.dumps(page, pickle.HIGHEST_PROTOCOL), _QUICK)
                self._loose.remove(number)


def _goes_on(item: Item) -> bool:
    """Whether somebody may hold it, to change it later."""
    match item:
        case TextItem():
            return item.state == "growing"
        case ToolItem() | ShellItem():
            return item.state == "running"
        case NodeItem():
            return item.state in ("waiting", "running")
        case _:
            return False
