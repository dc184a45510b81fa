"""Whether this account can call a model: found out by the cheapest call that there is, one token long."""

import asyncio
import threading
from collections.abc import Iterable
from contextlib import aclosing
from typing import Literal

import msgspec

from agents.aws import Connection
from agents.endpoint import Endpoint
from agents.faults import understand
from agents.providers import Access, Wanted, make_model
from agents.roster import Roster
from agents.translate import Metadata, stream_part
from core.money import ZERO, Pico
from core.prices import PriceBook, Usage

_AT_ONCE = 8
_SECONDS = 60.0
PROBE = [{"role": "user", "content": [{"text": "Hi"}]}]
MOST_TOKENS = 100
"""More than the prompt of a probe counts with any model."""

Verdict = Literal[
    "callable",
    "access denied",
    "use case form missing",
    "not found",
    "legacy",
    "credentials",
    "busy",
    "failed",
]
_VERDICTS: dict[str, Verdict] = {
    "not_authorized": "access denied",
    "no_model_access": "access denied",
    "marketplace": "access denied",
    "bad_key": "access denied",
    "use_case_missing": "use case form missing",
    "unknown_model": "not found",
    "endpoint_model": "not found",
    "profile_needed": "not found",
    "retired_model": "not found",
    "legacy_model": "legacy",
    "no_credentials": "credentials",
    "expired_credentials": "credentials",
    "expired_sso": "credentials",
    "bad_credentials": "credentials",
    "clock_skew": "credentials",
    "throttled": "busy",
    "daily_quota": "busy",
    "no_quota": "busy",
}


class Probe(msgspec.Struct, frozen=True):
    """What came of asking one model."""

    model: str
    verdict: Verdict
    kind: str = ""
    """The fault of `core/faults.toml`; empty when it can be called."""
    message: str = ""
    advice: str = ""
    exit_code: int = 0
    cost: Pico = ZERO


def dearest(models: Iterable[str], prices: PriceBook) -> Pico:
    """What it costs at the most to ask all of them."""
    return Pico(sum(prices.cost(model, Usage(input=MOST_TOKENS, output=1)) for model in models))


async def probe_all(
    models: Iterable[str], roster: Roster, connection: Connection, endpoint: Endpoint, prices: PriceBook
) -> dict[str, Probe]:
    """Ask each model for one token; a few at once."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(model: str) -> Probe:
        async with turn:
            return await _probe(model, roster, Access(connection, endpoint), prices)

    return {probe.model: probe for probe in await asyncio.gather(*map(one, models))}


async def _probe(model: str, roster: Roster, access: Access, prices: PriceBook) -> Probe:
    plain = msgspec.structs.replace(roster.card(model), cache="none")
    wanted = Wanted(model, plain, {"app": "heddle", "node": "probe", "role": "probe"}, 1)
    usage, region = Usage(), access.connection.region
    stop = threading.Event()
    try:
        made = make_model(access, wanted)
        region = made.region
        async with asyncio.timeout(_SECONDS), aclosing(made.stream(PROBE, cancel_signal=stop)) as stream:
            async for chunk in stream:
                part = stream_part({"event": chunk})
                usage = part.usage if isinstance(part, Metadata) else usage
    except Exception as error:
        fault = understand(error, model=model, region=region)
        verdict = _VERDICTS.get(fault.kind, "failed")
        return Probe(model, verdict, fault.kind, fault.message, fault.advice, fault.exit_code)
    finally:
        stop.set()
    return Probe(model, "callable", cost=prices.cost(model, usage))
