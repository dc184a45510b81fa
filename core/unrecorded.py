"""What was written into the project, or taken back, by an engine that died before it could put that on record.

The journals know: each complete one names its session. It is recorded when the session is opened again.
"""

import hashlib
from pathlib import Path

import msgspec

from core.applying import afterwards, rest_of
from core.events import ChangeApplied, Event, NoticeGiven
from core.spelling import recorded
from core.stage import Change, Stage
from core.stage.journal import Journals, Plan
from core.stage.portion import Portion, portion_of, written
from core.stage.shadow import Item
from core.undoing import follow_undo
from core.waiting import WaitingChanges

_NOTICE = "The engine ended right after it had written to your project: that is on record by now."


def find_unrecorded(journals: Path, session: str, waiting: WaitingChanges) -> list[Plan]:
    """Transactions of a session that are complete, and of which its records say nothing; oldest first."""
    if not journals.is_dir():
        return []
    store = Journals(journals)
    with store.locked():
        plans = [_load(store, identity) for identity in store.complete()]
    return [plan for plan in plans if plan is not None and plan.session == session and _is_new(plan, waiting)]


def _load(store: Journals, identity: str) -> Plan | None:
    try:
        return store.load(identity)
    except msgspec.DecodeError:
        return None


def _is_new(plan: Plan, waiting: WaitingChanges) -> bool:
    if plan.undoes is None:
        return plan.id not in waiting.recorded
    standing = waiting.applies.get(plan.undoes, set())
    return bool(standing & {recorded(step.path) for step in plan.steps})


def catch_up(stage: Stage, waiting: WaitingChanges, plan: Plan) -> list[Event]:
    """Let the stage follow a transaction, and tell what happened."""
    paths = list(dict.fromkeys(step.path for step in plan.steps))
    if plan.undoes is not None:
        return [*follow_undo(stage, waiting, plan.undoes, paths), NoticeGiven(text=_NOTICE)]
    known = [path for path in paths if recorded(path) in waiting.changes]
    events: list[Event] = [ChangeApplied(path=recorded(path), apply=plan.id) for path in known]
    for path in known:
        events += afterwards(lambda path=path: _follow(stage, waiting, plan, path))
    for path in known:
        events += rest_of(stage, recorded(path), waiting.changes[recorded(path)], applied=True)
    return [*events, NoticeGiven(text=_NOTICE)] if events else []


def _follow(stage: Stage, waiting: WaitingChanges, plan: Plan, path: str) -> None:
    """Make what was written of a file its base, unless it is that already."""
    change = stage.change(path)
    if change is None or change.path != path:
        return
    states = [step.new for step in plan.steps if step.path == path and step.new is not None]
    digest = states[0].digest if states else None
    if _is(stage, stage.history.base.get(path), digest) and change.old_path is None:
        return
    decided = waiting.decided[recorded(path)]
    accepted = decided.with_verdict("accepted") if decided.pieces else None
    portion = portion_of(stage, change, accepted)
    if not _is(stage, portion.item, digest):
        portion = _as_it_is(stage, change, digest)
    if portion is not None:
        written(stage, portion)


def _as_it_is(stage: Stage, change: Change, digest: str | None) -> Portion | None:
    """What the project holds, when that is what was written."""
    item = stage.theirs(change.path)
    return Portion(change, item, None) if _is(stage, item, digest) else None


def _is(stage: Stage, item: Item | None, digest: str | None) -> bool:
    if item is None or digest is None:
        return item is None and digest is None
    return hashlib.sha256(stage.history.load(item)).hexdigest() == digest
