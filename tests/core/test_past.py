"""A session's past: what its records say about resuming."""

from typing import get_args

import pytest

from core import events as e
from core.past import Past

WHO = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}


def changed(path: str, patch: str = "", **more) -> e.FileChanged:
    who = {**WHO, **more}
    return e.FileChanged(**who, path=path, kind="modified", added_lines=1, removed_lines=0, patch=patch)


def past_of(*events: e.Event) -> Past:
    past = Past()
    for event in events:
        past.note(event)
    return past


def decided(path: str, verdict: e.Verdict) -> e.ChangeDecided:
    return e.ChangeDecided(path=path, verdict=verdict, by="user")


def finished(**more) -> e.RunFinished:
    return e.RunFinished(
        **{
            "run": "r1",
            "status": "done",
            "answer": "Done.",
            "files": (),
            "cost_usd": "0.00",
            "by_role": {},
            "by_model": {},
            **more,
        }
    )


@pytest.mark.parametrize("kind", get_args(e.Event), ids=lambda kind: kind.__name__)
def test_every_event_is_taken_in(kind, samples):
    past_of(samples[kind])


@pytest.fixture
def samples():
    """One event of each kind, with the emptiest content that its types allow."""
    import msgspec

    plain = {str: "x", int: 0, float: 0.5, bool: False}

    def value(kind):
        if kind in plain:
            return plain[kind]
        options = get_args(kind)
        if getattr(kind, "__origin__", kind) is tuple:
            return ()
        if getattr(kind, "__origin__", kind) is dict:
            return {}
        return options[0] if options and isinstance(options[0], str) else None

    def sample(kind):
        fields = msgspec.structs.fields(kind)
        needed = [field for field in fields if field.required]
        return kind(**{f.name: "0.01" if f.name.endswith("_usd") else value(f.type) for f in needed})

    return {kind: sample(kind) for kind in get_args(e.Event)}


def test_a_changed_file_waits_undecided_and_again_after_each_change():
    past = past_of(changed("a"), decided("a", "accepted"))
    assert past.verdicts == {"a": "accepted"}
    past.note(changed("a", "again"))
    assert past.verdicts == {"a": "undecided"} and past.changes["a"].patch == "again"
    past.note(e.ChangeWithdrawn(**WHO, path="a"))
    assert not past.changes and not past.verdicts


def test_a_decision_on_nothing_leaves_no_trace():
    assert past_of(decided("a", "accepted")).verdicts == {}


def test_an_applied_change_waits_no_more_until_it_is_undone():
    past = past_of(
        changed("a"),
        changed("b"),
        e.ChangeApplied(path="a", apply="1"),
        e.ChangeApplied(path="b", apply="1"),
    )
    assert not past.changes and past.applies == {"1": {"a", "b"}}
    past.note(e.ChangeUndone(path="a", apply="1"))
    assert list(past.changes) == ["a"] and past.verdicts == {"a": "undecided"}
    assert past.applies == {"1": {"b"}} and list(past.applied) == ["b"]
    past.note(e.ChangeUndone(path="b", apply="1"))
    assert past.applies == {}


def test_an_undo_does_not_bring_back_an_older_version_of_what_waits():
    past = past_of(
        changed("a", "old"),
        e.ChangeApplied(path="a", apply="1"),
        changed("a", "new"),
        e.ChangeUndone(path="a", apply="1"),
    )
    assert past.changes["a"].patch == "new"


def test_a_run_is_open_until_it_is_finished():
    call = e.CallStarted(**WHO, call="c1", model="m", input_tokens=10, reserved_usd="0.01")
    past = past_of(
        e.RequestSubmitted(run="r1", text="do it"),
        e.NodeStarted(**WHO, model="m"),
        call,
        e.TextDelta(**WHO, text="hello", block="b"),
    )
    assert past.open_run is not None and list(past.open_nodes) == ["fast_coder"]
    assert past.open_calls == {"c1": call} and past.heard == {"fast_coder": 5}
    past.note(finished())
    assert past.open_run is None and past.runs == 1
    assert [(run.request, run.answer) for run in past.answers] == [("do it", "Done.")]
    past.note(e.RequestSubmitted(run="r2", text="more"))
    assert not past.open_nodes and not past.open_calls
