"""What was applied of a session's work, as a commit needs it: read from the undo points, and from the project."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.git.committing import Content
from core.git.program import GitFailed
from core.git.repository import named
from core.spelling import recorded
from core.stage.change import EXECUTABLE, FILE, LINK
from core.stage.journal import Journals, Plan, State, digest
from core.stage.stage import Stage


@dataclass
class Trail:
    """One place of the project, and what the session's applies made of it."""

    became: State | None
    """What the last of them wrote there."""
    before: list[Content | None] = field(default_factory=list[Content | None])
    """What it was before each of them, the last first, as long as nobody else changed it in between."""
    broken: bool = False
    """Somebody else did, so what was before that says nothing."""


def find_trails(
    journals: Path, applies: Mapping[str, Collection[str]], paths: Collection[str]
) -> dict[str, Trail]:
    """What became of these paths, by place. `applies` are those that stand, oldest first: id → paths on record."""
    store = Journals(journals)
    found: dict[str, Trail] = {}
    with store.locked():
        for identity in reversed(list(applies)):
            plan = store.load(identity)
            for step in plan.steps if plan is not None else ():
                stands = recorded(step.path) in applies[identity]
                if plan is not None and stands and {recorded(step.path), recorded(step.place)} & set(paths):
                    _add(found, step.place, step.new, _content(store, plan, step.old))
    return found


def _add(found: dict[str, Trail], place: str, new: State | None, old: Content | None) -> None:
    """Follow a place one apply further back."""
    trail = found.get(place)
    if trail is None:
        trail = found[place] = Trail(new)
    elif trail.broken or not _is(trail.before[-1], new):
        trail.broken = True
        return
    trail.before.append(old)


def _content(store: Journals, plan: Plan, state: State | None) -> Content | None:
    if state is None:
        return None
    return Content(_mode(state), store.load_bytes(plan.id, state))


def _mode(state: State) -> int:
    if state.kind == "link":
        return LINK
    runs = state.executable if state.mode is None else bool(state.mode & 0o100)
    return EXECUTABLE if runs else FILE


def _is(content: Content | None, state: State | None) -> bool:
    """Whether a file is what an apply wrote."""
    if content is None or state is None:
        return content is None and state is None
    return digest(content.data) == state.digest and content.mode == _mode(state)


def in_project(stage: Stage, trails: Mapping[str, Trail]) -> dict[str, Content | None]:
    """The bytes that were applied, read from the project.

    Raises:
        GitFailed: the user changed one of the files since.
    """
    found: dict[str, Content | None] = {}
    for place in trails:
        item = stage.theirs(place)
        found[place] = None if item is None else Content(item.mode, stage.history.load(item))
    other = [place for place, trail in trails.items() if not _is(found[place], trail.became)]
    if other:
        raise GitFailed(
            f"You changed {named(other)} since it was applied, so the commit would hold that, too: "
            "commit it yourself."
        )
    return found
