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

PICO_PER_USD = 10**12
ZERO = Pico(0)


def to_usd(amount: int) -> Usd:
    """Write pico-dollars as decimal dollars: exact, no exponent, at least two decimals."""
    sign, rest = ("-", -amount) if amount < 0 else ("", amount)
    whole, fraction = divmod(rest, PICO_PER_USD)
    decimals = f"{fraction:012d}".rstrip("0").ljust(2, "0")
    return Usd(f"{sign}{whole}.{decimals}")


def to_pico(dollars: str | Decimal) -> Pico:
    """Read decimal dollars.

    Raises:
        ValueError: the text is no finite decimal number, or finer than a pico-dollar.
    """
    try:
        amount = Decimal(dollars)
    except InvalidOperation as error:
        raise ValueError(f"{dollars!r} is not an amount in dollars, such as 0.50") from error
    if not amount.is_finite():
        raise ValueError(f"{dollars!r} is not a finite amount in dollars")
    scaled = amount.scaleb(12)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{dollars!r} is finer than a pico-dollar (10⁻¹² USD)")
    return Pico(int(scaled))


def show_usd(dollars: str) -> str:
    """Round an exact amount for people: cents from a dollar on, four decimals below, `<$0.0001` for crumbs."""
    amount = to_pico(dollars)
    if amount == 0:
        return "$0.00"
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    if size < PICO_PER_USD // 10_000:
        return f"{sign}<$0.0001"
    places = 2 if size >= PICO_PER_USD else 4
    unit = PICO_PER_USD // 10**places
    rounded = (size + unit // 2) // unit
    return f"{sign}${rounded // 10**places}.{rounded % 10**places:0{places}d}"
