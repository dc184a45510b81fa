"""Money as an integer of pico-dollars (10⁻¹² USD), and as exact decimal text on the wire.

A cache read of Nova Micro costs 8.75 nano-dollars a token, so micro-dollars would not do.
Prices are given in dollars per million tokens; one such dollar is 10⁶ pico-dollars a token.
"""

from decimal import Decimal, InvalidOperation
from typing import NewType

Pico = NewType("Pico", int)
"""An amount in pico-dollars."""

Usd = NewType("Usd", str)
"""The same amount as decimal text in dollars, exact, without exponent: `"0.0042"`."""

_DECIMALS = 12
PICO_PER_USD = 10**_DECIMALS
ZERO = Pico(0)
_LARGEST = 30
"""The largest exponent of an amount in dollars: `1e999999` must not fill the memory."""


def to_usd(amount: int) -> Usd:
    """Write pico-dollars as decimal dollars: exact, no exponent, at least two decimals."""
    sign, rest = ("-", -amount) if amount < 0 else ("", amount)
    whole, fraction = divmod(rest, PICO_PER_USD)
    decimals = f"{fraction:012d}".rstrip("0").ljust(2, "0")
    return Usd(f"{sign}{whole}.{decimals}")


def to_pico(dollars: str | Decimal) -> Pico:
    """Read decimal dollars, exactly.

    Raises:
        ValueError: the text is no finite decimal number, finer than a pico-dollar, or beyond all reason.
    """
    try:
        amount = Decimal(dollars)
    except InvalidOperation as error:
        raise ValueError(f"{dollars!r} is not an amount in dollars, such as 0.50") from error
    if not amount.is_finite():
        raise ValueError(f"{dollars!r} is not a finite amount in dollars")
    if amount == 0:
        return ZERO
    if amount.adjusted() > _LARGEST:
        raise ValueError(f"{dollars!r} is more dollars than there are")
    sign, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)  # the others stand for what is not finite
    whole, rest = _shift(int("".join(map(str, digits))), exponent + _DECIMALS)
    if rest:
        raise ValueError(f"{dollars!r} is finer than a pico-dollar (10⁻¹² USD)")
    return Pico(-whole if sign else whole)


def _shift(number: int, places: int) -> tuple[int, bool]:
    """`number` × 10^`places`, without the digits after the point, and whether there were any."""
    if places >= 0:
        return number * 10**places, False
    if -places > len(str(number)):
        return 0, number != 0
    whole, rest = divmod(number, 10**-places)
    return whole, rest != 0


def round_up(amount: int, digits: int = 2) -> Pico:
    """The next amount, or this one, that has so many digits besides zeros: for figures that people read."""
    unit = 10 ** max(0, len(str(amount)) - digits)
    return Pico(-(-amount // unit) * unit)


def show_usd(dollars: str) -> str:
    """Round an exact amount for people: cents from a dollar on, four decimals below, `<$0.0001` for crumbs."""
    amount = to_pico(dollars)
    if amount == 0:
        return "$0.00"
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    if size < PICO_PER_USD // 10_000:
        return f"{sign}<$0.0001"
    shown = _rounded(size, 4) if size < PICO_PER_USD else ""
    if not shown.startswith("0"):
        shown = _rounded(size, 2)
    return f"{sign}${shown}"


def _rounded(size: int, places: int) -> str:
    unit = PICO_PER_USD // 10**places
    rounded = (size + unit // 2) // unit
    return f"{rounded // 10**places}.{rounded % 10**places:0{places}d}"
