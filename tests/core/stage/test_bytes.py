"""Bytes stay bytes: from the project into the stage, through a patch, back into the project and out again."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.stage import Stage
from core.stage.apply import apply, undo

LINES = [b"one", b"two", b"three", b"four"]

CASES = {
    "crlf": (b"one\r\ntwo\r\nthree\r\n", b"one\r\n2\r\nthree\r\n"),
    "mixed": (b"one\r\ntwo\nthree\rfour\n", b"one\r\n2\nthree\rfour\n"),
    "bom": (b"\xef\xbb\xbfone\ntwo\n", b"\xef\xbb\xbfone\n2\n"),
    "latin-1": ("na\u00efve\ncaf\u00e9\n".encode("latin-1"), "na\u00efve\nth\u00e9\n".encode("latin-1")),
    "shift-jis": ("日本\n語\n".encode("shift_jis"), "日本\n五\n".encode("shift_jis")),
    "utf-16": ("one\ntwo\n".encode("utf-16"), "one\n2\n".encode("utf-16")),
    "no final newline": (b"one\ntwo", b"one\n2"),
    "newline added": (b"one\ntwo", b"one\ntwo\n"),
    "newline removed": (b"one\ntwo\n", b"one\ntwo"),
    "emptied": (b"one\n", b""),
    "filled": (b"", b"one\n"),
    "one long line": (b"x" * 1_000_000, b"x" * 999_999 + b"y"),
    "binary": (bytes(range(256)) * 40, bytes(range(255, -1, -1)) * 40),
    "nul": (b"one\n\0\ntwo\n", b"one\n\0\n2\n"),
    "escapes": (b"\x1b[31mred\x1b[0m\n", b"\x1b]52;c;eA==\x07\n"),
    "like a patch": (b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n", b"diff --git a/x b/x\n@@ -1 +1 @@\n-y\n"),
    "ident": (b"$Id$\n", b"$Id$\nmore\n"),
    "form feeds and separators": ("a\x0cb\u2028c\x1d\n".encode(), "a\x0cb\u2028d\x1d\n".encode()),
}


@pytest.mark.parametrize("name", CASES)
def test_bytes_survive_the_whole_way(
    name: str, project: Path, tmp_path: Path, journals: Path, record, picture: Callable[..., dict], git
) -> None:
    old, new = CASES[name]
    (project / ".gitattributes").write_text("* text=auto eol=crlf ident\n")
    (project / "file.txt").write_bytes(old)
    before = picture(project)
    stage = Stage.create(project, tmp_path / "s")
    assert (stage.tree / "file.txt").read_bytes() == old
    stage.write("file.txt", new)
    assert stage.read("file.txt") == new
    (change,) = record(stage, "file.txt")
    assert (change.old, change.new, change.kind) == (old, new, "modified")
    assert change.binary == (b"\0" in old[:8000] or b"\0" in new[:8000])
    change.patch.encode("utf-8")
    apply(project, [change], journals)
    assert (project / "file.txt").read_bytes() == new
    undo(project, journals)
    assert picture(project) == before


@pytest.mark.parametrize("name", [name for name, (old, new) in CASES.items() if b"\0" not in old + new])
def test_patches_say_exactly_what_changed(name: str, stage: Stage, tmp_path: Path, record) -> None:
    """Where all bytes are text, `git apply` makes the new bytes of them."""
    old, new = CASES[name]
    stage.write("file.txt", old)
    record(stage, "file.txt")
    stage.rebase(["file.txt"])
    stage.write("file.txt", new)
    (change,) = record(stage, "file.txt")
    if "left out" in change.patch:
        assert (change.added_lines, change.removed_lines) == (1, 1)
        return
    assert change.added_lines == sum(line.startswith("+") for line in _body(change.patch))
    assert change.removed_lines == sum(line.startswith("-") for line in _body(change.patch))
    try:
        (old + new).decode("utf-8")
    except UnicodeDecodeError:
        encoding = "latin-1" if name == "latin-1" else "utf-8"
        assert old.split(b"\n")[-2].decode(encoding, "replace") in change.patch
        return
    (tmp_path / "check").mkdir()
    (tmp_path / "check" / "file.txt").write_bytes(old)
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=tmp_path / "check", input=change.patch.encode(), check=True)
    assert (tmp_path / "check" / "file.txt").read_bytes() == new


def _body(patch: str) -> list[str]:
    return patch[patch.index("\n@@") + 1 :].split("\n")


def test_a_missing_final_newline_is_marked(stage: Stage, record) -> None:
    stage.write("new.txt", b"untracked\nlast")
    (change,) = record(stage, "new.txt")
    assert change.patch.endswith(" untracked\n+last\n\\ No newline at end of file\n")


def test_binary_files_have_no_lines(stage: Stage, record) -> None:
    stage.write("new.txt", b"\0\1\2")
    (change,) = record(stage, "new.txt")
    assert (change.binary, change.added_lines, change.removed_lines) == (True, 0, 0)
    assert change.patch == "diff --git a/new.txt b/new.txt\nBinary files a/new.txt and b/new.txt differ\n"


def test_empty_files_are_changes_too(stage: Stage, project: Path, journals: Path, record) -> None:
    stage.write("empty", b"")
    (change,) = record(stage, "empty")
    assert (change.kind, change.new, change.patch) == (
        "added",
        b"",
        "diff --git a/empty b/empty\nnew file mode 100644\n",
    )
    apply(project, [change], journals)
    assert (project / "empty").read_bytes() == b""


def test_a_file_that_becomes_a_link_is_one_change(stage: Stage, record) -> None:
    (stage.tree / "new.txt").unlink()
    (stage.tree / "new.txt").symlink_to("src/app.py")
    (change,) = record(stage, "new.txt")
    assert (change.kind, change.old, change.new) == ("modified", b"untracked\n", b"src/app.py")
    assert (change.old_mode, change.new_mode) == (0o100644, 0o120000)
    assert "old mode 100644\nnew mode 120000\n" in change.patch
