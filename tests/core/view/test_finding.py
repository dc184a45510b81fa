"""A word in the diffs: every match once, forward and back, round the end, in names too."""

import pytest
from hypothesis import given, strategies as st

from core.view.finding import NAME, Search, file_lines
from core.view.session import SessionView


@pytest.fixture
def files(recordings):
    view = SessionView()
    for record in recordings.hunks():
        view.apply(record)
    return list(view.changes.files.values())


def walk(search, files, back=False):
    """All matches from the begin on, until one comes again."""
    found = []
    at = (0, NAME - 1)
    while (at := search.step(files, *at, back=back)) is not None and at not in found:
        found.append(at)
    return found


def texts(files, found):
    return [files[at].label if line == NAME else file_lines(files[at]).texts[line] for at, line in found]


def test_every_match_is_found_once_in_lines_and_in_names(files):
    found = walk(Search("cache"), files)
    assert found == sorted(found)
    for text in texts(files, found):
        assert "cache" in text.lower()
    expected = sum("cache" in text.lower() for text in file_lines(files[0]).texts if "@@" not in text)
    assert [line for at, line in found if at == 0] == [NAME, *[line for at, line in found if at == 0][1:]]
    assert len([1 for at, line in found if at == 0 and line != NAME]) == expected > 1


def test_back_is_the_same_way_the_other_way_round(files):
    ways = walk(Search("def"), files), walk(Search("def"), files, back=True)
    assert sorted(ways[1]) == ways[0]
    assert ways[1][0] == ways[0][-1]
    assert ways[1][1:] == sorted(ways[1][1:], reverse=True)


def test_a_conflict_is_looked_through_as_it_is_shown(files):
    found = walk(Search("LIMIT"), files)
    assert {files[at].path for at, _ in found} == {"app/page.py"}
    assert "LIMIT = 20" in texts(files, found)


def test_capitals_count_where_one_is_typed(files):
    assert walk(Search("ordereddict"), files)
    assert not walk(Search("Ordereddict"), files)


def test_what_is_nowhere_is_not_found(files):
    assert Search("nowhere to be found").step(files, 0) is None
    assert Search("").step(files, 0) is None
    assert Search("x").step([], 0) is None


def test_the_head_of_a_hunk_is_no_line(files):
    search = Search("@@ -40")
    assert search.may_hold(files[0])
    assert search.step(files, 0) is None


@given(st.text("aAbİß", max_size=12), st.text("aAbß", min_size=1, max_size=2))
def test_places_are_where_the_text_says_so(text, word):
    search = Search(word)
    for place in search.places(text):
        assert text[place : place + len(word)].lower() == word.lower()
    assert len(search.places(word * 3)) == 3
