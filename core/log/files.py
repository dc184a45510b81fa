"""A log's file: what it must look like before SQLite sees it, how it is made and brought up to date."""

import os
import stat
from pathlib import Path

from core.log import schema
from core.log.database import Database
from core.log.errors import LogDamaged, LogMissing, LogTooNew

_MAGIC = b"SQLite format 3\0"


def check_file(path: Path) -> None:
    """Refuse what is no database, without opening it as one.

    Raises:
        LogMissing: there is no such file.
        LogDamaged: it is no database.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LogMissing(path) from error
    if not stat.S_ISREG(mode):
        raise LogDamaged(path, "it is no regular file")
    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
    if not start:
        raise LogDamaged(path, "it is empty")
    if start != _MAGIC:
        raise LogDamaged(path, "it is no SQLite database")


async def check_schema(database: Database, path: Path) -> int:
    """The file's schema version.

    Raises:
        LogDamaged: a database of something else.
        LogTooNew: written by a newer version.
    """
    if await database.value("PRAGMA application_id") != schema.APPLICATION_ID:
        raise LogDamaged(path, "it is a database, but no session log of Heddle")
    version = int(await database.value("PRAGMA user_version"))
    if version > schema.known_version():
        raise LogTooNew(path, version, schema.known_version())
    return version


async def create(path: Path, session: str) -> None:
    """Make an empty log. It appears under its name only when it is whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    for left in (fresh, fresh.with_name(fresh.name + "-journal")):
        left.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    database = await Database.open(fresh, writable=True)
    try:
        await _apply(database, 0, [("INSERT INTO meta VALUES ('session', ?)", [(session,)])])
    finally:
        await database.close()
    fresh.rename(path)
    _sync_folder(path.parent)


async def migrate(database: Database, path: Path, version: int) -> None:
    """Bring an older file up to date, in one transaction; a copy of the old one stays beside it."""
    if version == schema.known_version():
        return
    await database.back_up(path.with_name(f"{path.name}.v{version}.bak"))
    await _apply(database, version, [])


async def _apply(database: Database, version: int, more: list[tuple[str, list[tuple[str]]]]) -> None:
    steps = [(sql, [()]) for migration in schema.MIGRATIONS[version:] for sql in migration]
    stamp = [
        (f"PRAGMA application_id = {schema.APPLICATION_ID}", [()]),
        (f"PRAGMA user_version = {schema.known_version()}", [()]),
    ]
    await database.transact([*steps, *more, *stamp])


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
