"""Changes into the project, and back out: each time one journaled transaction.

Either every file is written or none, also when the process is killed or the disk is full. A file
that the user changed meanwhile is never overwritten: then nothing is written at all.
"""

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from core.stage.change import EXECUTABLE, LINK, Change
from core.stage.journal import FileKind, Journals, Plan, State, Step, digest
from core.stage.outcome import Applied, ApplyError, ApplyFailed, NothingToUndo, Stale, UndoRefused, name_some
from core.stage.plan import Planner, Wish
from core.stage.recovery import carry_out, recover_all, reported
from core.text import sanitise_line

__all__ = [
    "Applied",
    "ApplyError",
    "ApplyFailed",
    "NothingToUndo",
    "Stale",
    "UndoRefused",
    "apply",
    "recover",
    "undo",
]


def apply(project: Path, changes: Sequence[Change], journals: Path, session: str = "") -> Applied:
    """Write changes into the project, all of them or none.

    `journals` is the project's journal folder (`Home.journals`); the apply stays there as undo point of
    the session.

    Raises:
        Stale: the user changed some of the files meanwhile.
        ApplyFailed: they cannot be written.
    """
    if not changes:
        return Applied("", ())
    _require_folder(project)
    store = Journals(journals)
    with reported(), store.locked():
        recover_all(store)
        planner = Planner(os.path.realpath(project), [wish for change in changes for wish in _wishes(change)])
        draft = planner.draft(store.next_id(), "apply", session=session)
        if draft.unfit:
            raise Stale(draft.unfit)
        carry_out(store, draft)
    return Applied(draft.plan.id, tuple(change.path for change in changes))


def undo(
    project: Path,
    journals: Path,
    paths: Collection[str] | None = None,
    applies: Collection[str] | None = None,
    session: str = "",
) -> Applied:
    """Restore what was there before the last apply that still stands, or before it wrote `paths`.

    Only `applies` (ids) are considered when given. Paths that were undone already are passed over.

    Raises:
        NothingToUndo: no apply of these stands.
        UndoRefused: a file is not what the apply wrote; nothing was changed.
        ApplyFailed: the files cannot be written.
    """
    _require_folder(project)
    store = Journals(journals)
    with reported(), store.locked():
        recover_all(store)
        plan, standing = _last_standing(store, paths, applies)
        steps = [step for step in plan.steps if step.path in standing]
        bits = {**plan.prune, **{folder: mode for folder, mode in plan.make.items() if mode is not None}}
        planner = Planner(
            os.path.realpath(project),
            [_back(store, plan, step) for step in steps],
            folder_bits=bits,
            may_prune=list(plan.make),
        )
        draft = planner.draft(store.next_id(), "undo", plan.id, session)
        if draft.unfit:
            raise UndoRefused(
                f"Nothing was undone: {name_some(draft.unfit)} changed since it was applied, "
                "and undoing would lose that. Undo the other files by name, or restore it by hand."
            )
        carry_out(store, draft)
    return Applied(plan.id, tuple(dict.fromkeys(step.path for step in steps)))


def recover(journals: Path) -> list[str]:
    """Take back what a crash left half done; call it at every start. Returns sentences for the user.

    Waits while another process applies to the same project.
    """
    if not journals.is_dir():
        return []
    store = Journals(journals)
    with store.locked():
        return recover_all(store)


def _require_folder(project: Path) -> None:
    if not project.is_dir():
        raise ApplyFailed(
            f"Nothing was written: the project's folder {sanitise_line(str(project))} is not there."
        )


def _wishes(change: Change) -> list[Wish]:
    """What a change asks for: one path, or two for a rename."""
    old = None if change.old is None else _state(change.old, change.old_mode)
    gone = Wish(change.path, change.old_path, old, None) if change.old_path is not None else None
    kinds = {_kind(mode) for mode in (change.old_mode, change.new_mode) if mode is not None}
    there = Wish(
        path=change.path,
        place=change.path,
        old=None if gone else old,
        new=change.new,
        kind=_kind(change.new_mode),
        executable=change.new_mode == EXECUTABLE,
        bits=_bits(change.old_mode, change.new_mode),
        like=change.old_path,
        follow=kinds == {"file"} and change.old is not None and change.new is not None and gone is None,
    )
    return [gone, there] if gone else [there]


def _state(data: bytes, mode: int | None) -> State:
    return State(_kind(mode), None, digest(data), size=len(data))


def _kind(mode: int | None) -> FileKind:
    return "link" if mode == LINK else "file"


def _bits(old: int | None, new: int | None) -> Callable[[int | None], int | None]:
    """Only a change of the execute bit changes permissions; who may read may then run."""

    def bits(now: int | None) -> int | None:
        if now is None or old == new:
            return now
        return now | (now & 0o444) >> 2 if new == EXECUTABLE else now & ~0o111

    return bits


def _last_standing(
    store: Journals, paths: Collection[str] | None, applies: Collection[str] | None
) -> tuple[Plan, set[str]]:
    """The newest apply of which something stands, and the paths of it that are asked for and stand."""
    undone: dict[str, set[str]] = {}
    for identity in reversed(store.complete()):
        plan = store.load(identity)
        if plan is None:
            continue
        touched = {step.path for step in plan.steps}
        if plan.undoes is not None:
            undone.setdefault(plan.undoes, set()).update(touched)
            continue
        standing = touched - undone.get(identity, set())
        standing = standing if paths is None else standing & set(paths)
        if standing and (applies is None or identity in applies):
            return plan, standing
    raise NothingToUndo("There is nothing to undo: no change that was applied here still stands.")


def _back(store: Journals, plan: Plan, step: Step) -> Wish:
    """The wish that takes a step back."""
    old, new = step.old, step.new
    return Wish(
        path=step.path,
        place=step.place,
        old=new,
        new=None if old is None else store.load_bytes(plan.id, old),
        kind="file" if old is None else old.kind,
        bits=_bits_back(old, new),
        exact=True,
    )


def _bits_back(old: State | None, new: State | None) -> Callable[[int | None], int | None]:
    """The bits of before, unless the user changed them since."""

    def bits(now: int | None) -> int | None:
        before = None if old is None else old.mode
        if now is None or new is None or new.mode is None or now == new.mode:
            return before
        return now

    return bits
