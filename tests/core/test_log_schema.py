"""Logs of every released version open; logs of later versions are left alone."""

import importlib.util
import shutil
import sqlite3
from pathlib import Path

import pytest

from core.events import NoticeGiven
from core.log import Log, LogDamaged, LogError, LogReader, LogTooNew, schema

SCHEMAS = Path(__file__).parent / "schemas"


def golden_events():
    spec = importlib.util.spec_from_file_location("golden_make", SCHEMAS / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.EVENTS)


def released() -> list[int]:
    return list(range(1, schema.known_version() + 1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "golden.db"


@pytest.mark.parametrize("version", released())
async def test_every_released_schema_opens_with_all_its_records(version, path):
    shutil.copyfile(SCHEMAS / f"log-{version}.db", path)
    async with await Log.open(path, "golden") as log:
        assert [record.event for record in await log.read()] == golden_events()
        assert {record.at for record in await log.read()} == {"2026-01-31T12:00:00.000000Z"}
        await log.append([NoticeGiven(text="still going")])
        assert await log.verify() == len(golden_events()) + 1
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (schema.known_version(),)
    db.close()


@pytest.mark.parametrize("version", released())
async def test_every_released_schema_can_be_read_without_changing_it(version, path):
    shutil.copyfile(SCHEMAS / f"log-{version}.db", path)
    before = path.read_bytes()
    async with await LogReader.open(path) as reader:
        assert [record.event for record in await reader.read()] == golden_events()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["golden.db"]


async def test_a_log_of_a_later_version_is_refused_with_a_sentence_and_kept(path):
    shutil.copyfile(SCHEMAS / "log-1.db", path)
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {schema.known_version() + 1}")
    db.close()
    before = path.read_bytes()
    for opening in (Log.open(path, "golden"), LogReader.open(path)):
        with pytest.raises(LogTooNew, match="Update Heddle") as caught:
            await opening
        assert str(path) in str(caught.value)
    assert path.read_bytes() == before


async def test_a_migration_is_whole_and_leaves_a_copy(path, monkeypatch):
    shutil.copyfile(SCHEMAS / "log-1.db", path)
    step = ("ALTER TABLE record ADD COLUMN note TEXT", "CREATE TABLE extra (x)")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    last = schema.known_version()
    async with await Log.open(path, "golden") as log:
        assert [record.event for record in await log.read()] == golden_events()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (last,)
        assert db.execute("SELECT count(*) FROM extra").fetchone() == (0,)
    db.close()
    copy = path.with_name(f"golden.db.v{last - 1}.bak")
    assert copy.stat().st_mode & 0o777 == 0o600
    async with await LogReader.open(copy) as reader:
        assert [record.event for record in await reader.read()] == golden_events()


async def test_a_migration_that_fails_half_way_changes_nothing(path, monkeypatch):
    shutil.copyfile(SCHEMAS / "log-1.db", path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("CREATE TABLE extra (x)", "no sql")))
    with pytest.raises(LogError):
        await Log.open(path, "golden")
    monkeypatch.undo()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (schema.known_version(),)
        assert db.execute("SELECT name FROM sqlite_master WHERE name = 'extra'").fetchall() == []
    db.close()
    async with await Log.open(path, "golden") as log:
        assert len(await log.read()) == len(golden_events())


async def test_a_log_that_was_never_finished_being_made_does_not_block_the_name(path):
    path.with_name("golden.db.new").write_bytes(b"half")
    async with await Log.open(path, "golden", create=True) as log:
        await log.append([NoticeGiven(text="a")])
    assert sorted(file.name for file in path.parent.iterdir()) == ["golden.db", "golden.db.lock"]


async def test_a_log_that_does_not_name_its_session_is_damaged(path):
    shutil.copyfile(SCHEMAS / "log-1.db", path)
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM meta")
    db.close()
    with pytest.raises(LogDamaged, match="which session"):
        await LogReader.open(path)
