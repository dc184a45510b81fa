"""The link: one session shared between processes, as JSON lines over a Unix socket."""

from core.link.client import LinkClient
from core.link.errors import LinkError, LinkLost
from core.link.server import LinkServer

__all__ = ["LinkClient", "LinkError", "LinkLost", "LinkServer"]
