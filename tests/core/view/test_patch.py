import pytest

from core.view.patch import PatchLine, lay_out, parse_conflict, parse_patch
from core.view.subject import tool_subject


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
    assert parse_patch("") == []


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
        return lines, lay_out(lines, file.pieces, **how)

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
