"""Code in colours: what changed within a line, and what language it is in."""

from core.view.patch import parse_patch
from tests.support import recordings as tapes
from tui.code import ink_rows, rows_of
from tui.paint import plain, width_of
from tui.syntax import Colours, Stretch
from tui.wordwise import changed_words, partner


def test_only_the_words_that_changed_stand_out():
    old, new = "    def __init__(self, size):", "    def __init__(self, size: int):"
    before, after = changed_words(old, new)
    assert before == ()
    assert [new[start:end] for start, end in after] == [": int"]


def test_lines_that_have_little_in_common_are_not_compared():
    assert changed_words("return value", "with self.lock:") == ((), ())
    assert changed_words("x" * 500, "x" * 499) == ((), ())


def test_a_removed_line_and_what_it_became_are_partners():
    lines = parse_patch(tapes.PATCH_CACHE)
    there = next(i for i, line in enumerate(lines) if "def __init__(self, size):" in line.text)
    assert (
        lines[partner(lines, there)].text == "    def __init__(self, size: int, ttl: float = 60.0) -> None:"
    )
    assert partner(lines, partner(lines, there)) == there
    same = next(i for i, line in enumerate(lines) if line.kind == "same")
    assert partner(lines, same) == -1


def test_colours_follow_the_files_name_and_each_side_is_read_by_itself():
    lines = parse_patch("--- a\n+++ b\n@@ -1,2 +1,2 @@\n-x = 'old\n+def f(): return 'new'\n # same")
    colours = Colours("pkg/a.py", lines)
    added = next(i for i, line in enumerate(lines) if line.kind == "added")
    stretches = {lines[added].text[s.start : s.end]: s.ink for s in colours.of(added)}
    assert stretches["def"] == "syn-keyword"
    assert stretches["f"] == "syn-name"
    assert "syn-string" in stretches.values()
    assert Colours("pkg/a.no-such-language", lines).of(added) == ()


def test_a_long_line_goes_on_below_itself_with_its_colours():
    rows = ink_rows(
        "ab" * 10, 8, "added", "on-added", [Stretch(6, 10, "syn-name")], [(0, 2)], "on-added-word"
    )
    assert [plain(row) for row in rows] == ["abababab", "abababab", "abab    "]
    assert all(width_of(row) == 8 for row in rows)
    assert rows[0][0] == ("ab", "added on-added-word")
    assert rows[1][0] == ("ab", "syn-name on-added")
    assert rows_of("ab" * 10, 8) == 3
