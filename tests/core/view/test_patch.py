import difflib

import pytest
from hypothesis import given, strategies as st

from core.view.files import Piece
from core.view.layout import entries_of, lay_out
from core.view.patch import PatchLine, parse_conflict, parse_patch
from core.view.subject import tool_subject
from tui.rows import Rows


def test_lines_carry_their_numbers(recordings):
    lines = parse_patch(recordings.PATCH_APP)
    assert lines[0].kind == "hunk"
    assert lines[1] == PatchLine("same", 12, 12, "class Handler(BaseHTTPRequestHandler):")
    assert lines[3] == PatchLine("added", 0, 14, "    def _health(self) -> None:")
    removed = next(line for line in lines if line.kind == "removed")
    assert (removed.old, removed.new) == (15, 0)
    assert [line.kind for line in lines].count("added") == 7


def test_a_second_hunk_counts_anew():
    lines = parse_patch(
        "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n@@ -90,2 +90,1 @@\n z\n-q\n\\ No newline at end of file\n"
    )
    assert lines[-1] == PatchLine("note", 92, 91, " No newline at end of file")
    assert lines[-3] == PatchLine("same", 90, 90, "z")


def test_lines_that_look_like_headers_are_text():
    lines = parse_patch("--- a\n+++ b\n@@ -1,2 +1,1 @@\n--- not a header\n ok\n")
    assert lines[1] == PatchLine("removed", 1, 0, "-- not a header")


def test_no_patch_has_no_lines():
    assert list(parse_patch("")) == []


def test_the_telling_argument_is_the_subject():
    assert tool_subject('{"content":"long","path":"a.py"}') == "a.py"
    assert tool_subject('{"command":"make\\ntest"}') == "make⏎test"
    assert tool_subject("{}") == ""
    assert tool_subject('{"path": "cut o') == '{"path": "cut o'


class TestLayout:
    @staticmethod
    def lay(recordings, **how):
        from core.view.session import SessionView

        view = SessionView()
        for record in recordings.hunks():
            view.apply(record)
        file = view.changes.files["app/cache.py"]
        lines = parse_patch(file.patch)
        return lines, list(entries_of(lay_out(lines, file.pieces, **how)))

    @pytest.mark.parametrize("pairs", [False, True])
    def test_every_line_is_there_once_and_in_order(self, recordings, pairs):
        lines, entries = self.lay(recordings, pairs=pairs)
        lefts = [entry.left for entry in entries if entry.left >= 0]
        rights = [entry.right for entry in entries if entry.right >= 0]
        assert lefts == sorted(lefts)
        assert rights == sorted(rights)
        assert {*lefts, *rights} == {i for i, line in enumerate(lines) if line.kind != "hunk"}

    def test_each_piece_has_one_head_above_its_lines(self, recordings):
        lines, entries = self.lay(recordings)
        heads = [entry.piece for entry in entries if entry.kind == "head"]
        assert heads == [0, 1, 2]
        seen = -1
        for entry in entries:
            seen = entry.piece if entry.kind == "head" else seen
            if entry.kind == "line" and lines[entry.left].kind in ("added", "removed"):
                assert entry.piece == seen

    def test_what_lies_between_is_counted(self, recordings):
        _, entries = self.lay(recordings)
        assert [entry.hidden for entry in entries if entry.kind == "gap"] == [28]

    def test_tight_hides_every_unchanged_line_and_loses_none(self, recordings):
        lines, entries = self.lay(recordings, tight=True)
        shown = [entry.left for entry in entries if entry.kind == "line"]
        same = sum(line.kind == "same" for line in lines)
        assert all(lines[index].kind != "same" for index in shown)
        assert sum(entry.hidden for entry in entries if entry.kind == "gap") == same + 28

    def test_a_conflict_has_both_sides(self, recordings):
        lines = parse_conflict(recordings.CONFLICT)
        sides = {kind: [line.text for line in lines if line.kind == kind] for kind in ("removed", "added")}
        assert sides["removed"] == ["LIMIT = 20"]
        assert sides["added"] == ['LIMIT = int(os.environ.get("LIMIT", "10"))']


class TestLongPatches:
    """What is kept as runs and blocks says the same as line by line would."""

    @staticmethod
    @st.composite
    def changed(draw):
        before = draw(st.lists(st.sampled_from(["a", "b", "", "x y"]), max_size=30))
        after = list(before)
        for _ in range(draw(st.integers(0, 4))):
            at = draw(st.integers(0, len(after)))
            after[at : at + draw(st.integers(0, 4))] = draw(st.lists(st.sampled_from(["n", "m"]), max_size=5))
        context = draw(st.sampled_from([1, 3, 40]))
        return "\n".join([*difflib.unified_diff(before, after, "a", "b", n=context, lineterm=""), ""])

    @given(changed())
    def test_numbers_count_on_from_each_head(self, patch):
        lines = parse_patch(patch)
        assert [lines[index] for index in range(len(lines))] == list(lines)
        old = new = 0
        for line in lines:
            if line.kind == "hunk":
                old, new = line.old, line.new
                continue
            assert (line.old or old, line.new or new) == (old, new)
            old += line.kind != "added"
            new += line.kind != "removed"
        assert lines.largest == max((max(line.old, line.new) for line in lines), default=1)

    @given(changed(), st.booleans(), st.booleans())
    def test_every_line_is_laid_out_once_under_the_head_of_its_piece(self, recordings, patch, pairs, tight):
        hunks = recordings.hunks_of(patch, "r")
        pieces = [Piece(h.id, h.old_start, h.old_lines, h.new_start, h.new_lines, "r") for h in hunks]
        lines = parse_patch(patch)
        blocks = lay_out(lines, pieces, pairs=pairs, tight=tight)
        entries = list(entries_of(blocks))
        assert len(entries) == sum(block.size for block in blocks)
        lefts = [entry.left for entry in entries if entry.left >= 0]
        rights = [entry.right for entry in entries if entry.right >= 0]
        assert lefts == sorted(set(lefts))
        assert rights == sorted(set(rights))
        shown = {*lefts, *rights}
        changed = {i for i, line in enumerate(lines) if line.kind in ("added", "removed")}
        same = [i for i, line in enumerate(lines) if line.kind == "same"]
        assert changed <= shown
        hidden = sum(entry.hidden for entry in entries if entry.kind == "gap" and entry.piece >= 0)
        assert hidden <= len(same) - len(shown & set(same))
        assert [entry.piece for entry in entries if entry.kind == "head" and entry.piece >= 0] == [
            *range(len(pieces))
        ]
        whole = {
            side
            for entry in entries_of(lay_out(lines, pieces, pairs=pairs, whole=True))
            for side in entry[2:4]
        }
        assert whole - {-1} == {i for i, line in enumerate(lines) if line.kind != "hunk"}

    def test_a_row_of_a_long_line_belongs_to_it(self):
        lines = parse_patch("--- a\n+++ b\n@@ -0,0 +1,4 @@\n+short\n+" + "long " * 9 + "\n+\ttab\n+end")
        rows = Rows(lines, lay_out(lines, ()), 2, 20, 9)
        at = [rows.at(y) for y in range(2, rows.end)]
        assert [(entry.left, row) for entry, row in at if entry.kind == "line"] == [
            (1, 0), (2, 0), (2, 1), (2, 2), (3, 0), (4, 0),
        ]  # fmt: skip
        assert [rows.row_of_line(index) for index in (1, 2, 3, 4)] == [3, 4, 7, 8]
        assert rows.at(1) is None
        assert rows.at(rows.end) is None

    @pytest.mark.parametrize("text", ["long " * 9, "\t" * 11, "漢" * 22])
    def test_a_line_takes_the_rows_that_it_needs(self, text):
        lines = parse_patch(f"--- a\n+++ b\n@@ -0,0 +1,2 @@\n+{text}\n+end")
        rows = Rows(lines, lay_out(lines, ()), 0, 20, 9)
        assert [rows.row_of_line(index) for index in (1, 2)] == [1, 4]

    def test_a_hundred_thousand_lines_are_few_blocks(self):
        body = "".join(f"+line {number}\n" for number in range(100_000))
        lines = parse_patch(f"--- a\n+++ b\n@@ -0,0 +1,100000 @@\n{body}")
        blocks = lay_out(lines, [Piece("h1", 0, 0, 1, 100_000, "r")])
        assert len(blocks) < 300
        rows = Rows(lines, blocks, 0, 40, 20)
        assert rows.end == 100_001
        assert lines[rows.at(70_000)[0].left].text == "line 69999"
