"""The user edits the project while a session is open: it is noticed, told once, and never overwritten."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core import eyes, watching
from core.commands import ApplyChanges, DecideChanges, SubmitRequest
from core.events import (
    ChangeMarkedStale,
    ConflictFound,
    FileChanged,
    NoticeGiven,
    ProjectChanged,
)
from core.limits import limits
from core.session import Session
from tests.core.conftest import Stagehand
from tests.support.acting import Actor
from tests.support.waiting import SOON

MANY = b"".join(b"line %d\n" % number for number in range(1, 21))


async def _write(actor: Actor) -> None:
    await actor.write("a.txt", b"the team's\n")


async def _first_and_last(actor: Actor) -> None:
    await actor.write("many.txt", MANY.replace(b"line 2\n", b"TEAM 2\n").replace(b"line 19\n", b"TEAM 19\n"))


async def _nothing(actor: Actor) -> None:
    await actor.think()


async def _done(hand: Stagehand, session: Session) -> None:
    await session.submit(SubmitRequest(text="do it"))
    await session.wait_idle()


async def _watched(session: Session) -> None:
    """Wait until the eyes are open, so that an edit is noticed by them alone."""
    async with asyncio.timeout(SOON):
        while session._watching._eyes._folders is None:  # pyright: ignore[reportPrivateUsage]
            await asyncio.sleep(0.01)


async def _until(found: Callable[[], Any]) -> Any:
    async with asyncio.timeout(SOON):
        while True:
            value = found()
            value = await value if asyncio.iscoroutine(value) else value
            if value:
                return value
            await asyncio.sleep(0.02)


async def _started(hand: Stagehand, deed: Any) -> Session:
    session, _ = await hand.start(deed, deed, watch=True)
    await _done(hand, session)
    await _watched(session)
    return session


async def test_an_untouched_file_follows_at_once(hand: Stagehand, project: Path) -> None:
    session = await _started(hand, _write)
    (project / "b.txt").write_bytes(b"mine\n")
    told = await hand.until(session, ProjectChanged)
    assert (told.paths, told.count, told.touched) == (("b.txt",), 1, ())
    stage = await session._staging.stage()  # pyright: ignore[reportPrivateUsage]
    assert stage.read("b.txt") == b"mine\n"


async def test_new_files_in_new_folders_are_seen(hand: Stagehand, project: Path) -> None:
    session = await _started(hand, _write)
    (project / "new").mkdir()
    await _until(lambda: "new" in session._watching._eyes._folders)  # pyright: ignore
    (project / "new" / "file.txt").write_bytes(b"fresh\n")
    told = await hand.until(session, ProjectChanged)
    assert told.paths == ("new/file.txt",)


async def test_a_touched_file_is_told_and_its_lines_that_collide_are_marked(
    hand: Stagehand, project: Path
) -> None:
    (project / "many.txt").write_bytes(MANY)
    session = await _started(hand, _first_and_last)
    (project / "many.txt").write_bytes(MANY.replace(b"line 2\n", b"MINE 2\n"))
    stale = await hand.until(session, ChangeMarkedStale)
    told = await hand.until(session, ProjectChanged)
    (change,) = await hand.events(session, FileChanged)
    assert told.touched == ("many.txt",)
    assert (stale.path, stale.hunk) == ("many.txt", change.hunks[0].id)
    assert len(await hand.events(session, ChangeMarkedStale)) == 1
    assert hand.file("many.txt") == MANY.replace(b"line 2\n", b"MINE 2\n")


async def test_a_stale_hunk_is_not_forced_even_when_it_is_accepted(hand: Stagehand, project: Path) -> None:
    (project / "many.txt").write_bytes(MANY)
    session = await _started(hand, _first_and_last)
    mine = MANY.replace(b"line 2\n", b"MINE 2\n")
    (project / "many.txt").write_bytes(mine)
    await hand.until(session, ChangeMarkedStale)
    await session.submit(DecideChanges(paths=("many.txt",), verdict="accepted", by="user"))
    await session.submit(ApplyChanges())
    assert (await hand.until(session, ConflictFound)).regions == 1
    assert hand.file("many.txt") == mine


async def test_an_edit_that_is_taken_back_leaves_no_mark(hand: Stagehand, project: Path) -> None:
    (project / "many.txt").write_bytes(MANY)
    session = await _started(hand, _first_and_last)
    (project / "many.txt").write_bytes(MANY.replace(b"line 2\n", b"MINE 2\n"))
    await hand.until(session, ChangeMarkedStale)
    (project / "many.txt").write_bytes(MANY)

    async def back() -> bool:
        return any(event.back == ("many.txt",) for event in await hand.events(session, ProjectChanged))

    await _until(back)
    waiting = session._past.waiting.decided["many.txt"]  # pyright: ignore[reportPrivateUsage]
    assert await _until(lambda: not any(piece.stale for piece in waiting_pieces(session)))
    assert len(waiting.pieces) == 2


def waiting_pieces(session: Session) -> list[Any]:
    return list(session._past.waiting.decided["many.txt"].pieces.values())  # pyright: ignore[reportPrivateUsage]


async def test_what_a_node_has_read_stays_until_its_run_is_done(hand: Stagehand, project: Path) -> None:
    go_on = asyncio.Event()
    seen: list[bytes] = []

    async def slow(actor: Actor) -> None:
        await actor.write("a.txt", b"the team's\n")
        await go_on.wait()
        seen.append(actor.run.stage.read("b.txt"))

    session, _ = await hand.start(slow, watch=True)
    await session.submit(SubmitRequest(text="do it"))
    await _watched(session)
    (project / "b.txt").write_bytes(b"mine\n")
    told = await hand.until(session, ProjectChanged)
    assert told.paths == ("b.txt",)
    go_on.set()
    await session.wait_idle()
    stage = await session._staging.stage()  # pyright: ignore[reportPrivateUsage]
    assert seen == [b"two\n"]
    await _until(lambda: stage.read("b.txt") == b"mine\n")
    assert hand.file("b.txt") == b"mine\n"


async def test_our_own_apply_is_no_edit_of_the_users(hand: Stagehand, project: Path) -> None:
    session = await _started(hand, _write)
    await session.submit(DecideChanges(paths=("a.txt",), verdict="accepted", by="user"))
    await session.submit(ApplyChanges())
    assert hand.file("a.txt") == b"the team's\n"
    (project / "b.txt").write_bytes(b"mine\n")
    told = await hand.until(session, ProjectChanged)
    assert told.paths == ("b.txt",)


async def test_what_was_edited_between_two_openings_is_told(hand: Stagehand, project: Path) -> None:
    session, _ = await hand.start(_write)
    await _done(hand, session)
    await session.close()
    (project / "a.txt").write_bytes(b"mine\n")
    again = await hand.again(session, watch=True)
    assert (await hand.until(again, ProjectChanged)).touched == ("a.txt",)
    assert (await hand.until(again, ChangeMarkedStale)).path == "a.txt"


async def test_where_the_kernel_gives_no_watches_it_is_said_and_looked_at(
    hand: Stagehand, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("OS file watch limit reached.")

    soon = msgspec.structs.replace(limits(), watch=msgspec.structs.replace(limits().watch, blind_seconds=0.2))
    monkeypatch.setattr(eyes, "watch", refuse)
    monkeypatch.setattr(watching, "limits", lambda: soon)
    session = await _started(hand, _write)

    async def said() -> bool:
        return any("fs.inotify" in event.text for event in await hand.events(session, NoticeGiven))

    await _until(said)
    (project / "b.txt").write_bytes(b"mine\n")
    assert (await hand.until(session, ProjectChanged)).paths == ("b.txt",)
    assert len([e for e in await hand.events(session, NoticeGiven) if "fs.inotify" in e.text]) == 1


async def test_without_watching_nothing_looks(hand: Stagehand, project: Path) -> None:
    session, _ = await hand.start(_write)
    await _done(hand, session)
    assert session._watching._task is None  # pyright: ignore[reportPrivateUsage]
    assert await hand.events(session, ProjectChanged) == []


async def test_closing_ends_the_watch(hand: Stagehand, project: Path) -> None:
    session = await _started(hand, _write)
    task = session._watching._task  # pyright: ignore[reportPrivateUsage]
    await session.close()
    assert task is not None
    assert task.done()


async def test_of_a_project_with_too_many_folders_none_is_watched(
    hand: Stagehand, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = msgspec.structs.replace(
        limits(), watch=msgspec.structs.replace(limits().watch, folders=0, blind_seconds=0.2)
    )
    monkeypatch.setattr(eyes, "limits", lambda: few)
    monkeypatch.setattr(watching, "limits", lambda: few)
    session = await _started(hand, _write)
    (project / "b.txt").write_bytes(b"mine\n")
    assert (await hand.until(session, ProjectChanged)).paths == ("b.txt",)
    assert any("too many folders" in event.text for event in await hand.events(session, NoticeGiven))


async def test_ignored_folders_are_not_watched(hand: Stagehand, project: Path) -> None:
    (project / ".gitignore").write_bytes(b"build/\n")
    (project / "build").mkdir()
    (project / "node_modules" / "deep").mkdir(parents=True)
    session = await _started(hand, _write)
    assert session._watching._eyes._folders == {"odd"}  # pyright: ignore[reportPrivateUsage]
