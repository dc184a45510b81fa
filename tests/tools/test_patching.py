"""Patches: every form in which models and tools write them, byte for byte, all or nothing."""

import os
import subprocess
import time

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.support.cases import DIFFS
from tools.patch_fit import Fitting, joined, rows_of
from tools.patch_text import read_patch
from tools.workbench import ToolError

HEAD = "--- a/src/app.py\n+++ b/src/app.py\n"
BODY = " def add(a, b):\n-    return a + b\n+    return b\n"


def begin(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch", ""])


async def test_a_unified_diff(use, bench):
    patch = "--- a/src/app.py\n+++ b/src/app.py\n@@ -1,2 +1,3 @@\n def add(a, b):\n+    # sum\n     return a + b\n"
    result = await use("apply_patch", patch=patch)
    assert result.ok, result.text
    assert result.changed == ("src/app.py",)
    assert result.text == "Applied:\nsrc/app.py: +1 -0 at line 1"
    assert bench.stage.read("src/app.py") == b"def add(a, b):\n    # sum\n    return a + b\n"


async def test_the_begin_patch_form_over_several_files(use, bench):
    patch = begin(
        "*** Add File: docs/new.md", "+# New", "+",
        "*** Update File: src/app.py", "*** Move to: src/sums.py", "@@ def add(a, b):", "-    return a + b",
        "+    return b + a",
        "*** Delete File: README.md",
    )  # fmt: skip
    result = await use("apply_patch", patch=patch)
    assert result.ok, result.text
    assert set(result.changed) == {"docs/new.md", "src/app.py", "src/sums.py", "README.md"}
    assert bench.stage.read("docs/new.md") == b"# New\n\n"
    assert bench.stage.read("src/sums.py") == b"def add(a, b):\n    return b + a\n"
    assert not (bench.stage.tree / "README.md").exists()
    assert not (bench.stage.tree / "src/app.py").exists()


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        (b"a\r\nb\r\nc\r\n", "@@\n a\n-b\n+B\n+D\n c\n", b"a\r\nB\r\nD\r\nc\r\n"),
        (b"a\r\nb\r\nc\r\n", "@@ -1,3 +1,3 @@\n a\r\n-b\r\n+B\r\n c\r\n", b"a\r\nB\r\nc\r\n"),
        (b"a\nb\nc\n", "@@ -1,3 +1,3 @@\r\n a\r\n-b\r\n+B\r\n c\r\n", b"a\nB\nc\n"),
        (b"a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+b\r\n", b"a\nb\r\n"),
        (b"\xef\xbb\xbfa\nb\n", "@@\n-a\n+A\n b\n", b"\xef\xbb\xbfA\nb\n"),
        (b"a\nb", "@@\n a\n-b\n+B\n", b"a\nB"),
        (b"a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+B\n", b"a\nB\n"),
        (b"a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+B\n\\ No newline at end of file\n", b"a\nB"),
        (b"a\nb", "@@ -1,2 +1,3 @@\n a\n b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n", b"a\nb\nc"),
        (b"a\nb", "@@ -2,0 +3 @@\n+c\n", b"a\nb\nc"),
        (b"a\nb\n", "@@ -0,0 +1 @@\n+c\n", b"c\na\nb\n"),
        (b"a\nb\n", "@@ -2 +1,0 @@\n-b\n", b"a\n"),
        ("gr\xfcn\nx\n".encode("cp1252"), "@@\n-x\n+y\n", "gr\xfcn\ny\n".encode("cp1252")),
        ("a\nb\n".encode("utf-16"), "@@\n-b\n+c\n", "a\nc\n".encode("utf-16")),
        (b"ok\xff\nx\n", "@@\n-x\n+y\n", b"ok\xff\ny\n"),
        (b"", "@@ -0,0 +1,2 @@\n+a\n+b\n", b"a\nb\n"),
        (b"one\r\ntwo\nthree\n", "@@\n two\n-three\n+3\n", b"one\r\ntwo\n3\n"),
    ],
)  # fmt: skip
async def test_bytes(use, put, bench, before, patch, after):
    put("f.txt", before)
    result = await use("apply_patch", patch=f"--- a/f.txt\n+++ b/f.txt\n{patch}")
    assert result.ok, result.text
    assert bench.stage.read("f.txt") == after


@pytest.mark.parametrize(
    ("patch", "note"),
    [
        ("@@ -40,2 +40,2 @@\n def b():\n-    return 2\n+    return 3\n", "34 lines above"),
        ("@@\n def b():   \n-    return 2\n+    return 3\n", "white space at line ends"),
        ("@@\n def b():\n-  return 2\n+  return 3\n", "indentation"),
        ("@@ -4,4 +4,4 @@\n wrong\n \n def b():\n-    return 2\n+    return 3\n", "context at the edges"),
    ],
)  # fmt: skip
async def test_what_was_tolerated_is_said(use, put, bench, patch, note):
    text = "import os\n\ndef a():\n    return 1\n\ndef b():\n    return 2\n"
    put("f.py", text)
    result = await use("apply_patch", patch=f"--- a/f.py\n+++ b/f.py\n{patch}")
    assert result.ok, result.text
    assert note in result.text
    assert bench.stage.read("f.py").decode() == text.replace("return 2", "return 3")


@pytest.mark.parametrize(
    "patch",
    [
        f"```diff\n{HEAD}@@ -1,2 +1,2 @@\n{BODY}```\n",
        f"Here it is:\n\n--- src/app.py\n+++ src/app.py\n@@ -1,9 +1,7 @@\n{BODY}",
        f"{HEAD}@@ -1,2 +1,2 @@\n{BODY}".replace("\n", "\\n"),
        "*** Update File: src/app.py\n@@ def add(a, b):\n-    return a + b\n+    return b\n",
        f"*** Begin Patch\n*** Update File: ./src/app.py\n{BODY}*** End Patch",
        f"diff --git a/src/app.py b/src/app.py\nindex 1..2 100644\n{HEAD}@@ -1,2 +1,2 @@\n{BODY}",
        f"--- a/project/src/app.py\n+++ b/project/src/app.py\n@@ -1,2 +1,2 @@\n{BODY}",
    ],
    ids=["fence", "wrong counts", "escaped", "no begin", "no @@", "git", "deeper"],
)  # fmt: skip
async def test_what_weak_models_write_works(use, bench, patch):
    result = await use("apply_patch", patch=patch)
    assert result.ok, result.text
    assert bench.stage.read("src/app.py") == b"def add(a, b):\n    return b\n"


@pytest.mark.parametrize(
    ("patch", "word"),
    [
        ("", "changes no file"),
        ("just words", "changes no file"),
        ("@@ -1 +1 @@\n-a\n+b\n", "before any file"),
        ("--- a/none.py\n+++ b/none.py\n@@ -1 +1 @@\n-a\n+b\n", "There is no none.py"),
        ("--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-a\n+b\n", "Did you mean src/app.py"),
        ("--- a/src/app.py\n+++ b/src/app.py\n@@ -1 +1 @@\n-zzz\n+b\n", "read the file again"),
        (HEAD + "@@ -1,2 +1 @@\n def add(a, b):\n-    return a\n+    x\n", "line 2 is “    return a + b”"),
        ("--- /dev/null\n+++ b/src/app.py\n@@ -0,0 +1 @@\n+x\n", "exists already"),
        ("--- a/src\n+++ b/src\n@@ -1 +1 @@\n-a\n+b\n", "folder"),
        (begin("*** Update File: src/app.py", "@@ class Nothing", "-a", "+b"), "“class Nothing” after @@"),
        (begin("*** Update File: src/app.py", "*** Move to: README.md", "-def add(a, b):"), "exists already"),
        (begin("*** Update File:", "@@", "-a", "+b"), "names no file"),
        ("diff --git a/x.png b/x.png\nGIT binary patch\nliteral 1\n", "binary"),
        ("diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n", "symbolic link"),
        ("diff --git a/README.md b/README.md\nold mode 100644\nnew mode 100755\n", "change of mode"),
    ],
)  # fmt: skip
async def test_what_cannot_be_applied_has_a_sentence(use, bench, patch, word):
    before = bench.stage.mark()
    result = await use("apply_patch", patch=patch)
    assert not result.ok
    assert word in result.text
    assert not bench.stage.changed_since(before)


async def test_one_bad_hunk_leaves_every_file_alone(use, bench):
    patch = begin(
        "*** Add File: new.txt", "+x", "*** Delete File: README.md",
        "*** Update File: src/app.py", "@@", "-def add(a, b):", "+def add(b, a):", "@@", "-nowhere", "+there",
    )  # fmt: skip
    before = bench.stage.mark()
    result = await use("apply_patch", patch=patch)
    assert not result.ok
    assert "Nothing was changed" in result.text
    assert "hunk 2 of 2" in result.text
    assert not bench.stage.changed_since(before)


async def test_a_write_that_fails_takes_the_others_back(use, bench, put):
    put("dir", "a file, not a folder\n")
    before = bench.stage.mark()
    result = await use(
        "apply_patch", patch=begin("*** Add File: a.txt", "+x", "*** Add File: dir/b.txt", "+y")
    )
    assert not result.ok
    assert "dir/b.txt" in result.text
    assert not bench.stage.changed_since(before)


async def test_two_places_are_never_guessed(use, put, bench):
    put("f.txt", "x\na\ny\na\nz\na\n")
    result = await use("apply_patch", patch=begin("*** Update File: f.txt", "@@", "-a", "+b"))
    assert not result.ok
    assert "3 times, at lines 2, 4, 6" in result.text
    assert (await use("apply_patch", patch=begin("*** Update File: f.txt", "@@ y", "-a", "+b"))).ok
    assert bench.stage.read("f.txt") == b"x\na\ny\nb\nz\na\n"
    assert (await use("apply_patch", patch="--- f.txt\n+++ f.txt\n@@ -6 +6 @@\n-a\n+c\n")).ok
    assert bench.stage.read("f.txt") == b"x\na\ny\nb\nz\nc\n"


@pytest.mark.parametrize(
    "name",
    ["../out.txt", "/etc/out.txt", "a/../../out.txt", "~/../../../out.txt", ".git/config", "link/out.txt"],
)
async def test_hostile_paths_are_refused(use, bench, tmp_path, name):
    (tmp_path / "outside").mkdir()
    (bench.stage.tree / "link").symlink_to(tmp_path / "outside")
    for patch in (
        begin(f"*** Add File: {name}", "+x"),
        f"--- /dev/null\n+++ {name}\n@@ -0,0 +1 @@\n+x\n",
        begin("*** Update File: README.md", f"*** Move to: {name}", "@@", "-# Sample", "+x"),
    ):
        result = await use("apply_patch", patch=patch)
        if not name.startswith("~"):
            assert not result.ok, result.text
    assert not (tmp_path / "out.txt").exists()
    assert list((tmp_path / "outside").iterdir()) == []
    assert bench.stage.read("README.md") == b"# Sample\n"


async def test_secrets_are_neither_touched_nor_overwritten(use, put, bench):
    put("secrets.toml", 'password = "hunter2hunter2x9"\n')
    patch = begin("*** Update File: secrets.toml", "@@", '-password = "hunter2hunter2x9"', "+x")
    result = await use("apply_patch", patch=patch)
    assert not result.ok
    assert "hidden" in result.text
    marked = begin("*** Update File: README.md", "@@", "-# Sample", "+token = ⟨secret⟩")
    assert "stands for a secret" in (await use("apply_patch", patch=marked)).text


async def test_a_huge_file_and_a_hostile_patch_end_in_time(use, put):
    put("big.txt", "same line\n" * 200_000)
    started = time.process_time()
    hunks = "".join(f"@@ -{n} +{n} @@\n-same line\n+other {n}\n" for n in range(1, 40))
    result = await use("apply_patch", patch=f"--- big.txt\n+++ big.txt\n{hunks}")
    assert result.ok, result.text
    assert not (await use("apply_patch", patch="--- a\n+++ b\n" + "@@ -1 +1 @@\n" * 50_000)).ok
    assert time.process_time() - started < 10


# -- patches in the wild -----------------------------------------------------------------------------


def sample_names() -> list[str]:
    return sorted(path.name for path in DIFFS.glob("*.diff"))


def test_samples_of_many_tools():
    refused = {"binary.diff", "sample8.diff", "debdiff.diff", "git_symlink.diff"}
    seen = set()
    for path in sorted(DIFFS.glob("*.diff")):
        data = path.read_bytes()
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8", "replace")
        try:
            files = read_patch(text)
        except ToolError as error:
            assert path.name in refused, f"{path.name}: {error}"
            seen.add(path.name)
            continue
        assert files, path.name
        assert path.name not in refused
        plus = sum(line.tag == "+" for file in files for hunk in file.hunks for line in hunk.lines)
        minus = sum(line.tag == "-" for file in files for hunk in file.hunks for line in hunk.lines)
        assert (plus, minus) == counted(text), path.name
        assert all(
            name and not name.startswith(('"', "a/", "b/")) for file in files for name in (file.old, file.new)
        )
    assert seen == refused & set(sample_names())


def counted(text: str) -> tuple[int, int]:
    """Added and removed lines by their first character alone."""
    lines = text.split("\n")
    heads = {
        n for n, line in enumerate(lines[:-1]) if line.startswith("--- ") and lines[n + 1].startswith("+++ ")
    }
    body = [line for n, line in enumerate(lines) if n not in heads and n - 1 not in heads]
    return sum(line.startswith("+") for line in body), sum(line.startswith("-") for line in body)


def test_names_are_read_as_they_are():
    def names(sample: str) -> list[tuple[str, str, str]]:
        return [(file.kind, file.old, file.new) for file in read_patch((DIFFS / sample).read_text())]

    assert names("git_rename.diff")[0] == ("update", "added", "moved")
    assert ("delete", "file1", "file1") in names("git_no_prefix.diff")
    assert names("git_quoted_filename_with_spaces.diff") == [
        ("update", "docs/develop/Bug 排查.md", "docs/develop/Bug 排查.md")
    ]
    assert ("add", "added_file", "added_file") in names("hg.diff")
    assert ("update", "modified_file", "modified_file") in names("svn.diff")


LINES = st.lists(st.sampled_from(["a", "b", "  c", "", "long line", "ü"]), max_size=12)
ENDS = st.sampled_from(["\n", "\r\n"])


def spelled(lines: list[str], end: str, final: bool) -> bytes:
    text = "".join(line + end for line in lines)
    return (text if final or not lines else text[: -len(end)]).encode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=LINES, new=LINES, end=ENDS, finals=st.tuples(st.booleans(), st.booleans()))
def test_what_git_diffs_comes_out_byte_for_byte(tmp_path, old, new, end, finals):
    before, after = spelled(old, end, finals[0]), spelled(new, end, finals[1])
    (tmp_path / "old").write_bytes(before)
    (tmp_path / "new").write_bytes(after)
    words = ["git", "diff", "--no-index", "--no-color", "--", "old", "new"]
    clean = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    patch = subprocess.run(words, cwd=tmp_path, capture_output=True, env=clean, check=False).stdout.decode()
    if not patch:
        return
    fitting = Fitting(rows_of(before.decode()))
    for hunk in read_patch(patch)[0].hunks:
        fit = fitting.put(hunk)
        assert fit.notes == ()
    assert joined(fitting.rows()).encode() == after
