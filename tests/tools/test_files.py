"""Reading, writing, editing and listing: what a model reads, and which bytes are on disk."""

import os

import pytest

from core.limits import limits
from tests.support.cases import naughty_strings


async def test_lines_come_with_numbers(use):
    result = await use("read_file", path="src/app.py")
    assert result.ok
    assert result.text == "    1\tdef add(a, b):\n    2\t    return a + b"


async def test_the_projects_absolute_path_means_the_stage(use, project, put):
    put("src/app.py", "staged\n")
    result = await use("read_file", path=f"{project}/src/app.py")
    assert result.text == "    1\tstaged"
    written = await use("write_file", path=f"{project}/src/new.py", content="x = 1\n")
    assert written.changed == ("src/new.py",)
    assert not (project / "src" / "new.py").exists()


async def test_a_part_says_how_to_get_the_rest(use, put):
    put("long.txt", "".join(f"line {n}\n" for n in range(1, 101)))
    result = await use("read_file", path="long.txt", start_line=3, end_line=4)
    assert result.text.startswith("    3\tline 3\n    4\tline 4\n(")
    assert 'read_file(path="long.txt", start_line=5)' in result.text
    last = await use("read_file", path="long.txt", start_line=100)
    assert last.text == "  100\tline 100"


async def test_a_long_file_is_cut_where_it_says_and_can_be_read_to_its_end(use, put):
    put("long.txt", "".join(f"{'x' * 60} {n}\n" for n in range(1, 3_001)))
    seen, start = [], 1
    while start:
        result = await use("read_file", path="long.txt", start_line=start)
        assert len(result.text) <= limits().tools.output_characters
        lines = [line for line in result.text.split("\n") if "\t" in line]
        seen += [int(line.split("\t")[0]) for line in lines]
        start = seen[-1] + 1 if "go on with" in result.text else 0
    assert seen == list(range(1, 3_001))


async def test_a_line_without_end_is_cut(use, put):
    put("min.js", "a" * 1_000_000)
    result = await use("read_file", path="min.js")
    assert result.ok
    assert len(result.text) < 3_000
    assert "more characters" in result.text
    assert "search_files" in result.text.rpartition("\n")[2]
    assert "cut -c2001-" in result.text.rpartition("\n")[2]


@pytest.mark.parametrize(("start", "end"), [(0, None), (-1, None), (3, None), (2, 1), (99, 100)])
async def test_lines_that_are_not_there(use, start, end):
    result = await use("read_file", path="src/app.py", start_line=start, end_line=end)
    assert not result.ok
    assert "2 lines" in result.text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "bom.txt is empty."),
        (b"\xef\xbb\xbfhello\n", "    1\thello"),
        ("grün\r\nblau\r\n".encode(), "    1\tgrün\n    2\tblau\n(CRLF line ends)"),
        (b"one\r\ntwo\n", "    1\tone\n    2\ttwo\n(mixed line ends)"),
        ("grün — “x”\n".encode("cp1252"), "    1\tgrün — “x”\n(encoding cp1252)"),
        ("hi\n".encode("utf-16"), "    1\thi\n(encoding utf-16-le)"),
        ("grüße aus köln ".encode() + b"\xff\n", "    1\tgrüße aus köln \N{REPLACEMENT CHARACTER}"),
        (b"no end", "    1\tno end"),
        (b"\n", "    1\t"),
    ],
)
async def test_encodings(use, put, data, text):
    put("bom.txt", data)
    result = await use("read_file", path="bom.txt")
    assert result.ok
    assert result.text == text


async def test_what_cannot_be_read_has_a_sentence(use, put, bench):
    put("image.png", b"\x89PNG\0\0\0")
    assert "binary file of 7 bytes" in (await use("read_file", path="image.png")).text
    assert "is a folder" in (await use("read_file", path="src")).text
    missing = await use("read_file", path="app.py")
    assert not missing.ok
    assert "Did you mean src/app.py?" in missing.text
    assert "list_directory" in (await use("read_file", path="zzz/qqq.xyz")).text
    os.mkfifo(bench.stage.tree / "pipe")
    assert not (await use("read_file", path="pipe")).ok
    with (bench.stage.tree / "huge").open("wb") as file:
        file.truncate(limits().tools.file_bytes + 1)
    assert "more than the" in (await use("read_file", path="huge")).text


async def test_a_link_out_of_the_stage_is_not_followed(use, bench, tmp_path):
    (tmp_path / "secret").write_text("canary")
    (bench.stage.tree / "link").symlink_to(tmp_path / "secret")
    for name, more in (
        ("read_file", {}),
        ("write_file", {"content": "x"}),
        ("edit_file", {"old": "can", "new": "x"}),
    ):
        result = await use(name, path="link", **more)
        assert not result.ok
        assert "canary" not in result.text
    assert (tmp_path / "secret").read_text() == "canary"


async def test_writing_makes_folders_and_says_what_it_did(use, bench):
    result = await use("write_file", path="a/b/c.txt", content="one\ntwo\n")
    assert result.ok
    assert result.changed == ("a/b/c.txt",)
    assert result.text == "Created a/b/c.txt: 2 lines, 8 bytes."
    again = await use("write_file", path="a/b/c.txt", content="one\ntwo\n")
    assert again.ok
    assert again.changed == ()
    replaced = await use("write_file", path="a/b/c.txt", content="three")
    assert replaced.text == "Replaced a/b/c.txt: 1 lines, 5 bytes."
    assert (bench.stage.tree / "a/b/c.txt").read_bytes() == b"three"


async def test_writing_over_keeps_how_the_file_was_spelled(use, put, bench):
    put("crlf.txt", b"\xef\xbb\xbfa\r\nb\r\n")
    await use("write_file", path="crlf.txt", content="x\ny\n")
    assert (bench.stage.tree / "crlf.txt").read_bytes() == b"\xef\xbb\xbfx\r\ny\r\n"
    put("latin.txt", "grün\n".encode("cp1252"))
    await use("write_file", path="latin.txt", content="blau, grün\n")
    assert (bench.stage.tree / "latin.txt").read_bytes() == "blau, grün\n".encode("cp1252")
    await use("write_file", path="latin.txt", content="文\n")
    assert (bench.stage.tree / "latin.txt").read_bytes() == "文\n".encode()


async def test_half_a_surrogate_is_refused(use, bench):
    result = await use("write_file", path="x.txt", content="a\ud800b")
    assert not result.ok
    assert "surrogate" in result.text
    assert not (bench.stage.tree / "x.txt").exists()


async def test_editing_changes_one_place_only(use, bench, project):
    result = await use("edit_file", path="src/app.py", old="a + b", new="b + a")
    assert result.ok
    assert result.changed == ("src/app.py",)
    assert result.text == "Edited src/app.py at line 2: 1 lines became 1."
    assert (bench.stage.tree / "src/app.py").read_text() == "def add(a, b):\n    return b + a\n"
    assert "a + b" in (project / "src/app.py").read_text()


async def test_editing_must_be_unique(use, put):
    put("x.txt", "foo\nbar\nfoo\nfoo foo\n")
    result = await use("edit_file", path="x.txt", old="foo", new="baz")
    assert not result.ok
    assert "4 times in x.txt, at lines 1, 3, 4, 4" in result.text


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("", "old is empty"),
        ("same", "are the same"),
        ("import os", "Read the file again"),
        ("def add(a, b):\n    raise NotImplementedError", "Nearest to it is, at lines 1–2"),
    ],
)
async def test_why_an_edit_was_not_made(use, bench, old, said):
    before = (bench.stage.tree / "src/app.py").read_bytes()
    result = await use("edit_file", path="src/app.py", old=old, new="same")
    assert not result.ok
    assert said in result.text
    assert (bench.stage.tree / "src/app.py").read_bytes() == before


@pytest.mark.parametrize(
    ("data", "old", "new", "after"),
    [
        (b"a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz", b"x\r\ny\r\nz\r\nc\r\n"),
        (b"a\r\nb\r\nc\r\n", "b", "x\ny", b"a\r\nx\r\ny\r\nc\r\n"),
        (b"a\nb\r\nc\n", "a\nb", "x\ny", b"x\ny\r\nc\n"),
        (b"\xef\xbb\xbfa\nb", "a", "x", b"\xef\xbb\xbfx\nb"),
        (b"a \xff\xfe\nb\n", "b", "x", b"a \xff\xfe\nx\n"),
        ("grün — a\n".encode("cp1252"), "grün", "blau", "blau — a\n".encode("cp1252")),
        ("hi\r\nyou\r\n".encode("utf-16"), "hi\nyou", "a\nb", "a\r\nb\r\n".encode("utf-16")),
        ("\u0a0d\u0d0a a\n".encode("utf-16"), "a", "b", "\u0a0d\u0d0a b\n".encode("utf-16")),
        (b"a\rb\rc", "b", "x", b"a\rx\rc"),
        ("文字 \N{GRINNING FACE} a\n".encode(), "\N{GRINNING FACE}", "x", "文字 x a\n".encode()),
        (b"tail", "tail", "", b""),
        (b"a.*b\na+b\n", "a.*b", "x\\1", b"x\\1\na+b\n"),
    ],
)
async def test_what_is_not_edited_stays_byte_for_byte(use, put, bench, data, old, new, after):
    put("x.txt", data)
    result = await use("edit_file", path="x.txt", old=old, new=new)
    assert result.ok, result.text
    assert (bench.stage.tree / "x.txt").read_bytes() == after


async def test_a_character_that_the_encoding_lacks(use, put, bench):
    put("x.txt", "grün\n".encode("cp1252"))
    result = await use("edit_file", path="x.txt", old="grün", new="文")
    assert not result.ok
    assert "U+6587 cannot be written in cp1252" in result.text
    put("y.bin", b"\0a")
    assert "binary" in (await use("edit_file", path="y.bin", old="a", new="b")).text


async def test_modes_survive(use, put, bench):
    put("run.sh", "echo a\n")
    (bench.stage.tree / "run.sh").chmod(0o755)
    await use("edit_file", path="run.sh", old="a", new="b")
    await use("write_file", path="run.sh", content="echo c\n")
    assert (bench.stage.tree / "run.sh").stat().st_mode & 0o777 == 0o755


async def test_listing(use, bench, put):
    put("Zoo.txt", "x" * 1234)
    put("src/deep/er/x.py", "")
    (bench.stage.tree / "link").symlink_to("README.md")
    result = await use("list_directory", depth=1)
    assert result.text.split("\n") == [
        "src/", ".gitignore (20)", "README.md (9)", "Zoo.txt (1,234)", "link -> README.md",
    ]  # fmt: skip
    assert (await use("list_directory", path="src", depth=1)).text == "deep/\napp.py (32)"
    assert "is a file" in (await use("list_directory", path="README.md")).text
    assert "Did you mean src?" in (await use("list_directory", path="scr/src")).text


async def test_a_listing_is_a_tree_as_deep_as_asked(use, put):
    put("src/deep/er/x.py", "")
    two = (await use("list_directory")).text.split("\n")
    assert two == ["src/", "  deep/", "  app.py (32)", ".gitignore (20)", "README.md (9)"]
    all_of_it = (await use("list_directory", depth="9")).text.split("\n")
    assert all_of_it[:5] == ["src/", "  deep/", "    er/", "      x.py (0)", "  app.py (32)"]
    assert (await use("list_directory", path="src/deep/er", depth=0)).text == "x.py (0)"


async def test_a_listing_leaves_out_what_is_ignored(use, bench, put):
    put("src/.gitignore", "made\n")
    for path in ("src/made", "node_modules/x", "src/__pycache__/y", "build/z"):
        (bench.stage.tree / path).parent.mkdir(exist_ok=True)
        (bench.stage.tree / path).touch()
    put(".gitignore", "build/\n__pycache__/\n")
    shown = (await use("list_directory", depth=3)).text
    assert shown == (
        "src/\n  .gitignore (5)\n  app.py (32)\n.gitignore (20)\nREADME.md (9)\n(Ignored: build/, node_modules/.)"
    )
    assert "(Ignored: __pycache__/, made.)" in (await use("list_directory", path="src")).text


async def test_a_folder_with_more_than_there_is_room_for_says_how_many(use, bench):
    for folder, count in (("few", 3), ("many", limits().tools.list_entries)):
        (bench.stage.tree / folder).mkdir()
        for number in range(count):
            (bench.stage.tree / folder / f"f{number:04}").touch()
    lines = (await use("list_directory")).text.split("\n")
    assert lines[:5] == [
        "few/",
        "  f0000 (0)",
        "  f0001 (0)",
        "  f0002 (0)",
        f"many/ ({limits().tools.list_entries} entries)",
    ]
    assert "README.md (9)" in lines


async def test_a_long_listing_is_cut(use, bench):
    many = limits().tools.list_entries + 7
    for number in range(many):
        (bench.stage.tree / f"f{number:04}").touch()
    result = await use("list_directory")
    lines = result.text.split("\n")
    assert len(lines) == limits().tools.list_entries + 1
    assert f"and {many + 3 - limits().tools.list_entries} more" in lines[-1]


async def test_naughty_strings_go_in_and_come_out_as_they_are(use, bench):
    strings = naughty_strings()
    for number, text in enumerate(strings):
        path = f"n/{number}.txt"
        assert (await use("write_file", path=path, content=f"before\n{text}\nafter\n")).ok
        assert (bench.stage.tree / path).read_bytes() == f"before\n{text}\nafter\n".encode()
        edited = await use("edit_file", path=path, old=f"before\n{text}\n", new=f"{text}{text}\n")
        assert edited.ok, (text, edited.text)
        assert (bench.stage.tree / path).read_bytes() == f"{text}{text}\nafter\n".encode()
    assert len(strings) > 400


async def test_naughty_strings_as_paths_are_files_or_sentences(use, bench):
    for number, text in enumerate(naughty_strings()):
        result = await use("write_file", path=text, content=f"{number}")
        assert result.text
        if result.ok:
            assert (bench.stage.tree / result.changed[0]).read_text() == f"{number}"
            assert (await use("read_file", path=text)).ok
