"""The index: derived from the logs, never in anybody's way, and made again when it is lost."""

import asyncio
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.events import (
    FileChanged,
    ModelCalled,
    NoticeGiven,
    RequestSubmitted,
    RunFinished,
    SessionRenamed,
    SessionStarted,
    TextDelta,
    TextFinished,
)
from core.index import Index, IndexUnreadable, Sought
from core.log import Log
from core.money import to_pico
from core.record import Record

SCHEMAS = Path(__file__).parent / "schemas"
NODE = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}
START = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)


def call(cost: str, *, role="fast_coder", model="nova", estimated=False) -> ModelCalled:
    return ModelCalled(
        run="r1",
        node=role,
        role=role,
        call="c",
        model=model,
        input_tokens=10,
        output_tokens=2,
        cache_read_tokens=3,
        cache_write_tokens=4,
        cost_usd=cost,
        latency_ms=1,
        estimated=estimated,
    )


def changed(path: str) -> FileChanged:
    return FileChanged(**NODE, path=path, kind="modified", added_lines=1, removed_lines=0, patch="")


def finished(answer: str, status="done") -> RunFinished:
    return RunFinished(
        run="r1", status=status, answer=answer, files=(), cost_usd="0", by_role={}, by_model={}
    )


def started(project: str) -> SessionStarted:
    return SessionStarted(
        project=project, version="0", roster="current", backend="rehearsal", confinement="confined"
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "state" / "index.db")


async def write(logs: Path, session: str, *events, hours: int = 0) -> list:
    """Append to a session's log, making it first where needed."""
    moment = START + timedelta(hours=hours)
    path = logs / f"{session}.db"
    async with await Log.open(path, session, create=True, clock=lambda: moment) as log:
        return await log.append(events)


SHOP = (
    started("/srv/shop"),
    RequestSubmitted(run="r1", text="\nAdd a GET /health endpoint\nplease"),
    call("0.0000000087"),
    call("1.50", role="architect", model="opus", estimated=True),
    changed("api/routes.py"),
    finished("Es gibt jetzt einen Endpunkt für 健康检查."),
)
BLOG = (
    started("/srv/blog"),
    RequestSubmitted(run="r1", text="Fix the 100% CPU bug in the lexer"),
    call("0.25", model="opus"),
    finished("", "failed"),
    RequestSubmitted(run="r2", text="Again"),
)


async def test_a_session_is_listed_with_its_title_cost_and_state(logs, index):
    records = await write(logs, "s1", *SHOP)
    assert await index.update(records)
    (row,) = await index.sessions()
    assert (row.id, row.project, row.title) == ("s1", "/srv/shop", "Add a GET /health endpoint")
    assert (row.started, row.last_at) == (records[0].at, records[-1].at)
    assert (row.records, row.runs, row.status) == (6, 1, "done")
    assert row.cost == to_pico("1.5000000087")
    assert row.estimated is True


async def test_the_most_recent_session_comes_first_and_a_project_has_its_own(logs, index):
    await index.update(await write(logs, "s1", *SHOP))
    await index.update(await write(logs, "s2", *BLOG, hours=2))
    await index.update(await write(logs, "s3", started("/srv/shop"), hours=1))
    rows = await index.sessions()
    assert [(row.id, row.status) for row in rows] == [("s2", "running"), ("s3", "new"), ("s1", "done")]
    assert [row.id for row in await index.sessions(Sought(project=Path("/srv/shop")))] == ["s3", "s1"]


QUERIES = {
    "": {"s1", "s2"},
    "health": {"s1"},
    "HEAL": {"s1"},
    "endpoint routes": {"s1"},
    "api/routes.py": {"s1"},
    "health lexer": set(),
    "100%": {"s2"},
    "endpunkt für": {"s1"},
    "健康检查": {"s1"},
    "康检": {"s1"},
    "utes": {"s1"},
    "srv/blog": {"s2"},
    '"': set(),
    "' OR 1 --": set(),
    "% _ \\": set(),
    "NEAR( * ^ AND": set(),
    "nul\0l": set(),
}


@pytest.mark.parametrize("full_text", [True, False])
async def test_words_are_found_in_prompts_answers_and_paths(logs, index, monkeypatch, full_text):
    if not full_text:
        plain = (
            "CREATE VIRTUAL TABLE passage USING no_such_module(x)",
            "CREATE TABLE passage (session, text)",
        )
        monkeypatch.setattr("core.index.tables._PASSAGES", plain)
    await index.update(await write(logs, "s1", *SHOP))
    await index.update(await write(logs, "s2", *BLOG))
    for query, expected in QUERIES.items():
        assert {row.id for row in await index.sessions(Sought(words=query))} == expected, query


async def test_charges_add_up_by_day_role_model_and_project(logs, index):
    await index.update(await write(logs, "s1", *SHOP))
    await index.update(await write(logs, "s2", *BLOG, hours=2))

    async def sums(by, **options):
        return {row.key: (row.cost, row.calls) for row in await index.charges(by, **options)}

    assert await sums("day") == {
        "2026-01-31": (to_pico("1.5000000087"), 2),
        "2026-02-01": (to_pico("0.25"), 1),
    }
    assert await sums("role") == {
        "architect": (to_pico("1.5"), 1),
        "fast_coder": (to_pico("0.2500000087"), 2),
    }
    assert await sums("model") == {"opus": (to_pico("1.75"), 2), "nova": (to_pico("0.0000000087"), 1)}
    assert await sums("project", since="2026-02-01") == {"/srv/blog": (to_pico("0.25"), 1)}
    assert await sums("model", project=Path("/srv/blog")) == {"opus": (to_pico("0.25"), 1)}
    assert [row.key for row in await index.charges("model")] == ["opus", "nova"]
    (row,) = await index.charges("project", project=Path("/srv/shop"))
    assert (row.input_tokens, row.output_tokens, row.cache_read_tokens, row.cache_write_tokens) == (
        20,
        4,
        6,
        8,
    )
    assert row.estimated is True


async def test_the_same_records_twice_count_once(logs, index):
    records = await write(logs, "s1", *SHOP)
    assert await index.update(records[:4])
    assert await index.update(records[:4])
    assert await index.update(records[2:])
    (row,) = await index.sessions()
    assert (row.runs, row.cost, row.records) == (1, to_pico("1.5000000087"), 6)


async def test_an_index_that_is_behind_says_so_and_catches_up(logs, index):
    records = await write(logs, "s1", *SHOP)
    assert await index.update(records[:2])
    assert not await index.update(records[4:])
    (row,) = await index.sessions()
    assert row.records == 2
    done = await index.catch_up(logs)
    assert (done.ok, done.sessions, done.damaged) == (True, ("s1",), {})
    (row,) = await index.sessions()
    assert (row.records, row.cost, row.status) == (6, to_pico("1.5000000087"), "done")


async def test_catching_up_reads_only_what_is_new(logs, index):
    await write(logs, "s1", *SHOP)
    await write(logs, "s2", *BLOG)
    assert set((await index.catch_up(logs)).sessions) == {"s1", "s2"}
    assert (await index.catch_up(logs)).sessions == ()
    await write(logs, "s2", call("0.5"))
    assert (await index.catch_up(logs)).sessions == ("s2",)
    assert [row.cost for row in await index.sessions(Sought(project=Path("/srv/blog")))] == [to_pico("0.75")]


async def test_a_log_that_is_being_written_is_indexed_too(logs, index):
    async with await Log.open(logs / "s1.db", "s1", create=True) as log:
        for count, event in enumerate(SHOP, 1):
            await log.append([event])
            assert (await index.catch_up(logs)).ok
            assert [row.records for row in await index.sessions()] == [count]


async def test_pruned_deltas_are_no_gap_for_catching_up(logs, index):
    async with await Log.open(logs / "s1.db", "s1", create=True) as log:
        deltas = [TextDelta(**NODE, text="x", block="b")] * 5
        await log.append([started("/srv/shop"), *deltas, TextFinished(**NODE, text="x", block="b")])
        await log.append([call("1")])
        await log.prune()
    assert (await index.catch_up(logs)).ok
    (row,) = await index.sessions()
    assert (row.cost, row.records) == (to_pico("1"), 8)


async def test_rebuilding_gives_what_was_there_and_lists_damaged_logs(logs, index):
    await index.update(await write(logs, "s1", *SHOP))
    await index.update(await write(logs, "s2", *BLOG))
    before = await index.sessions(), await index.charges("day")
    (logs / "s3.db").write_bytes(b"no database")
    done = await index.rebuild(logs)
    assert done.ok
    assert set(done.sessions) == {"s1", "s2"}
    assert list(done.damaged) == [logs / "s3.db"]
    assert "damaged" in done.damaged[logs / "s3.db"]
    assert (await index.sessions(), await index.charges("day")) == before


@pytest.mark.parametrize("content", [None, b"", b"rubbish" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_lost_or_broken_index_is_harmless(logs, index, tmp_path, content):
    records = await write(logs, "s1", *SHOP)
    await index.update(records)
    path = tmp_path / "state" / "index.db"
    for part in path.parent.iterdir():
        part.unlink()
    if content is not None:
        path.write_bytes(content)
    assert await index.sessions() == []
    assert (await index.catch_up(logs)).ok
    assert [row.records for row in await index.sessions()] == [6]


async def test_an_index_of_another_version_is_made_anew(logs, index, tmp_path):
    await index.update(await write(logs, "s1", *SHOP))
    with sqlite3.connect(tmp_path / "state" / "index.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    assert (await index.catch_up(logs)).sessions == ("s1",)
    assert len(await index.sessions()) == 1


async def test_sessions_whose_log_is_gone_are_forgotten(logs, index):
    await index.update(await write(logs, "s1", *SHOP))
    await index.update(await write(logs, "s2", *BLOG))
    (logs / "s1.db").unlink()
    await index.catch_up(logs)
    assert [row.id for row in await index.sessions()] == ["s2"]
    assert [row.key for row in await index.charges("project")] == ["/srv/blog"]
    assert await index.sessions(Sought(words="health")) == []


async def test_a_log_that_was_put_back_from_a_backup_counts_anew(logs, index, tmp_path):
    await write(logs, "s1", *SHOP[:3])
    shutil.copy(logs / "s1.db", tmp_path / "backup.db")
    await write(logs, "s1", *SHOP[3:])
    await index.catch_up(logs)
    shutil.copy(tmp_path / "backup.db", logs / "s1.db")
    await index.catch_up(logs)
    assert [(row.records, row.cost) for row in await index.sessions()] == [(3, to_pico("0.0000000087"))]


async def test_a_place_that_cannot_be_written_raises_nothing_into_a_session(logs, tmp_path):
    (tmp_path / "state").write_text("a file in the way")
    index = Index(tmp_path / "state" / "index.db")
    records = await write(logs, "s1", *SHOP)
    assert await index.update(records) is False
    assert (await index.catch_up(logs)).ok is False
    assert (await index.rebuild(logs)).ok is False
    with pytest.raises(IndexUnreadable, match="cannot be read"):
        await index.sessions()


async def test_a_charge_that_makes_no_sense_does_not_break_the_others(logs, index):
    await write(logs, "s1", started("/srv/shop"), call("a lot"))
    await write(logs, "s2", *BLOG)
    done = await index.catch_up(logs)
    assert not done.ok
    assert "s2" in {row.id for row in await index.sessions()}


async def test_no_sessions_at_all(logs, index):
    done = await index.catch_up(logs)
    assert (done.ok, done.sessions) == (True, ())
    assert await index.sessions() == []
    assert await index.charges("day") == []


async def test_several_heddles_write_at_once(logs, tmp_path):
    path = tmp_path / "state" / "index.db"
    batches = {name: await write(logs, name, *SHOP) for name in ("s1", "s2", "s3", "s4")}
    done = await asyncio.gather(*(Index(path).update(records) for records in batches.values()))
    assert all(done)
    assert {row.id for row in await Index(path).sessions()} == set(batches)


async def test_logs_of_every_released_version_can_be_indexed(logs, index):
    logs.mkdir()
    shutil.copy(SCHEMAS / "log-1.db", logs / "golden.db")
    assert (await index.catch_up(logs)).sessions == ("golden",)
    (row,) = await index.sessions(Sought(words="health"))
    assert (row.title, row.cost) == ("Add a GET /health endpoint", to_pico("0.001216"))


async def test_ten_thousand_records_of_many_kinds_are_indexed(logs, index):
    async with await Log.open(logs / "s1.db", "s1", create=True) as log:
        await log.append([started("/p"), *[NoticeGiven(text="n")] * 5_000, *[call("0.001")] * 5_000])
    assert (await index.catch_up(logs)).ok
    assert [row.cost for row in await index.sessions()] == [to_pico("5")]


async def test_requests_are_found_again_each_text_once_the_latest_first(index, tmp_path):
    for number, text in ((1, "Fix it"), (2, "Add a route"), (3, "Fix it")):
        at = f"2026-01-3{number - 1}T09:00:00.000000Z"
        session = f"s{number}"
        await index.update(
            [
                Record(
                    1,
                    session,
                    at,
                    SessionStarted(
                        project=f"/p{number}",
                        version="1",
                        roster="r",
                        backend="bedrock",
                        confinement="confined",
                    ),
                ),
                Record(2, session, at, RequestSubmitted(run="r1", text=text)),
            ]
        )
    assert [(one.text, one.session, one.project) for one in await index.requests()] == [
        ("Fix it", "s3", "/p3"),
        ("Add a route", "s2", "/p2"),
    ]
    assert [one.text for one in await index.requests(1)] == ["Fix it"]


async def test_sessions_are_sought_by_day_and_cost_and_their_passages_shown(index):
    rows = {row.id: row for row in await index.sessions()}
    assert rows == {}
    for number in (1, 2):
        at = f"2026-01-0{number}T09:00:00.000000Z"
        session = f"s{number}"
        await index.update(
            [
                Record(
                    1,
                    session,
                    at,
                    SessionStarted(
                        project="/p", version="1", roster="r", backend="bedrock", confinement="confined"
                    ),
                ),
                Record(2, session, at, RequestSubmitted(run="r1", text=f"Make number {number}")),
                Record(
                    3,
                    session,
                    at,
                    ModelCalled(
                        run="r1",
                        node="n",
                        role="fast_coder",
                        call="c",
                        model="m",
                        input_tokens=1,
                        output_tokens=1,
                        cache_read_tokens=0,
                        cache_write_tokens=0,
                        cost_usd=f"{number}.00",
                        latency_ms=1,
                        estimated=False,
                    ),
                ),
            ]
        )

    async def ids(**sought):
        return [row.id for row in await index.sessions(Sought(**sought))]

    assert await ids(since="2026-01-02") == ["s2"]
    assert await ids(until="2026-01-01") == ["s1"]
    assert await ids(since="2026-01-01", until="2026-01-02") == ["s2", "s1"]
    assert await ids(least=to_pico("1.50")) == ["s2"]
    assert await index.passages("s1", "numb mak") == ["Make number 1"]
    assert await index.passages("s1", "2") == []
    assert await index.passages("s1", " ") == []


async def test_a_session_is_called_what_the_user_named_it(index):
    at = "2026-01-01T09:00:00.000000Z"
    start = SessionStarted(project="/p", version="1", roster="r", backend="bedrock", confinement="confined")
    named = SessionRenamed(title="The big one", by="user")
    await index.update(
        [
            Record(1, "s1", at, start),
            Record(2, "s1", at, RequestSubmitted(run="r1", text="Do it")),
            Record(3, "s1", at, named),
        ]
    )
    await index.update([Record(4, "s1", at, RequestSubmitted(run="r2", text="And this"))])
    (row,) = await index.sessions(Sought(words="big"))
    assert row.title == "The big one"
