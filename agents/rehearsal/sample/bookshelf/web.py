"""Requests, responses and routes: the few parts of a web framework that this API needs."""

from __future__ import annotations

import json
import re
import sys
import traceback
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Callable, Iterable
from urllib.parse import parse_qsl

MAX_BODY = 64 * 1024


class HttpError(Exception):
    """Ends a request with a status and a message for the client."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON; a 400 when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise HttpError(HTTPStatus.BAD_REQUEST, "The body is not valid JSON.") from None


@dataclass(frozen=True)
class Response:
    status: HTTPStatus
    data: Any = None


Handler = Callable[..., Response]


class App:
    """A WSGI application: routes requests to handlers and answers in JSON."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def route(self, method: str, path: str, handler: Handler) -> None:
        """Send `method path` to a handler; `{name}` in the path matches a number and is passed by name."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[0-9]{1,18})", path)
        self._routes.append((method, re.compile(pattern), handler))

    def handle(self, request: Request) -> Response:
        """Answer a request. Never raises: errors are answers too."""
        try:
            handler, arguments = self._find(request)
            return handler(request, **arguments)
        except HttpError as error:
            return Response(error.status, {"error": error.message})
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "Something went wrong here."})

    def _find(self, request: Request) -> tuple[Handler, dict[str, int]]:
        path_exists = False
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match is None:
                continue
            if method == request.method:
                return handler, {name: int(value) for name, value in match.groupdict().items()}
            path_exists = True
        if path_exists:
            raise HttpError(HTTPStatus.METHOD_NOT_ALLOWED, f"{request.method} is not possible here.")
        raise HttpError(HTTPStatus.NOT_FOUND, f"There is nothing at {request.path}.")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = self._answer(environ)
        body = b"" if response.data is None else json.dumps(response.data).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{response.status.value} {response.status.phrase}", headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> Response:
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > MAX_BODY:
            return Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "The body is too large."})
        request = Request(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO") or "/",
            query=dict(parse_qsl(environ.get("QUERY_STRING", ""))),
            body=environ["wsgi.input"].read(int(length)),
        )
        return self.handle(request)
