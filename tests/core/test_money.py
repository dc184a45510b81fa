"""Money is exact: to the last digit, there and back, and never a float."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from core.money import PICO_PER_USD, Pico, show_usd, to_pico, to_usd

amounts = st.integers(-(10**30), 10**30)


@given(amounts)
def test_an_amount_comes_back_from_its_text(amount):
    text = to_usd(amount)
    assert to_pico(text) == amount
    assert Decimal(text) * PICO_PER_USD == amount or abs(amount) >= 10**28
    assert "E" not in text.upper() and len(text.partition(".")[2]) >= 2


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=12))
def test_any_spelling_of_an_amount_is_the_same_amount(amount):
    assert (
        to_pico(str(amount)) == to_pico(f"{amount:E}") == to_pico(amount) == to_pico(to_usd(to_pico(amount)))
    )


@pytest.mark.parametrize(
    ("text", "pico"),
    [
        ("0", 0),
        ("-0.00", 0),
        ("0e999999999", 0),
        ("1", 10**12),
        ("0.000000000001", 1),
        ("-0.5", -5 * 10**11),
        ("1e-12", 1),
        ("10e-13", 1),
        (" 2.5 ", 25 * 10**11),
        ("123456789012345678901234567890.123456789012", 123456789012345678901234567890123456789012),
    ],
)
def test_amounts_are_read_exactly(text, pico):
    assert to_pico(text) == pico


NO_AMOUNTS = """
x;1,5;$1;NaN;sNaN;inf;-Infinity;1e-13;0.0000000000015;1e999999999;1e-999999999;1e31
1.00000000000000000000000000000000000001;1111111111111111111111111111111111111111;0x10;1 2;;
"""


@pytest.mark.parametrize("text", NO_AMOUNTS.replace("\n", ";").split(";"))
def test_what_is_no_amount_is_refused_at_once(text):
    with pytest.raises(ValueError, match="dollar"):
        to_pico(text)


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        ("0", "$0.00"),
        ("0.00000875", "<$0.0001"),
        ("0.0001", "$0.0001"),
        ("0.00425", "$0.0043"),
        ("0.99994", "$0.9999"),
        ("0.99996", "$1.00"),
        ("1", "$1.00"),
        ("12.345", "$12.35"),
        ("1234.5", "$1234.50"),
        ("-2.5", "-$2.50"),
        ("-0.0042", "-$0.0042"),
    ],
)
def test_amounts_are_shown_for_people(dollars, shown):
    assert show_usd(dollars) == shown


def test_a_pico_dollar_is_an_integer():
    assert isinstance(to_pico("1.5"), int) and Pico(3) == 3
