"""The shelf itself: ids, files and threads."""

import tempfile
import threading
import unittest
from pathlib import Path

from bookshelf.store import BookStore

DUNE = {"title": "Dune", "author": "Frank Herbert", "year": 1965}


class BookStoreTest(unittest.TestCase):
    def test_ids_are_never_reused(self) -> None:
        store = BookStore()
        store.remove(store.add(DUNE).id)
        self.assertEqual(store.add(DUNE).id, 2)

    def test_a_file_keeps_the_books(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "books.json"
            first = BookStore(file)
            first.add(DUNE)
            first.remove(first.add(DUNE).id)
            again = BookStore(file)
            self.assertEqual(again.list(), first.list())
            self.assertEqual(again.add(DUNE).id, 3)

    def test_threads_get_different_ids(self) -> None:
        store = BookStore()
        threads = [threading.Thread(target=lambda: [store.add(DUNE) for _ in range(50)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([book.id for book in store.list()], list(range(1, 401)))
