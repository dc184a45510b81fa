"""A team at work in a real session, against a Bedrock endpoint that is not ours."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from botocore.loaders import create_loader

from agents.aws import connect, connect_nowhere
from agents.catalog import Scope
from agents.conductor import Conductor
from agents.endpoint import Endpoint
from agents.retry import RetryPolicy
from agents.roster import Roster, load_roster
from core.commands import AnswerQuestion, Command, ResumeRun, RetryRun, SubmitRequest
from core.events import Event, ModelCalled, QuestionAsked, RunFinished
from core.paths import find_home
from core.prices import PriceBook, load_prices
from core.session import Session, Settings
from tests.support.foreign_bedrock import ForeignBedrock
from tests.support.waiting import SOON

E = TypeVar("E", bound=Event)

AT_ONCE = RetryPolicy(attempts=3, base_seconds=0.0, cap_seconds=0.0, total_seconds=5.0)
QUESTION = "What does app.py do?"
"""A rule sends it to the researcher alone: one call, and no router."""
SMALL = "Add a line that says hello"
"""Goes by the router's answer."""


@pytest.fixture(scope="session", autouse=True)
def one_loader() -> Iterator[None]:
    """botocore reads its service models once for all tests, not once for each session of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Iterator[ForeignBedrock]:
    """The endpoint, reached by the standard AWS settings."""
    with ForeignBedrock() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "foreign")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "foreign")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project whose tests hold when VALUE is 1."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.py").write_text("VALUE = 1\n")
    (folder / "README.md").write_text("# App\n")
    (folder / "Makefile").write_text("test:\n\tgrep -q 'VALUE = 1' app.py\n")
    return folder


class Told:
    """What a run put on record."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def end(self) -> RunFinished:
        return self.of(RunFinished)[-1]

    @property
    def calls(self) -> list[ModelCalled]:
        return self.of(ModelCalled)


class Works:
    """One session. Its team can be looked into, and its run interfered with."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.told = Told([])
        self.patience = SOON
        """Seconds that each wait may take."""
        self._news = asyncio.Condition()
        self._runs = 0
        self._watch = asyncio.create_task(self._watching())

    async def _watching(self) -> None:
        async for record in self.session.records():
            async with self._news:
                self.told.events.append(record.event)
                self._news.notify_all()

    async def until(self, fits: Callable[[Told], Any]) -> Any:
        """Wait until the records so far fit; gives what `fits` gave."""
        async with asyncio.timeout(self.patience), self._news:
            while not (found := fits(self.told)):
                await self._news.wait()
            return found

    async def submit(self, command: Command) -> None:
        self._runs += isinstance(command, SubmitRequest | RetryRun | ResumeRun)
        await self.session.submit(command)

    async def start(self, text: str = QUESTION, **more: Any) -> None:
        """Submit a request, and do not wait."""
        await self.submit(SubmitRequest(text=text, **more))

    async def finish(self) -> Told:
        """Wait for the end of the run that works."""
        await self.until(lambda told: len(told.of(RunFinished)) >= self._runs)
        await self.session.wait_idle()
        return self.told

    async def answer(self, answer: str) -> QuestionAsked:
        """Wait for a question and answer it."""
        question = await self.until(lambda told: told.of(QuestionAsked))
        await self.submit(AnswerQuestion(id=question[-1].id, answer=answer))
        return question[-1]

    async def __call__(self, text: str = QUESTION, **more: Any) -> Told:
        """Carry out a request."""
        await self.start(text, **more)
        return await self.finish()

    async def close(self) -> None:
        await self.session.close()
        await self._watch


Open = Callable[..., Awaitable[Works]]


@pytest.fixture
def roster(isolated: Path) -> Callable[..., Roster]:
    """A shipped roster, with other models for some roles."""

    def make(name: str = "current", scope: Scope = "geo", **models: tuple[str, ...]) -> Roster:
        shipped = load_roster(name, config=isolated, region="us-east-1", scope=scope)
        roles = dict(shipped.roles)
        for role, ids in models.items():
            roles[role] = msgspec.structs.replace(roles[role], models=ids)
        return msgspec.structs.replace(shipped, roles=roles)

    return make


@pytest.fixture
async def open_session(project: Path, roster: Callable[..., Roster]) -> AsyncIterator[Open]:
    """Open sessions on the project; they are closed after the test."""
    opened: list[Works] = []
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))

    async def make(
        team: Roster | str = "current",
        *,
        policy: RetryPolicy = AT_ONCE,
        interactive: bool = False,
        unconfined: bool = True,
        ask_above_usd: str = "100",
        prices: PriceBook | None = None,
        endpoint: Endpoint | None = None,
        **budgets: str,
    ) -> Works:
        chosen = roster(team) if isinstance(team, str) else team
        conductor = Conductor(
            chosen,
            connect() if endpoint is None else connect_nowhere(),
            policy=policy,
            ask_above_usd=ask_above_usd,
            endpoint=endpoint,
        )
        settings = Settings(
            home=find_home(),
            prices=prices or load_prices(),
            allow_unconfined=unconfined,
            interactive=interactive,
            **budgets,
        )
        works = Works(await Session.open(settings, project=project, team=conductor))
        opened.append(works)
        return works

    yield make
    for works in opened:
        await works.close()


@pytest.fixture
async def works(foreign: ForeignBedrock, open_session: Open) -> Works:
    """A headless session with the current roster."""
    return await open_session()
