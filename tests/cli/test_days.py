"""Two Heddles at once, as two programs, under one day's budget."""

import json
import os
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.rehearsal import copy_sample
from tests.support.waiting import LONG

ROOT = Path(__file__).resolve().parents[2]
HEALTH = "Add a GET /health endpoint to the API"
PICO = Decimal(10) ** 12


def begin(heddle: Any, folder: Path) -> "subprocess.Popen[str]":
    words = [sys.executable, "-P", str(ROOT), "run", HEALTH, "--unconfined", "--output", "json"]
    return subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, **heddle.settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(running: "subprocess.Popen[str]") -> tuple[int, Decimal]:
    out, err = running.communicate(timeout=LONG)
    assert out, err
    return running.returncode, Decimal(json.loads(out)["cost_usd"])


def booked(isolated: Path) -> Decimal:
    """What the day's own book says was spent; nothing may still be set aside."""
    with sqlite3.connect(isolated / "heddle" / "data" / "spend.db") as db:
        assert db.execute("SELECT count(*) FROM reserved").fetchone() == (0,)
        (row,) = db.execute("SELECT spent, lost FROM day").fetchall()
    db.close()
    assert row[1] == "0"
    return Decimal(row[0]) / PICO


def test_two_programs_keep_to_one_days_budget(served, config, tmp_path, isolated):
    """Alone each of them would be done; together they are stopped before the day is over its budget."""
    code, alone = ended(begin(served(), copy_sample(tmp_path / "alone")))
    assert (code, alone > 0) == (0, True)

    day = alone + alone * Decimal("1.5")  # the first run counts: the day had begun without a budget
    config(f'day_budget_usd = "{day}"')
    running = [begin(served(), copy_sample(tmp_path / name)) for name in ("one", "two")]  # no shared cache
    both = [ended(each) for each in running]
    assert 3 in [code for code, _ in both]
    assert {code for code, _ in both} <= {0, 3}
    assert alone + sum(cost for _, cost in both) <= day
    assert booked(isolated) == alone + sum(cost for _, cost in both)
