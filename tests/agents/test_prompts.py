"""Prompts that a project brings, in a real run: never used before the user trusted them, and that is said."""

import pytest

from agents.prompting import PROJECT_FOLDER, trust
from core.events import NoticeGiven
from core.paths import find_home

BROUGHT = "You are the researcher of pirates."


@pytest.fixture
def brought(project):
    path = project / PROJECT_FOLDER / "researcher.md"
    path.parent.mkdir(parents=True)
    path.write_text(BROUGHT)
    return path


async def test_without_trust_it_reaches_no_model_and_that_is_said(brought, works, foreign):
    told = await works()
    assert told.end.status == "done"
    assert [asked for asked in foreign.requests if "pirates" in asked.system] == []
    (notice,) = [each for each in told.of(NoticeGiven) if each.level == "warning"]
    assert "prompts of its own for researcher. They are not used" in notice.text


async def test_with_trust_it_is_the_roles_prompt_until_it_changes(brought, works, foreign, project):
    import hashlib

    print_of = hashlib.sha256(BROUGHT.encode()).hexdigest()
    trust(find_home()).keep(project, "researcher", print_of, trusted=True)
    told = await works()
    assert [asked.system.strip() for asked in foreign.requests] == [BROUGHT]
    assert told.of(NoticeGiven) == []
    brought.write_text(f"{BROUGHT} Arr.")
    told = await works()
    assert "pirates" not in foreign.requests[-1].system
    assert len(told.of(NoticeGiven)) == 1
