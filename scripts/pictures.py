"""Draw the pictures of the papers again: real runs of the rehearsal, on the real screen.

A scenario is played over the rehearsal's wire into a session of its own; then the screen draws that session's
records, some of them or all, and the keys of each picture are pressed. Run it as `make pictures`.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PICTURES = ROOT / "docs" / "pictures"
LARGE, MIDDLE, SMALL = (150, 46), (120, 40), (80, 24)
_MOST_PAUSES = 400
_AWS = (
    "[default]\nregion = us-east-1\naws_access_key_id = EXAMPLE\n"
    "[profile work]\nregion = eu-west-1\nsso_session = corp\n[sso-session corp]\nsso_start_url = https://example\n"
)

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from core.record import Record
    from tui.app import HeddleApp
    from tui.sources import Sources


@dataclass(frozen=True)
class Picture:
    """One picture: which records the screen has, what is pressed, and what must be seen then."""

    name: str
    until: Callable[["Record"], bool] | None = None
    """The last record that the screen has; None: all of them."""
    keys: str = ""
    seen: str = ""
    """Id of what the last key opens."""
    size: tuple[int, int] = MIDDLE
    theme: str = "heddle-dark"
    fresh: bool = False
    """A new session, with the requests that the rehearsal knows."""


def works(record: "Record") -> bool:
    """The first node of the graph has changed a file."""
    return type(record.event).__name__ == "FileChanged"


GALLERY = (
    Picture("heddle", size=LARGE),
    Picture("welcome", fresh=True),
    Picture("connect", keys="up enter down", seen="#picking", fresh=True),
    Picture("working", works),
    Picture("decide", keys="f4"),
    Picture("pairs", keys="f4 v", size=LARGE),
    Picture("graph", keys="f3", size=LARGE),
    Picture("cost", keys="f5", size=LARGE),
    Picture("inbox", keys="f7", seen="#inbox"),
    Picture("help", keys="f1", seen="#help"),
    Picture("settings", keys="f12", seen="#settings"),
    Picture("roster", keys="f12 m", seen="#picking"),
    Picture("small", keys="f4", size=SMALL),
    Picture("light", keys="f4", theme="heddle-light"),
    Picture("contrast", keys="f4", theme="heddle-contrast"),
    Picture("safe", keys="f4", theme="heddle-safe"),
    Picture("ansi", keys="f4", theme="heddle-ansi"),
)


def main() -> None:
    wanted = set(sys.argv[1:])
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["HEDDLE_HOME"] = home
        (Path(home) / "aws").write_text(_AWS)
        os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = f"{home}/aws"
        records = play()
        os.chdir(home)
        for picture in GALLERY:
            if not wanted or picture.name in wanted:
                asyncio.run(draw(records, picture))


def play() -> list["Record"]:
    """The records of the first scenario."""
    import argparse

    from cli.rehearse import rehearse
    from cli.world import find_world
    from core.log import LogReader

    world = find_world()
    args = argparse.Namespace(scenario=None, output="json", apply="none", speed=4.0, roster=None)
    rehearse(world, args)

    async def read() -> list["Record"]:
        path = next(world.home.sessions.glob("*.db"))
        async with await LogReader.open(path) as reader:
            return await reader.read(0, 10_000)

    return asyncio.run(read())


class RecordedPort:
    """A session: its records, and nobody to take commands."""

    id = "picture"

    def __init__(self, records: Sequence["Record"]) -> None:
        self._records = records

    async def submit(self, command: object) -> None:
        return

    async def records(self, after: int = 0) -> AsyncIterator["Record"]:
        for record in self._records:
            if record.seq > after:
                yield record
        await asyncio.Event().wait()

    async def close(self) -> None:
        return


async def draw(records: Sequence["Record"], picture: Picture) -> None:
    """Draw the screen after these records and keys."""
    app, port = _app(_shown(records, picture), picture)
    async with app.run_test(size=picture.size) as pilot:
        last = max((record.seq for record in port), default=0)
        await _until(pilot, lambda: app.screen.view.last >= last and app.screen.feed.drawn)  # type: ignore[attr-defined]
        for key in picture.keys.split():
            await pilot.press(key)
            await pilot.pause(0.3)
        if picture.seen:
            await _until(pilot, lambda: bool(app.screen.query(picture.seen)))
        await pilot.pause(0.3)
        path = PICTURES / f"{picture.name}.svg"
        path.write_text(app.export_screenshot(title="heddle"))
    print(f"wrote {path.relative_to(ROOT)}")


def _shown(records: Sequence["Record"], picture: Picture) -> Sequence["Record"]:
    if picture.fresh:
        return records[:1]
    if picture.until is None:
        return records
    end = next(index for index, record in enumerate(records) if picture.until(record))
    return records[: end + 1]


def _app(shown: Sequence["Record"], picture: Picture) -> tuple["HeddleApp", Sequence["Record"]]:
    from datetime import datetime, timedelta

    from cli.scripts import SCREEN_HINT, role_words, script_requests
    from tui.app import HeddleApp

    async def connect() -> RecordedPort:
        return RecordedPort(shown)

    at = datetime.fromisoformat(shown[-1].at) + timedelta(seconds=3)
    app = HeddleApp(
        connect,
        sources=_sources(role_words),
        suggestions=script_requests(Path("config") / "rehearsals"),
        connect_hint=SCREEN_HINT,
        project="bookshelf",
        theme=picture.theme,
        clock=lambda: at,
    )
    return app, shown


def _sources(roles: Callable[[], dict[str, str]]) -> "Sources":
    """What the real screen is given, over a home that is empty."""
    from cli.asking import ask_connect, ask_models, ask_roles, keep_roster
    from core.preferences import Preferences
    from core.ways import read_profiles
    from tui.sources import Rosters, Sources, Ways

    return Sources(
        roles=roles,
        preferences=Preferences(Path("config"), {}),
        rosters=Rosters(ask_roles, ask_models, keep_roster),
        ways=Ways(
            lambda: read_profiles(os.environ),
            lambda way: ask_connect(way, save=False),
            lambda way: ask_connect(way, save=True),
        ),
    )


async def _until(pilot: "Pilot[None]", condition: Callable[[], bool]) -> None:
    for _ in range(_MOST_PAUSES):
        await pilot.pause(0.05)
        if condition():
            return
    raise SystemExit("the screen never got there")


if __name__ == "__main__":
    main()
