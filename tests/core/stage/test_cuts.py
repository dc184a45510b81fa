"""Differences taken apart and put together again: cuts, merges, and file names of any bytes."""

import subprocess
from pathlib import Path

from hypothesis import given, settings, strategies as st

from core.spelling import real, recorded
from core.stage.cuts import assemble, cuts_between, names, shifted, unified
from core.stage.merging import merge
from core.stage.outside import Outside

lines = st.lists(st.sampled_from((b"a\n", b"b\n", b"c\r\n", b"\n", b"\xe9\n")), max_size=12)
text = st.builds(lambda found, last: b"".join(found) + last, lines, st.sampled_from((b"", b"end")))


@given(text, text, st.data())
def test_any_choice_of_cuts_is_made_exactly_and_the_others_can_be_made_later(old, new, data):
    cuts = cuts_between(old, new)
    assert assemble(old, cuts) == new and assemble(old, ()) == old
    assert not any(one.touches(other) for one in cuts for other in cuts if one is not other)
    chosen = [cut for cut in cuts if data.draw(st.booleans())]
    rest = [cut for cut in cuts if cut not in chosen]
    assert assemble(assemble(old, chosen), shifted(rest, chosen)) == new


@given(text, text)
def test_ids_are_unique_and_made_of_bytes_alone(old, new):
    cuts = cuts_between(old, new)
    found = names(cuts)
    assert len(set(found)) == len(cuts)
    assert found == names(shifted(cuts, cuts_between(b"", b"above\n")))


@given(text, text)
def test_a_unified_diff_of_cuts_is_what_git_says(old, new):
    import pygit2

    data = pygit2.Patch.create_from(old, new).data
    told = b"\n".join(line for line in unified(old, cuts_between(old, new)).split(b"\n"))
    sections = data[data.find(b"@@") :] if b"@@" in data else b""
    assert _without_function_names(told) == _without_function_names(sections)


def _without_function_names(diff: bytes) -> list[bytes]:
    return [
        line[: line.index(b"@@", 2) + 2] if line.startswith(b"@@") else line for line in diff.split(b"\n")
    ]


@given(text, text, text)
def test_what_merges_has_both_sides_and_what_clashes_has_the_side_that_is_taken(old, ours, theirs):
    found = merge(old, cuts_between(old, ours), cuts_between(old, theirs))
    alone = merge(old, cuts_between(old, ours), ())
    assert alone.taken("stage") == ours and not alone.clashes
    if not found.clashes:
        assert found.taken("stage") == found.taken("project") == found.marked()
    other = merge(old, cuts_between(old, theirs), cuts_between(old, ours))
    assert len(other.clashes) == len(found.clashes)
    assert found.taken("stage") == other.taken("project")


@settings(max_examples=25, deadline=None)
@given(old=text, ours=text, theirs=text)
def test_what_merges_is_what_git_makes_of_it(tmp_path_factory, old, ours, theirs):
    found = merge(old, cuts_between(old, ours), cuts_between(old, theirs))
    folder: Path = tmp_path_factory.mktemp("merge")
    for name, data in (("old", old), ("ours", ours), ("theirs", theirs)):
        (folder / name).write_bytes(data)
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "old", "theirs"], cwd=folder, capture_output=True, check=False
    )
    if not found.clashes:
        assert (done.returncode, done.stdout) == (0, found.taken("stage"))


def test_both_sides_of_a_clash_stand_between_marks():
    old, ours, theirs = b"1\n2\n3\n4\n5\n", b"1\nb\n3\n4\n5\nend\n", b"0\n1\n2!\n3\n4\n5\n"
    found = merge(old, cuts_between(old, ours), cuts_between(old, theirs))
    marks = b"<<<<<<< project\n2!\n=======\nb\n>>>>>>> stage\n"
    assert found.marked() == b"0\n1\n" + marks + b"3\n4\n5\nend\n"
    assert found.taken("project") == b"0\n1\n2!\n3\n4\n5\nend\n"


def test_what_is_kept_outside_is_there_again_after_a_restart(tmp_path):
    cuts = list(cuts_between(b"a\nb\n", b"x\nb\n\xff"))
    Outside(tmp_path).put("odd\udcff/ü", "base", cuts)
    assert Outside(tmp_path).of("odd\udcff/ü", "base") == cuts
    Outside(tmp_path).put("odd\udcff/ü", "base", [])
    assert Outside(tmp_path).of("odd\udcff/ü", "base") == []


@given(st.binary(min_size=1, max_size=12))
def test_any_file_name_is_text_on_record_and_can_be_named_again(name):
    import os

    path = os.fsdecode(name)
    spelled = recorded(path)
    spelled.encode()
    assert real(spelled) == path
