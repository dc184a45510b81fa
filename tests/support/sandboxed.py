"""Tests of the sandbox where there is none: skipped with the reason, and failed in CI."""

import os

import pytest

from core.sandbox import probe


def require_bubblewrap() -> None:
    """Skips where bubblewrap does not work; in CI that is a failure."""
    found = probe()
    if found.ok:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(found.reason)
    pytest.skip(found.reason)
