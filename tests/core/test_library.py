"""The library: every session of a home, broken ones and open ones too."""

import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest

from core.events import (
    FileChanged,
    ModelCalled,
    RequestSubmitted,
    RunFinished,
    SessionRenamed,
    SessionStarted,
    TextFinished,
)
from core.index import Sought, read_sought
from core.library import Library
from core.log import Log, LogError, LogReader
from core.money import to_pico
from core.paths import find_home
from core.prices import load_prices
from core.refusal import Refusal
from core.settings import Settings

NODE = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}
START = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)
TODAY = date(2026, 1, 31)


@pytest.fixture
def home(tmp_path):
    return find_home({"HEDDLE_HOME": str(tmp_path / "home")})


@pytest.fixture
def library(home):
    def settings():
        return Settings(home=home, prices=load_prices(), interactive=False)

    return Library(home, settings)


async def write(home, session, text, *, project="/srv/shop", cost="0.10", days=0, end=True):
    moment = START + timedelta(days=days)
    events = [
        SessionStarted(project=project, version="0", roster="r", backend="rehearsal", confinement="confined"),
        RequestSubmitted(run="r1", text=text),
        ModelCalled(
            **NODE,
            call="c1",
            model="m",
            input_tokens=1,
            output_tokens=1,
            cache_read_tokens=0,
            cache_write_tokens=0,
            cost_usd=cost,
            latency_ms=1,
            estimated=False,
        ),
        FileChanged(**NODE, path="app/routes.py", kind="modified", added_lines=1, removed_lines=0, patch=""),
        TextFinished(**NODE, text=f"I look at {text}", block="b1"),
    ]
    if end:
        said = f"It is done: {text}"
        events.append(
            RunFinished(
                run="r1", status="done", answer=said, files=(), cost_usd=cost, by_role={}, by_model={}
            )
        )
    path = home.session_log(session)
    path.parent.mkdir(parents=True, exist_ok=True)
    async with await Log.open(path, session, create=True, clock=lambda: moment) as log:
        await log.append(events)


async def ids(library, text=""):
    return [entry.id for entry in await library.find(read_sought(text, TODAY).sought)]


async def test_sessions_are_found_by_what_is_typed(home, library):
    await write(home, "old", "Fix the login", project="/srv/Shop", cost="2.00")
    await write(home, "new", "Rename the store", project="/srv/blog", days=20)
    assert await ids(library) == []
    await library.look()
    assert await ids(library) == ["new", "old"]
    assert await ids(library, "log") == await ids(library, "done login") == ["old"]
    assert await ids(library, "routes.py") == ["new", "old"]
    assert await ids(library, "project:shop") == await ids(library, "project:SHOP") == ["old"]
    assert await ids(library, "project:s_op") == []
    assert await ids(library, "over:1.50") == await ids(library, "over:$1.50 fix") == ["old"]
    assert await ids(library, "since:2026-01-30") == await ids(library, "since:2d") == ["new"]
    assert await ids(library, "until:2026-01-10") == await ids(library, "until:2026-01-2") == ["old"]


@pytest.mark.parametrize(
    ("text", "sought"),
    [
        ("", Sought()),
        ("  a  b ", Sought(words="a b")),
        ("since: over: project:", Sought()),
        ("since:2 until:tod", Sought()),
        ("since:yesterday", Sought(since="2026-01-30")),
        ("since:7d until:2026-01", Sought(since="2026-01-24", until="2026-01")),
        ("since:99999d", Sought(since="1752-04-18")),
        ('"since:7d" http://x', Sought(words="since:7d http://x")),
        ('"two words', Sought(words="two words")),
    ],
)
def test_a_line_is_read_as_it_is_typed(text, sought):
    assert read_sought(text, TODAY).sought == sought
    assert read_sought(text, TODAY).problem == ""


@pytest.mark.parametrize("text", ["since:soon", "until:2026-13-40", "over:much"])
def test_what_is_not_understood_is_said_and_the_rest_holds(text):
    found = read_sought(f"fix {text} project:shop", TODAY)
    assert found.sought == Sought(words="fix", folder="shop")
    assert "Write it as" in found.problem


async def test_a_preview_says_what_was_asked_said_changed_and_spent(home, library):
    await write(home, "one", "Fix the login", cost="0.25")
    await library.look()
    seen = await library.preview("one", "look rout")
    (exchange,) = seen.exchanges
    assert (exchange.text, exchange.status) == ("Fix the login", "done")
    assert exchange.answer == "It is done: Fix the login"
    assert seen.paths == ("app/routes.py",)
    assert seen.roles == (("fast_coder", to_pico("0.25")),)
    assert (await library.preview("one", "routes")).found == ("app/routes.py",)
    assert (await library.preview("none")).exchanges == ()
    (entry,) = await library.find()
    assert entry.row.billed is False


async def test_a_broken_log_is_listed_with_what_is_wrong_and_harms_nothing(home, library):
    await write(home, "good", "Fix the login")
    (home.sessions / "broken.db").write_bytes(b"no database")
    await library.look()
    entries = {entry.id: entry for entry in await library.find()}
    assert set(entries) == {"good", "broken"}
    assert "damaged" in entries["broken"].damage
    assert entries["broken"].row is None
    assert await ids(library, "brok") == ["broken"]
    assert await ids(library, "login") == ["good"]
    assert await ids(library, "since:2020-01-01") == ["good"]
    with pytest.raises(LogError):
        [record async for record in library.read("broken")]


async def test_damaged_records_are_left_out_and_counted(home, library):
    await write(home, "one", "Fix the login")
    with sqlite3.connect(home.session_log("one")) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE record SET body = '{}' WHERE seq = 4")
    db.close()
    await library.look()
    (entry,) = await library.find()
    assert entry.row is None or entry.damage
    reading = library.read("one")
    seqs = [record.seq async for record in reading]
    assert 4 not in seqs
    assert seqs[-1] == 6
    assert reading.damaged >= 1


async def test_a_session_that_is_open_says_so(home, library):
    await write(home, "one", "Fix the login")
    async with await Log.open(home.session_log("one"), "one"):
        await library.look()
        assert [entry.held for entry in await library.find()] == [True]
        with pytest.raises(Refusal, match="open"):
            await library.discard("one")
    await library.look()
    assert [entry.held for entry in await library.find()] == [False]


async def test_what_is_deleted_comes_back(home, library):
    await write(home, "one", "Fix the login")
    await library.look()
    await library.discard("one")
    assert await ids(library) == []
    await library.put_back("one")
    assert await ids(library, "login") == ["one"]


async def test_a_new_title_is_on_record(home, library):
    await write(home, "one", "Fix the login")
    assert await library.rename("one", "  The cookie affair ") == "The cookie affair"
    async with await LogReader.open(home.session_log("one")) as reader:
        renamed = [r.event for r in await reader.read() if isinstance(r.event, SessionRenamed)]
    assert [event.title for event in renamed] == ["The cookie affair"]
    await library.look()
    assert await ids(library, "affair") == ["one"]
    with pytest.raises(Refusal):
        await library.rename("one", " ")


async def test_an_export_never_overwrites(home, library, tmp_path):
    await write(home, "one", "Fix the login")
    assert await library.export("one", tmp_path / "one.md") == 6
    assert "## Fix the login" in (tmp_path / "one.md").read_text()
    await library.export("one", tmp_path / "one.json")
    assert (tmp_path / "one.json").read_text().startswith("[\n{")
    (tmp_path / "mine.md").write_text("mine")
    with pytest.raises(Refusal, match="another name"):
        await library.export("one", tmp_path / "mine.md")
    assert (tmp_path / "mine.md").read_text() == "mine"
