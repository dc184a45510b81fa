"""How a failed call is tried again: how often, how long to wait, and which models to leave alone for a while."""

import random
import time
from collections.abc import Callable

import msgspec

from core.limits import limits


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how long a call is tried again. Times in seconds."""

    attempts: int
    base_seconds: float
    cap_seconds: float
    total_seconds: float

    def allows(self, attempt: int, waited: float) -> bool:
        """Whether another attempt may follow this one (counted from 1), after so many seconds in all."""
        return attempt < self.attempts and waited <= self.total_seconds

    def delay(self, attempt: int) -> float:
        """Jitter over the upper half of a doubling ceiling, before the attempt after this one (from 1)."""
        ceiling = min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1))
        return random.uniform(ceiling / 2, ceiling)


def default_policy() -> RetryPolicy:
    """The shipped limits."""
    retry = limits().retry
    return RetryPolicy(retry.attempts, retry.base_seconds, retry.cap_seconds, retry.total_seconds)


class Breaker:
    """Remembers which models failed just now, so that the next node does not begin with one of them.

    When its time is over, one node tries the model for all the others: it is theirs again once that call
    succeeded, and is left alone anew when it failed.
    """

    def __init__(self, seconds: float = 120.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._until: dict[str, float] = {}
        self._seconds = seconds
        self._clock = clock

    def trip(self, model: str) -> None:
        """Leave a model alone for a while."""
        self._until[model] = self._clock() + self._seconds

    def succeed(self, model: str) -> None:
        """It has answered: it is everybody's again."""
        self._until.pop(model, None)

    def admits(self, model: str) -> bool:
        """Whether a node may begin with a model. The one that may try it takes the trial on: another one
        follows only when nothing was heard of it for as long again."""
        until = self._until.get(model)
        if until is None:
            return True
        if until > self._clock():
            return False
        self.trip(model)
        return True
