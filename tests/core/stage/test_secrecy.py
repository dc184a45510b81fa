"""Files that look like secrets are hidden in a stage from the moment on that they are in it."""

from pathlib import Path

import pytest

from core.sandbox.secrecy import hidden_files
from core.stage import Stage


@pytest.fixture(autouse=True)
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was looked at once is known for a long time."""
    monkeypatch.setattr("core.sandbox.secrecy._FRESH_SECONDS", 600.0)


def test_what_the_user_adds_is_hidden_as_soon_as_the_stage_has_it(stage: Stage, project: Path) -> None:
    assert hidden_files(stage.tree, project).files == frozenset()
    (project / ".env").write_text("API_TOKEN=s3cr3t-of-the-project-77\n")
    assert stage.refresh() == [".env"]
    assert hidden_files(stage.tree, project).files == {".env"}
