"""What comes with a project and needs the user's word before it is used: kept by its name and exact content."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import msgspec

from core.paths import make_private, project_key

_Told = dict[str, dict[str, dict[str, Any]]]


class Trust:
    """One file of what the user said, in the state folder, where no project can write."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def said(self, project: Path, name: str, fingerprint: str) -> bool | None:
        """What the user said of exactly this; None: nothing yet."""
        row = self._told().get(project_key(project), {}).get(name, {})
        return row.get("trusted") if row.get("fingerprint") == fingerprint else None

    def keep(self, project: Path, name: str, fingerprint: str, *, trusted: bool) -> None:
        """Remember what the user said. What has another fingerprint is asked about again."""
        told = self._told()
        told.setdefault(project_key(project), {})[name] = {"fingerprint": fingerprint, "trusted": trusted}
        make_private(self._path.parent)
        new = self._path.with_suffix(f".{os.getpid()}.new")
        new.write_text(json.dumps(told, indent=1), "utf-8")
        new.replace(self._path)

    def _told(self) -> _Told:
        """Nothing when the file is broken: then everything is asked about again."""
        with contextlib.suppress(OSError, ValueError):
            return msgspec.convert(json.loads(self._path.read_text("utf-8")), _Told)
        return {}
