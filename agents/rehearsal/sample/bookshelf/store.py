"""The shelf: thread-safe, in memory or in a JSON file."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from bookshelf.books import Book, parse_book


class BookStore:
    """Keeps books by their id. Ids are given out once and never reused."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._books: dict[int, Book] = {}
        self._next_id = 1
        if file is not None and file.exists():
            self._load(json.loads(file.read_text("utf-8")))

    def list(self, author: str | None = None) -> list[Book]:
        """All books by id, or those of one author (upper and lower case are the same)."""
        with self._lock:
            books = sorted(self._books.values(), key=lambda book: book.id)
        if author is None:
            return books
        return [book for book in books if book.author.casefold() == author.casefold()]

    def get(self, book_id: int) -> Book | None:
        with self._lock:
            return self._books.get(book_id)

    def add(self, data: Any) -> Book:
        """Add what a client sent; raises InvalidBook."""
        with self._lock:
            book = parse_book(data, self._next_id)
            self._books[book.id] = book
            self._next_id += 1
            self._save()
            return book

    def replace(self, book_id: int, data: Any) -> Book | None:
        """Replace a book; None when there is none. Raises InvalidBook."""
        with self._lock:
            if book_id not in self._books:
                return None
            book = parse_book(data, book_id)
            self._books[book_id] = book
            self._save()
            return book

    def remove(self, book_id: int) -> bool:
        with self._lock:
            removed = self._books.pop(book_id, None) is not None
            if removed:
                self._save()
            return removed

    def _load(self, data: dict[str, Any]) -> None:
        for entry in data["books"]:
            book = parse_book(entry, entry["id"])
            self._books[book.id] = book
        self._next_id = data["next_id"]

    def _save(self) -> None:
        if self._file is None:
            return
        data = {"next_id": self._next_id, "books": [book.to_json() for book in self._books.values()]}
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps(data, indent=2), "utf-8")
        os.replace(temporary, self._file)
