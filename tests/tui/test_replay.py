"""The live picture and the replayed one are the same picture."""

import re

import pytest

from core import events as e
from tests.support import recordings as tapes

KINDS = ["decide", "applied", "feedback", "failed", "question", "interrupted", "hostile"]


def picture(stage):
    """The screen as SVG, without the id that each export gets."""
    return re.sub(r"terminal-\d+-", "terminal-", stage.app.export_screenshot(simplify=True))


async def shown(stage, caught_up, size, keys=()):
    async with stage.app.run_test(size=size) as pilot:
        await caught_up(pilot, stage)
        await pilot.press(*keys)
        await pilot.pause()
        return picture(stage)


def pruned(records):
    """The records as a later session may find them: without the deltas of texts that are finished."""
    finished = {record.event.block for record in records if isinstance(record.event, e.TextFinished)}
    return [r for r in records if not (isinstance(r.event, e.TextDelta) and r.event.block in finished)]


@pytest.mark.parametrize(
    ("kind", "size", "keys"), [*((kind, (120, 40), ()) for kind in KINDS), ("decide", (200, 60), ("f4",))]
)
async def test_one_a_frame_all_at_once_and_opened_again_are_equal(stage_of, caught_up, kind, size, keys):
    records = getattr(tapes, kind)()
    live = stage_of(records[:1], frame=0.0)
    async with live.app.run_test(size=size) as pilot:
        await caught_up(pilot, live)
        for record in records[1:]:
            live.port.play(record)
            await pilot.pause(0)
        await caught_up(pilot, live)
        await pilot.press(*keys)
        await pilot.pause()
        one_a_frame = picture(live)
    at_once = await shown(stage_of(records), caught_up, size, keys)
    opened_again = await shown(stage_of(pruned(records), frame=0.0), caught_up, size, keys)
    assert one_a_frame == at_once
    assert opened_again == at_once


async def test_a_lost_redraw_would_be_seen(stage_of, caught_up, monkeypatch):
    """The comparison above is not blind: without the chat's redraws the pictures differ."""
    from tui.chat import Chat

    whole = await shown(stage_of(tapes.decide(), frame=0.0), caught_up, (120, 40))
    touch = Chat._touch

    def lost(self, index, how):
        return self._tops[-1] if how == "changed" else touch(self, index, how)

    monkeypatch.setattr(Chat, "_touch", lost)
    live = stage_of(tapes.decide()[:1], frame=0.0)
    async with live.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, live)
        for record in tapes.decide()[1:]:
            live.port.play(record)
            await pilot.pause(0)
        await caught_up(pilot, live)
        assert picture(live) != whole


async def test_a_resize_there_and_back_changes_nothing(stage_of, caught_up):
    stage = stage_of(tapes.decide())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        before = picture(stage)
        for size in ((80, 24), (20, 5), (200, 60), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.pause()
        assert picture(stage) == before
