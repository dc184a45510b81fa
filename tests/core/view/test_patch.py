from core.view.patch import PatchLine, parse_patch
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
