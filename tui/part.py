"""Parts of widgets: classes of which none is ever made, only of the classes below them."""

from __future__ import annotations


class Part:
    """Stands before a class of Textual's, which gathers what a class inherits whenever one is made.

    For a part (`class Canvas(Part, ScrollView, part=True)`) that is for nothing: whoever is made of it gathers again.
    """

    def __init_subclass__(cls, *, part: bool = False, **more: bool) -> None:
        if not part:
            super().__init_subclass__(**more)
