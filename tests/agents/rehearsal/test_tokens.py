"""The prefix cache: what is written, what is read, and for how long."""

import pytest

from agents.rehearsal.tokens import PrefixCache, Prompt, count_prompt

MODEL = "us.anthropic.claude-sonnet-4-6"
LONG = "word " * 2000


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock) -> PrefixCache:
    return PrefixCache(clock)


def point(ttl: str | None = None) -> dict:
    return {"cachePoint": {"type": "default"} | ({"ttl": ttl} if ttl else {})}


def body(*system, messages=()) -> dict:
    return {"system": list(system), "messages": [{"role": "user", "content": [{"text": "go"}]}, *messages]}


def test_without_cache_points_nothing_is_cached(cache) -> None:
    asked = body({"text": LONG})
    assert [cache.charge(MODEL, asked) for _ in range(2)] == [Prompt(count_prompt(asked))] * 2


def test_written_first_and_read_later(cache) -> None:
    asked = body({"text": LONG}, point())
    first, second = cache.charge(MODEL, asked), cache.charge(MODEL, asked)
    assert first.cache_write == second.cache_read > 2500
    assert first.writes == (("5m", first.cache_write),)
    assert (first.cache_read, second.cache_write, second.writes) == (0, 0, ())
    assert first.input == second.input == count_prompt(asked) - first.cache_write


def test_a_longer_conversation_reads_the_shorter_one(cache) -> None:
    first = cache.charge(
        MODEL, body({"text": LONG}, messages=[{"role": "assistant", "content": [{"text": LONG}, point()]}])
    )
    longer = [
        {"role": "assistant", "content": [{"text": LONG}]},
        {"role": "user", "content": [{"text": LONG}, point()]},
    ]
    second = cache.charge(MODEL, body({"text": LONG}, messages=longer))
    assert second.cache_read == first.cache_write
    assert second.cache_write > 2500
    assert second.input == 0


def test_nothing_is_read_behind_the_last_cache_point(cache) -> None:
    said = {"role": "assistant", "content": [{"text": LONG}, point()]}
    cache.charge(MODEL, body({"text": LONG}, messages=[said]))
    unmarked = {"role": "assistant", "content": [{"text": LONG}]}
    charged = cache.charge(MODEL, body({"text": LONG}, point(), messages=[unmarked]))
    assert (charged.cache_read, charged.input > 2500) == (0, True)


def test_a_change_before_the_point_makes_all_of_it_new(cache) -> None:
    cache.charge(MODEL, body({"text": LONG}, point()))
    changed = cache.charge(MODEL, body({"text": "!" + LONG}, point()))
    assert (changed.cache_read, changed.cache_write > 0) == (0, True)


def test_models_do_not_share_a_cache(cache) -> None:
    asked = body({"text": LONG}, point())
    cache.charge(MODEL, asked)
    assert cache.charge("us.amazon.nova-pro-v1:0", asked).cache_read == 0


@pytest.mark.parametrize(
    ("model", "words", "cached"),
    [
        (MODEL, 800, False),
        (MODEL, 850, True),
        ("us.anthropic.claude-opus-5-5", 420, True),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 3200, False),
        ("us.amazon.nova-micro-v1:0", 1200, False),
    ],
)
def test_short_prefixes_are_not_cached(cache, model, words, cached) -> None:
    asked = body({"text": "word " * words}, point())
    assert (cache.charge(model, asked).cache_write > 0) is cached
    assert (cache.charge(model, asked).cache_read > 0) is cached


@pytest.mark.parametrize(("ttl", "lasts"), [(None, 300), ("5m", 300), ("1h", 3600)])
def test_an_entry_lasts_for_its_time_from_its_last_use(cache, clock, ttl, lasts) -> None:
    asked = body({"text": LONG}, point(ttl))
    written = cache.charge(MODEL, asked)
    assert written.writes == ((ttl or "5m", written.cache_write),)
    for _ in range(2):
        clock.now += lasts - 1
        assert cache.charge(MODEL, asked).cache_read == written.cache_write
    clock.now += lasts
    assert cache.charge(MODEL, asked).cache_read == 0


def test_each_part_is_written_with_its_own_lifetime(cache) -> None:
    charged = cache.charge(MODEL, body({"text": LONG}, point("1h"), {"text": LONG}, point("5m")))
    (long, longs), (short, shorts) = charged.writes
    assert (long, short) == ("1h", "5m")
    assert longs == pytest.approx(shorts, abs=5)
    assert charged.cache_write == longs + shorts


def test_a_point_for_five_minutes_does_not_shorten_what_is_kept_for_an_hour(cache, clock) -> None:
    written = cache.charge(MODEL, body({"text": LONG}, point("1h")))
    clock.now = 10
    assert cache.charge(MODEL, body({"text": LONG}, point("5m"))).cache_read == written.cache_write
    clock.now = 1_800
    assert cache.charge(MODEL, body({"text": LONG}, point("5m"))).cache_read == written.cache_write


def test_a_point_for_an_hour_makes_nothing_last_that_was_written_for_five_minutes(cache, clock) -> None:
    """It is not billed as a write either."""
    cache.charge(MODEL, body({"text": LONG}, point("5m")))
    again = cache.charge(MODEL, body({"text": LONG}, point("1h")))
    assert (again.cache_write, again.writes) == (0, ())
    clock.now = 400
    assert cache.charge(MODEL, body({"text": LONG}, point("1h"))).cache_read == 0


def test_from_the_hit_to_the_last_point_for_an_hour_is_written_for_that_and_the_rest_briefly(cache) -> None:
    first = {"role": "assistant", "content": [{"text": LONG}, point("5m")]}
    known = cache.charge(MODEL, body({"text": LONG}, point("1h"), messages=[first]))
    grown = [
        {"role": "assistant", "content": [{"text": LONG}]},
        {"role": "user", "content": [{"text": LONG}, point("1h"), {"text": "more " * 600}, point("5m")]},
    ]
    charged = cache.charge(MODEL, body({"text": LONG}, point("1h"), messages=grown))
    assert charged.cache_read == known.cache_write
    (hour, long), (five, short) = charged.writes
    assert (hour, five) == ("1h", "5m")
    assert long == pytest.approx(2_500, abs=20) and short == pytest.approx(750, abs=10)
    assert charged.input == 0


@pytest.mark.parametrize(("blocks", "found"), [(20, True), (21, False)])
def test_it_looks_back_over_twenty_blocks(cache, blocks, found) -> None:
    known = cache.charge(MODEL, body({"text": LONG}, point()))
    many = [{"role": "user", "content": [*({"text": "x"} for _ in range(blocks - 1)), point()]}]
    charged = cache.charge(MODEL, body({"text": LONG}, messages=many))
    assert (charged.cache_read == known.cache_write) is found
