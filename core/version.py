"""Heddle's version, in one place."""

from importlib.metadata import PackageNotFoundError, version


def heddle_version() -> str:
    """The installed distribution's version, or the checkout's own."""
    try:
        return version("heddle")
    except PackageNotFoundError:
        return CHECKOUT


CHECKOUT = "0.1.0"
