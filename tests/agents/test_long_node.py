"""A node of very many turns: its loop grows neither deeper nor forgetful; and two edits of one turn do not race."""

import sys

from core.events import FileChanged, ToolFinished
from core.limits import limits
from tests.support.foreign_bedrock import Reply

RESEARCHER = "You are the researcher"
SENIOR = "You are the senior coder"
SEGMENTS = 2


def depth() -> int:
    """How many frames are open."""
    frame, count = sys._getframe(), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count


async def test_every_segment_of_turns_is_as_deep_as_the_first_and_nothing_is_forgotten(
    works, foreign, monkeypatch
):
    """Strands' loop recurses: left alone, each turn costs more than the one before, and the 321st is the last.

    What holds from one segment to the next holds for all of the three hundred turns that a node may have.
    """
    depths: list[int] = []
    allowed = limits().run.node_turns
    turns = SEGMENTS * allowed
    assert allowed * limits().run.node_segments == 300

    async def measured(*args, **more):
        depths.append(depth())
        return await carry_out(*args, **more)

    import agents.tooling

    carry_out = agents.tooling.carry_out
    monkeypatch.setattr(agents.tooling, "carry_out", measured)
    foreign.play(RESEARCHER, *[Reply("", (("git_status", {}),))] * (turns - 1), Reply("Seen."))
    told = await works()
    assert (told.end.status, told.end.answer, len(told.calls)) == ("done", "Seen.", turns)
    first = depths[:allowed]
    assert first[-1] > first[0]
    assert depths[allowed:] == first[:-1]
    last = foreign.requests[-1]
    assert last.turn == turns - 1 and "What does app.py do?" in str(last.messages[0])


async def test_two_edits_of_one_turn_do_not_race(works, foreign):
    """Strands runs the tools of a turn at once, unless told otherwise."""
    edits = tuple(
        ("edit_file", {"path": "app.py", "old": f"VALUE = {n}\n", "new": f"VALUE = {n + 1}\n"})
        for n in range(1, 6)
    )
    foreign.play(SENIOR, Reply("I edit.", edits), Reply("Done."))
    told = await works("@senior_coder Count up to six")
    assert [each.ok for each in told.of(ToolFinished) if each.tool == "edit_file"] == [True] * 5
    assert "+VALUE = 6" in told.of(FileChanged)[-1].patch
