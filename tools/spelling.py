"""Paths as weak models spell them, made into the project's own spelling where it is plain what is meant."""

import os
import re
from pathlib import Path
from urllib.parse import unquote

from core.stage.stage import Stage
from tools.workbench import ToolError

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_CONTROL = re.compile(r"[\x01-\x1f\x7f]")


def meant(stage: Stage, path: str) -> str:
    """The path without white space around it, `file://`, a home's `~` and backslashes; what exists stays as it is.

    Raises:
        ToolError: a path of Windows, or a name with control characters, which is a slip and no wish.
    """
    if not path.strip() or _exists(stage, path):
        return path
    text = _local(path.strip())
    if _DRIVE.match(text):
        raise ToolError(f"“{text[:200]}” is a path of Windows. Use a path inside the project, with slashes.")
    if "\\" in text and not _exists(stage, text):
        text = text.replace("\\", "/")
    if _CONTROL.search(text) and not _exists(stage, text):
        raise ToolError(
            "The path holds control characters, such as a line end. Give one path, as plain text."
        )
    return _below_home(stage, text)


def meant_target(stage: Stage, target: str) -> str:
    """The same for a test's id: what stands after `::` is no path."""
    path, mark, name = target.partition("::")
    return meant(stage, path) + mark + name


def _exists(stage: Stage, path: str) -> bool:
    return os.path.lexists(os.path.join(stage.tree, path))  # noqa: PTH118 - each call of a tool asks


def _local(text: str) -> str:
    return unquote(re.sub(r"^file://(localhost(?=/))?", "", text)) if text.startswith("file://") else text


def _below_home(stage: Stage, text: str) -> str:
    """A project in the home folder may be named from there."""
    if not text.startswith("~/"):
        return text
    full = Path(os.path.expanduser(text))  # noqa: PTH111 - never raises
    return str(full) if full.is_relative_to(stage.project) else text
