"""Who wrote a line, with which model, for what, and who approved it: from the stage, and as the screen says it."""

import asyncio
from typing import Any

from core.blame import BlamedLine, blame
from core.commands import ApplyChanges, DecideChanges, RewindStage, SubmitRequest, UndoApply
from core.events import ModelCalled, StageCommitted
from core.money import to_pico
from core.stage.steps import Who, take_step
from core.view.changes import Changes
from core.view.credits import credited, credits_of
from core.view.steps import Steps
from tests.support.acting import MODEL

TEN = [b"line %d\n" % number for number in range(10)]


async def step(actor: Any, files: dict[str, bytes], node: str = "fast_coder") -> None:
    stage, who = actor.run.stage, Who(**{**actor.who, "node": node, "role": node})

    def work() -> Any:
        for path, data in files.items():
            stage.write(path, data)
        return take_step(stage, list(files), who, "write_file", set())

    await actor.run.emit(*await asyncio.to_thread(work))
    await actor.run.decisions()


async def ran(hand: Any, *deeds: Any) -> Any:
    session, _ = await hand.start(*deeds)
    for _ in deeds:
        await session.submit(SubmitRequest(text="do it"))
        await session.wait_idle()
    return session


async def steps_of(hand: Any, session: Any) -> Steps:
    steps = Steps()
    for event in await hand.events(session):
        steps.apply(event)
    return steps


async def blamed(hand: Any, session: Any, path: str) -> list[BlamedLine]:
    stage = await session._staging.stage()
    found = blame(stage.history, session._past.waiting, await steps_of(hand, session), path, path)
    assert found is not None
    return found


def approved(lines: list[BlamedLine]) -> list[tuple[str, str, bool]]:
    return [(line.role, "".join(line.approved_by), line.applied) for line in lines if line.role]


async def edits_two(actor: Any) -> None:
    await actor.think()
    await step(actor, {"ten.txt": b"".join([b"first\n", *TEN[1:5], b"five\n", b"and a half\n", *TEN[6:]])})
    await step(actor, {"new.txt": b"1\n2\n3\n"}, node="test_engineer")
    await actor.think()
    await actor.think()
    await step(actor, {"new.txt": b"1\ntwo\n3\n"})


async def test_each_line_says_who_and_what_it_cost(hand, project):
    (project / "ten.txt").write_bytes(b"".join(TEN))
    session = await ran(hand, edits_two)
    lines = await blamed(hand, session, "ten.txt")
    assert [line.number for line in lines if line.role] == [1, 6, 7] and lines[0].text == "first"
    assert (lines[0].role, lines[0].run, lines[0].step.model) == ("fast_coder", "r1", MODEL)
    calls = [to_pico(event.cost_usd) for event in await hand.events(session, ModelCalled)]
    assert lines[0].step.share == calls[0] // 3
    new = await blamed(hand, session, "new.txt")
    assert [line.role for line in new] == ["test_engineer", "fast_coder", "test_engineer"]
    assert new[1].step.share == calls[1] + calls[2] and new[0].step.share == 0
    assert approved(lines) == [("fast_coder", "", False)] * 3


async def test_the_last_words_of_a_node_belong_to_its_last_step(hand, project):
    async def deed(actor: Any) -> None:
        await actor.think()
        await step(actor, {"new.txt": b"1\n2\n"})
        await actor.think()

    session = await ran(hand, deed)
    calls = [to_pico(event.cost_usd) for event in await hand.events(session, ModelCalled)]
    assert (await blamed(hand, session, "new.txt"))[0].step.share == sum(calls) // 2


async def test_who_approved_follows_the_pieces_and_the_applies(hand, project):
    (project / "ten.txt").write_bytes(b"".join(TEN))

    async def more(actor: Any) -> None:
        data = await asyncio.to_thread(actor.run.stage.read, "ten.txt")
        await step(actor, {"ten.txt": data + b"eleven\n"}, node="documenter")

    session = await ran(hand, edits_two, more)
    first, second, third = session._past.changes["ten.txt"].hunks
    only = {"paths": ("ten.txt",)}
    await session.submit(DecideChanges(verdict="accepted", hunks=(first.id,), by="ann", **only))
    assert approved(await blamed(hand, session, "ten.txt")) == [
        ("fast_coder", "ann", False), *[("fast_coder", "", False)] * 2, ("documenter", "", False),
    ]  # fmt: skip
    await session.submit(ApplyChanges(**only))
    await session.submit(DecideChanges(verdict="rejected", hunks=(second.id,), by="ann", **only))
    await session.submit(DecideChanges(verdict="accepted", hunks=(third.id,), by="ben", **only))
    assert approved(await blamed(hand, session, "ten.txt")) == [
        ("fast_coder", "ann", True), ("documenter", "ben", False),
    ]  # fmt: skip
    await session.submit(ApplyChanges(**only))
    assert approved(await blamed(hand, session, "ten.txt")) == [
        ("fast_coder", "ann", True), ("documenter", "ben", True),
    ]  # fmt: skip
    await session.submit(UndoApply())
    lines = await blamed(hand, session, "ten.txt")
    assert approved(lines)[0] == ("fast_coder", "ann", True) and approved(lines)[-1][2] is False
    await session.submit(DecideChanges(verdict="accepted", by="cleo", **only))
    await session.submit(ApplyChanges(**only))
    assert approved(await blamed(hand, session, "ten.txt")) == [
        ("fast_coder", "ann", True), *[("fast_coder", "cleo", True)] * 2, ("documenter", "cleo", True),
    ]  # fmt: skip


async def test_a_file_that_nobody_touched_has_no_lines_to_tell(hand):
    session = await ran(hand, edits_two)
    stage = await session._staging.stage()
    for path in ("a.txt", "nowhere"):
        assert blame(stage.history, session._past.waiting, Steps(), path, path) is None


async def test_the_screen_says_the_same(hand, project):
    (project / "ten.txt").write_bytes(b"".join(TEN))
    session = await ran(hand, edits_two)
    await session.submit(DecideChanges(verdict="accepted", paths=("new.txt",), by="ann"))
    changes = Changes()
    for record in await hand.records(session):
        changes.apply(record)
    for path in ("ten.txt", "new.txt"):
        file, lines = changes.files[path], await blamed(hand, session, path)
        for line in lines:
            piece = next(
                (one for one in file.pieces if 0 <= line.number - one.new_start < one.new_lines), None
            )
            key = credited(file, piece, line.number, changes.steps) if piece or not file.pieces else None
            assert (key.role if key else "") == line.role
            assert (key.approved_by if key else "") == "".join(line.approved_by)
        total = sum(credit.cost for credit in credits_of(file, changes.steps))
        assert total == sum(line.step.share for line in lines if line.step)
    assert [credit.lines for credit in credits_of(changes.files["new.txt"], changes.steps)] == [2, 1]


async def test_a_rewound_step_keeps_what_it_cost(hand, project):
    session = await ran(hand, edits_two)
    steps = await steps_of(hand, session)
    first = (await hand.events(session, StageCommitted))[1].commit
    await session.submit(RewindStage(commit=first))
    assert all(line.role == "test_engineer" for line in await blamed(hand, session, "new.txt"))
    assert steps.known[first].work.lines == 3
