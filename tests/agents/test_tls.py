"""Closing a stream over TLS: what a stop shuts down is the socket below, and the endpoint sees it."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.endpoint import Endpoint
from core.commands import InterruptRun
from core.config import OpenAI
from core.events import Failed, TextDelta
from core.prices import load_prices
from tests.support.certificates import make_certificate
from tests.support.foreign_bedrock import Break, ForeignBedrock, Reply
from tests.support.foreign_openai import ForeignOpenAI
from tests.support.waiting import SOON

OPENAI = "openai:large:30b"

Serving = Callable[..., Any]


@pytest.fixture
def secure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_session: Any, roster: Any
) -> Callable[..., Any]:
    """Endpoints of either kind that speak TLS, and a session with models behind them."""
    context, trusted = make_certificate(tmp_path)

    @contextmanager
    def serve(
        kind: str, *, known: bool = True
    ) -> Iterator[tuple[ForeignBedrock, Callable[[], Awaitable[Any]]]]:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted) if known else "")
        if known:
            monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted))
        with ForeignBedrock(context) if kind == "bedrock" else ForeignOpenAI(context) as server:
            yield server, lambda: _session(kind, server, monkeypatch, open_session, roster)

    return serve


async def _session(kind: str, server: Any, monkeypatch: Any, open_session: Any, roster: Any) -> Any:
    if kind == "bedrock":
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        for name, value in (
            ("ACCESS_KEY_ID", "foreign"),
            ("SECRET_ACCESS_KEY", "foreign"),
            ("REGION", "us-east-1"),
        ):
            monkeypatch.setenv(f"AWS_{name}", value)
        return await open_session()
    team = roster(**dict.fromkeys(roster().roles, (OPENAI,)))
    prices = msgspec.structs.replace(load_prices(), free=("openai:",))
    return await open_session(team, prices=prices, endpoint=Endpoint(OpenAI(base_url=server.base_url)))


async def stopped(works: Any, server: ForeignBedrock) -> None:
    """Stop the run: it ends, and the endpoint sees its connection closed."""
    began = time.monotonic()
    await works.submit(InterruptRun())
    told = await works.finish()
    assert told.end.status == "interrupted"
    assert time.monotonic() - began < SOON
    assert await asyncio.to_thread(server.requests[-1].left.wait, SOON)


@pytest.mark.parametrize("kind", ["bedrock", "openai"])
async def test_a_stop_in_the_middle_of_a_stream_closes_it(secure, kind):
    with secure(kind) as (server, session):
        works = await session()
        server.next(Reply("half a sentence ", hold=threading.Event()))
        await works.start("What does app.py do?")
        await works.until(lambda told: told.of(TextDelta))
        await stopped(works, server)
        assert (await works()).end.status == "done"


@pytest.mark.parametrize("kind", ["bedrock", "openai"])
async def test_a_stop_before_the_first_byte_closes_it(secure, kind):
    with secure(kind) as (server, session):
        works = await session()
        server.next(Break("silent"))
        await works.start("What does app.py do?")
        await asyncio.to_thread(server.wait_for, lambda requests: len(requests) == 1)
        await stopped(works, server)


@pytest.mark.parametrize("kind", ["bedrock", "openai"])
async def test_an_endpoint_that_nobody_vouches_for_is_told_nothing(secure, kind):
    """The control: it is TLS that is spoken, and certificates are looked at."""
    with secure(kind, known=False) as (server, session):
        told = await (await session())()
        assert told.end.status == "failed"
        assert "certificate" in told.of(Failed)[0].message.lower()
        assert server.requests == []
