"""A session's stage and sandbox: what they leave behind when the session is closed."""

import threading

import msgspec
import pytest

from core.commands import SubmitRequest
from core.events import StagePrepared, StageProgressed
from core.limits import limits
from core.paths import find_home
from core.sandbox import ServiceFailed
from core.staging import Staging
from core.view.session import SessionView


async def test_what_runs_beside_the_work_ends_with_the_session(tmp_path):
    (tmp_path / "project").mkdir()
    staging = Staging("s1", tmp_path / "project", find_home(), allow_unconfined=True)
    await staging.close()
    _, sandbox = await staging.prepare()
    service = sandbox.services.keep("cat", lambda: sandbox.serve(["cat"]))
    service.write(b"hello\n")
    assert service.stdout.readline() == b"hello\n"
    await staging.close()
    assert not service.alive
    with pytest.raises(ServiceFailed):
        sandbox.services.keep("cat", threading.Event)  # type: ignore[type-var]


async def test_how_far_a_private_copy_has_come_is_on_record(hand, project, monkeypatch):
    for number in range(40):
        (project / f"{number}.txt").write_text("x")
    at_once = msgspec.structs.replace(
        limits(), stage=msgspec.structs.replace(limits().stage, progress_seconds=0.0)
    )
    monkeypatch.setattr("core.preparing.limits", lambda: at_once)
    session, _ = await hand.start()
    await session.submit(SubmitRequest(text="do it"))
    await session.wait_idle()
    events = await hand.events(session, StageProgressed, StagePrepared)
    *told, prepared = events
    assert isinstance(prepared, StagePrepared) and told
    assert {event.total for event in told} == {prepared.files}
    assert [event.files for event in told] == sorted({event.files for event in told})
    view = SessionView()
    said = []
    for record in await hand.records(session):
        view.apply(record)
        said.append(view.head.copied)
    assert (told[-1].files, told[-1].total) in said and said[-1] == (0, 0)
