"""A look at the project while a session is open: what the user changed there since the stage read it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.stage.follow import survey_project
from core.stage.shadow import Item
from core.stage.stage import Stage
from core.stage.survey import Survey


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found."""

    folders: tuple[str, ...]
    """Every folder of the project that holds something of it, without the top."""
    followed: list[str]
    """Files that no node has touched: the stage holds them as they are."""
    ahead: dict[str, Item | None] = field(default_factory=dict[str, Item | None])
    """Files that the project holds differently than the stage's base, as they are there; None: not there."""


def look(stage: Stage, *, follow: bool) -> Look:
    """Compare the project with the stage's base.

    `follow` lets untouched files of the stage follow. That is for times when no node works: one that has
    read a file must not write over another state of it.

    Raises:
        StageError: the project cannot be read.
        OSError: the stage cannot be written.
    """
    with stage.lock:
        manifest = stage.manifest
        survey = survey_project(manifest, stage.folder, known=manifest.files)
        followed = stage.refresh(survey) if follow else []
        ahead = {path: stage.theirs(path) for path in _candidates(stage, survey)}
        differing = {path: item for path, item in ahead.items() if item != _base(stage, path)}
        return Look(tuple(survey.folders), followed, differing)


def _candidates(stage: Stage, survey: Survey) -> Iterable[str]:
    """Files whose timestamps say that they may differ."""
    known = stage.manifest.files
    gone = (known.keys() | stage.history.base.keys()) - survey.files.keys()
    changed = (path for path, now in survey.files.items() if _is_new(stage, path, now))
    return sorted({*gone, *changed})


def _is_new(stage: Stage, path: str, now: object) -> bool:
    entry = stage.manifest.files.get(path)
    return entry is None or entry.project != now


def _base(stage: Stage, path: str) -> Item | None:
    """What the stage's file was made from; an untouched one is what the tree holds."""
    base = stage.history.base
    return base[path] if path in base else stage.ours(path)
