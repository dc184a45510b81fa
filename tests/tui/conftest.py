"""A screen over a tape of records, and the folder in which its pictures are kept."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from pytest_textual_snapshot import SVGImageExtension
from textual.pilot import Pilot

from cli.scripts import SCREEN_HINT
from core.library import Library
from core.paths import Home, find_home
from core.record import Record
from tests.support import recordings as tapes
from tests.support.ports import TapePort
from tests.support.ptys import Terminal
from tests.support.shelves import library_of, write_session
from tests.support.stillness import stillness
from tests.support.waiting import SOON
from tui.app import HeddleApp
from tui.sources import Sources

PICTURES = Path(__file__).parents[2] / "snapshots"
SUGGESTIONS = (
    "Add a GET /health endpoint to the API",
    "Implement an LRU cache with TTL support and thread safety",
    "Let clients page through the list of tasks",
)
ROLES = {
    "senior_coder": "writes complex algorithms",
    "fast_coder": "writes endpoints and simple functions",
    "code_reviewer": "checks logic and security",
}
HINT = SCREEN_HINT


def _pictures(cls: type, *, test_location: Any) -> str:
    return str(PICTURES / Path(test_location.filepath).stem)


SVGImageExtension.dirname = classmethod(_pictures)


def frozen() -> datetime:
    """Forty-two seconds after the tapes begin."""
    return tapes.START + timedelta(seconds=42)


@dataclass
class Stage:
    """An app, its port, and the sessions that it went on with."""

    app: HeddleApp
    port: TapePort
    connects: int = 0
    resumed: list[tuple[str, bool]] = field(default_factory=list)
    """Sessions that were gone on with, and whether in the rehearsal."""
    resumes: list[Record] = field(default_factory=list)
    """What is on record of such a session."""

    @property
    def screen(self) -> Any:
        return self.app.screen

    @property
    def commands(self) -> list[Any]:
        return self.port.commands


async def settle(pilot: Pilot, condition: Callable[[], bool] = lambda: True) -> None:
    """Wait until the screen has nothing left to do and the condition holds."""
    end = monotonic() + SOON
    await pilot.pause()
    while not condition():
        if monotonic() > end:
            seen = "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
            raise AssertionError(f"the screen never got there:\n{seen}")
        await asyncio.sleep(0.005)
        await pilot.pause()
    await pilot.pause()


@pytest.fixture(scope="session", autouse=True)
def still() -> Iterator[None]:
    """Keys and pauses of Textual's pilot end when the screen is still."""
    with stillness():
        yield


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return find_home({"HEDDLE_HOME": str(tmp_path / "home")})


@pytest.fixture
async def library(home: Home) -> Library:
    """`login` about /p/api, which is done, and three days earlier `store` about /p/web, which broke off."""
    api = tapes.Tape().start("bedrock", "/p/api").request("Fix the login")
    api.node("fast_coder")
    api.charge("fast_coder", "fast_coder", 2410, 122, cost="0.42").change(
        "fast_coder", "app/login.py", tapes.PATCH_APP
    )
    web = tapes.Tape().start("rehearsal", "/p/web").request("Rename the store")
    web.node("architect")
    web.charge("architect", "architect", 900, 80, cost="1.10", estimated=True)
    await write_session(home, "login", api.finish(answer="The cookie was never set.").records)
    await write_session(home, "store", web.finish("failed", "Nothing came of it.").records, days=3)
    return library_of(home)


@pytest.fixture
def recordings() -> Any:
    return tapes


@pytest.fixture
def stage_of() -> Callable[..., Stage]:
    """Make an app over records; keyword arguments go to the app."""

    def make(records: Sequence[Record] = (), library: Library | None = None, **more: Any) -> Stage:
        port = TapePort(records)

        async def connect() -> TapePort:
            stage.connects += 1
            return stage.port

        def resume(session: str, rehearsed: bool) -> Callable[[], Any]:
            stage.resumed.append((session, rehearsed))
            stage.port = TapePort(stage.resumes)
            return connect

        options: dict[str, Any] = {"suggestions": SUGGESTIONS, "connect_hint": HINT, "project": "tasks-api"}
        options |= {"clock": frozen, "frame": 0.01} | more
        found = {"library": lambda: library} if library is not None else {}
        sources = {"resume": resume, "roles": lambda: ROLES} | found | options.pop("sources", {})
        options["sources"] = Sources(**sources)
        connect_with = options.pop("connect", connect)
        stage = Stage(HeddleApp(connect_with, **options), port)
        return stage

    return make


@pytest.fixture
def settled() -> Callable[..., Any]:
    return settle


@pytest.fixture
def caught_up() -> Callable[..., Any]:
    """Wait until all records are on the screen."""

    async def wait(pilot: Pilot, stage: Stage) -> None:
        last = stage.port.last
        await settle(pilot, lambda: stage.screen.view.last >= last and stage.screen.feed.drawn)

    return wait


@pytest.fixture
def terminal():
    """Starts the screen over a tape on a terminal of its own; `start(tape, columns, rows, **environment)`."""
    opened = []

    def start(*arguments, **environment):
        opened.append(Terminal(*arguments, **environment))
        return opened[-1]

    yield start
    for one in opened:
        one.close()
