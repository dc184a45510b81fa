"""What is decided of a file, piece by piece, while the file goes on changing."""

import pytest

from core import events as e
from core.verdicts import FileVerdicts, excerpt, lines_by_hunk, lines_of

PATCH = "@@ -1,4 +1,4 @@\n-one\n+1\n two\n-three\n+3\n four\n@@ -9,0 +10,1 @@\n+end\n"


def hunk(id, start=1, *, rejected=False, role=""):
    return e.Hunk(
        id=id, old_start=start, old_lines=1, new_start=start, new_lines=1, rejected=rejected, role=role
    )


def changed(*hunks, run="r1", role="fast_coder", **more):
    plain = {"path": "a", "kind": "modified", "added_lines": 1, "removed_lines": 1, "patch": PATCH}
    return e.FileChanged(**{"run": run, "node": role, "role": role, **plain, "hunks": hunks, **more})


def decided(verdicts, verdict, id=None, comment=""):
    verdicts.decide(e.ChangeDecided(path="a", verdict=verdict, by="user", hunk=id, comment=comment))
    return verdicts


def states(verdicts):
    return {id: piece.verdict for id, piece in verdicts.pieces.items()}


def test_a_file_is_undecided_while_a_piece_is_and_accepted_when_a_piece_is():
    verdicts = FileVerdicts(changed(hunk("x"), hunk("y", 3)))
    assert verdicts.verdict == "undecided"
    assert decided(verdicts, "rejected", "x").verdict == "undecided"
    assert decided(verdicts, "accepted", "y").verdict == "accepted"
    assert decided(verdicts, "rejected", "y").verdict == "rejected"
    assert decided(verdicts, "accepted").with_verdict("accepted") == ("x", "y")


def test_pieces_that_are_the_same_keep_what_was_decided_of_them_and_whose_they_are():
    before = FileVerdicts(changed(hunk("x"), hunk("y", 3)))
    decided(before, "accepted", "x")
    decided(before, "rejected", "y", "not like this")
    after = FileVerdicts(changed(hunk("new"), hunk("x", 5), hunk("y", 9), run="r2", role="debugger"), before)
    assert states(after) == {"new": "undecided", "x": "accepted", "y": "rejected"}
    assert (after.pieces["y"].comment, after.pieces["x"].run, after.pieces["x"].role) == (
        "not like this",
        "r1",
        "fast_coder",
    )
    assert (after.pieces["new"].run, after.pieces["new"].role) == ("r2", "debugger")


def test_equal_pieces_that_became_fewer_are_told_apart_by_their_place():
    before = FileVerdicts(changed(hunk("x", 1), hunk("x-2", 9)))
    decided(before, "accepted", "x")
    after = FileVerdicts(changed(hunk("x", 9)), before)
    assert states(after) == {"x": "undecided"}
    assert states(FileVerdicts(changed(hunk("x", 1)), before)) == {"x": "accepted"}


def test_what_left_the_stage_is_rejected_whatever_was_known():
    assert states(FileVerdicts(changed(hunk("x", rejected=True)))) == {"x": "rejected"}


def test_what_was_rejected_and_is_made_again_waits_for_a_decision_again():
    before = decided(FileVerdicts(changed(hunk("x"), hunk("y", 5))), "rejected", "x", "not like this")
    still_there = FileVerdicts(changed(hunk("x"), hunk("y", 5)), before)
    gone = FileVerdicts(changed(hunk("x", rejected=True), hunk("y", 5)), still_there)
    again = FileVerdicts(changed(hunk("x"), hunk("y", 5), run="r2"), gone)
    assert [states(each)["x"] for each in (still_there, gone, again)] == ["rejected", "rejected", "undecided"]
    assert (again.pieces["x"].run, gone.pieces["x"].comment) == ("r2", "not like this")
    back = FileVerdicts(changed(hunk("x"), hunk("y", 5)), decided(gone, "accepted", "x"))
    assert states(back) == {"x": "accepted", "y": "undecided"}


def test_a_new_name_or_mode_goes_with_the_first_accepted_piece_and_waits_for_itself_otherwise():
    renamed = {"kind": "renamed", "old_path": "b"}
    verdicts = decided(FileVerdicts(changed(hunk("x"), **renamed)), "rejected", "x")
    assert (verdicts.verdict, verdicts.takes_rest, verdicts.drops_rest) == ("undecided", False, False)
    assert decided(verdicts, "accepted", "x").takes_rest and verdicts.verdict == "accepted"
    decided(verdicts, "rejected")
    assert verdicts.drops_rest and verdicts.verdict == "rejected"
    again = FileVerdicts(changed(hunk("x"), hunk("y", 5), **renamed), verdicts)
    assert again.rest == "rejected" and not again.drops_rest


@pytest.mark.parametrize("kind", ["added", "deleted", "modified"])
def test_a_file_without_pieces_is_undecided_with_each_change(kind):
    verdicts = decided(FileVerdicts(changed(kind=kind)), "accepted")
    assert verdicts.verdict == "accepted" and verdicts.takes_rest
    assert FileVerdicts(changed(kind=kind), verdicts).verdict == "undecided"


def test_an_excerpt_is_the_lines_of_one_piece():
    piece = e.Hunk(id="x", old_start=3, old_lines=1, new_start=3, new_lines=1)
    end = e.Hunk(id="y", old_start=9, old_lines=0, new_start=10, new_lines=1)
    event = changed(piece, end)
    assert (excerpt(event, "x"), excerpt(event, "y"), excerpt(event, None)) == ("-three\n+3", "+end", "")


def test_the_lines_of_all_hunks_at_once_are_those_of_each():
    patch = "@@ -1,5 +1,4 @@\n-a\n-b\n+c\n same\n-d\n+e\n last\n@@ -20,2 +19,4 @@\n same\n+f\n+g\n same\n"
    hunks = [
        e.Hunk(id="1", old_start=1, old_lines=2, new_start=1, new_lines=1),
        e.Hunk(id="2", old_start=4, old_lines=1, new_start=3, new_lines=1),
        e.Hunk(id="3", old_start=20, old_lines=0, new_start=20, new_lines=2),
    ]
    assert lines_by_hunk(patch, hunks) == [lines_of(patch, one) for one in hunks]
    assert lines_by_hunk(patch, hunks) == [["-a", "-b", "+c"], ["-d", "+e"], ["+f", "+g"]]
    assert lines_by_hunk("", []) == []
