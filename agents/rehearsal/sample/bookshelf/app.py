"""The endpoints of the bookshelf API."""

from __future__ import annotations

from http import HTTPStatus

from bookshelf.books import InvalidBook
from bookshelf.store import BookStore
from bookshelf.web import App, HttpError, Request, Response


def create_app(store: BookStore) -> App:
    """The API over one shelf."""
    books = BookEndpoints(store)
    app = App()
    app.route("GET", "/books", books.list)
    app.route("POST", "/books", books.add)
    app.route("GET", "/books/{book_id}", books.get)
    app.route("PUT", "/books/{book_id}", books.replace)
    app.route("DELETE", "/books/{book_id}", books.remove)
    return app


class BookEndpoints:
    def __init__(self, store: BookStore) -> None:
        self._store = store

    def list(self, request: Request) -> Response:
        books = self._store.list(request.query.get("author"))
        return Response(HTTPStatus.OK, {"books": [book.to_json() for book in books]})

    def add(self, request: Request) -> Response:
        try:
            book = self._store.add(request.json())
        except InvalidBook as error:
            raise HttpError(HTTPStatus.BAD_REQUEST, str(error)) from None
        return Response(HTTPStatus.CREATED, book.to_json())

    def get(self, request: Request, book_id: int) -> Response:
        book = self._store.get(book_id)
        if book is None:
            raise _no_book(book_id)
        return Response(HTTPStatus.OK, book.to_json())

    def replace(self, request: Request, book_id: int) -> Response:
        try:
            book = self._store.replace(book_id, request.json())
        except InvalidBook as error:
            raise HttpError(HTTPStatus.BAD_REQUEST, str(error)) from None
        if book is None:
            raise _no_book(book_id)
        return Response(HTTPStatus.OK, book.to_json())

    def remove(self, request: Request, book_id: int) -> Response:
        if not self._store.remove(book_id):
            raise _no_book(book_id)
        return Response(HTTPStatus.NO_CONTENT)


def _no_book(book_id: int) -> HttpError:
    return HttpError(HTTPStatus.NOT_FOUND, f"There is no book {book_id}.")
