"""A headless run, in this process: how it ends where something happens at a moment that is rarely met."""

import asyncio
import io
import os
import signal
from contextlib import suppress

import pytest

from cli.headless import Job, run_job
from cli.output import StreamJson
from core.commands import SubmitRequest
from core.paths import find_home
from core.prices import load_prices
from core.session import Session, Settings
from tests.support.acting import ActingTeam
from tests.support.waiting import SOON

pytestmark = pytest.mark.usefixtures("heard")


@pytest.fixture
def run(tmp_path):
    """Have a team of one do a deed on a small project; gives exit code, and how the run ended."""

    async def make(deed, out=None, **more):
        (tmp_path / "a.txt").write_text("one\n")
        settings = Settings(home=find_home(), prices=load_prices(), allow_unconfined=True, interactive=False)
        job = Job(SubmitRequest(text="do it"), tmp_path, **more)
        work = run_job(job, settings, ActingTeam(deed), lambda _: StreamJson(out or io.StringIO()))
        code, _, end = await asyncio.wait_for(work, SOON)
        return code, end

    return make


async def test_what_the_user_made_himself_meanwhile_needs_no_writing(run, tmp_path):
    async def both(actor):
        await actor.write("a.txt", b"two\n")
        (tmp_path / "a.txt").write_text("two\n")

    code, end = await run(both, apply_all=True)
    assert (code, end.status) == (0, "done")


async def test_what_cannot_be_written_of_several_files_is_a_failure(run, tmp_path):
    async def both(actor):
        await actor.write("a.txt", b"two\n")
        await actor.write("b.txt", b"new\n")
        (tmp_path / "a.txt").write_text("mine\n")

    code, _ = await run(both, apply_all=True)
    assert code == 1
    assert (tmp_path / "a.txt").read_text() == "mine\n"
    assert (tmp_path / "b.txt").read_text() == "new\n"


@pytest.fixture
def slow(monkeypatch):
    """`slow(meanwhile)`: the request gets on record late, as on a slow disk, and after something else."""

    def make(meanwhile):
        submit = Session.submit

        async def late(session, command):
            if isinstance(command, SubmitRequest):
                over = asyncio.Event()
                meanwhile()
                asyncio.get_running_loop().call_later(0.05, over.set)
                await over.wait()
            await submit(session, command)

        monkeypatch.setattr(Session, "submit", late)

    return make


async def long(actor):
    await actor.run.sleep(600)


async def test_a_signal_before_the_request_is_on_record_stops_its_run(run, slow):
    slow(lambda: os.kill(os.getpid(), signal.SIGINT))
    code, end = await run(long)
    assert (code, end.status) == (130, "interrupted")


async def test_a_reader_who_has_left_before_the_request_is_on_record_stops_its_run(run, slow):
    slow(lambda: None)
    nobody, out = os.pipe()
    os.close(nobody)
    written = open(out, "w")  # noqa: PTH123, SIM115
    with pytest.raises(BrokenPipeError):
        await run(long, out=written)
    with suppress(BrokenPipeError):
        written.close()
