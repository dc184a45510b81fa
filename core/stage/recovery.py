"""Carrying a plan out so that all of it happens or nothing, and taking back what a crash left."""

import errno
from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from core.stage.journal import Journals, Plan
from core.stage.outcome import ApplyFailed, Stale, name_some
from core.stage.plan import Draft
from core.stage.rollback import Rollback
from core.stage.transaction import Moved, Transaction
from core.text import sanitise_line

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "there is no permission to write there",
    errno.EPERM: "that is not permitted",
    errno.ENAMETOOLONG: "a file name is too long for the file system",
}


def carry_out(store: Journals, draft: Draft) -> None:
    """Do what the draft says.

    Raises:
        Stale: a file changed since the draft was made; everything was taken back.
        OSError: a step failed; everything was taken back.
    """
    plan = draft.plan
    try:
        store.begin(plan, draft.blobs)
        Transaction(plan, draft.found, draft.contents).run()
        store.close(plan)
    except Moved as moved:
        _take_back_now(store, plan)
        raise Stale([str(moved.args[0])]) from None
    except BaseException:
        _take_back_now(store, plan)
        raise


def _take_back_now(store: Journals, plan: Plan) -> None:
    try:
        _take_back(store, plan)
    except OSError as problem:
        raise ApplyFailed(
            f"Writing failed half way and cannot be taken back yet: {describe(problem)}. "
            "The next start of Heddle takes it back; nothing is lost."
        ) from problem


def _take_back(store: Journals, plan: Plan) -> list[str]:
    """Restore what was before a transaction that is not complete; sentences about what was left alone."""
    if not store.is_begun(plan.id):
        store.discard(plan.id)
        return []
    rollback = Rollback(plan, store)
    rollback.run()
    if not rollback.kept:
        store.discard(plan.id)
        return []
    kept = store.set_aside(plan.id)
    names = name_some(rollback.kept)
    return [f"{names} changed after the crash and was left alone; what it was before is kept in {kept}."]


def recover_all(store: Journals) -> list[str]:
    """Take back every transaction that is not complete; sentences for the user."""
    said: list[str] = []
    for identity in store.unfinished():
        said += _recover_one(store, identity)
    return said


def _recover_one(store: Journals, identity: str) -> list[str]:
    try:
        plan = store.load(identity)
    except (msgspec.DecodeError, ValueError):
        kept = store.set_aside(identity)
        return [
            f"The journal of an interrupted apply cannot be read. It is kept in {kept}; check the project."
        ]
    if plan is None:
        store.discard(identity)
        return []
    try:
        said = _take_back(store, plan)
    except OSError as problem:
        return [
            f"An interrupted {plan.kind} cannot be taken back yet: {describe(problem)}. Start again then."
        ]
    return [f"An {plan.kind} was interrupted; the files are as they were before it.", *said]


def describe(problem: OSError) -> str:
    """What went wrong, as a part of a sentence."""
    reason = _REASONS.get(problem.errno or 0, problem.strerror or "of a fault of the file system")
    return f"{reason} ({sanitise_line(str(problem.filename))})" if problem.filename else reason


@contextmanager
def reported() -> Generator[None]:
    """Turn what the file system says into a sentence.

    Raises:
        ApplyFailed: for any OSError, and for journals that cannot be read.
    """
    try:
        yield
    except OSError as problem:
        raise ApplyFailed(
            f"Nothing was written: {describe(problem)}. The files are as they were."
        ) from problem
    except msgspec.DecodeError as problem:
        raise ApplyFailed(f"Nothing was written: an undo point cannot be read ({problem}).") from problem
