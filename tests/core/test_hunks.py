"""Decisions piece by piece: what leaves the stage, what is written, and what waits on."""

import asyncio

import pytest

from agents import compose
from agents.board import Board
from core.commands import ApplyChanges, DecideChanges, ResolveConflict, SubmitRequest, UndoApply
from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeMerged,
    ChangeUndone,
    ChangeWithdrawn,
    CommandRefused,
    ConflictFound,
    ConflictResolved,
    FileChanged,
)
from core.stage import apply as transactions

OLD = b"".join(b"line %d\n" % n for n in range(1, 31))


def edited(old: bytes, *edits: tuple[bytes, bytes]) -> bytes:
    for before, after in edits:
        assert old.count(before) == 1
        old = old.replace(before, after)
    return old


TWO, FIFTEEN, END = (b"line 2\n", b"two\n"), (b"line 15\n", b""), (b"line 30\n", b"line 30\nmore\n")
NEW = edited(OLD, TWO, FIFTEEN, END)


async def work(session, text="do it"):
    await session.submit(SubmitRequest(text=text))
    await session.wait_idle()


def writes(*states: bytes, path="a.txt"):
    async def deed(actor):
        for data in states:
            await actor.write(path, data)

    return deed


@pytest.fixture
async def desk(hand):
    """A session in which a file with three hunks waits."""
    (hand.project / "a.txt").write_bytes(OLD)
    session, team = await hand.start(writes(NEW))
    await work(session)
    return Desk(hand, session, team)


class Desk:
    def __init__(self, hand, session, team):
        self.hand, self.session, self.team = hand, session, team

    def waiting(self, path="a.txt"):
        return self.session._past.waiting.decided[path]

    def ids(self, path="a.txt"):
        return list(self.waiting(path).pieces)

    def states(self, path="a.txt"):
        return [piece.verdict for piece in self.waiting(path).pieces.values()]

    async def decide(self, verdict, *ids, comment="", path="a.txt"):
        command = DecideChanges(verdict=verdict, paths=(path,), hunks=ids or None, comment=comment)
        await self.session.submit(command)

    async def staged(self, path="a.txt"):
        return (await self.session._staging.stage()).read(path)

    async def apply(self, *paths):
        after = self.session.last
        await self.session.submit(ApplyChanges(paths=paths or None))
        return await self.hand.events(self.session, after=after)

    async def last(self, kind):
        return (await self.hand.events(self.session, kind))[-1]

    def file(self, path="a.txt"):
        return self.hand.file(path)

    def user_writes(self, data, path="a.txt"):
        (self.hand.project / path).write_bytes(data)


async def test_a_file_is_told_in_its_hunks(desk):
    told = await desk.last(FileChanged)
    assert [(h.old_start, h.old_lines, h.new_start, h.new_lines) for h in told.hunks] == [
        (2, 1, 2, 1),
        (15, 1, 14, 0),
        (30, 0, 30, 1),
    ]
    assert {hunk.role for hunk in told.hunks} == {"fast_coder"} and not any(h.rejected for h in told.hunks)
    assert (told.added_lines, told.removed_lines) == (2, 2)
    assert (told.old_mode, told.new_mode) == ("100644", "100644") and told.old_blob != told.new_blob


async def test_a_rejected_hunk_leaves_the_stage_and_comes_back_when_it_is_reconsidered(desk):
    first, second, third = desk.ids()
    await desk.decide("rejected", second, comment="keep it")
    assert await desk.staged() == edited(OLD, TWO, END)
    told = await desk.last(FileChanged)
    assert [hunk.rejected for hunk in told.hunks] == [False, True, False] and "-line 15" in told.patch
    assert [hunk.id for hunk in told.hunks] == [first, second, third]
    await desk.decide("undecided", second)
    assert await desk.staged() == NEW and desk.states() == ["undecided"] * 3


@pytest.mark.parametrize("reopen", [False, True])
async def test_what_is_accepted_is_written_and_what_is_undecided_waits_on(desk, reopen):
    first, second, third = desk.ids()
    await desk.decide("accepted", first)
    await desk.decide("rejected", second)
    if reopen:
        desk.session = await desk.hand.again(desk.session)
    events = await desk.apply()
    assert [type(event) for event in events] == [ChangeApplied, FileChanged]
    assert desk.file() == edited(OLD, TWO)
    assert await desk.staged() == edited(OLD, TWO, END)
    assert desk.ids() == [second, third] and desk.states() == ["rejected", "undecided"]
    await desk.decide("accepted")
    await desk.apply()
    assert desk.file() == NEW


async def test_an_undo_takes_back_exactly_what_was_written_piece_by_piece(desk):
    first, second, third = desk.ids()
    await desk.decide("rejected", second)
    await desk.decide("accepted", first)
    await desk.apply()
    await desk.decide("accepted", third)
    await desk.apply()
    assert desk.file() == edited(OLD, TWO, END)
    desk.session = await desk.hand.again(desk.session)
    await desk.session.submit(UndoApply())
    assert desk.file() == edited(OLD, TWO)
    await desk.session.submit(UndoApply())
    assert desk.file() == OLD
    assert await desk.staged() == edited(OLD, TWO, END)
    assert desk.ids() == [first, second, third]
    assert desk.states() == ["undecided", "rejected", "undecided"]
    await desk.decide("accepted")
    await desk.apply()
    assert desk.file() == NEW


async def test_all_hunks_rejected_one_by_one_leave_the_file_as_it_was(desk):
    for id in desk.ids():
        await desk.decide("rejected", id)
    assert await desk.staged() == OLD and desk.states() == ["rejected"] * 3
    (refused,) = await desk.apply()
    assert "Nothing is accepted" in refused.reason
    desk.session = await desk.hand.again(desk.session)
    await desk.decide("accepted", desk.ids()[0])
    await desk.apply()
    assert desk.file() == edited(OLD, TWO)


async def test_deciding_all_that_is_open_leaves_decided_hunks_alone(desk):
    _first, second, _third = desk.ids()
    await desk.decide("rejected", second)
    await desk.session.submit(DecideChanges(verdict="accepted"))
    assert desk.states() == ["accepted", "rejected", "accepted"]
    await desk.apply()
    assert desk.file() == edited(OLD, TWO, END)


async def test_a_later_step_of_an_agent_keeps_what_was_decided(desk):
    _first, second, third = desk.ids()
    await desk.decide("rejected", second)
    await desk.decide("accepted", third)
    now = edited(OLD, TWO, END, (b"line 8\n", b"eight\n"))
    desk.team.then(writes(now))
    await work(desk.session, "more")
    assert desk.states() == ["undecided", "undecided", "rejected", "accepted"]
    await desk.decide("undecided", second)
    assert await desk.staged() == edited(now, FIFTEEN)


async def test_a_rejected_hunk_whose_lines_were_changed_again_cannot_come_back(desk):
    _first, second, _ = desk.ids()
    await desk.decide("rejected", second)
    desk.team.then(writes(edited(OLD, TWO, END, (b"line 15\n", b"fifteen\n"))))
    await work(desk.session, "more")
    assert second not in desk.ids()
    await desk.decide("accepted", second)
    assert "has no hunk" in (await desk.last(CommandRefused)).reason


@pytest.mark.parametrize(
    ("paths", "hunks", "says"),
    [
        (("a.txt",), ("zz",), "has no hunk zz. It has these: "),
        (("a.txt", "b.txt"), ("zz",), "Name the one file"),
        (None, ("zz",), "Name the one file"),
        (("nothing",), ("zz",), "No change of nothing waits"),
        (("new.txt",), ("zz",), "is decided whole"),
    ],
)
async def test_hunks_that_are_not_there_are_refused_and_nothing_is_decided(desk, paths, hunks, says):
    desk.team.then(writes(b"new\n", path="new.txt"))
    await work(desk.session, "more")
    await desk.session.submit(DecideChanges(verdict="accepted", paths=paths, hunks=hunks))
    assert says in (await desk.last(CommandRefused)).reason
    assert not await desk.hand.events(desk.session, ChangeDecided)


# -- renames and modes -----------------------------------------------------------------------------


@pytest.fixture
async def moved(hand):
    """A session in which a renamed file with two hunks and another mode waits."""
    (hand.project / "a.txt").write_bytes(OLD)

    async def deed(actor):
        def move():
            stage = actor.run.stage
            stage.write("moved.txt", edited(OLD, TWO, END))
            (stage.tree / "moved.txt").chmod(0o755)
            stage.delete("a.txt")
            return stage.record(["moved.txt", "a.txt"], **actor.who, message="move")

        await actor.use_tool("{}", move)

    session, team = await hand.start(deed)
    await work(session)
    return Desk(hand, session, team)


async def test_a_renamed_file_is_decided_by_hunks_and_its_name_goes_with_the_first(moved):
    first, second = moved.ids("moved.txt")
    await moved.decide("rejected", first, path="moved.txt")
    assert await moved.staged("moved.txt") == edited(OLD, END)
    await moved.decide("accepted", second, path="moved.txt")
    await moved.apply()
    assert (moved.file("a.txt"), moved.file("moved.txt")) == (None, edited(OLD, END))
    assert (moved.hand.project / "moved.txt").stat().st_mode & 0o111
    await moved.session.submit(UndoApply())
    assert (moved.file("a.txt"), moved.file("moved.txt")) == (OLD, None)


@pytest.mark.parametrize("reopen", [False, True])
async def test_a_renamed_file_that_was_rejected_comes_back_with_one_hunk(moved, reopen):
    _first, second = moved.ids("moved.txt")
    await moved.decide("rejected", path="moved.txt")
    assert await moved.staged("a.txt") == OLD
    if reopen:
        moved.session = await moved.hand.again(moved.session)
    await moved.decide("accepted", second, path="moved.txt")
    assert await moved.staged("moved.txt") == edited(OLD, END)
    await moved.apply()
    assert (moved.file("a.txt"), moved.file("moved.txt")) == (None, edited(OLD, END))


async def test_the_new_name_alone_can_be_written(moved):
    first, second = moved.ids("moved.txt")
    await moved.decide("accepted", path="moved.txt")
    await moved.decide("rejected", first, path="moved.txt")
    await moved.decide("undecided", second, path="moved.txt")
    await moved.apply()
    assert (moved.file("a.txt"), moved.file("moved.txt")) == (None, OLD)
    assert await moved.staged("moved.txt") == edited(OLD, END)


# -- the user's own edits --------------------------------------------------------------------------


async def test_the_users_edits_and_the_agents_are_merged(desk):
    first, second, third = desk.ids()
    await desk.decide("accepted", first)
    await desk.decide("rejected", second)
    mine = edited(OLD, (b"line 8\n", b"mine\n"), (b"line 29\n", b""))
    desk.user_writes(mine)
    events = await desk.apply()
    assert [type(event) for event in events] == [ChangeMerged, ChangeApplied, FileChanged]
    assert desk.file() == edited(mine, TWO)
    assert desk.ids() == [second, third] and desk.states() == ["rejected", "undecided"]
    await desk.decide("accepted")
    await desk.apply()
    assert desk.file() == edited(mine, TWO, FIFTEEN, END)
    for _ in range(2):
        await desk.session.submit(UndoApply())
    assert desk.file() == mine


async def test_what_the_user_did_as_well_is_no_conflict(desk):
    await desk.decide("accepted")
    desk.user_writes(NEW)
    events = await desk.apply()
    assert [type(event) for event in events] == [ChangeMerged, ChangeWithdrawn]
    assert desk.file() == NEW and not desk.session._past.changes


@pytest.fixture
async def torn(desk):
    """The same, and the user changed a line that the agents changed, and another one."""
    await desk.decide("accepted")
    desk.mine = edited(OLD, (b"line 2\n", b"my two\n"), (b"line 8\n", b"mine\n"))
    desk.user_writes(desk.mine)
    desk.events = await desk.apply()
    return desk


async def test_a_conflict_is_shown_with_both_sides_and_nothing_is_written(torn):
    found, stale = torn.events
    assert isinstance(found, ConflictFound) and found.regions == 1
    assert "<<<<<<< project\nmy two\n=======\ntwo\n>>>>>>> stage\n" in found.text and "mine\n" in found.text
    assert isinstance(stale, ChangeMarkedStale) and stale.hunk == torn.ids()[0]
    assert torn.file() == torn.mine and await torn.staged() == NEW


@pytest.mark.parametrize("reopen", [False, True])
@pytest.mark.parametrize("take", ["stage", "project", "merged"])
async def test_a_conflict_is_decided_by_the_user(torn, take, reopen):
    if reopen:
        torn.session = await torn.hand.again(torn.session)
    rest = [FIFTEEN, END]
    first = {"stage": b"two\n", "project": b"my two\n", "merged": b"both\n"}[take]
    wanted = edited(torn.mine, (b"my two\n", first), *rest)
    merged = wanted if take == "merged" else None
    await torn.session.submit(ResolveConflict(path="a.txt", take=take, merged=merged))
    assert (await torn.last(ConflictResolved)).take == take
    assert torn.file() == torn.mine and await torn.staged() == wanted
    await torn.apply()
    assert torn.file() == wanted
    await torn.session.submit(UndoApply())
    assert torn.file() == torn.mine


async def test_a_conflict_that_is_another_one_by_now_is_not_decided(torn):
    torn.user_writes(torn.mine + b"and more\n")
    await torn.session.submit(ResolveConflict(path="a.txt", take="stage"))
    assert "changed in the project since" in (await torn.last(CommandRefused)).reason
    assert await torn.staged() == NEW


@pytest.mark.parametrize("merged", [None, b"x\n"])
async def test_a_resolution_that_makes_no_sense_is_refused(torn, merged):
    await torn.session.submit(ResolveConflict(path="b.txt", take="stage"))
    await torn.session.submit(
        ResolveConflict(path="a.txt", take="merged" if merged is None else "stage", merged=merged)
    )
    refused = await torn.hand.events(torn.session, CommandRefused)
    assert len(refused) == 2 and not await torn.hand.events(torn.session, ConflictResolved)


@pytest.mark.parametrize("take", ["stage", "project"])
@pytest.mark.parametrize("side", ["user", "agents"])
async def test_a_file_that_one_side_deleted_is_a_conflict(hand, side, take):
    (hand.project / "a.txt").write_bytes(OLD)
    session, team = await hand.start(writes(None if side == "agents" else NEW))
    await work(session)
    desk = Desk(hand, session, team)
    await desk.decide("accepted")
    if side == "user":
        (hand.project / "a.txt").unlink()
    else:
        desk.user_writes(edited(OLD, TWO))
    found = (await desk.apply())[0]
    assert isinstance(found, ConflictFound) and (found.version == "") == (side == "user")
    assert "(the file is deleted)" in found.text
    await session.submit(ResolveConflict(path="a.txt", take=take))
    await desk.apply()
    theirs, ours = (None, NEW) if side == "user" else (edited(OLD, TWO), None)
    assert desk.file() == (ours if take == "stage" else theirs)


async def test_binary_files_collide_whole(hand):
    (hand.project / "a.bin").write_bytes(b"\0old")
    session, team = await hand.start(writes(b"\0new", path="a.bin"))
    await work(session)
    desk = Desk(hand, session, team)
    await desk.decide("accepted", path="a.bin")
    desk.user_writes(b"\0mine", "a.bin")
    found, stale = await desk.apply()
    assert found.regions == 1 and "no text" in found.text and stale.hunk is None
    assert desk.file("a.bin") == b"\0mine"


async def test_the_others_are_written_when_one_is_in_conflict(hand):
    (hand.project / "a.txt").write_bytes(OLD)

    async def deed(actor):
        await actor.write("a.txt", NEW)
        await actor.write("b.txt", b"b\n")

    session, team = await hand.start(deed)
    await work(session)
    desk = Desk(hand, session, team)
    desk.user_writes(edited(OLD, (b"line 2\n", b"mine\n")))
    await session.submit(DecideChanges(verdict="accepted"))
    await desk.apply()
    assert desk.file("b.txt") == b"b\n" and desk.file() == edited(OLD, (b"line 2\n", b"mine\n"))


# -- what the agents hear --------------------------------------------------------------------------


async def test_the_node_hears_of_a_rejected_hunk_with_its_lines_and_the_reason(hand):
    (hand.project / "a.txt").write_bytes(OLD)
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def deed(actor):
        await actor.write("a.txt", NEW)
        writing.set()
        await go_on.wait()
        await actor.write("b.txt", b"b\n")

    session, team = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    await writing.wait()
    desk = Desk(hand, session, team)
    await desk.decide("rejected", desk.ids()[1], comment="we need that line")
    assert await desk.staged() == NEW
    go_on.set()
    await session.wait_idle()
    (note,) = team.actors[0].heard
    assert "this part of a.txt" in note and "we need that line" in note and "-line 15" in note
    assert await desk.staged() == edited(OLD, TWO, END)


async def test_the_reason_stands_in_the_prompts_of_later_requests_until_it_is_reconsidered(desk):
    second = desk.ids()[1]
    await desk.decide("rejected", second, comment="we need that line")
    desk.team.then(writes(b"b\n", path="b.txt"))
    await work(desk.session, "more")
    prompt = compose.request(Board(run=desk.team.actors[-1].run))
    assert "# Request\n\nmore" in prompt and "we need that line" in prompt and "-line 15" in prompt
    await desk.decide("undecided", second)
    assert "we need that line" not in compose.request(Board(run=desk.team.actors[-1].run))


async def test_other_nodes_at_work_hear_of_it_with_their_next_call(desk):
    run = desk.team.actors[0].run
    for node in ("test_engineer", "documenter"):
        run.controls.begin(node, node)
    run.controls.tell(["The user rejected it."], by="documenter")
    assert (run.controls.notes("documenter"), run.controls.notes("test_engineer")) == (
        [],
        ["The user rejected it."],
    )
    assert run.controls.notes("test_engineer") == []


# -- an engine that dies ---------------------------------------------------------------------------


class Died(BaseException):
    """Stands for a killed engine: what comes after the write never happens."""


@pytest.fixture
def dies(monkeypatch):
    """From here on the engine ends right after a write, before the stage follows and anything is recorded."""

    def arm(what):
        def write(*arguments):
            getattr(transactions, what)(*arguments)
            raise Died

        module = {"apply": "core.applying.apply", "undo": "core.undoing.undo"}[what]
        monkeypatch.setattr(module, write)

    yield arm
    monkeypatch.undo()


@pytest.mark.parametrize("edited_since", [False, True])
async def test_an_apply_that_was_not_recorded_is_recorded_at_the_next_opening(
    desk, dies, monkeypatch, edited_since
):
    first, second, third = desk.ids()
    await desk.decide("accepted", first)
    await desk.decide("rejected", second)
    dies("apply")
    with pytest.raises(Died):
        await desk.session.submit(ApplyChanges())
    monkeypatch.undo()
    assert desk.file() == edited(OLD, TWO)
    if edited_since:
        desk.user_writes(edited(OLD, TWO, (b"line 8\n", b"mine\n")))
    desk.session = await desk.hand.again(desk.session)
    assert [event.path for event in await desk.hand.events(desk.session, ChangeApplied)] == ["a.txt"]
    assert desk.ids() == [second, third] and desk.states() == ["rejected", "undecided"]
    assert not await desk.hand.events(desk.session, ChangeMarkedStale)
    desk.session = await desk.hand.again(desk.session)
    assert len(await desk.hand.events(desk.session, ChangeApplied)) == 1
    if not edited_since:
        await desk.session.submit(UndoApply())
        assert desk.file() == OLD


async def test_an_undo_that_was_not_recorded_is_recorded_at_the_next_opening(desk, dies, monkeypatch):
    await desk.decide("accepted", desk.ids()[0])
    await desk.apply()
    dies("undo")
    with pytest.raises(Died):
        await desk.session.submit(UndoApply())
    monkeypatch.undo()
    assert desk.file() == OLD
    desk.session = await desk.hand.again(desk.session)
    assert len(await desk.hand.events(desk.session, ChangeUndone)) == 1
    assert desk.states() == ["undecided"] * 3
    await desk.decide("accepted")
    await desk.apply()
    assert desk.file() == NEW
