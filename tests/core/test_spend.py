"""The day budget over all running Heddles: never crossed together, never lost to a crash."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.faults import Fault
from core.ledger import BudgetReached
from core.money import Pico
from core.spend import DayBudget, has_died, owner_of
from tests.support.waiting import LONG

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)

BUYER = """
import asyncio, sys
from pathlib import Path
from core.ledger import BudgetReached
from core.money import Pico
from core.spend import DayBudget
async def pay(day, held, number):
    await day.settle(held, Pico(held.amount - number % 3))
    return held.amount - number % 3
async def buy():
    day, bought = DayBudget(Path(sys.argv[1]), Pico(1000)), 0
    # The first call is reserved before the race: else the quicker one may buy the whole day alone.
    held = [await day.reserve(Pico(7), Pico(30))]
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(60):
        try:
            held.append(await day.reserve(Pico(7), Pico(30 + number % 5)))
        except BudgetReached:
            break
        today = await day.today()
        assert today.spent + today.reserved <= 1000, today
        if len(held) > 5:
            bought += await pay(day, held.pop(0), number)
    for left in held:
        bought += await pay(day, left, 0)
    print(bought)
asyncio.run(buy())
"""
HOLDER = """
import asyncio, sys
from pathlib import Path
from core.money import Pico
from core.spend import DayBudget
async def hold():
    await DayBudget(Path(sys.argv[1]), Pico(1000)).reserve(Pico(300), Pico(300))
    print("held", flush=True)
    sys.stdin.readline()
asyncio.run(hold())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "spend.db"


@pytest.fixture
def start(path):
    """Start another process on the same file; it is killed in the end."""
    running: list[subprocess.Popen[str]] = []

    def begin(program: str) -> subprocess.Popen[str]:
        made = subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(made)
        return made

    yield begin
    for process in running:
        process.kill()
        process.communicate()


async def test_two_processes_never_cross_the_day_together(path, start):
    both = [start(BUYER), start(BUYER)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    bought = [int(process.communicate(timeout=LONG)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    today = await DayBudget(path, Pico(1000)).today()
    assert (today.spent, today.reserved, today.lost) == (sum(bought), 0, 0)
    assert 900 < today.spent <= 1000 and all(bought)


async def test_what_a_killed_process_had_reserved_counts_as_spent(path, start):
    process = start(HOLDER)
    assert process.stdout.readline() == "held\n"
    day = DayBudget(path, Pico(1000))
    assert (await day.today()).reserved == 300
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(BudgetReached):
        await day.reserve(Pico(701), Pico(701))
    today = await day.today()
    assert (today.spent, today.lost, today.reserved) == (300, 300, 0)
    assert (await day.today()) == today


async def test_an_owner_that_was_taken_for_dead_still_settles_exactly(path):
    day = DayBudget(path, Pico(1000))
    held = await day.reserve(Pico(300), Pico(300))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE reserved SET owner = ?", (owner_of(os.getpid()).rpartition("/")[0] + "/1",))
    db.close()
    assert (await day.today()).lost == 300
    await day.settle(held, Pico(120))
    today = await day.today()
    assert (today.spent, today.lost, today.reserved) == (120, 0, 0)


async def test_a_caller_that_is_cancelled_leaves_nothing_reserved(path):
    day = DayBudget(path, Pico(1000))
    work = asyncio.ensure_future(day.reserve(Pico(300), Pico(300)))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    today = await day.today()
    assert (today.spent, today.reserved) == (0, 0)


async def test_a_settlement_is_made_even_when_its_caller_is_cancelled(path):
    day = DayBudget(path, Pico(1000))
    held = await day.reserve(Pico(300), Pico(300))
    work = asyncio.ensure_future(day.settle(held, Pico(7)))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    today = await day.today()
    assert (today.spent, today.reserved) == (7, 0)


async def test_a_day_ends_at_midnight_in_utc_and_a_call_counts_to_the_day_of_its_reservation(path):
    moment = [NOON.replace(hour=23, minute=59)]
    day = DayBudget(path, Pico(100), clock=lambda: moment[0])
    held = await day.reserve(Pico(60), Pico(60))
    with pytest.raises(BudgetReached):
        await day.reserve(Pico(60), Pico(60))
    moment[0] += timedelta(minutes=2)
    assert (await day.reserve(Pico(100), Pico(100))).amount == 100
    await day.settle(held, Pico(50))
    today = await day.today()
    assert (today.day, today.spent, today.reserved) == ("2026-02-01", 0, 100)
    moment[0] -= timedelta(minutes=2)
    assert (await day.today()).spent == 50


async def test_a_day_begins_with_what_was_spent_before_there_was_a_budget(path):
    asked: list[str] = []

    def before(day: str) -> Pico:
        asked.append(day)
        return Pico(90)

    day = DayBudget(path, Pico(100), clock=lambda: NOON, before=before)
    assert (await day.reserve(Pico(1), Pico(50))).amount == 10
    await DayBudget(path, Pico(500), clock=lambda: NOON, before=before).reserve(Pico(1), Pico(5))
    assert asked == ["2026-01-31"]


async def test_old_days_are_forgotten(path):
    moment = [NOON]
    day = DayBudget(path, Pico(100), clock=lambda: moment[0])
    await day.reserve(Pico(1), Pico(1))
    moment[0] += timedelta(days=30)
    await day.reserve(Pico(1), Pico(1))
    with sqlite3.connect(path) as db:
        assert [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("day", "reserved")] == [1, 1]
    db.close()


async def test_amounts_beyond_sqlites_integers_are_exact(path):
    day = DayBudget(path, Pico(10**30))
    first = await day.reserve(Pico(10**29 + 1), Pico(10**29 + 1))
    await day.settle(first, Pico(10**29 + 1))
    assert (await day.today()).spent == 10**29 + 1


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
async def test_a_file_that_cannot_be_used_refuses_the_call_and_says_which(path, content):
    path.parent.mkdir()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(Fault, match=r"day budget cannot be checked.*spend\.db") as told:
        await DayBudget(path, Pico(100)).reserve(Pico(1), Pico(1))
    assert told.value.kind == "spend_unreadable"


async def test_what_cannot_be_settled_stays_reserved(path):
    day = DayBudget(path, Pico(100))
    held = await day.reserve(Pico(40), Pico(40))
    kept = path.read_bytes()
    path.write_bytes(b"broken" * 1000)
    await day.settle(held, Pico(1))
    path.write_bytes(kept)
    assert (await day.today()).reserved == 40


def test_only_what_is_certainly_gone_counts_as_dead():
    host, pid, began = owner_of(os.getpid()).rsplit("/", 2)
    assert not has_died(owner_of(os.getpid()))
    assert has_died(f"{host}/{pid}/1{began}")
    assert not has_died(f"elsewhere/{pid}/1")
    assert not has_died(f"{host}/{pid}/")
    assert not has_died("nonsense")
    process = subprocess.Popen([sys.executable, "-c", ""])
    owner = owner_of(process.pid)
    process.wait()
    assert has_died(owner)
