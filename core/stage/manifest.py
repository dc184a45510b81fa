"""What a stage remembers about the project beside its shadow repository: one small file of JSON.

It is written last when a stage is made, so its presence says that the stage is whole.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from core.spelling import escape, unescape
from core.stage.change import StageError
from core.stage.survey import Seen

VERSION = 1


class Entry(msgspec.Struct, array_like=True):
    """A staged file as it was copied: what `lstat` said in the project, and of the copy."""

    project: Seen
    copy: Seen
    oid: str | None = None
    """The base's blob, kept where timestamps are too fresh to tell whether the project's file is the same."""


class Manifest(msgspec.Struct):
    project: str
    """The project's real path."""
    given: str
    """The path as it was given, when links lead there."""
    version: int = VERSION
    files: dict[str, Entry] = {}
    left_out: dict[str, str] = {}
    nested: list[str] = []


def _recoded(manifest: Manifest, recode: Callable[[str], str]) -> Manifest:
    return Manifest(
        project=recode(manifest.project),
        given=recode(manifest.given),
        version=manifest.version,
        files={recode(path): entry for path, entry in manifest.files.items()},
        left_out={recode(path): why for path, why in manifest.left_out.items()},
        nested=[recode(path) for path in manifest.nested],
    )


def save(manifest: Manifest, place: Path) -> None:
    """Replace the file in one step."""
    data = msgspec.json.encode(_recoded(manifest, escape))
    beside = place.with_name(place.name + ".new")
    beside.write_bytes(data)
    beside.replace(place)


def load(place: Path) -> Manifest:
    """Read it.

    Raises:
        StageError: it is missing, damaged, or of a newer version.
    """
    try:
        manifest = msgspec.json.decode(place.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise StageError("There is no stage here; it has to be made again.") from None
    except (msgspec.DecodeError, OSError) as problem:
        raise StageError(f"The stage's manifest cannot be read: {problem}.") from None
    if manifest.version > VERSION:
        raise StageError("The stage was made by a newer version of Heddle.")
    return _recoded(manifest, unescape)
