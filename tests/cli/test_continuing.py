"""Which session `--continue` goes on with, and which one `last` names."""

import asyncio

from cli.sessions import choose_session, latest_session
from cli.world import find_world
from tests.support import recordings as tapes
from tests.support.shelves import write_session


def test_a_session_that_was_only_opened_and_left_is_passed_over(tmp_path):
    world = find_world({"HEDDLE_HOME": str(tmp_path / "home")})
    project = tmp_path / "project"

    async def write(session, tape, days):
        await write_session(world.home, session, tape.records, days)

    asyncio.run(write("opened", tapes.Tape().start(project=str(project)), 0))
    assert latest_session(world, project) == choose_session(world, "last") == "opened"
    asyncio.run(write("asked", tapes.Tape().start(project=str(project)).request("Fix it").finish(), 1))
    assert latest_session(world, project) == choose_session(world, "last") == "asked"
