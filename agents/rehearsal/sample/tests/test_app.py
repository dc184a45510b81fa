"""The endpoints, called the way a client would, without a socket."""

import contextlib
import io
import json
import unittest
from http import HTTPStatus

from bookshelf.app import create_app
from bookshelf.store import BookStore
from bookshelf.web import App, Request, Response

DUNE = {"title": "Dune", "author": "Frank Herbert", "year": 1965}
EMMA = {"title": "Emma", "author": "Jane Austen", "year": 1815}


class BookEndpointsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.app = create_app(BookStore())

    def call(self, method: str, path: str, data: object = None, **query: str) -> Response:
        body = b"" if data is None else json.dumps(data).encode()
        return self.app.handle(Request(method, path, query, body))

    def test_a_new_shelf_is_empty(self) -> None:
        response = self.call("GET", "/books")
        self.assertEqual(response, Response(HTTPStatus.OK, {"books": []}))

    def test_a_book_that_was_added_can_be_read(self) -> None:
        added = self.call("POST", "/books", DUNE)
        self.assertEqual(added.status, HTTPStatus.CREATED)
        self.assertEqual(added.data, {"id": 1, **DUNE})
        self.assertEqual(self.call("GET", "/books/1").data, added.data)

    def test_the_list_can_be_narrowed_to_an_author(self) -> None:
        self.call("POST", "/books", DUNE)
        self.call("POST", "/books", EMMA)
        books = self.call("GET", "/books", author="jane austen").data["books"]
        self.assertEqual([book["title"] for book in books], ["Emma"])

    def test_a_book_can_be_replaced(self) -> None:
        self.call("POST", "/books", DUNE)
        replaced = self.call("PUT", "/books/1", EMMA)
        self.assertEqual(replaced, Response(HTTPStatus.OK, {"id": 1, **EMMA}))

    def test_a_book_can_be_removed_once(self) -> None:
        self.call("POST", "/books", DUNE)
        self.assertEqual(self.call("DELETE", "/books/1"), Response(HTTPStatus.NO_CONTENT))
        self.assertEqual(self.call("DELETE", "/books/1").status, HTTPStatus.NOT_FOUND)

    def test_a_missing_book_is_a_404_with_a_message(self) -> None:
        for method, data in (("GET", None), ("PUT", DUNE), ("DELETE", None)):
            with self.subTest(method):
                response = self.call(method, "/books/7", data)
                expected = Response(HTTPStatus.NOT_FOUND, {"error": "There is no book 7."})
                self.assertEqual(response, expected)

    def test_what_is_no_book_is_a_400_and_adds_nothing(self) -> None:
        wrong = ([], {}, {**DUNE, "title": " "}, {**DUNE, "author": 3}, {**DUNE, "year": "1965"})
        for data in wrong:
            with self.subTest(data=data):
                self.assertEqual(self.call("POST", "/books", data).status, HTTPStatus.BAD_REQUEST)
        self.assertEqual(self.call("GET", "/books").data, {"books": []})

    def test_a_body_that_is_not_json_is_a_400(self) -> None:
        response = self.app.handle(Request("POST", "/books", {}, b"{"))
        expected = Response(HTTPStatus.BAD_REQUEST, {"error": "The body is not valid JSON."})
        self.assertEqual(response, expected)

    def test_unknown_paths_and_methods(self) -> None:
        self.assertEqual(self.call("GET", "/films").status, HTTPStatus.NOT_FOUND)
        self.assertEqual(self.call("PATCH", "/books").status, HTTPStatus.METHOD_NOT_ALLOWED)


class AppTest(unittest.TestCase):
    def test_a_handler_that_fails_is_a_500_without_details(self) -> None:
        def fail(request: Request) -> Response:
            raise RuntimeError("secret")

        app = App()
        app.route("GET", "/fail", fail)
        with contextlib.redirect_stderr(io.StringIO()) as log:
            response = app.handle(Request("GET", "/fail"))
        self.assertEqual(response.status, HTTPStatus.INTERNAL_SERVER_ERROR)
        self.assertNotIn("secret", json.dumps(response.data))
        self.assertIn("secret", log.getvalue())

    def test_it_is_a_wsgi_application(self) -> None:
        body = json.dumps(DUNE).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/books",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        started = []
        chunks = create_app(BookStore())(environ, lambda status, headers: started.append(status))
        self.assertEqual(started, ["201 Created"])
        self.assertEqual(json.loads(b"".join(chunks))["title"], "Dune")
