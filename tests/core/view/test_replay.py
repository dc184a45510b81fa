"""A session played again: any state of it equals the one that the live fold had there."""

import random

import msgspec
import pytest

from core import events as e
from core.record import timestamp
from core.view.replay import LONGEST_MS, Replay
from core.view.session import SessionView
from tests.support import recordings as tapes

KINDS = ["decide", "applied", "feedback", "failed", "question", "hunks", "waiting", "committed", "hostile"]


def state(value):
    """Everything that a view holds, as plain data that can be compared."""
    if isinstance(value, msgspec.Struct):
        fields = [(name, state(getattr(value, name))) for name in value.__struct_fields__]
        return (type(value).__name__, fields)
    if hasattr(value, "__dict__"):
        return (type(value).__name__, {name: state(part) for name, part in vars(value).items()})
    if isinstance(value, dict):
        return [(key, state(part)) for key, part in value.items()]
    if isinstance(value, list | tuple):
        return [state(part) for part in value]
    return value


def replay_of(records):
    replay = Replay(SessionView())
    for record in records:
        replay.add(record)
    return replay


def seek(replay, target):
    replay.approach(target)
    while replay.position < target:
        replay.step()


def folded(records):
    view = SessionView()
    for record in records:
        view.apply(record)
    return view


@pytest.mark.parametrize("kind", KINDS)
def test_any_state_is_the_one_that_the_live_fold_had(kind, monkeypatch):
    monkeypatch.setattr("core.view.replay._SPACING", 7)
    records = getattr(tapes, kind)()
    replay = replay_of(records)
    places = random.Random(kind).choices(range(len(records) + 1), k=12)
    for target in [len(records), *places, 0, len(records)]:
        seek(replay, target)
        assert state(replay.view) == state(folded(records[:target])), target


def test_the_parts_of_the_view_stay_the_same_objects():
    records = tapes.decide()
    replay = replay_of(records)
    parts = [replay.view.transcript, replay.view.graph, replay.view.changes, replay.view.costs]
    seek(replay, len(records))
    assert replay.approach(5)
    assert parts == [replay.view.transcript, replay.view.graph, replay.view.changes, replay.view.costs]


def test_going_back_folds_few_records_however_long_the_session_is():
    records = tapes.many(300)
    replay = replay_of(records)
    seek(replay, len(records))
    for target in (len(records) - 1, len(records) // 2, 1_234):
        replay.approach(target)
        assert target - replay.position < replay._spacing <= 1_000


def test_memory_for_checkpoints_is_bounded(monkeypatch):
    monkeypatch.setattr("core.view.replay._SPACING", 2)
    records = tapes.many(40)
    replay = replay_of(records)
    seek(replay, len(records))
    assert len(replay._checkpoints) <= 24
    seek(replay, 101)
    assert state(replay.view) == state(folded(records[:101]))


def test_long_waits_are_cut_short():
    records = tapes.decide()[:3]
    later = timestamp(tapes.START.replace(hour=23))
    replay = replay_of([*records[:2], msgspec.structs.replace(records[2], at=later)])
    assert [replay.time_at(n) for n in range(4)] == [0, 0, 100, 100 + LONGEST_MS]
    assert replay.length == 100 + LONGEST_MS
    assert [replay.position_at(t) for t in (-1, 0, 99, 100, 10**9)] == [0, 1, 1, 2, 3]


def test_a_step_takes_the_deltas_of_one_text_together():
    records = tapes.decide()
    replay = replay_of(records)
    stops = [0]
    while stops[-1] < len(records):
        stops.append(replay.after(stops[-1]))
    assert len(stops) < len(records)
    back = [len(records)]
    while back[-1]:
        back.append(replay.before(back[-1]))
    assert back[::-1] == stops


def kinds(replay, kind):
    return [mark.text for mark in replay.marks if mark.kind == kind]


def test_what_is_worth_jumping_to_is_marked():
    applied = replay_of(tapes.applied())
    assert (
        kinds(applied, "decision") == ["accepted README.md", "written: README.md"]
        or len(kinds(applied, "decision")) == 1
    )
    failed = replay_of(tapes.failed())
    assert any("stream broke off" in text for text in kinds(failed, "failure"))
    assert kinds(failed, "failure")[-1] == "the run failed"
    first = failed.next_mark("failure", 0)
    assert first is not None
    assert failed.last_mark("failure", first.position) is None
    assert failed.next_mark("failure", first.position).position > first.position
    assert failed.last_mark("failure", 10**9).text == "the run failed"
    assert "asked:" in kinds(replay_of(tapes.question()), "decision")[0]
    assert replay_of(tapes.empty()).marks == []


def test_a_spike_is_a_call_that_costs_much_more_than_the_others():
    tape = tapes.Tape().start().request()
    for cost in ("0.010", "0.012", "0.029", "0.011", "0.040"):
        tape.charge("fast_coder", "fast_coder", 10, 10, cost=cost)
    assert kinds(replay_of(tape.records), "spike") == ["$0.0400 for one call of fast_coder"]
    alone = tapes.Tape().start().request().charge("architect", "architect", 10, 10, cost="0.5")
    assert len(kinds(replay_of(alone.records), "spike")) == 1


def test_handoffs_are_marked_with_who_and_whom():
    tape = tapes.Tape().start().request()
    tape.add(
        e.HandedOff(run="r1", from_role="researcher", to_role="senior_coder", reason="an index is missing")
    )
    assert kinds(replay_of(tape.records), "handoff") == ["researcher → senior_coder"]


def test_what_is_marked_is_safe_to_draw():
    assert not any("\x1b" in mark.text for mark in replay_of(tapes.hostile()).marks)
