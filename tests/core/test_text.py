"""Text that is not ours: nothing in it is obeyed by a terminal, and nothing of it is lost in JSON."""

import json
import re
import sys
import unicodedata

import pytest
from hypothesis import given, strategies as st

from core.text import _DANGEROUS, clip, escape_json, first_line, sanitise, sanitise_line

texts = st.text(st.characters(), max_size=60) | st.text(
    st.sampled_from('\x00\x07\x1b[]\r\n\t\x7f\x85\x9b\u200d\u200e\u202e\u2066\ufe0f\ud800\U000e0041a\\"é👩'),
    max_size=30,
)
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@given(texts)
def test_nothing_is_left_that_a_terminal_obeys(text):
    shown = sanitise(text)
    assert not OBEYED.search(shown)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs"} - (
        {"Cc"} if set("\t\n") & set(shown) else set()
    )
    assert sanitise(shown) == shown
    shown.encode()


@given(texts)
def test_one_line_is_one_line(text):
    line = sanitise_line(text)
    assert not OBEYED.search(line) and "\n" not in line and "\t" not in line
    assert len(line.splitlines()) <= 1
    assert sanitise_line(line) == line


@given(st.text(st.characters(blacklist_categories=("Cs",))))
def test_escaped_json_is_the_same_text(text):
    written = escape_json(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(written) == {"text": text}
    assert not OBEYED.search(written) and "\u2028" not in written


@pytest.mark.parametrize(
    "text", ["👩‍💻 family 👨‍👩‍👧", "नमस्ते क्‍ष", "❤️", "می‌خواهم", "日本語", "e\u0301", "\u00a0x"]
)
def test_what_scripts_and_emoji_need_stays(text):
    assert sanitise(text) == text == sanitise_line(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\rc", "a\nb␍c"),
        ("\r\r\n", "␍\n"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x9b31m\x7f", "⟨U+009B⟩31m␡"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\ufeffx\u200b\u206a\ufff9", "⟨U+FEFF⟩x⟨U+200B⟩⟨U+206A⟩⟨U+FFF9⟩"),
    ],
)
def test_what_a_terminal_would_obey_is_seen(text, shown):
    assert sanitise(text) == shown


def test_nothing_that_is_replaced_counts_as_printable():
    """So that a text all of which is printable need not be looked through."""
    replaced = re.compile(_DANGEROUS)
    assert not [
        code for code in range(sys.maxunicode + 1) if chr(code).isprintable() and replaced.match(chr(code))
    ]


@given(st.text(max_size=400), st.integers(0, 300))
def test_clipped_text_keeps_to_its_limit_and_says_what_is_missing(text, limit):
    short = clip(text, limit)
    assert len(short) <= limit or short == text
    if len(text) <= limit:
        assert short == text
    elif (said := re.search(r"\n… ([\d,]+) characters left out …\n", short)) and "left out" not in text:
        head, tail = short[: said.start()], short[said.end() :]
        assert text.startswith(head) and text.endswith(tail)
        assert len(text) == len(head) + len(tail) + int(said[1].replace(",", ""))


def test_head_and_tail_of_a_long_text_stay():
    short = clip("a" * 5000 + "b" * 5000, 1000)
    assert short.startswith("aaaa") and short.endswith("bbbb") and 990 <= len(short) <= 1000
    note = re.search(r"\n… ([\d,]+) characters left out …\n", short)
    assert note and int(note[1].replace(",", "")) == 10_000 - (len(short) - len(note[0]))


def test_characters_beyond_the_first_plane_are_escaped_in_pairs():
    assert escape_json('"\U000e0041\x7f\u202e"') == r'"\udb40\udc41\u007f\u202e"'


@given(st.text(max_size=200), st.integers(0, 100))
def test_a_first_line_is_short_and_says_something(text, limit):
    line = first_line(text, limit)
    assert len(line) <= max(1, limit) and len(line.splitlines()) <= 1
    assert bool(line) == bool(text.strip())


def test_naughty_strings_are_shown_and_written(cases):
    strings = json.loads((cases("blns") / "blns.json").read_text("utf-8"))
    assert len(strings) > 500
    for text in strings:
        assert not OBEYED.search(sanitise(text)) and "\n" not in sanitise_line(text)
        assert json.loads(escape_json(json.dumps(text, ensure_ascii=False))) == text


def test_broken_utf8_is_shown(cases):
    vectors = json.loads((cases("utf8_kuhn") / "kuhn_vectors.json").read_text("utf-8"))
    assert len(vectors) > 70
    for vector in vectors:
        data = bytes.fromhex(vector["hex"])
        for errors in ("replace", "surrogateescape", "backslashreplace"):
            assert not OBEYED.search(sanitise(data.decode("utf-8", errors)))
