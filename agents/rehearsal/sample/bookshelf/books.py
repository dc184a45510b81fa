"""What a book is, and how one is read from JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


class InvalidBook(ValueError):
    """The data does not describe a book; the message says why."""


@dataclass(frozen=True)
class Book:
    id: int
    title: str
    author: str
    year: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def parse_book(data: Any, book_id: int) -> Book:
    """Check what a client sent and make a book of it."""
    if not isinstance(data, dict):
        raise InvalidBook("A book is a JSON object with title, author and year.")
    return Book(
        id=book_id,
        title=_text(data, "title"),
        author=_text(data, "author"),
        year=_year(data),
    )


def _text(data: dict[str, Any], field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str) or not value.strip():
        raise InvalidBook(f"{field} must be a text that is not empty.")
    return value.strip()


def _year(data: dict[str, Any]) -> int:
    value = data.get("year")
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidBook("year must be a whole number.")
    return value
