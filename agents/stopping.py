"""Stopping a request that another thread waits for: the socket under it is shut down, before and after the first byte.

Strands and botocore wait in a worker thread, and neither can be told to stop there. So the connections
of our clients say which socket they are about to wait on, and `Abort` shuts that socket down.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

_here = threading.local()


class Abort(threading.Event):
    """The end of one request. Setting it wakes the thread that waits for the answer."""

    def __init__(self) -> None:
        super().__init__()
        self._socket: socket.socket | None = None
        self._turn = threading.Lock()

    def hold(self, connected: socket.socket) -> None:
        """The request waits on this socket now."""
        with self._turn:
            self._socket = connected
        if self.is_set():
            self.abort()

    def release(self) -> None:
        """The request is over: its connection may serve others."""
        with self._turn:
            self._socket = None

    def abort(self) -> None:
        """End the request at once, below urllib3 and TLS."""
        self.set()
        with self._turn:
            if self._socket is not None:
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@contextmanager
def abortable(abort: Abort | None) -> Iterator[None]:
    """Requests made by this thread meanwhile end with `abort`."""
    _here.abort = abort
    try:
        yield
    finally:
        _here.abort = None
        if abort is not None:
            abort.release()


class _Told:
    """A connection that tells which socket it is about to wait on."""

    sock: Any

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        abort: Abort | None = getattr(_here, "abort", None)
        if abort is not None:
            abort.hold(self.sock)
        return super().getresponse(*args, **kwargs)  # type: ignore[misc]


class _Connection(_Told, AWSHTTPConnection):
    pass


class _SecureConnection(_Told, AWSHTTPSConnection):
    pass


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(AWSHTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def watch_connections(client: Any) -> None:
    """Let a botocore client make connections that can be aborted.

    botocore offers no public way; without its private one a stop takes effect at the next chunk only.
    """
    with suppress(AttributeError):
        classes = client._endpoint.http_session._pool_classes_by_scheme
        classes.update(http=_Pool, https=_SecurePool)
