"""What happens to a log when processes are killed, disks fill up and files are damaged."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from core.events import NoticeGiven, TextDelta
from core.log import Log, LogBusy, LogDamaged, LogFull, LogReader, LogTooNew
from tests.support.waiting import LONG

ROOT = Path(__file__).resolve().parents[2]
PROLOGUE = f"""
import asyncio, os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from core.events import NoticeGiven, TextDelta
from core.log import Log, LogFull, LogReader
path = Path(sys.argv[1])
"""


def start(body: str, *arguments: object, **options) -> subprocess.Popen[str]:
    """Another Python process that runs `body` with the log's path."""
    command = [sys.executable, "-c", PROLOGUE + textwrap.dedent(body), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def texts(records) -> list[str]:
    return [record.event.text for record in records]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s1.db"


async def fill(path: Path, count: int) -> None:
    async with await Log.open(path, "s1", create=True) as log:
        for number in range(count):
            await log.append([NoticeGiven(text=f"text number {number}")])


WRITER = """
async def main():
    log = await Log.open(path, "s1", create=True)
    number = 0
    while True:
        deltas = [TextDelta(run="r1", node="n", role="n", block="b", text="x")] * (number % 3)
        for record in await log.append([*deltas, NoticeGiven(text=f"n{number}")]):
            print(record.seq, flush=True)
        number += 1
asyncio.run(main())
"""


async def test_killing_the_writer_loses_no_committed_record(path):
    with start(WRITER, path) as writer:
        try:
            acknowledged = [int(writer.stdout.readline()) for _ in range(100)]
            with pytest.raises(LogBusy) as caught:
                await Log.open(path, "s1")
            assert caught.value.pid == writer.pid
        finally:
            writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    async with await LogReader.open(path) as reader:
        found = [record.seq for record in await reader.read(limit=100_000)]
        assert found[: len(acknowledged)] == acknowledged
        assert found == list(range(1, len(found) + 1))
    async with await Log.open(path, "s1") as log:
        assert await log.verify() == len(found)
        await log.append([NoticeGiven(text="on we go")])


async def test_a_torn_or_garbled_tail_still_opens_with_a_prefix(path, tmp_path):
    async with await Log.open(path, "s1", create=True) as log:
        for number in range(40):
            await log.append([NoticeGiven(text=f"{number}:" + "x" * 400)])
        whole = texts(await log.read())
        images = path.read_bytes(), path.with_name("s1.db-wal").read_bytes()
    chance = random.Random(7)
    lengths = set()
    for attempt in range(24):
        torn = tmp_path / f"torn{attempt}" / "s1.db"
        torn.parent.mkdir()
        cut = chance.randrange(len(images[1]))
        garbage = chance.randbytes(300) if attempt % 2 else b""
        torn.write_bytes(images[0])
        torn.with_name("s1.db-wal").write_bytes(images[1][:cut] + garbage)
        async with await LogReader.open(torn) as reader:
            found = texts(await reader.read())
        assert found == whole[: len(found)]
        async with await Log.open(torn, "s1") as log:
            assert texts(await log.read()) == found
            await log.append([NoticeGiven(text="more")])
            assert await log.verify() == len(found) + 1
        lengths.add(len(found))
    assert len(lengths) > 10


@pytest.mark.parametrize("number", [0, 10, 59])
async def test_a_flipped_byte_is_found_and_the_rest_can_be_salvaged(path, number):
    await fill(path, 60)
    image = path.read_bytes()
    marker = f'"text number {number}"'.encode()
    assert image.count(marker) == 1
    path.write_bytes(image.replace(marker, marker.replace(b"text", b"tex\x75")))
    async with await LogReader.open(path) as reader:
        with pytest.raises(LogDamaged, match="checksum") as caught:
            await reader.read()
        assert caught.value.seq == number + 1
        assert str(path) in str(caught.value)
        with pytest.raises(LogDamaged):
            await reader.verify()
    async with await LogReader.open(path, salvage=True) as reader:
        assert texts(await reader.read()) == [f"text number {n}" for n in range(60) if n != number]
        assert reader.damaged == (number + 1,)
        assert await reader.read(after=60) == []


async def test_nothing_is_appended_after_a_damaged_end(path):
    await fill(path, 60)
    image = path.read_bytes()
    path.write_bytes(image.replace(b'"text number 59"', b'"text number 58"'))
    damaged = path.read_bytes()
    with pytest.raises(LogDamaged):
        await Log.open(path, "s1")
    assert path.read_bytes() == damaged


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM record WHERE seq = 30",
        "UPDATE record SET at = '2030-01-01T00:00:00.000000Z' WHERE seq = 30",
        "UPDATE record SET type = 'text_delta' WHERE seq = 30",
        "UPDATE record SET chain = x'00' WHERE seq = 30",
        "UPDATE record SET body = 7 WHERE seq = 30",
        "UPDATE record SET body = CAST(x'ff' AS TEXT) WHERE seq = 30",
        "UPDATE record SET seq = 100 WHERE seq = 30",
    ],
)
async def test_tampering_breaks_the_chain(path, statement):
    await fill(path, 60)
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER record_is_never_changed")
        db.execute("DROP TRIGGER only_deltas_are_deleted")
        db.execute(statement)
    db.close()
    async with await LogReader.open(path) as reader:
        with pytest.raises(LogDamaged):
            await reader.verify()
        with pytest.raises(LogDamaged):
            await reader.read()


async def test_damage_anywhere_gives_a_sentence_or_the_truth(path, tmp_path):
    """Random bytes over the file: never a hang, never an error of another kind, never a wrong record."""
    await fill(path, 200)
    image = path.read_bytes()
    true = [f"text number {number}" for number in range(200)]
    chance = random.Random(3)
    refused = 0
    for _ in range(60):
        copy = bytearray(image)
        at = chance.randrange(len(copy) - 64)
        copy[at : at + 64] = chance.randbytes(64)
        path.write_bytes(copy)
        try:
            async with await LogReader.open(path, salvage=True) as reader:
                found = texts(await reader.read())
            assert [text for text in found if text not in true] == []
        except (LogDamaged, LogTooNew):
            refused += 1
    assert refused < 60


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "it is empty"), (b"hello", "no SQLite database"), (b"SQLite format 3\0" + b"x" * 500, "damaged")],
)
async def test_a_file_that_is_no_log_is_refused_and_kept(path, content, said):
    path.write_bytes(content)
    for opening in (LogReader.open(path), Log.open(path, "s1"), Log.open(path, "s1", create=True)):
        with pytest.raises(LogDamaged, match=said) as caught:
            await opening
        assert str(path) in str(caught.value)
    assert path.read_bytes() == content
    assert {file.name for file in path.parent.iterdir()} <= {"s1.db", "s1.db.lock"}


async def test_a_folder_or_pipe_in_place_of_a_log_is_refused(path):
    os.mkfifo(path)
    with pytest.raises(LogDamaged, match="no regular file"):
        await LogReader.open(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(LogDamaged, match="no regular file"):
        await Log.open(path, "s1", create=True)


async def test_another_programs_database_is_refused(path):
    sqlite3.connect(path).execute("CREATE TABLE record (seq)").connection.close()
    for opening in (LogReader.open(path), Log.open(path, "s1")):
        with pytest.raises(LogDamaged, match="no session log of Heddle"):
            await opening


async def test_a_full_disk_is_said_and_nothing_is_lost(path):
    body = """
    import resource
    async def main():
        async with await Log.open(path, "s1", create=True) as log:
            await log.append([NoticeGiven(text="before")])
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
            try:
                await log.append([NoticeGiven(text="x" * 500_000)])
            except LogFull as error:
                print(error)
            print(len(await log.read()), log.last)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await log.append([NoticeGiven(text="after")])
            print(await log.verify())
    asyncio.run(main())
    """
    with start(body, path) as process:
        out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0, err
    full, lengths, verified = out.splitlines()
    assert "full" in full
    assert "Free some space" in full
    assert (lengths, verified) == ("1 1", "2")


async def test_sqlites_own_word_for_a_full_disk_is_understood(path):
    async with await Log.open(path, "s1", create=True) as log:
        await log._database.rows("PRAGMA max_page_count = 12")
        with pytest.raises(LogFull):
            await log.append([NoticeGiven(text="x" * 500_000)])
        await log.append([NoticeGiven(text="small")])
        assert texts(await log.read()) == ["small"]


async def test_a_program_that_fails_with_an_open_log_still_ends(path):
    body = """
    async def main():
        global log, reader
        log = await Log.open(path, "s1", create=True)
        await log.append([NoticeGiven(text="a")])
        reader = await LogReader.open(path)
        raise SystemExit(7)
    asyncio.run(main())
    """
    with start(body, path) as process:
        try:
            assert process.wait(timeout=LONG) == 7
        finally:
            process.kill()


def _bubblewrap_works() -> bool:
    command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "true"]
    if shutil.which("bwrap") is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _bubblewrap_works(), reason="needs bubblewrap to make a folder read-only")
@pytest.mark.parametrize("killed", [False, True])
async def test_a_log_in_a_read_only_folder_is_read_whole(path, killed):
    log = await Log.open(path, "s1", create=True)
    for number in range(30):
        await log.append([NoticeGiven(text=str(number))])
    image, wal = path.read_bytes(), path.with_name("s1.db-wal").read_bytes()
    await log.close()
    if killed:
        path.write_bytes(image)
        path.with_name("s1.db-wal").write_bytes(wal)
    before = sorted(path.parent.iterdir())
    body = """
    async def main():
        async with await LogReader.open(path) as reader:
            print(len(await reader.read()), await reader.verify())
    asyncio.run(main())
    """
    script = PROLOGUE + textwrap.dedent(body)
    confined = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--setenv", "TMPDIR", "/dev/shm"]
    command = [*confined, sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=False)
    assert done.stdout.split() == ["30", "30"], done.stderr
    assert sorted(path.parent.iterdir()) == before


async def test_reading_what_a_killed_writer_left_changes_no_record(path):
    with start(WRITER, path) as writer:
        for _ in range(20):
            writer.stdout.readline()
        writer.kill()
    async with await LogReader.open(path) as reader:
        count = len(await reader.read(limit=100_000))
    async with await LogReader.open(path) as reader:
        assert len(await reader.read(limit=100_000)) == count
        assert all(isinstance(r.event, NoticeGiven | TextDelta) for r in await reader.read())
