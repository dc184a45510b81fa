"""How long a test waits: for a condition, with a bound that no machine reaches, however many share it."""

import threading
import time
from collections.abc import Callable
from typing import Any

SOON = 30.0
"""Seconds in which what happens at once has happened even on a machine that is four times overloaded.

What a test holds against it would take minutes, or never end. How soon it really is, `bench/` measures.
"""
LONG = 150.0
"""Seconds in which a program has ended that is started cold and has much to do."""


def until(condition: Callable[[], Any], seconds: float = SOON) -> bool:
    """Wait for a condition in a thread; False where it never came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.01)
    return True
