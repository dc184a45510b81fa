"""The user's own commands: confined, on record, their changes under the user's name, and never in the way."""

import pytest

from core.commands import RunShell, StopShell, SubmitRequest
from core.events import CommandRefused, FileChanged, ShellFinished, ShellOutput, ShellStarted, StageCommitted
from tests.support.sandboxed import require_bubblewrap


async def run(hand, session, command):
    after = session.last
    await session.submit(RunShell(command=command))
    return await hand.until(session, ShellFinished, after)


async def test_a_command_is_on_record_with_what_it_printed_and_how_it_ended(hand):
    session, _ = await hand.start()
    finished = await run(hand, session, "  echo hello; echo oh >&2; exit 3 ")
    started = (await hand.events(session, ShellStarted))[0]
    assert (started.id, started.command, started.by) == (
        finished.id,
        "echo hello; echo oh >&2; exit 3",
        "user",
    )
    assert (finished.outcome, finished.exit_code, finished.output) == ("exited", 3, "hello\noh")


async def test_what_it_prints_is_on_record_while_it_runs_without_secrets(hand):
    session, _ = await hand.start()
    await session.submit(RunShell(command="echo key=AKIAIOSFODNN7EXAMPLQ; printf 'grün\n'; exec sleep 600"))
    seen = ""
    async for record in session.records():
        seen += record.event.text if isinstance(record.event, ShellOutput) else ""
        if "grün" in seen:
            break
    assert seen == "key=⟨secret⟩\ngrün\n"
    started = (await hand.events(session, ShellStarted))[0]
    assert not await hand.events(session, ShellFinished)
    await session.submit(StopShell(id=started.id))
    finished = await hand.until(session, ShellFinished)
    assert (finished.id, finished.output) == (started.id, seen.rstrip("\n"))


async def test_what_it_changes_is_the_users_step_on_the_private_copy_alone(hand):
    session, _ = await hand.start()
    await run(hand, session, "echo more >> a.txt")
    change = await hand.until(session, FileChanged)
    assert (change.path, change.role, change.added_lines) == ("a.txt", "user", 1)
    step = await hand.until(session, StageCommitted)
    assert (step.role, step.paths) == ("user", ("a.txt",))
    assert hand.file("a.txt") == b"one\n"


async def test_it_runs_beside_a_run_and_can_be_stopped(hand):
    async def deed(actor):
        await actor.begin()
        await actor.run.stopped()

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="go on"))
    await session.submit(RunShell(command="echo up; sleep 600"))
    started = await hand.until(session, ShellStarted)
    await session.submit(StopShell(id=started.id))
    finished = await hand.until(session, ShellFinished)
    assert (finished.id, finished.outcome, finished.exit_code) == (started.id, "stopped", None)
    await session.submit(StopShell(id=started.id))
    refused = await hand.until(session, CommandRefused)
    assert (refused.command, refused.reason) == ("stop_shell", "That command does not run any more.")


async def test_closing_ends_it_on_record(hand):
    session, _ = await hand.start()
    await session.submit(RunShell(command="sleep 600"))
    again = await hand.again(session)
    finished = (await hand.events(again, ShellFinished))[0]
    assert finished.outcome == "stopped"


@pytest.mark.parametrize("command", ["", "  ", "a\0b"])
async def test_what_no_shell_can_be_given_is_refused(hand, command):
    session, _ = await hand.start()
    await session.submit(RunShell(command=command))
    refused = await hand.until(session, CommandRefused)
    assert refused.command == "run_shell"
    assert await hand.events(session, ShellStarted) == []


async def test_secrets_reach_no_record(hand, monkeypatch):
    monkeypatch.setenv("SERVICE_TOKEN", "tok-9f8e7d6c5b4a39281706")
    session, _ = await hand.start()
    finished = await run(hand, session, "echo tok-9f8e7d6c5b4a39281706 $SERVICE_TOKEN")
    assert finished.output == "⟨secret⟩"
    assert (await hand.events(session, ShellStarted))[0].command == "echo ⟨secret⟩ $SERVICE_TOKEN"


async def test_it_reaches_neither_the_project_nor_the_network(hand):
    require_bubblewrap()
    session, _ = await hand.start()
    finished = await run(hand, session, f"echo x > {hand.project}/b.txt; cat /proc/net/route | wc -l")
    assert hand.file("b.txt") == b"two\n"
    assert finished.output.strip() in ("0", "1")
