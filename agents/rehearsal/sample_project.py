"""The sample project: a small HTTP API that the rehearsal's scripts work on."""

from pathlib import Path

import pygit2

SAMPLE = Path(__file__).parent / "sample"
_AUTHOR = ("Heddle", "heddle@heddle.invalid")
_COMMITTED_AT = 1_767_225_600
"""2026-01-01 00:00 UTC, always: every copy has the same commit id."""
_RENAMED = {"gitignore": ".gitignore"}
"""Dotfiles are packaged without their dot, since package data leaves them out."""


def copy_sample(to: Path) -> Path:
    """Make a fresh copy as a Git repository with one commit, and give back its folder.

    `to` must not exist or be an empty folder; raises `FileExistsError`.
    """
    if to.exists() and any(to.iterdir()):
        raise FileExistsError(f"{to} is not empty.")
    files = sample_files()
    for name, data in files.items():
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o644)
    _commit(to, files)
    return to


def sample_files() -> dict[str, bytes]:
    """The sample's files by their path, sorted."""
    found = (path for path in SAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    relative = {path.relative_to(SAMPLE).as_posix(): path for path in found}
    named = {_RENAMED.get(name, name): path.read_bytes() for name, path in relative.items()}
    return dict(sorted(named.items()))


def _commit(folder: Path, files: dict[str, bytes]) -> None:
    """One commit of these bytes, untouched by the user's Git settings."""
    repository = pygit2.init_repository(str(folder), initial_head="main")
    for name, data in files.items():
        mode = pygit2.enums.FileMode.BLOB
        repository.index.add(pygit2.IndexEntry(name, repository.create_blob(data), mode))
    repository.index.write()
    author = pygit2.Signature(*_AUTHOR, time=_COMMITTED_AT, offset=0)
    tree = repository.index.write_tree()
    repository.create_commit("HEAD", author, author, "Bookshelf, a small HTTP API\n", tree, [])
    repository.free()
