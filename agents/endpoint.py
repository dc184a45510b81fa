"""How an OpenAI-compatible endpoint is reached: its address and its key, by the user's configuration."""

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from core.config import OpenAI
from core.faults import Fault
from core.limits import limits

if TYPE_CHECKING:
    import httpx
    from openai import AsyncOpenAI

POOL = 64
"""Connections that may be open at once."""
_OWN_HOSTS = ("api.openai.com", ".openai.azure.com")
"""Where the successor of `max_tokens` is the only name that is accepted."""
_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "transfer-encoding"}
    | {"authorization"}
)


class Endpoint:
    """One endpoint. Its client serves all nodes of all runs; it is made when first asked for."""

    def __init__(self, settings: OpenAI | None = None, key: str | None = None) -> None:
        self.settings = settings or OpenAI()
        self.host = urlsplit(self.settings.base_url).netloc.rpartition("@")[2]
        """Host and port, for people."""
        self._key = key
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncOpenAI] = WeakKeyDictionary()

    @property
    def length_name(self) -> str:
        """What the parameter that limits an answer is called there."""
        own = any(f".{self.host}".endswith(host) for host in _OWN_HOSTS)
        return self.settings.length_name or ("max_completion_tokens" if own else "max_tokens")

    def client(self) -> "AsyncOpenAI":
        """The client of the event loop that runs: connections belong to one loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = self._make_client()
        return self._clients[loop]

    def _make_client(self) -> "AsyncOpenAI":
        """One attempt a call, as everywhere; of the environment, only proxies and certificates count."""
        import httpx
        from openai import AsyncOpenAI

        model = limits().model
        return AsyncOpenAI(
            base_url=self.settings.base_url,
            api_key=self._key or "none",
            max_retries=0,
            http_client=httpx.AsyncClient(
                timeout=httpx.Timeout(model.first_byte_seconds, connect=model.connect_seconds),
                limits=httpx.Limits(max_connections=POOL, max_keepalive_connections=POOL),
                event_hooks={"request": [self._clean]},
            ),
        )

    async def _clean(self, request: "httpx.Request") -> None:
        """Send what the endpoint needs, and nothing about this machine or its other settings."""
        for name in [name for name in request.headers if name not in _HEADERS]:
            del request.headers[name]
        request.headers["user-agent"] = "heddle"
        if self._key is None:
            del request.headers["authorization"]

    def hide(self, text: str) -> str:
        """A text of the endpoint's without the key, should it repeat that."""
        return text.replace(self._key, "…") if self._key else text


def find_endpoint(settings: OpenAI, environ: Mapping[str, str] = os.environ) -> Endpoint:
    """The configured endpoint. No request is made.

    Raises:
        Fault: no_key, when the variable that should hold it is not set.
    """
    key = environ.get(settings.key_variable) if settings.key_variable else None
    if settings.key_variable and not key:
        raise Fault("no_key", f"{settings.key_variable} is not set", region=Endpoint(settings).host)
    return Endpoint(settings, key)
