"""One request to a public service: asked about, to a public address, bounded in time and size."""

import codecs
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin

from core.limits import limits
from core.version import heddle_version
from tools.consent import require_consent
from tools.research.addresses import (
    check_online,
    check_spelled_out,
    host_of,
    may_be_private,
    parse,
    proxy_for,
    resolve,
)
from tools.research.settings import research
from tools.workbench import ToolError, Workbench

if TYPE_CHECKING:
    import httpx

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HEAD_BYTES = 2_048
_META = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
"""How a page says itself what it is written in."""
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Wanted:
    """A request."""

    url: str
    purpose: str
    """What the user reads after “wants to”."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent to the first host only."""
    body: object = None
    """Posted as JSON when there is one."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    url: str
    """Where it came from in the end."""
    status: int
    kind: str
    """The media type, lower case, without parameters."""
    charset: str
    body: bytes
    cut: bool
    """There was more than limits.tools.web_bytes."""

    @property
    def encoding(self) -> str:
        """What the text is written in: as its first bytes say, the server, or the page itself."""
        marked = next((name for mark, name in _MARKS if self.body.startswith(mark)), "")
        said = _META.search(self.body[:_HEAD_BYTES])
        return marked or self.charset or (said[1].decode("ascii") if said else "utf-8")

    @property
    def text(self) -> str:
        try:
            return self.body.decode(self.encoding, "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


async def fetch(bench: Workbench, wanted: Wanted) -> Answer:
    """Ask where needed, make the request, and follow redirects: each is looked at like the first one.

    Raises:
        ToolError: not allowed, not public, not reached, or too many redirects.
    """
    for _ in range(limits().tools.web_redirects + 1):
        parts = parse(wanted.url)
        check_spelled_out(parts)
        check_online(parts)
        if host_of(parts) not in research().allow:
            await require_consent(bench, host_of(parts), wanted.purpose)
        answer, target = await _once(parts, wanted)
        if target is None:
            return answer
        wanted = _redirected(wanted, parts, urljoin(wanted.url, target))
    raise ToolError(f"{wanted.url[:200]} redirects too often.")


def _redirected(wanted: Wanted, parts: SplitResult, url: str) -> Wanted:
    """The request to where it was sent on: what was meant for the first host stays with it."""
    same = parse(url).netloc == parts.netloc and parse(url).scheme == parts.scheme
    if not same and wanted.body is not None:
        raise ToolError(f"{host_of(parts)} sends this on to {host_of(parse(url))}, which was not followed.")
    return replace(wanted, url=url, query={}, headers=wanted.headers if same else {})


async def fetch_json(bench: Workbench, wanted: Wanted) -> Any:
    """The JSON that a service answers with.

    Raises:
        ToolError: see `fetch`; or the service refused, or answered with something else.
    """
    answer = await fetch(bench, wanted)
    host = host_of(parse(answer.url))
    if answer.status in (401, 403):
        raise ToolError(f"{host} refused the request ({answer.status}): the key is missing or not valid.")
    if answer.status == 429:
        raise ToolError(f"{host} says that there were too many requests. Go on without it for now.")
    if answer.status >= 400:
        raise NotFound(answer.status, f"{host} answered with an error ({answer.status}): {answer.text[:300]}")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise ToolError(f"{host} answered with something that is not JSON.") from None


class NotFound(ToolError):
    """The service answered with an error status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


async def _once(parts: SplitResult, wanted: Wanted) -> tuple[Answer, str | None]:
    """One request without redirects; the second is where it is sent on to."""
    import httpx

    proxy = proxy_for(parts)
    seconds = limits().tools.web_seconds
    try:
        async with httpx.AsyncClient(
            trust_env=False, proxy=proxy, verify=_trusted(), timeout=seconds, follow_redirects=False
        ) as client:
            request = await _request(client, parts, wanted, pinned=proxy is None)
            return await _within(seconds, _read(client, request, wanted))
    except httpx.HTTPError as error:
        raise ToolError(
            f"{host_of(parts)} could not be reached ({type(error).__name__}: {str(error)[:200]}). Go on without it."
        ) from None


async def _within(seconds: float, work: Any) -> Any:
    import asyncio

    try:
        return await asyncio.wait_for(work, seconds)
    except TimeoutError:
        raise ToolError(f"There was no whole answer within {seconds:g} seconds.") from None


async def _request(
    client: "httpx.AsyncClient", parts: SplitResult, wanted: Wanted, *, pinned: bool
) -> "httpx.Request":
    """To the address that was looked at, whatever its name means a moment later."""
    import httpx

    url = httpx.URL(wanted.url)
    headers = {"User-Agent": f"heddle/{heddle_version()}", "Accept-Language": "en", **wanted.headers}
    extensions: dict[str, Any] = {}
    if pinned:
        headers["Host"] = parts.netloc
        extensions["sni_hostname"] = parts.hostname
        url = url.copy_with(host=await resolve(parts))
    elif not may_be_private(parts):
        await _check_behind_proxy(parts)
    return client.build_request(
        "GET" if wanted.body is None else "POST",
        url,
        params={**dict(url.params), **wanted.query} or None,
        headers=headers,
        json=wanted.body,
        extensions=extensions,
    )


async def _check_behind_proxy(parts: SplitResult) -> None:
    """A proxy looks names up itself; what is known here to be private is refused all the same."""
    try:
        await resolve(parts)
    except ToolError as error:
        if "not public" in str(error):
            raise


async def _read(
    client: "httpx.AsyncClient", request: "httpx.Request", wanted: Wanted
) -> tuple[Answer, str | None]:
    most = limits().tools.web_bytes
    body = bytearray()
    response = await client.send(request, stream=True)
    try:
        target = response.headers.get("location") if response.status_code in _REDIRECTS else None
        async for chunk in response.aiter_bytes():
            body += chunk
            if target is not None or len(body) > most:
                break
    finally:
        await response.aclose()
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    cut = len(body) > most
    charset = response.charset_encoding or ""
    return Answer(wanted.url, response.status_code, kind, charset, bytes(body[:most]), cut), target


@cache
def _trusted() -> ssl.SSLContext:
    """The system's certificates, or those that SSL_CERT_FILE names."""
    return ssl.create_default_context()
