"""The time, in one place, so that tests can set it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """The wall clock in UTC. For the record only: order comes from `seq`, durations from `monotonic_ms`."""
    return datetime.now(UTC)


def monotonic_ms() -> int:
    """Milliseconds that never jump."""
    return time.monotonic_ns() // 1_000_000
