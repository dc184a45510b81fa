"""Without bubblewrap: nothing runs unless allowed, and what runs knows no secret."""

import threading

import pytest

from core.sandbox import NotAllowed, Probe, open_sandbox


@pytest.fixture
def without_bubblewrap(monkeypatch):
    monkeypatch.setattr("core.sandbox.bubblewrap.PLACES", ("/no/such/bwrap",))


async def test_nothing_runs_unless_allowed(without_bubblewrap, stage, project, run):
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=False)
    assert sandbox.confinement == "unconfined"
    with pytest.raises(NotAllowed) as caught:
        await run(sandbox, "touch ran")
    assert "bubblewrap" in str(caught.value)
    assert "--unconfined" in str(caught.value)
    assert not (stage.tree / "ran").exists()


async def test_allowed_it_runs_in_the_stage_with_a_clean_environment(
    without_bubblewrap, stage, project, run, monkeypatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
    ended = await run(sandbox, "pwd; env; touch ran")
    assert sandbox.confinement == "unconfined"
    assert ended.output.splitlines()[0] == str(stage.tree)
    assert "canary" not in ended.output
    assert (stage.tree / "ran").exists()


async def test_where_it_works_it_is_confined_even_if_unconfined_is_allowed(needs_bubblewrap, stage, project):
    assert open_sandbox(stage.tree, project, allow_unconfined=True).confinement == "confined"


async def test_a_program_that_cannot_be_started(unconfined):
    ended = await unconfined.run(["/no/such/program"], seconds=30, stop=threading.Event())
    assert ended.exit_code == 127


def test_a_probe_says_why():
    assert Probe(False, "because").reason == "because"
