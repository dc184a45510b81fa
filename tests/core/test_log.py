"""The session log: what is committed stays, in order, once."""

import asyncio
import fcntl
import os
import sqlite3
from pathlib import Path

import pytest

from core.events import NodeFinished, NoticeGiven, TextDelta, TextDiscarded, TextFinished
from core.log import Log, LogBusy, LogClosed, LogError, LogMissing, LogReader, find_holder
from core.log.lock import lock_path
from core.record import Record
from tests.support.waiting import SOON

NODE = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}


def notice(text) -> NoticeGiven:
    return NoticeGiven(text=str(text))


def delta(text: str, block: str = "b1") -> TextDelta:
    return TextDelta(**NODE, text=text, block=block)


def finished(text: str, block: str = "b1") -> TextFinished:
    return TextFinished(**NODE, text=text, block=block)


def texts(records: list[Record]) -> list[str]:
    return [record.event.text for record in records]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sessions" / "s1.db"


async def test_what_was_appended_is_read_again_in_order_after_reopening(path):
    async with await Log.open(path, "s1", create=True) as log:
        first = await log.append([notice("a"), notice("b")])
        second = await log.append([notice("c")])
        assert await log.read() == first + second
        assert await log.read(after=1, limit=1) == first[1:]
        assert log.last == 3
    async with await Log.open(path, "s1") as log:
        assert log.last == 3
        assert await log.read() == first + second
        assert [record.seq for record in await log.append([notice("d")])] == [4]
        assert await log.verify() == 4
    assert [record.session for record in first] == ["s1", "s1"]


async def test_appending_nothing_makes_no_record(path):
    async with await Log.open(path, "s1", create=True) as log:
        assert await log.append([]) == []
        assert await log.read() == []
        assert await log.verify() == 0


async def test_files_are_private_and_only_the_log_and_its_lock_are_left(path):
    async with await Log.open(path, "s1", create=True) as log:
        await log.append([notice("a")])
        assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(file.name for file in path.parent.iterdir()) == ["s1.db", "s1.db.lock"]


async def test_a_lone_surrogate_becomes_the_replacement_character(path):
    async with await Log.open(path, "s1", create=True) as log:
        written = await log.append([notice("a\ud800b \U0001f600"), delta("\udcff")])
        assert texts(written) == ["a\ufffdb \U0001f600", "\ufffd"]
        assert await log.read() == written
        assert await log.verify() == 2


async def test_a_second_writer_is_told_who_holds_the_log_and_where(path):
    socket = path.parent / "engine.sock"
    async with await Log.open(path, "s1", create=True, socket=socket):
        with pytest.raises(LogBusy) as caught:
            await Log.open(path, "s1")
        assert (caught.value.pid, caught.value.socket) == (os.getpid(), socket)
        holder = find_holder(path)
        assert holder is not None
        assert (holder.pid, holder.socket) == (os.getpid(), socket)
    assert find_holder(path) is None
    async with await Log.open(path, "s1"):
        holder = find_holder(path)
        assert holder is not None
        assert holder.socket is None


@pytest.mark.parametrize("name", ["", f"{2**22 + 1}\n/run/killed.sock\n"], ids=["no name", "of a killed one"])
async def test_whoever_only_looks_keeps_no_writer_out_however_little_processor_it_gets(path, name):
    async with await Log.open(path, "s1", create=True):
        pass
    lock = lock_path(path)
    lock.write_text(name)
    with lock.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        opening = asyncio.ensure_future(Log.open(path, "s1"))
        done, _ = await asyncio.wait({opening}, timeout=0.4)
        assert not done, opening.exception()
    async with await opening:
        assert find_holder(path) is not None


async def test_a_missing_log_is_not_made_unless_asked(path):
    for opening in (Log.open(path, "s1"), LogReader.open(path)):
        with pytest.raises(LogMissing, match="no session log"):
            await opening
    assert not path.parent.exists()


async def test_a_log_of_another_session_is_refused(path):
    await (await Log.open(path, "s1", create=True)).close()
    with pytest.raises(LogError, match="holds session s1, not s2"):
        await Log.open(path, "s2")
    async with await Log.open(path, "s1"):
        pass


async def test_wait_returns_when_a_later_record_is_committed(path):
    async with await Log.open(path, "s1", create=True) as log:
        waiter = asyncio.ensure_future(log.wait(1))
        await log.append([notice("a")])
        await asyncio.sleep(0)
        assert not waiter.done()
        await log.append([notice("b")])
        await asyncio.wait_for(waiter, SOON)
        await asyncio.wait_for(log.wait(0), SOON)


async def test_followers_see_every_record_once_and_end_with_the_log(path):
    log = await Log.open(path, "s1", create=True)
    seen: dict[int, list[int]] = {0: [], 250: []}

    async def follow(after: int) -> None:
        async for record in log.follow(after):
            seen[after].append(record.seq)

    followers = [asyncio.ensure_future(follow(after)) for after in seen]
    for count in range(100):
        await log.append([notice(count)] * 5)
    async with asyncio.timeout(SOON):
        while any(not seqs or seqs[-1] < 500 for seqs in seen.values()):
            await asyncio.sleep(0)
        await log.close()
        await asyncio.gather(*followers)
    assert seen == {0: list(range(1, 501)), 250: list(range(251, 501))}


async def test_a_closed_log_says_so(path):
    log = await Log.open(path, "s1", create=True)
    waiter = asyncio.ensure_future(log.wait(0))
    await asyncio.sleep(0)
    await log.close()
    await log.close()
    for call in (waiter, log.append([notice("a")]), log.read(), log.prune()):
        with pytest.raises(LogClosed):
            await call


@pytest.mark.parametrize("steps", range(0, 14, 2))
async def test_cancelling_an_append_neither_loses_nor_doubles(path, steps):
    async with await Log.open(path, "s1", create=True) as log:
        task = asyncio.ensure_future(log.append([notice("first"), notice("second")]))
        for _ in range(steps + 1):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        last = await log.append([notice("last")])
        assert texts(await log.read()) == ["first", "second", "last"]
        assert last[0].seq == log.last == 3
        assert await log.verify() == 3


async def test_closing_waits_for_an_append_whose_caller_was_cancelled(path):
    log = await Log.open(path, "s1", create=True)
    task = asyncio.ensure_future(log.append([notice("a")]))
    await asyncio.sleep(0)
    task.cancel()
    await log.close()
    async with await LogReader.open(path) as reader:
        assert texts(await reader.read()) == ["a"]


async def test_concurrent_appends_keep_their_order_and_stay_whole(path):
    async with await Log.open(path, "s1", create=True) as log:
        batches = await asyncio.gather(*(log.append([notice(n), notice(n)]) for n in range(50)))
        assert [record for batch in batches for record in batch] == await log.read()
        assert texts(await log.read()) == [str(n) for n in range(50) for _ in range(2)]


async def test_prune_deletes_deltas_of_finished_blocks_only(path):
    async with await Log.open(path, "s1", create=True) as log:
        await log.append([delta("a"), delta("x", "b2"), delta("b"), notice("n"), delta("y", "b3")])
        await log.append([finished("ab"), TextDiscarded(**NODE, block="b3", reason="cut"), delta("z", "b2")])
        assert await log.prune() == 2
        assert [record.seq for record in await log.read()] == [2, 4, 5, 6, 7, 8]
        assert await log.verify() == 6
        await log.append([finished("xz", "b2")])
        assert await log.prune() == 2
        assert await log.prune() == 0
    async with await Log.open(path, "s1") as log:
        assert [record.seq for record in await log.append([notice("on")])] == [10]
        assert [record.seq for record in await log.read(after=2)] == [4, 5, 6, 7, 9, 10]
        assert await log.verify() == 6


async def test_no_record_can_be_changed_or_deleted_in_the_file(path):
    async with await Log.open(path, "s1", create=True) as log:
        await log.append([notice("a"), delta("b")])
    with sqlite3.connect(path) as other:
        for statement in ("UPDATE record SET body = '{}'", "DELETE FROM record"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(statement)
        other.execute("DELETE FROM record WHERE type = 'text_delta'")
    other.close()


async def test_readers_work_while_the_writer_works(path):
    async with await Log.open(path, "s1", create=True) as log:
        await log.append([notice("a")])
        async with await LogReader.open(path) as reader:
            assert reader.session == "s1"
            assert texts(await reader.read()) == ["a"]
            await log.append([notice("b")])
            assert texts(await reader.read(after=1)) == ["b"]
            assert await reader.last() == 2
            await log.close()
            assert texts(await reader.read()) == ["a", "b"]
            async with await Log.open(path, "s1") as again:
                await again.append([notice("c")])
                assert texts(await reader.read(after=2)) == ["c"]


async def test_reading_a_closed_log_leaves_nothing_beside_it(path):
    async with await Log.open(path, "s1", create=True) as log:
        await log.append([notice("a")])
    async with await LogReader.open(path) as reader:
        assert texts(await reader.read()) == ["a"]
        assert sorted(file.name for file in path.parent.iterdir()) == ["s1.db", "s1.db.lock"]


async def test_a_failed_transaction_leaves_no_trace_and_no_lock(path):
    async with await Log.open(path, "s1", create=True) as log:
        await log.append([notice("a")])
        with pytest.raises(LogError):
            await log._database.transact([("INSERT INTO meta VALUES (?, 'x')", [("new",), ("session",)])])
        await log.append([notice("b")])
        assert texts(await log.read()) == ["a", "b"]
        assert await log._database.value("SELECT count(*) FROM meta") == 1


async def test_an_event_that_this_version_does_not_know_stands_as_a_notice(path):
    """A later version may add event types without a new schema; nothing is skipped, so no seq is missing."""
    from core.log.rows import _checksum

    async with await Log.open(path, "s1", create=True) as log:
        await log.append([notice("a")])
    body = b'{"type":"moon_risen","phase":"full"}'
    at = "2030-01-01T00:00:00.000000Z"
    with sqlite3.connect(path) as later:
        (tip,) = later.execute("SELECT chain FROM record").fetchone()
        chain = _checksum(tip, 2, at.encode(), b"moon_risen", body)
        later.execute("INSERT INTO record VALUES (2, ?, 'moon_risen', ?, ?)", (at, body.decode(), chain))
    later.close()
    async with await Log.open(path, "s1") as log:
        await log.append([notice("b")])
        found = await log.read()
        assert [record.seq for record in found] == [1, 2, 3]
        assert isinstance(found[1].event, NoticeGiven)
        assert "moon_risen" in found[1].event.text
        assert await log.verify() == 3


async def test_twenty_thousand_records_are_read_in_pages_and_complete(path):
    async with await Log.open(path, "s1", create=True) as log:
        for _ in range(4):
            await log.append([notice("x" * 200)] * 5_000)
        after = count = 0
        while page := await log.read(after):
            assert [record.seq for record in page] == list(range(after + 1, after + 1 + len(page)))
            after, count = page[-1].seq, count + len(page)
        assert count == 20_000


async def test_a_network_file_system_gets_no_shared_memory(path, monkeypatch):
    monkeypatch.setattr("core.log.writer.is_network", lambda folder: True)
    async with await Log.open(path, "s1", create=True) as log:
        await log.append([delta("a"), notice("b")])
        assert sorted(file.name for file in path.parent.iterdir()) == ["s1.db", "s1.db.lock"]
        async with await LogReader.open(path) as reader:
            await log.append([notice("c")])
            assert texts(await reader.read()) == ["a", "b", "c"]


def test_local_and_network_file_systems_are_told_apart(tmp_path):
    from core.log.filesystem import filesystem_magic, is_network

    assert filesystem_magic(Path("/proc")) == 0x9FA0
    assert filesystem_magic(tmp_path / "missing") is None
    assert not is_network(Path("/proc"))


async def test_everything_of_a_node_is_durable_but_its_deltas_are_cheap(path):
    """Deltas must not pay for a flush to disk; whatever decides or finishes must."""
    async with await Log.open(path, "s1", create=True) as log:
        await log.append([delta("a")])
        assert await log._database.value("PRAGMA synchronous") == 1
        done = NodeFinished(**NODE, status="done", summary="", duration_ms=1)
        await log.append([delta("b"), done])
        assert await log._database.value("PRAGMA synchronous") == 2
