"""`heddle cost`, on logs of sessions that were really written."""

import asyncio
import json
import logging
from datetime import timedelta

import pytest

from cli.main import main
from core import clock
from core.events import ModelCalled, SessionStarted
from core.log import Log
from core.money import to_pico, to_usd
from core.paths import find_home
from core.prices import Usage, load_prices

SONNET, HAIKU = "global.anthropic.claude-sonnet-5-5", "global.anthropic.claude-haiku-5-5"
BOOK = load_prices()


def called(role: str, model: str, *, estimated=False, **usage: int) -> ModelCalled:
    used = Usage(**usage)
    return ModelCalled(
        run="r1", node=role, role=role, call="c", model=model, input_tokens=used.input,
        output_tokens=used.output, cache_read_tokens=used.cache_read, cache_write_tokens=used.cache_write,
        cost_usd=to_usd(BOOK.cost(model, used)), latency_ms=1, estimated=estimated,
    )  # fmt: skip


CALLS = (
    called("senior_coder", SONNET, cache_write=20_000, output=1_000),
    called("senior_coder", SONNET, cache_read=20_000, cache_write=2_000, output=500),
    called("code_reviewer", HAIKU, input=3_000, output=200, estimated=True),
)
COST = sum(to_pico(call.cost_usd) for call in CALLS)


async def write(session: str, *events, days: float = 0, project="/srv/shop", backend="bedrock") -> None:
    started = SessionStarted(
        project=project, version="0", roster="current", backend=backend, confinement="confined"
    )
    moment = clock.now() - timedelta(days=days)
    path = find_home().session_log(session)
    async with await Log.open(path, session, create=True, clock=lambda: moment) as log:
        await log.append([started, *events])


@pytest.fixture
def cost(capsys):
    """Runs `heddle cost`: the exit code, and what it printed."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*args: str) -> tuple[int, str, str]:
        code = main(["cost", *args])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    yield run
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


async def asked(cost, *args):
    """The command has an event loop of its own."""
    return await asyncio.to_thread(cost, *args)


async def test_a_table_with_its_sum_and_what_is_estimated(cost):
    await write("s1", *CALLS)
    code, out, err = await asked(cost)
    lines = [line.split() for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [line[0] for line in lines[:4]] == ["role", "senior_coder", "code_reviewer", "sum"]
    assert lines[1][1:] == ["$0.0720", "2", "0", "20,000", "22,000", "1,500"]
    assert lines[2][1:] == ["~$0.0004", "1", "3,000", "0", "0", "200"]
    assert lines[3][1:] == ["~$0.0724", "3", "3,000", "20,000", "22,000", "1,700"]
    assert "No projection for the month yet" in out


@pytest.mark.parametrize("by", ["role", "model", "day", "month", "session", "project"])
async def test_every_sum_is_the_same_to_the_last_digit(cost, by):
    await write("s1", *CALLS, days=3)
    await write("s2", *CALLS, days=40, project="/srv/blog")
    await write("s3", *CALLS, backend="rehearsal")
    for session, times in (((), 2), (("--session", "s1"), 1), (("--session", "s3"), 1)):
        _, out, _ = await asked(cost, "--by", by, "--output", "json", *session)
        data = json.loads(out)
        assert to_pico(data["total_usd"]) == times * COST
        assert sum(to_pico(row["cost_usd"]) for row in data["rows"]) == times * COST
        assert sum(row["calls"] for row in data["rows"]) == times * 3
        assert data["by"] == by and data["estimated"] is True


async def test_a_project_has_its_own_costs_and_rehearsals_are_apart(cost, tmp_path):
    await write("s1", *CALLS, project=str(tmp_path), days=2)
    await write("s2", *CALLS, days=2)
    await write("s3", *CALLS, backend="rehearsal", project=str(tmp_path))
    _, out, _ = await asked(cost, "--project", str(tmp_path), "--output", "json")
    data = json.loads(out)
    assert to_pico(data["total_usd"]) == COST == to_pico(data["rehearsed_usd"])
    _, out, _ = await asked(cost)
    assert "Rehearsals are not counted: $0.0724 at list price, not billed." in out


async def test_a_day_of_charges_is_projected(cost):
    await write("s1", *CALLS, days=2)
    _, out, _ = await asked(cost, "--output", "json")
    found = json.loads(out)["projection"]
    assert found["month"] == f"{clock.now():%Y-%m}"
    assert to_pico(found["daily_usd"]) == pytest.approx(COST / 2, rel=0.01)
    assert to_pico(found["projected_usd"]) >= to_pico(found["spent_usd"])
    _, out, _ = await asked(cost)
    assert "at its end if the rest goes on at the pace since" in out


async def test_one_session_beside_one_warm_model(cost):
    await write("s1", *CALLS)
    _, out, _ = await asked(cost, "--session", "s1", "--output", "json")
    found = json.loads(out)["against"]
    one = BOOK.cost(SONNET, Usage(cache_read=23_000, cache_write=22_000, output=1_700))
    assert (found["model"], to_pico(found["cost_usd"])) == (SONNET, one)
    assert to_pico(found["saved_usd"]) == one - COST
    _, out, _ = await asked(cost, "--session", "last")
    assert (
        f"one warm Claude Sonnet 5.5 would have cost ~$0.0743, we cost ~$0.0724: −{3} % (saved $0.0019)"
        in out
    )
    assert "one conversation that it never has to read twice" in out
    _, out, _ = await asked(cost, "--session", "s1", "--against", "nova-lite")
    assert "one warm Nova Lite would have cost" in out and "(cost more by $0.07" in out and ": +" in out


async def test_what_cannot_be_done_is_told(cost):
    code, _, err = await asked(cost, "--against", "sonnet")
    assert code == 2 and "--session" in err
    code, _, err = await asked(cost)
    assert (code, err) == (0, "No charges yet.\n")
    await write("s1")
    code, out, err = await asked(cost, "--session", "s1")
    assert (code, out, err) == (0, "", "This session has no charges.\n")
    code, _, err = await asked(cost, "--session", "s1", "--against", "no\x1bsuch")
    assert code == 2 and "\x1b" not in err and "Name one of: amazon.nova-2-lite" in err


async def test_a_name_from_a_log_is_not_obeyed_by_the_terminal(cost):
    await write("s1", called("evil\x1b[31m", SONNET, input=10))
    _, out, _ = await asked(cost)
    assert "evil" in out and "\x1b" not in out


@pytest.mark.parametrize(("roster", "model"), [("current", "Sonnet 5.5"), ("design-2025", "Sonnet 4.5")])
def test_a_run_says_what_its_rosters_senior_model_would_have_cost(served, roster, model):
    done = served()("run", "Add a GET /health endpoint to the API", "--unconfined", "--roster", roster)
    (line,) = [line for line in done.err.splitlines() if line.startswith("one warm")]
    assert line.startswith(f"one warm Claude {model} would have cost $") and "we cost $" in line
    assert "by shipped figures" in done.err


def test_the_days_budget_stops_a_run_and_is_named(served, config):
    config('day_budget_usd = "0.001"')
    done = served()("run", "Add a GET /health endpoint to the API", "--unconfined")
    assert done.code == 3
    assert "could cross the day budget of $0.001. " in done.out + done.err
    assert "go on tomorrow (UTC)" in done.out + done.err
