"""A session's stage and sandbox: made when they are first needed, one at a time, and never on the event loop."""

import asyncio
from pathlib import Path

from core.paths import Home, make_private
from core.sandbox import Sandbox, open_sandbox
from core.stage import Stage, StageError
from core.stage.follow import Tell, silent
from core.stage.rewinding import read_note


class Staging:
    """Opens a session's stage and sandbox once, and brings the stage up to date for each run."""

    def __init__(self, session: str, project: Path, home: Home, *, allow_unconfined: bool) -> None:
        self.session = session
        self.project = project
        self.journals = home.journals(project)
        self._folder = home.stage(session)
        self._allow_unconfined = allow_unconfined
        self._stage: Stage | None = None
        self._sandbox: Sandbox | None = None
        self._turn = asyncio.Lock()

    async def stage(self, *, follow: bool = True) -> Stage:
        """The stage; one that is opened for this follows the project, unless that must wait.

        Raises:
            StageError: the project is gone, or the stage can be neither opened nor made.
            OSError: the copy cannot be written.
        """
        async with self._turn:
            if self._stage is None:
                self._stage = await asyncio.to_thread(self._open, silent, follow)
            return self._stage

    async def follow(self) -> None:
        """Let untouched files follow the project.

        Raises:
            StageError, OSError: as `stage`.
        """
        stage = await self.stage()
        async with self._turn:
            await asyncio.to_thread(self._refresh, stage)

    async def prepare(self, tell: Tell = silent) -> tuple[Stage, Sandbox]:
        """Stage and sandbox for a run; untouched files are what they are in the project now.

        `tell` is called from another thread, for each file that is copied.

        Raises:
            StageError, OSError: as `stage`.
        """
        async with self._turn:
            return await asyncio.to_thread(self._prepare, tell)

    async def at_hand(self, *, follow: bool) -> tuple[Stage, Sandbox]:
        """Stage and sandbox beside a run; with `follow` as for one, else as they are.

        Raises:
            StageError, OSError: as `stage`.
        """
        async with self._turn:
            ready = self._stage is not None and self._sandbox is not None
            if follow or not ready:
                return await asyncio.to_thread(self._prepare, silent)
            assert self._stage is not None
            assert self._sandbox is not None
            return self._stage, self._sandbox

    @property
    def rewinds(self) -> bool:
        """Whether a rewinding of the stage is not on record yet."""
        return read_note(self._folder) is not None

    async def close(self) -> None:
        """End the programs that ran beside the work, such as language servers."""
        if self._sandbox is not None:
            await asyncio.to_thread(self._sandbox.services.close)

    def _prepare(self, tell: Tell) -> tuple[Stage, Sandbox]:
        if self._stage is None:
            self._stage = self._open(tell)
        else:
            self._refresh(self._stage)
        if self._sandbox is None:
            self._sandbox = open_sandbox(
                self._stage.tree, self.project, allow_unconfined=self._allow_unconfined
            )
        return self._stage, self._sandbox

    def _refresh(self, stage: Stage) -> None:
        self._check_project()
        stage.refresh()

    def _check_project(self) -> None:
        if not self.project.is_dir() or self.project.is_symlink():
            there = "a link now" if self.project.is_symlink() else "not there"
            raise StageError(
                f"The project's folder {self.project} is {there}. The session's changes are kept: "
                "put the folder back and try again."
            )

    def _open(self, tell: Tell, follow: bool = True) -> Stage:
        self._check_project()
        if not self._folder.exists():
            return self._make(tell)
        try:
            stage = Stage.open(self._folder, tell)
        except StageError as problem:
            return self._make_again(problem, tell)
        if follow:
            stage.refresh()
        return stage

    def _make(self, tell: Tell) -> Stage:
        make_private(self._folder.parent)
        return Stage.create(self.project, self._folder, tell)

    def _make_again(self, problem: StageError, tell: Tell) -> Stage:
        """A stage whose making was broken off is made again; what cannot be read is left as it is."""
        try:
            return self._make(tell)
        except StageError as error:
            raise StageError(f"{problem} {error}") from error
