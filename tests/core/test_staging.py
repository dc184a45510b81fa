"""A session's stage and sandbox: what they leave behind when the session is closed."""

import threading

import pytest

from core.paths import find_home
from core.sandbox import ServiceFailed
from core.staging import Staging


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
