"""A screen over a tape of records, and the folder in which its pictures are kept."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_textual_snapshot import SVGImageExtension
from textual.pilot import Pilot

from core.index import SessionRow
from core.money import to_pico
from core.record import Record
from tests.support import recordings as tapes
from tests.support.ports import TapePort
from tui.app import HeddleApp

PICTURES = Path(__file__).parents[2] / "snapshots"
SUGGESTIONS = (
    "Add a GET /health endpoint to the API",
    "Implement an LRU cache with TTL support and thread safety",
    "Let clients page through the list of tasks",
)
HINT = "To connect real models, set up AWS credentials and run heddle in your repository; heddle doctor checks them."


def _pictures(cls: type, *, test_location: Any) -> str:
    return str(PICTURES / Path(test_location.filepath).stem)


SVGImageExtension.dirname = classmethod(_pictures)


def frozen() -> datetime:
    """Forty-two seconds after the tapes begin."""
    return tapes.START + timedelta(seconds=42)


@dataclass
class Stage:
    """An app, its port, and what it was asked to read."""

    app: HeddleApp
    port: TapePort
    connects: int = 0
    read: list[str] = field(default_factory=list)

    @property
    def screen(self) -> Any:
        return self.app.screen

    @property
    def commands(self) -> list[Any]:
        return self.port.commands


async def settle(pilot: Pilot, condition: Callable[[], bool] = lambda: True) -> None:
    """Wait until the screen has nothing left to do and the condition holds."""
    for _ in range(200):
        await pilot.pause()
        if condition():
            break
    else:
        raise AssertionError("the screen never got there")
    await pilot.pause()


def row(
    session: str, project: str, title: str, status: Any, cost: str, estimated: bool = False
) -> SessionRow:
    when = f"2026-01-{28 + int(session[1:])}T09:00:00.000000Z"
    return SessionRow(session, project, title, when, when, 40, 2, status, to_pico(cost), estimated)


@pytest.fixture
def session_rows() -> list[SessionRow]:
    return [
        row("s2", "/p/api", "Fix the login", "done", "0.42"),
        row("s1", "/p/web", "Rename the store", "failed", "1.10", True),
    ]


@pytest.fixture
def recordings() -> Any:
    return tapes


@pytest.fixture
def stage_of() -> Callable[..., Stage]:
    """Make an app over records; keyword arguments go to the app."""

    def make(records: Sequence[Record] = (), sessions: Sequence[Any] = (), **more: Any) -> Stage:
        port = TapePort(records)

        async def connect() -> TapePort:
            stage.connects += 1
            return stage.port

        async def browse() -> Sequence[Any]:
            return sessions

        async def read(session: str) -> AsyncIterator[Record]:
            stage.read.append(session)
            for record in tapes.applied():
                yield record

        options: dict[str, Any] = {"suggestions": SUGGESTIONS, "connect_hint": HINT, "project": "tasks-api"}
        options |= {"clock": frozen, "frame": 0.01, "browse": browse, "read": read} | more
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
