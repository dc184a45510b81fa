"""What was spent over all sessions: the others from the index, this one from its own records."""

from datetime import timedelta

import pytest

from core.events import ModelCalled, SessionStarted
from core.index import Index
from core.log import Log
from core.money import to_pico, to_usd
from core.paths import find_home
from core.record import timestamp
from core.spending import read_elsewhere, together
from core.view.charges import Charges
from tests.core.test_history import NOON


def called(cost, call="c1"):
    at = {"run": "r1", "node": "n", "role": "fast_coder"}
    return ModelCalled(
        **at, call=call, model="m", input_tokens=1, output_tokens=1, cache_read_tokens=0,
        cache_write_tokens=0, cost_usd=cost, latency_ms=1, estimated=False,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path):
    home = find_home({"HEDDLE_HOME": str(tmp_path)})
    home.sessions.mkdir(parents=True)
    return home


async def write(home, session, cost, at, backend="bedrock"):
    begin = SessionStarted(project="/p", version="0", roster="r", backend=backend, confinement="confined")
    async with await Log.open(home.session_log(session), session, create=True, clock=lambda: at) as log:
        await log.append([begin, called(cost)])


async def test_other_sessions_and_this_one_add_up_without_counting_anything_twice(home):
    await write(home, "other", "0.25", NOON - timedelta(hours=1))
    await write(home, "older", "1.5", NOON - timedelta(days=4))
    await write(home, "rehearsed", "9", NOON, "rehearsal")
    await write(home, "own", "0.5", NOON)
    here = Charges()
    here.add(called("0.5"), 1, timestamp(NOON), True)
    here.add(called("0.01", "c2"), 2, timestamp(NOON + timedelta(seconds=1)), True)
    await Index(home.index).catch_up(home.sessions)  # as `heddle cost` does, which knows of this session too
    elsewhere = await read_elsewhere(home, "own", NOON, all_logs=True)
    found = together(elsewhere, here)
    assert to_usd(found.today) == "0.76"
    assert to_usd(found.month) == "2.26"
    assert found.projection.daily == to_pico("2.26") // 4


async def test_this_session_alone_makes_the_day_where_the_index_knows_nothing(home):
    here = Charges()
    here.add(called("0.5"), 1, timestamp(NOON - timedelta(days=1, seconds=5)), True)
    here.add(called("0.5", "c2"), 2, timestamp(NOON), True)
    found = together(await read_elsewhere(home, "own", NOON, all_logs=True), here)
    assert (to_usd(found.today), to_usd(found.month)) == ("0.50", "1.00")
    assert found.projection is not None


async def test_an_index_that_cannot_be_read_says_nothing(home):
    home.index.parent.mkdir(parents=True, exist_ok=True)
    home.index.mkdir()
    assert await read_elsewhere(home, "own", NOON, all_logs=False) is None
