"""The private copy of a project, its history, and the way of its changes into the project."""

from core.stage.change import Change, NotRegular, OutsideStage, StageError, Withdrawn
from core.stage.mark import Mark
from core.stage.stage import Stage

__all__ = ["Change", "Mark", "NotRegular", "OutsideStage", "Stage", "StageError", "Withdrawn"]
