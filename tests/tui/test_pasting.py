"""Pastes are taken out of the stream of keys, wherever the reads cut it."""

import itertools

import pytest
from hypothesis import given, strategies as st

from tui.cards import request_card
from tui.paint import plain
from tui.terminal import Pastes

STREAM = "ab\x1b[A\x1b[200~one\ntwo \x1b[ three\x1b[201~c\x1b\x1b[200~\x1b[201~\x1b[200~x\x1b[201~"


def pieces(chunks):
    pastes = Pastes()
    return [piece for chunk in chunks for piece in pastes.split(chunk)]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_wherever_it_is_cut_keys_and_pastes_are_the_same(places):
    cuts = [0, *sorted(places), len(STREAM)]
    found = pieces(STREAM[a:b] for a, b in itertools.pairwise(cuts))
    assert [text for kind, text in found if kind == "paste"] == ["one\ntwo \x1b[ three", "", "x"]
    keys = "".join(text for kind, text in found if kind == "keys")
    assert keys == "ab\x1b[A\x1b[200~\x1b[201~c\x1b\x1b[200~\x1b[201~\x1b[200~\x1b[201~"


@pytest.mark.parametrize("key", ["\x1b", "\x1b[", "\x1b[2", "é"])
def test_no_key_waits_for_the_next_one(key):
    assert pieces([key]) == [("keys", key)]


def test_a_request_of_megabytes_is_a_card_of_a_few_lines():
    card = [plain(line) for line in request_card("x" * 3_000_000 + "\n" * 2_000_000 + "end", 80)]
    assert len(card) < 100
    assert "… 2,000,000 more lines" in card[-1]
    card = [plain(line) for line in request_card("\n".join(map(str, range(100))), 80)]
    assert card[-2:] == [f"{'▌ 39':<80}", f"{'▌ … 60 more lines':<80}"]
    assert [plain(line).rstrip() for line in request_card("one\ntwo", 80)] == ["▌ one", "▌ two"]
