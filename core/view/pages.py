"""Long lists of which the end is looked at: what is long ago is packed away until somebody asks for it.

A session of a day has tens of thousands of items and charges, and the screen shows the last forty. A page that
lies far behind the end is packed (a tenth of its size) once nothing in it goes on; whoever asks for something in
it has the page unpacked, and only so many of those are kept.
"""

import pickle
import zlib
from collections.abc import Iterator, Sequence
from typing import TypeVar, cast, overload

_T = TypeVar("_T")

_PAGE = 256
"""Elements of one page."""
_NEAR = 4
"""Pages at the end that are never packed."""
_LOOKED_AT = 4
"""Old pages that stay unpacked after somebody looked at them."""
_QUICK = 1
"""zlib's level."""


class Pages(Sequence[_T]):
    """Like a list that only grows. An element may be changed in place until another one is asked for.

    Args:
        fixed: no element ever changes, so that a page is packed once.
    """

    def __init__(self, *, fixed: bool = False) -> None:
        self._fixed = fixed
        self._packed: dict[int, bytes] = {}
        """Of what is fixed: every page as it was packed once."""
        self._pages: list[list[_T] | bytes] = []
        self._count = 0
        self._loose: list[int] = []
        """Old pages that are not packed, the one that was looked at last at the end."""

    def append(self, item: _T) -> None:
        """Add one at the end."""
        if self._count % _PAGE == 0:
            self._begin_page()
        cast("list[_T]", self._pages[-1]).append(item)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> _T: ...
    @overload
    def __getitem__(self, index: slice) -> list[_T]: ...
    def __getitem__(self, index: int | slice) -> _T | list[_T]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._count))]
        at = index + self._count if index < 0 else index
        if not 0 <= at < self._count:
            raise IndexError(index)
        return self._page(at // _PAGE)[at % _PAGE]

    def __iter__(self) -> Iterator[_T]:
        for number in range(len(self._pages)):
            yield from self._page(number)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pages | list) and list(self) == list(cast("Sequence[_T]", other))

    __hash__ = None  # pyright: ignore[reportAssignmentType]  (what can be changed has no hash)

    @property
    def packed(self) -> int:
        """How many elements are packed away."""
        return _PAGE * sum(isinstance(page, bytes) for page in self._pages)

    def goes_on(self, item: _T) -> bool:
        """Whether somebody may hold it, to change it later."""
        return False

    # -- pages -----------------------------------------------------------------------------------

    def _begin_page(self) -> None:
        self._pages.append([])
        if (old := len(self._pages) - 1 - _NEAR) >= 0:
            self._loose.insert(0, old)
            self._pack(0)

    def _page(self, number: int) -> list[_T]:
        page = self._pages[number]
        if isinstance(page, bytes):
            self._pages[number] = page = cast("list[_T]", pickle.loads(zlib.decompress(page)))
            self._loose.append(number)
            self._pack(_LOOKED_AT)
        return page

    def _pack(self, kept: int) -> None:
        """Pack loose pages, but the last ones that were looked at, and those in which something goes on."""
        for number in self._loose[: len(self._loose) - kept]:
            page = cast("list[_T]", self._pages[number])
            if not any(self.goes_on(item) for item in page):
                self._pages[number] = self._packed.get(number) or self._pressed(number, page)
                self._loose.remove(number)

    def _pressed(self, number: int, page: list[_T]) -> bytes:
        pressed = zlib.compress(pickle.dumps(page, pickle.HIGHEST_PROTOCOL), _QUICK)
        if self._fixed:
            self._packed[number] = pressed
        return pressed
