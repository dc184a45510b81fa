"""Which addresses may be contacted: public ones, so that no page leads into the user's own network."""

import asyncio
import ipaddress
import socket
import urllib.request
from urllib.parse import SplitResult, urlsplit

from tools.research.settings import research
from tools.workbench import ToolError

_PORTS = {"http": 80, "https": 443}


def parse(url: str) -> SplitResult:
    """A URL's parts.

    Raises:
        ToolError: it is no http(s) URL of a host, or it holds a password.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ToolError(f"{url[:200]} is no valid URL.") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ToolError(f"{url[:200]} is no address that can be read. Give a URL that begins with https://.")
    if "@" in parts.netloc or port == 0 or any(c.isspace() or not c.isprintable() for c in url.strip()):
        raise ToolError(f"{url[:200]} holds a user name or characters that no URL should hold.")
    return parts


def host_of(parts: SplitResult) -> str:
    """How the user is asked about it: the name, and the port where it is unusual."""
    assert parts.hostname
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return name if parts.port in (None, _PORTS[parts.scheme]) else f"{name}:{parts.port}"


def may_be_private(parts: SplitResult) -> bool:
    """Whether the user named this host as one of their own."""
    return bool({parts.hostname, host_of(parts)} & set(research().private))


def proxy_for(parts: SplitResult) -> str | None:
    """The proxy of the user's environment for this host, if there is one."""
    host = parts.hostname or ""
    if may_be_private(parts) or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies_environment().get(parts.scheme)


def check_online(parts: SplitResult) -> None:
    """Say at once when there is no way out; nothing is sent.

    Raises:
        ToolError: there is no network here.
    """
    if not may_be_private(parts) and proxy_for(parts) is None and not has_route():
        raise ToolError(f"There is no network here, so {host_of(parts)} cannot be reached. Go on without it.")


def has_route() -> bool:
    """Whether the machine knows a way to public addresses. Sends nothing: these sockets only look for a route."""
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 9))
                return True
        except OSError:
            continue
    return False


async def resolve(parts: SplitResult) -> str:
    """One address of the host; connect to this one and no other, since a name may change its mind.

    Raises:
        ToolError: the name is not known, or any of its addresses is not a public one.
    """
    assert parts.hostname
    port = parts.port or _PORTS[parts.scheme]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ToolError(
            f"{parts.hostname} is not known: the name is wrong, or there is no network here."
        ) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not may_be_private(parts):
        for each in addresses:
            check_public(parts.hostname, each)
    return addresses[0]


def check_spelled_out(parts: SplitResult) -> None:
    """Refuse an address that is no name before anybody is asked about it.

    Raises:
        ToolError: it is not a public one.
    """
    host = (parts.hostname or "").rstrip(".")
    if may_be_private(parts):
        return
    if host == "localhost" or host.endswith(".localhost"):
        check_public(host, "127.0.0.1")
    for read in (lambda: str(ipaddress.ip_address(host)), lambda: socket.inet_ntoa(socket.inet_aton(host))):
        try:
            address = read()
        except (OSError, ValueError):
            continue
        check_public(host, address)


def check_public(host: str, address: str) -> None:
    """Raises: ToolError: the address is private, loopback, link-local, multicast or reserved."""
    plain = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(plain)
    if any(not each.is_global or each.is_multicast for each in (plain, inner)):
        raise ToolError(f"{host} stands at an address that is not public ({address}). It is not contacted.")


def _inner(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address
