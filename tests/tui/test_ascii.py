"""What terminals that speak no UTF-8 and those with sixteen colours get."""

import ast
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

from core.text import sanitise
from tui.ascii import fold, speaks_utf8
from tui.themes import fit_theme


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_whatever_is_drawn_comes_out_in_ascii_as_wide_as_it_was(text):
    folded = fold(sanitise(text))
    assert folded.isascii()
    assert folded.isprintable()
    assert len(folded) == sum(cell_len(char) for char in sanitise(text))


def test_what_is_there_already_stays_and_boxes_keep_their_shape():
    assert fold("\x1b[1mplain\x1b[0m") == "\x1b[1mplain\x1b[0m"
    assert fold("╭─ ● é ─╮│▸ ✓ 日 ␛") == "+- * e -+|> v ?? ^"


def test_every_sign_of_the_screens_own_has_a_likeness():
    sources = [
        ast.parse(file.read_text("utf-8")) for file in (Path(__file__).parents[2] / "tui").glob("*.py")
    ]
    texts = [
        node.value
        for source in sources
        for node in ast.walk(source)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    signs = {char for text in texts for char in text if 127 < ord(char) < 0x1F000 and cell_len(char)}
    assert len(signs) > 60
    assert {char for char in signs if fold(char) == "?"} == set()


@pytest.mark.parametrize(
    ("environ", "encoding", "speaks"),
    [
        ({}, "utf-8", True),
        ({"LANG": "en_US.UTF-8"}, "UTF8", True),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, "utf-8", False),
        ({"LC_ALL": "", "LC_CTYPE": "C.utf8", "LANG": "C"}, "utf-8", True),
        ({"LANG": "de_DE.ISO-8859-1"}, "utf-8", False),
        ({"LANG": "en_US.UTF-8"}, "ascii", False),
        ({}, "no such encoding", False),
    ],
)
def test_the_locale_says_what_the_terminal_speaks(environ, encoding, speaks):
    assert speaks_utf8(environ, encoding) is speaks


@pytest.mark.parametrize(
    ("environ", "own"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm-kitty"}, False),
        ({"TERM": "xterm"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "screen-16color"}, True),
        ({}, True),
    ],
)
def test_a_terminal_with_sixteen_colours_gets_its_own(environ, own):
    assert fit_theme("heddle-dark", environ) == ("heddle-ansi" if own else "heddle-dark")
