"""Finding a name among many, dropped files, and the user's editor."""

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tui.dropping import dropped_paths, mention_dropped
from tui.editor import EditorFailed, edit, find_editor
from tui.fuzzy import Names, places


def holds(name, letters):
    rest = iter(name.lower())
    return all(letter in rest for letter in letters.lower())


@given(
    st.lists(st.text("abcAB/_.-] ^\\", min_size=1, max_size=12), max_size=40),
    st.text("abcB/.]^\\-", max_size=4),
)
def test_exactly_the_names_that_hold_the_letters_are_found(names, letters):
    found = Names(names).find(letters, len(names))
    assert sorted(found) == sorted(name for name in names if holds(name, letters))
    for name in found:
        assert [name.lower()[place] for place in places(name, letters)] == list(
            letters.lower()
        ) or not letters


def test_the_likeliest_comes_first():
    names = Names(
        ["tests/test_server.py", "app/server.py", "app/observer.py", "docs/serving/index.md", "s/e/r/v.py"]
    )
    assert names.find("server", 2) == ["app/server.py", "tests/test_server.py"]
    assert names.find("serv", 9)[-1] == "s/e/r/v.py"
    assert names.find("as", 1) == ["app/server.py"]


def test_fifty_thousand_names_take_no_time():
    """A bound far above what it takes, to notice a search that has become slow by its nature."""
    names = Names(f"packages/module_{n % 300}/sub_{n % 17}/file_{n}_component.tsx" for n in range(50_000))
    started = time.process_time()
    assert names.find("mod7file123comp", 20)
    assert len(names.find("e", 20)) == 20
    assert names.find("zzz", 20) == []
    assert time.process_time() - started < 1.5


class TestDropped:
    def test_each_way_in_which_terminals_quote(self, tmp_path):
        one, two = tmp_path / "a b.txt", tmp_path / "ü'.txt"
        for file in (one, two):
            file.write_text("x")
        assert dropped_paths(f"'{one}'") == [one]
        assert dropped_paths(str(one).replace(" ", "\\ ") + " ") == [one]
        assert dropped_paths(f"{one}\n{two}\n") == [one, two]
        assert dropped_paths(one.as_uri()) == [one]
        assert dropped_paths(f'"{one}" "{two}"') == [one, two]

    @pytest.mark.parametrize(
        "text", ["", "hello", "/no/such", "relative.txt", "file://elsewhere/etc/passwd", "/\0"]
    )
    def test_anything_else_is_text(self, text):
        assert dropped_paths(text) == []

    def test_inside_the_project_a_path_is_relative(self, tmp_path):
        (tmp_path / "p" / "app").mkdir(parents=True)
        (tmp_path / "p" / "app" / "x.py").write_text("x")
        inside, outside = tmp_path / "p" / "app" / "x.py", tmp_path / "p2"
        assert mention_dropped([inside, outside], str(tmp_path / "p")) == f"@app/x.py @{outside} "


class TestEditor:
    def script(self, tmp_path, code):
        file = tmp_path / "editor.py"
        file.write_text(f"import sys\npath = sys.argv[-1]\n{code}")
        return [sys.executable, str(file), "--wait"]

    def test_what_it_saves_is_taken_over(self, tmp_path):
        editor = self.script(
            tmp_path, "text = open(path).read(); open(path, 'w').write(text + ' and more ü\\n')"
        )
        assert edit("this", editor) == "this and more ü"

    @pytest.mark.parametrize("code", ["sys.exit(3)", "import os; os.remove(path); sys.exit(1)"])
    def test_a_failure_says_so(self, tmp_path, code):
        with pytest.raises(EditorFailed, match="still here"):
            edit("this", self.script(tmp_path, code))

    def test_what_a_failing_one_saved_is_named(self, tmp_path):
        with pytest.raises(EditorFailed, match="What it saved is in") as failed:
            edit("this", self.script(tmp_path, "open(path, 'w').write('mine'); sys.exit(3)"))
        kept = str(failed.value).rpartition(" is in ")[2].rstrip(".")
        assert Path(kept).read_text() == "mine"

    def test_which_one_it_is(self, tmp_path):
        path, name = str(Path(sys.executable).parent), Path(sys.executable).name
        assert find_editor({"VISUAL": f"{name} -x 'a b'", "EDITOR": "vi", "PATH": path}) == [
            name,
            "-x",
            "a b",
        ]
        assert find_editor({"VISUAL": " ", "EDITOR": name, "PATH": path}) == [name]
        with pytest.raises(EditorFailed, match="Set EDITOR"):
            find_editor({"PATH": str(tmp_path)})
        with pytest.raises(EditorFailed, match="cannot be read"):
            find_editor({"VISUAL": "vim '", "PATH": path})
        with pytest.raises(EditorFailed, match="not there"):
            find_editor({"EDITOR": "no-such-editor", "PATH": path})


async def test_files_are_there_as_soon_as_the_project_is_known(tmp_path):
    from tui.mentions import Mentions

    (tmp_path / "calc.py").write_text("x = 1\n")
    known = [""]
    mentions = Mentions(lambda: known[0], list, {})
    assert await mentions.find("calc") == []
    known[0] = str(tmp_path)
    assert [choice.text for choice in await mentions.find("calc")] == ["@calc.py "]
