"""A text is edited in the user's own editor: `$VISUAL`, else `$EDITOR`, else what is there."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_USUAL = ("nano", "vim", "vi")
_KEPT = "heddle-request-"


class EditorFailed(Exception):
    """The text was not edited: a sentence that says why, and that nothing was lost."""


def find_editor(environ: Mapping[str, str]) -> list[str]:
    """The editor and its arguments.

    Raises:
        EditorFailed: none is named that is there, and none of the usual ones is.
    """
    for variable in ("VISUAL", "EDITOR"):
        if environ.get(variable, "").strip():
            return _named(variable, environ[variable], environ.get("PATH"))
    for name in _USUAL:
        if shutil.which(name, path=environ.get("PATH")):
            return [name]
    raise EditorFailed("No editor was found. Set EDITOR to yours; what you typed is still here.")


def _named(variable: str, value: str, path: str | None) -> list[str]:
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise EditorFailed(
            f"${variable} cannot be read ({error}): {value}. What you typed is still here."
        ) from None
    if shutil.which(words[0], path=path) is None:
        raise EditorFailed(
            f"${variable} names {words[0]}, which is not there. Set it to another editor; what you typed is still here."
        )
    return words


def edit(text: str, editor: Sequence[str]) -> str:
    """Have the text edited, and wait until the editor ends. Give it the terminal first.

    Raises:
        EditorFailed: it could not be started, or ended with a fault; what it saved is kept and named.
    """
    folder = Path(tempfile.mkdtemp(prefix=_KEPT))
    file = folder / "request.md"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        code = subprocess.run([*editor, os.fspath(file)], check=False).returncode
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise EditorFailed(
            f"{editor[0]} could not be started: {error.strerror}. What you typed is still here."
        ) from None
    saved = _read(file)
    if code == 0 and saved is not None:
        shutil.rmtree(folder, ignore_errors=True)
        return saved.removesuffix("\n")
    if saved is None or saved == text:
        shutil.rmtree(folder, ignore_errors=True)
        raise EditorFailed(f"{editor[0]} ended with {code}. What you typed is still here.")
    raise EditorFailed(
        f"{editor[0]} ended with {code}, so nothing was taken over. What it saved is in {file}."
    )


def _read(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
