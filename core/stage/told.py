"""A change of the stage, told as the event that goes on record."""

from core.events import FileChanged
from core.stage.change import Change


def file_changed(change: Change, *, run: str, node: str, role: str) -> FileChanged:
    """The event that says how a file differs from its base now, and whose work it is."""
    return FileChanged(
        run=run,
        node=node,
        role=role,
        path=change.path,
        kind=change.kind,
        added_lines=change.added_lines,
        removed_lines=change.removed_lines,
        patch=change.patch,
        binary=change.binary,
        old_path=change.old_path,
    )
