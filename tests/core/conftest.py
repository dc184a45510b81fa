"""Real sessions over real projects, with a team that does as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from core.paths import Home, find_home
from core.prices import load_prices
from core.record import Record
from core.session import Session, Settings
from tests.support.acting import ActingTeam
from tests.support.cases import CASES
from tests.support.waiting import SOON

FILES = {"a.txt": b"one\n", "b.txt": b"two\n", "odd/grüße €.txt": b"three\n"}


class Stagehand:
    """Opens sessions on one project and reads what is on their record."""

    def __init__(self, home: Home, project: Path) -> None:
        self.home = home
        self.project = project
        self.sessions: list[Session] = []

    async def open(self, team: Any = None, *, session: str | None = None, **settings: Any) -> Session:
        """Open a session, or a new one; `settings` as in `Settings`."""
        made = Settings(home=self.home, prices=load_prices(), allow_unconfined=True, **settings)
        opened = await Session.open(made, project=self.project, session=session, team=team)
        self.sessions.append(opened)
        return opened

    async def start(self, *deeds: Any, **settings: Any) -> tuple[Session, ActingTeam]:
        """A new session whose team will do these deeds, one for each request."""
        team = ActingTeam(*deeds)
        return await self.open(team, **settings), team

    async def again(self, session: Session, team: Any = None, **settings: Any) -> Session:
        """Close a session and open it as another process would."""
        await session.close()
        return await self.open(team, session=session.id, **settings)

    async def records(self, session: Session, after: int = 0) -> list[Record]:
        """Everything on record so far."""
        found: list[Record] = []
        async for record in session.records(after):
            if record.seq > after:
                found.append(record)
            if record.seq >= session.last:
                break
        return found

    async def events(self, session: Session, *kinds: type, after: int = 0) -> list[Any]:
        """Events on record, of these kinds only."""
        if after >= session.last:
            return []
        records = await self.records(session, after)
        return [record.event for record in records if not kinds or isinstance(record.event, kinds)]

    async def until(self, session: Session, kind: type, after: int = 0) -> Any:
        """Wait for the first event of a kind."""
        async with asyncio.timeout(SOON):
            async for record in session.records(after):
                if isinstance(record.event, kind):
                    return record.event
        raise AssertionError(f"the session ended without {kind.__name__}")

    def file(self, name: str) -> bytes | None:
        """A file of the project."""
        path = self.project / name
        return path.read_bytes() if path.exists() else None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project that is no Git repository."""
    folder = tmp_path / "project"
    for name, data in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
async def hand(project: Path, isolated: Path) -> AsyncIterator[Stagehand]:
    """Sessions over `project`; those that are still open are closed in the end."""
    made = Stagehand(find_home(), project)
    yield made
    for session in made.sessions:
        await session.close()


@pytest.fixture
def cases() -> Callable[[str], Path]:
    """The place of data of others."""

    def find(name: str) -> Path:
        return CASES / name

    return find
