"""The price book: exact costs by prefix, size, tier and cache, and files of users that are checked."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from core.money import to_pico
from core.prices import PriceBook, UnpricedModel, Usage, load_prices, split_prefix

BOOK = load_prices()
HAIKU = "anthropic.claude-haiku-5-5"
PRO = "amazon.nova-pro-v1:0"


@pytest.mark.parametrize(
    ("model", "usage", "dollars"),
    [
        ("amazon.nova-micro-v1:0", Usage(cache_read=1), "0.00000000875"),
        ("us.amazon.nova-micro-v1:0", Usage(input=1_000_000), "0.035"),
        (f"global.{HAIKU}", Usage(input=100_000, output=1000), "0.0105"),
        (f"global.{HAIKU}", Usage(input=60_000, cache_read=40_001, output=1000), "0.03450005"),
        (f"us.{HAIKU}", Usage(input=1_000), "0.00011"),
        (f"us-gov.{HAIKU}", Usage(input=1_000), "0.00011"),
        (HAIKU, Usage(input=1_000), "0.0001"),
        (HAIKU, Usage(cache_write=1000, cache_write_1h=400), "0.000155"),
        (f"eu.{PRO}", Usage(input=1_000_000), "1.05"),
        (f"apac.{PRO}", Usage(output=1_000_000), "3.36"),
        ("meta.llama3-3-70b-instruct-v1:0", Usage(input=100, cache_read=100), "0.000144"),
        ("amazon.nova-lite-v1:0", Usage(cache_write=1000), "0.00"),
    ],
)
def test_calls_cost_what_the_list_says(model, usage, dollars):
    assert BOOK.cost(model, usage) == to_pico(dollars)


def test_a_service_tier_multiplies():
    usage = Usage(input=1_000_000)
    assert [BOOK.cost(PRO, usage, tier=tier) for tier in ("flex", "priority", "default", "new")] == [
        to_pico(dollars) for dollars in ("0.40", "1.40", "0.80", "0.80")
    ]


@given(
    st.sampled_from(sorted(BOOK.models)), st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**7)
)
def test_a_cost_is_whole_never_below_zero_and_grows_with_use(model, fresh, output, read):
    usage = Usage(input=fresh, output=output, cache_read=read)
    cost = BOOK.cost(model, usage)
    assert isinstance(cost, int) and cost >= 0
    assert BOOK.cost(model, Usage(input=fresh, output=output + 1, cache_read=read)) > cost


def test_fractions_of_a_pico_dollar_are_rounded_up(tmp_path):
    (tmp_path / "p.toml").write_text('[models.m]\ninput = "0.0000001"\noutput = "0"\n')
    book = load_prices(tmp_path / "p.toml")
    assert [book.cost("m", Usage(input=n)) for n in (0, 1, 10, 11)] == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("us.amazon.nova-pro-v1:0", ("us", "amazon.nova-pro-v1:0")),
        ("amazon.nova-pro-v1:0", ("", "amazon.nova-pro-v1:0")),
        ("global.anthropic.x", ("global", "anthropic.x")),
        ("us-gov.anthropic.x", ("us-gov", "anthropic.x")),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.y", ("eu", "amazon.y")),
        ("arn:aws:bedrock:eu-west-1::foundation-model/amazon.y", ("", "amazon.y")),
        ("plain", ("", "plain")),
        ("", ("", "")),
    ],
)
def test_a_region_prefix_is_told_from_the_model(model, parts):
    assert split_prefix(model) == parts


def test_an_unknown_model_has_no_price():
    assert not BOOK.knows("us.nobody.x") and BOOK.knows(f"jp.{HAIKU}")
    with pytest.raises(UnpricedModel, match=r"us\.nobody\.x"):
        BOOK.cost("us.nobody.x", Usage(input=1))


def test_the_shipped_book_is_dated_and_caching_is_never_dearer_than_reading_anew():
    assert BOOK.date is not None
    for model, price in BOOK.models.items():
        assert Decimal(price.cache_read or price.input) <= Decimal(price.input), model


def write(tmp_path, text: str) -> PriceBook:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return load_prices(path)


def test_a_users_file_adds_and_replaces_rows(tmp_path):
    mine = '[models."my.model"]\ninput = 1\noutput = 2.50\n'
    theirs = '[models."amazon.nova-micro-v1:0"]\ninput = "9"\noutput = "9"\n'
    book = write(tmp_path, "date = 2027-01-01\n" + mine + theirs)
    assert book.cost("my.model", Usage(input=1, output=2)) == 6_000_000
    assert book.cost("amazon.nova-micro-v1:0", Usage(input=1)) == 9_000_000
    assert book.knows(HAIKU) and str(book.date) == "2027-01-01"


@pytest.mark.parametrize(
    "text",
    [
        "[models.m]\ninput = 1\n",
        '[models.m]\ninput = "a"\noutput = "1"\n',
        "[models.m]\ninput = -1\noutput = 1\n",
        "[models.m]\ninput = nan\noutput = 1\n",
        "[models.m]\ninput = 1\noutput = 1\ncache_write_1h = inf\n",
        '[models.m]\ninput = 1\noutput = 1\ngeo = "x"\n',
        "[models.m]\ninput = 1\noutput = 1\ntiers = { flex = -1 }\n",
        "[models.m]\ninput = 1\noutput = 1\nabove = { prompt_tokens = 5, input = -1, output = 1 }\n",
        "[models.m]\ninput = 1\noutput = 1\ncached = 1\n",
        "nonsense",
        "prices = 1",
    ],
)
def test_a_users_file_that_is_no_price_book_is_named(tmp_path, text):
    with pytest.raises(ValueError, match=r"prices\.toml is no valid price book"):
        write(tmp_path, text)


def test_bytes_that_are_no_text_and_folders_are_named_too(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "b.toml").mkdir()
    for name in ("a.toml", "b.toml"):
        with pytest.raises(ValueError, match="is no valid price book"):
            load_prices(tmp_path / name)
    assert load_prices(tmp_path / "absent.toml") == BOOK
