"""Heddle's version, in one place: the distribution takes it from here."""

CHECKOUT = "0.1.0"


def heddle_version() -> str:
    """The version of this source."""
    return CHECKOUT
