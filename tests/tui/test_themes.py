"""Every theme can be read, by the measure of WCAG 2.1, and nothing is told by its colour alone."""

import itertools
from typing import get_args, get_type_hints

import pytest

from core.config import Config
from tui.ink import _GROUNDS, _INKS, Palette
from tui.themes import ANSI, CONTRAST, SAFE, THEMES

COLOURED = [theme for theme, _ in THEMES.values() if not theme.ansi]
LINES = {"edge", "edge-focus"}
"""Inks of lines, which no text is drawn with."""


def triplet(colour):
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def linear(colour):
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in triplet(colour)]


def luminance(colour):
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def ratio(one, other):
    """WCAG 2.1, 1.4.3: from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def variables(theme):
    return theme.to_color_system().generate() | theme.variables


def inks(theme):
    """Every colour that text is drawn in."""
    told = variables(theme)
    names = {variable for variable, _ in _INKS.values() if variable} - LINES
    return {name: told[name] for name in [*sorted(names), "foreground"]}


def grounds(theme):
    told = variables(theme)
    names = ["background", "surface", "panel", "footer-background", "ground-code", "ground-request"]
    return {name: told[name] for name in names}


def test_ratio_is_that_of_the_standard():
    assert ratio("#000000", "#ffffff") == pytest.approx(21)
    assert ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_every_text_can_be_read(theme):
    least = 7.0 if theme is CONTRAST else 4.5
    low = {
        f"{ink} on {ground}": round(ratio(colour, on), 2)
        for (ink, colour), (ground, on) in itertools.product(inks(theme).items(), grounds(theme).items())
        if ratio(colour, on) < least
    }
    assert low == {}


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_what_is_marked_can_be_read(theme):
    """The cursor's line, badges and changed words: they carry the theme's plain and main inks."""
    told = variables(theme)
    names = ("foreground", "accent", "primary", "ink-dim", "ink-faint", "ink-good", "ink-bad", "ink-warn")
    pairs = [(name, ground) for name in names for ground in ("ground-cursor", "ground-badge")]
    pairs += [("ink-added", ground) for ground in ("ground-added", "ground-added-word")]
    pairs += [("ink-removed", ground) for ground in ("ground-removed", "ground-removed-word")]
    pairs += [("foreground", ground) for ground in ("ground-added-word", "ground-removed-word")]
    low = {pair: round(ratio(told[pair[0]], told[pair[1]]), 2) for pair in pairs}
    assert {pair: found for pair, found in low.items() if found < 4.5} == {}


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_borders_and_the_focus_can_be_seen(theme):
    """WCAG 2.1, 1.4.11: what is no text but tells something needs 3 : 1; only the focus tells something."""
    told = variables(theme)
    assert ratio(told["edge-focus"], told["background"]) >= 3
    assert ratio(told["edge-focus"], told["edge"]) >= 1.5


# What eyes see that lack one kind of cone: Viénot, Brettel and Mollon 1999, on linear RGB.
SEEN = {
    "protanopia": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deuteranopia": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
}


def lab(colour, matrix):
    """CIE L*a*b* of what is seen."""
    red, green, blue = (
        max(0.0, sum(w * c for w, c in zip(row, linear(colour), strict=True))) for row in matrix
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def apart(one, other, matrix):
    return sum((a - b) ** 2 for a, b in zip(lab(one, matrix), lab(other, matrix), strict=True)) ** 0.5


@pytest.mark.parametrize("eyes", SEEN)
def test_the_safe_theme_keeps_apart_what_must_be(eyes):
    told = variables(SAFE)
    pairs = [("ink-good", "ink-bad"), ("ink-good", "ink-warn"), ("ink-bad", "ink-warn")]
    pairs += [("ink-added", "ink-removed"), ("ground-added", "ground-removed")]
    pairs += [("ground-added-word", "ground-removed-word")]
    near = {pair: round(apart(told[pair[0]], told[pair[1]], SEEN[eyes])) for pair in pairs}
    assert {pair: found for pair, found in near.items() if found < 20} == {}


def test_the_dark_theme_does_not_which_is_why_there_is_the_safe_one():
    told = variables(THEMES["heddle-dark"][0])
    assert apart(told["ink-added"], told["ink-warn"], SEEN["protanopia"]) < 40


def test_the_terminals_own_colours_stay_its_own():
    palette = Palette(variables(ANSI))
    for ink in [*_INKS, *_GROUNDS]:
        style = palette.style(ink)
        for colour in (style.color, style.bgcolor):
            assert colour is None or colour.is_system_defined or colour.is_default, ink
    marked = palette.style("good bold on-cursor")
    assert marked.reverse and marked.bold and marked.color is None, "a marked line is reversed as one"


def test_every_theme_can_be_configured():
    hint = get_type_hints(Config)["theme"]
    assert set(get_args(hint)) == set(THEMES)
