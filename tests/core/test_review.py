"""Decisions: what is rejected leaves the stage, what is accepted reaches the project, and nothing else does."""

import asyncio
import os
import subprocess
import threading

import pytest

from core.commands import ApplyChanges, DecideChanges, InterruptRun, SubmitRequest, UndoApply
from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeUndone,
    ChangeWithdrawn,
    CommandRefused,
    FileChanged,
    NoticeGiven,
    RequestSubmitted,
)
from core.stage.apply import apply
from tests.support.waiting import SOON

ODD = "odd/grüße €.txt"


def writes(**files):
    """A deed that writes these files; `a` stands for `a.txt`."""

    async def deed(actor):
        for name, data in files.items():
            await actor.write(f"{name}.txt", data)

    return deed


async def work(session, text="do it"):
    await session.submit(SubmitRequest(text=text))
    await session.wait_idle()


async def decide(session, verdict, *paths):
    await session.submit(DecideChanges(verdict=verdict, paths=paths or None))


async def staged(session, path):
    stage = await session._staging.stage()
    change = stage.change(path)
    return change if change is None else (change.new, change.new_mode)


async def sayings(hand, session, after=0):
    """What is on record after a place, in short."""
    return [
        (type(event).__name__, getattr(event, "path", getattr(event, "reason", "")))
        for event in await hand.events(session, after=after)
    ]


async def test_what_is_accepted_is_applied_and_what_is_undone_waits_again(hand):
    session, _ = await hand.start(writes(a=b"1\n", new=b"new\n"))
    await work(session)
    await decide(session, "accepted")
    await session.submit(ApplyChanges())
    assert (hand.file("a.txt"), hand.file("new.txt")) == (b"1\n", b"new\n")
    applied = await hand.events(session, ChangeApplied)
    assert {event.path for event in applied} == {"a.txt", "new.txt"} and len({e.apply for e in applied}) == 1
    await session.submit(UndoApply())
    assert (hand.file("a.txt"), hand.file("new.txt")) == (b"one\n", None)
    assert {event.path for event in await hand.events(session, ChangeUndone)} == {"a.txt", "new.txt"}
    await session.submit(ApplyChanges())
    assert "accept a change first" in (await hand.events(session, CommandRefused))[-1].reason
    await decide(session, "accepted", "new.txt")
    await session.submit(ApplyChanges())
    assert (hand.file("a.txt"), hand.file("new.txt")) == (b"one\n", b"new\n")


async def test_undo_works_for_a_session_that_was_opened_again(hand):
    session, _ = await hand.start(writes(a=b"1\n"))
    await work(session)
    await decide(session, "accepted")
    await session.submit(ApplyChanges())
    again = await hand.again(session)
    await again.submit(UndoApply(paths=("./a.txt",)))
    assert hand.file("a.txt") == b"one\n"
    await decide(again, "accepted")
    await again.submit(ApplyChanges())
    assert hand.file("a.txt") == b"1\n"


async def test_a_session_undoes_its_own_applies_only(hand):
    first, _ = await hand.start(writes(a=b"1\n"))
    await work(first)
    second, _ = await hand.start(writes(b=b"2\n"))
    await work(second)
    for session in (first, second):
        await decide(session, "accepted")
        await session.submit(ApplyChanges())
    await first.submit(UndoApply())
    assert (hand.file("a.txt"), hand.file("b.txt")) == (b"one\n", b"2\n")
    await first.submit(UndoApply())
    assert "nothing to undo" in (await hand.events(first, CommandRefused))[-1].reason
    assert hand.file("b.txt") == b"2\n"


@pytest.mark.parametrize("reopen", [False, True])
async def test_a_rejected_file_leaves_the_stage_and_comes_back_when_it_is_accepted(hand, reopen):
    async def deed(actor):
        def work():
            stage = actor.run.stage
            (stage.tree / "run.sh").write_bytes(b"#!/bin/sh\n")
            (stage.tree / "run.sh").chmod(0o755)
            (stage.tree / "link").symlink_to("a.txt")
            return stage.record(["run.sh", "link"], **actor.who, message="run_command")

        await actor.use_tool("{}", work)
        await actor.write("a.txt", b"1\n")
        await actor.write("b.txt", None)

    paths = ("run.sh", "link", "a.txt", "b.txt")
    session, _ = await hand.start(deed)
    await work(session)
    before = [await staged(session, path) for path in paths]
    await decide(session, "rejected")
    stage = await session._staging.stage()
    assert not stage.changes() and stage.read("b.txt") == b"two\n" and not (stage.tree / "link").is_symlink()
    await session.submit(ApplyChanges())
    assert hand.file("a.txt") == b"one\n"
    if reopen:
        session = await hand.again(session)
        assert [await staged(session, path) for path in paths] == [None] * 4
    await decide(session, "accepted", *paths)
    assert [await staged(session, path) for path in paths] == before
    await session.submit(ApplyChanges())
    assert hand.file("a.txt") == b"1\n" and hand.file("b.txt") is None
    assert os.access(hand.project / "run.sh", os.X_OK) and (hand.project / "link").is_symlink()
    assert not await hand.events(session, ChangeMarkedStale)


@pytest.mark.parametrize("reopen", [False, True])
async def test_both_names_of_a_rejected_rename_come_back(hand, reopen):
    body = b"".join(b"line %d\n" % n for n in range(30))
    (hand.project / "old.txt").write_bytes(body)

    async def deed(actor):
        def work():
            stage = actor.run.stage
            stage.write("new.txt", body)
            stage.delete("old.txt")
            return stage.record(["new.txt", "old.txt"], **actor.who, message="move")

        await actor.use_tool("{}", work)

    session, _ = await hand.start(deed)
    await work(session)
    (change,) = await hand.events(session, FileChanged)
    assert (change.kind, change.old_path) == ("renamed", "old.txt")
    await decide(session, "rejected", "new.txt")
    if reopen:
        session = await hand.again(session)
    assert (await session._staging.stage()).read("old.txt") == body
    await decide(session, "accepted", "new.txt")
    await session.submit(ApplyChanges())
    assert (hand.file("old.txt"), hand.file("new.txt")) == (None, body)
    await session.submit(UndoApply())
    assert (hand.file("old.txt"), hand.file("new.txt")) == (body, None)


async def test_what_a_node_made_after_a_rejection_is_not_replaced_by_the_rejected(hand):
    session, _ = await hand.start(writes(a=b"first\n"), writes(a=b"second\n"))
    await work(session)
    await decide(session, "rejected", "a.txt")
    await work(session)
    await decide(session, "accepted", "a.txt")
    await session.submit(ApplyChanges())
    assert hand.file("a.txt") == b"second\n"


async def test_what_was_rejected_and_is_made_again_in_a_later_run_is_asked_about_again(hand):
    session, _ = await hand.start(writes(a=b"first\n"), writes(a=b"first\n"), writes(b=b"more\n"))
    await work(session)
    await decide(session, "rejected", "a.txt")
    await work(session)
    assert session._past.verdict("a.txt") == "undecided"
    await decide(session, "rejected", "a.txt")
    await work(session)
    assert session._past.verdict("a.txt") == "rejected"
    assert await staged(session, "a.txt") is None


async def test_a_rejected_file_that_the_user_then_changed_is_not_put_back_over_it(hand):
    session, _ = await hand.start(writes(a=b"1\n", b=b"2\n"))
    await work(session)
    await decide(session, "rejected", "a.txt")
    (hand.project / "a.txt").write_bytes(b"mine\n")
    again = await hand.again(session)
    await decide(again, "accepted")
    await decide(again, "accepted", "a.txt")
    await again.submit(ApplyChanges())
    assert (hand.file("a.txt"), hand.file("b.txt")) == (b"mine\n", b"2\n")
    assert {event.path for event in await hand.events(again, ChangeMarkedStale)} == {"a.txt"}


async def test_a_file_that_the_user_changed_meanwhile_is_marked_and_the_others_are_applied(hand):
    session, _ = await hand.start(writes(a=b"1\n", b=b"2\n", new=b"new\n"))
    await work(session)
    (hand.project / "a.txt").write_bytes(b"mine\n")
    (hand.project / "new.txt").write_bytes(b"mine too\n")
    await decide(session, "accepted")
    await session.submit(ApplyChanges())
    assert [hand.file(f"{name}.txt") for name in ("a", "b", "new")] == [b"mine\n", b"2\n", b"mine too\n"]
    assert {event.path for event in await hand.events(session, ChangeMarkedStale)} == {"a.txt", "new.txt"}
    assert [event.path for event in await hand.events(session, ChangeApplied)] == ["b.txt"]
    await session.submit(ApplyChanges())
    assert (hand.file("a.txt"), hand.file("new.txt")) == (b"mine\n", b"mine too\n")


async def test_what_stands_in_the_way_of_one_file_keeps_no_other_from_being_written(hand):
    async def deed(actor):
        for name in ("b.txt", "sub/new.txt"):
            await actor.write(name, b"made\n")

    session, _ = await hand.start(deed)
    await work(session)
    (hand.project / "sub").write_bytes(b"the user's own\n")
    await decide(session, "accepted")
    await session.submit(ApplyChanges())
    assert [event.path for event in await hand.events(session, ChangeApplied)] == ["b.txt"]
    (stale,) = await hand.events(session, ChangeMarkedStale)
    assert stale.path == "sub/new.txt" and "something else stands where it belongs" in stale.reason
    assert (hand.file("b.txt"), hand.file("sub")) == (b"made\n", b"the user's own\n")


async def test_a_change_that_the_stage_has_lost_is_marked_instead_of_passed_over(hand):
    session, _ = await hand.start(writes(a=b"1\n", b=b"2\n"))
    await work(session)
    await decide(session, "accepted")
    (await session._staging.stage()).revert("a.txt", by="nobody")
    await session.submit(ApplyChanges(paths=("a.txt", "b.txt")))
    (stale,) = await hand.events(session, ChangeMarkedStale)
    assert stale.path == "a.txt" and "ask for it again" in stale.reason
    assert hand.file("b.txt") == b"2\n"


async def test_nothing_undecided_or_rejected_is_applied_even_by_name(hand):
    session, _ = await hand.start(writes(a=b"1\n", b=b"2\n", c=b"3\n"))
    await work(session)
    await decide(session, "rejected", "b.txt")
    await decide(session, "accepted", "c.txt")
    await session.submit(ApplyChanges(paths=("a.txt", "c.txt")))
    await session.submit(ApplyChanges(paths=("b.txt",)))
    refused = await hand.events(session, CommandRefused)
    assert ["a.txt is not accepted" in refused[0].reason, "b.txt is not accepted" in refused[1].reason] == [
        True
    ] * 2
    assert [hand.file(f"{name}.txt") for name in "abc"] == [b"one\n", b"two\n", None]


@pytest.mark.parametrize(
    "path", ["nothing.txt", "b.txt", "../a.txt", "/etc/passwd", "", ".", "a.txt/x", "a\x00b", "\x1b]0;x\x07"]
)
async def test_a_path_without_a_change_is_refused_with_a_sentence(hand, path):
    session, _ = await hand.start(writes(a=b"1\n"))
    await work(session)
    start = session.last
    await decide(session, "accepted", "a.txt", path)
    await session.submit(ApplyChanges(paths=(path,)))
    await session.submit(UndoApply(paths=(path,)))
    events = await hand.events(session, after=start)
    assert [type(event) for event in events] == [CommandRefused] * 3
    assert all(event.reason.endswith((".", "it.")) for event in events)
    assert hand.file("a.txt") == b"one\n"


async def test_decisions_on_nothing_are_answered(hand):
    session, _ = await hand.start()
    await work(session)
    start = session.last
    await decide(session, "accepted")
    await session.submit(DecideChanges(verdict="rejected", paths=()))
    await session.submit(ApplyChanges())
    await session.submit(UndoApply())
    assert [type(event) for event in await hand.events(session, after=start)] == [CommandRefused] * 4


@pytest.mark.parametrize(
    "name",
    [
        "with space.txt",
        "-rf",
        "--help",
        ODD,
        "tab\there",
        "new\nline",
        "\u202ertl",
        "a'\"$(x)`.txt",
        "e\u0301",
    ],
)
async def test_odd_names_are_decided_and_applied_like_any_other(hand, name):
    async def deed(actor):
        await actor.write(name, b"changed\n")

    session, _ = await hand.start(deed)
    before = hand.file(name)
    await work(session)
    await decide(session, "rejected", name)
    await decide(session, "accepted", str(hand.project / name))
    await session.submit(ApplyChanges(paths=(name,)))
    assert hand.file(name) == b"changed\n"
    await session.submit(UndoApply(paths=(name,)))
    assert hand.file(name) == before


# -- during a run --------------------------------------------------------------------------------


async def test_decisions_during_a_run_wait_for_the_end_of_a_tool_call(hand):
    writing, go_on, seen = asyncio.Event(), asyncio.Event(), []

    async def deed(actor):
        stage = actor.run.stage
        await actor.write("a.txt", b"1\n")
        await actor.write("b.txt", b"2\n")
        writing.set()
        await go_on.wait()
        seen.append(stage.read("a.txt"))
        await actor.write("c.txt", b"3\n")
        seen.append(stage.read("a.txt"))

    session, team = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    await writing.wait()
    await decide(session, "rejected", "a.txt")
    await decide(session, "rejected", "b.txt")
    await decide(session, "accepted", "b.txt")
    go_on.set()
    await session.wait_idle()
    assert seen == [b"1\n", b"one\n"]
    (note,) = team.actors[0].heard
    assert "rejected your change of a.txt" in note
    assert await staged(session, "b.txt") is not None


async def test_a_decision_in_the_last_moment_is_carried_out_when_the_run_ends(hand):
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def deed(actor):
        await actor.write("a.txt", b"1\n")
        writing.set()
        await go_on.wait()

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    await writing.wait()
    await decide(session, "rejected", "a.txt")
    go_on.set()
    await session.wait_idle()
    assert await staged(session, "a.txt") is None


async def test_a_file_that_is_changed_again_meanwhile_has_to_be_decided_again(hand):
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def deed(actor):
        await actor.write("a.txt", b"1\n")
        writing.set()
        await go_on.wait()
        await actor.write("a.txt", b"2\n")

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    await writing.wait()
    await decide(session, "rejected", "a.txt")
    go_on.set()
    await session.wait_idle()
    assert session._past.verdicts == {"a.txt": "undecided"}
    assert (await staged(session, "a.txt"))[0] == b"2\n"


async def test_applying_and_undoing_during_a_run_is_refused(hand):
    async def deed(actor):
        await actor.write("a.txt", b"1\n")
        await actor.run.sleep(60)

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    await hand.until(session, FileChanged)
    await decide(session, "accepted")
    await session.submit(ApplyChanges())
    await session.submit(UndoApply())
    refused = await hand.events(session, CommandRefused)
    assert len(refused) == 2 and all("A run is at work" in event.reason for event in refused)
    assert hand.file("a.txt") == b"one\n"
    await session.submit(InterruptRun())
    await session.wait_idle()
    await session.submit(ApplyChanges())
    assert hand.file("a.txt") == b"1\n"


async def test_decisions_applies_and_undos_at_once_take_turns(hand):
    session, _ = await hand.start(writes(a=b"1\n", b=b"2\n", c=b"3\n"))
    await work(session)
    commands = [
        DecideChanges(verdict="accepted"),
        DecideChanges(verdict="rejected", paths=("b.txt",)),
        ApplyChanges(),
        DecideChanges(verdict="accepted", paths=("b.txt",)),
        ApplyChanges(),
        UndoApply(),
    ]
    await asyncio.gather(*(session.submit(command) for command in commands))
    assert [hand.file(f"{name}.txt") for name in "abc"] == [b"1\n", b"two\n", b"3\n"]
    kinds = [name for name, _ in await sayings(hand, session)]
    assert kinds.count("ChangeApplied") == 3 and kinds.count("ChangeUndone") == 1


@pytest.fixture
def gate(monkeypatch):
    """Applies wait until it is set."""
    opened, reached = threading.Event(), threading.Event()

    def held(*arguments):
        reached.set()
        opened.wait(SOON)
        return apply(*arguments)

    monkeypatch.setattr("core.applying.apply", held)
    opened.reached = reached
    yield opened
    opened.set()


async def test_a_request_during_an_apply_waits_for_its_end(hand, gate):
    session, _ = await hand.start(writes(a=b"1\n"))
    await work(session)
    await decide(session, "accepted")
    applying = asyncio.create_task(session.submit(ApplyChanges()))
    await asyncio.to_thread(gate.reached.wait)
    asking = asyncio.create_task(session.submit(SubmitRequest(text="more")))
    for _ in range(3):
        assert len(await hand.events(session, RequestSubmitted)) == 1
    gate.set()
    await asyncio.gather(applying, asking)
    await session.wait_idle()
    kinds = [type(event) for event in await hand.events(session, ChangeApplied, RequestSubmitted)]
    assert kinds == [RequestSubmitted, ChangeApplied, RequestSubmitted]


async def test_closing_during_an_apply_keeps_it_on_record(hand, gate):
    session, _ = await hand.start(writes(a=b"1\n"))
    await work(session)
    await decide(session, "accepted")
    applying = asyncio.create_task(session.submit(ApplyChanges()))
    await asyncio.to_thread(gate.reached.wait)
    closing = asyncio.create_task(session.close())
    for _ in range(3):
        await hand.events(session)
    gate.set()
    await asyncio.gather(applying, closing)
    again = await hand.open(session=session.id)
    assert len(await hand.events(again, ChangeApplied)) == 1 and hand.file("a.txt") == b"1\n"
    await again.submit(UndoApply())
    assert hand.file("a.txt") == b"one\n"


async def test_an_undo_under_further_work_shows_the_whole_difference(hand):
    session, _ = await hand.start(writes(a=b"1\n"), writes(a=b"2\n"))
    await work(session)
    await decide(session, "accepted")
    await session.submit(ApplyChanges())
    await work(session)
    start = session.last
    await session.submit(UndoApply())
    undone, changed = await hand.events(session, after=start)
    assert isinstance(undone, ChangeUndone) and "-one\n+2" in changed.patch
    await decide(session, "accepted")
    await session.submit(ApplyChanges())
    assert hand.file("a.txt") == b"2\n"


async def test_an_undo_that_leaves_nothing_to_decide_says_so(hand):
    session, _ = await hand.start(writes(a=b"1\n"), writes(a=b"one\n"))
    await work(session)
    await decide(session, "accepted")
    await session.submit(ApplyChanges())
    await work(session)
    start = session.last
    await session.submit(UndoApply())
    assert [type(event) for event in await hand.events(session, after=start)] == [
        ChangeUndone,
        ChangeWithdrawn,
    ]
    assert not session._past.changes


async def test_an_undo_over_the_users_own_edit_is_refused(hand):
    session, _ = await hand.start(writes(a=b"1\n"))
    await work(session)
    await decide(session, "accepted")
    await session.submit(ApplyChanges())
    (hand.project / "a.txt").write_bytes(b"mine\n")
    await session.submit(UndoApply())
    assert "changed since" in (await hand.events(session, CommandRefused))[0].reason
    assert hand.file("a.txt") == b"mine\n"


# -- the project -----------------------------------------------------------------------------------


def picture(folder):
    """Every file of a folder: mode, times and bytes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        body = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        found[str(path.relative_to(folder))] = (info.st_mode, info.st_mtime_ns, info.st_ino, body)
    return found


async def test_nothing_is_written_into_the_project_before_an_apply(hand):
    for words in (
        ["init", "-q"],
        ["add", "a.txt"],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=hand.project, check=True, capture_output=True)
    before = picture(hand.project)

    async def deed(actor):
        await actor.think()
        await actor.write("a.txt", b"1\n")
        await actor.write("deep/er/new.txt", b"new\n")
        await actor.write("b.txt", None)

    session, team = await hand.start(deed, deed)
    await work(session)
    await decide(session, "rejected", "a.txt")
    await decide(session, "accepted", "a.txt")
    await decide(session, "accepted")
    await decide(session, "rejected", "b.txt")
    session = await hand.again(session, team)
    await session.submit(UndoApply())
    await work(session)
    await hand.again(session)
    assert picture(hand.project) == before


async def test_a_decision_that_cannot_be_carried_out_is_told_and_the_others_are(hand):
    session, _ = await hand.start(writes(a=b"1\n", b=b"2\n"))
    await work(session)
    tree = (await session._staging.stage()).tree
    (tree / "a.txt").unlink()
    (tree / "a.txt").mkdir()
    await decide(session, "rejected")
    (notice,) = await hand.events(session, NoticeGiven)
    assert notice.level == "warning" and "a.txt is a folder" in notice.text
    assert [event.path for event in await hand.events(session, ChangeDecided)] == ["a.txt", "b.txt"]
    assert await staged(session, "b.txt") is None
