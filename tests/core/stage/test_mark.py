"""Where timestamps are too coarse to tell two writes apart, bytes decide."""

import time

import pytest

from core.stage import Mark, Stage
from core.stage.survey import Seen, settle

pytestmark = pytest.mark.usefixtures("coarse")
OLD = Seen(0o100644, 3, 1, 1, 7)


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written a minute ago is fresh still, so that no machine is too slow to look in time."""
    monkeypatch.setattr("core.stage.survey._RACY_NS", 60_000_000_000)


def test_what_was_changed_just_now_is_looked_at_again() -> None:
    now = time.time_ns()
    assert settle(OLD) == OLD
    for fresh in (Seen(0o100644, 3, now, 1, 7), Seen(0o100644, 3, 1, now, 7)):
        assert not settle(fresh).is_settled
        assert settle(fresh) != fresh


def test_fresh_files_are_compared_by_their_bytes(stage: Stage) -> None:
    (stage.tree / "fresh").write_bytes(b"one")
    mark = stage.mark()
    assert "fresh" in mark.digests
    same = dict(mark.files)
    assert Mark(same, {"fresh": b"other"}).differs_from(mark) == ["fresh"]
    assert Mark(same, mark.digests).differs_from(mark) == []
    assert Mark(same, {}).differs_from(mark) == []
