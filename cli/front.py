"""The screen and what it is given: the engine's port, past sessions, and what a newcomer should read."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.crash import write_report
from cli.garbage import look_for_garbage
from cli.scripts import SCREEN_HINT, role_words, script_requests
from cli.world import World, price_book, set_budgets
from core.preferences import Preferences

if TYPE_CHECKING:
    import argparse

    from cli.screen import Engines
    from core.index import Asked
    from core.library import Library
    from core.port import SessionPort
    from tui.sources import Sources

_SIGNS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
)
"""Settings that say that somebody means to use AWS."""


def open_app(world: World, args: "argparse.Namespace", engines: "Engines") -> int:
    """Run the screen; returns its exit code."""
    from core.rereading import Reading
    from tui.app import HeddleApp
    from tui.steering import DETACHED

    session = engines.current.session

    async def connect() -> "SessionPort":
        """Once the first frame is out: the engine's start must not compete with it for the processor."""
        painted = asyncio.Event()
        app.call_after_refresh(painted.set)
        await painted.wait()
        look_for_garbage()
        return await engines.connect()

    app = HeddleApp(
        connect,
        past=Reading(world.home.session_log(session)) if session else None,
        sources=_sources(world, engines),
        suggestions=suggestions(world, args),
        connect_hint=SCREEN_HINT,
        project=Path(args.project or ".").resolve().name,
        report=lambda error: write_report(world.home, error),
        **_looks(world),
    )
    app.run(mouse=world.config.mouse)
    if app.return_code == DETACHED:
        session = engines.current.session
        engines.current.let_go()
        print(f"The run goes on. `heddle --session {session}` shows it again.")
        return 0
    return app.return_code or 0


def open_replay(world: World, args: "argparse.Namespace", session: str, speed: float) -> int:
    """Play a session again on the screen; returns its exit code. No engine runs until one is gone on with."""
    from copy import copy

    from cli.screen import EngineProcess, Engines
    from core.rereading import Reading
    from tui.replayapp import ReplayApp

    later = copy(args)
    later.speed, later.scenario = 1.0, None
    engines = Engines(EngineProcess(world, later, session))
    app = ReplayApp(
        Reading(world.home.session_log(session)),
        speed,
        connect=engines.connect,
        sources=_sources(world, engines),
        connect_hint=SCREEN_HINT,
        **_looks(world),
    )
    try:
        app.run(mouse=world.config.mouse)
    finally:
        engines.current.end()
    return app.return_code or 0


def _looks(world: World) -> "Mapping[str, Any]":
    """What the user set about the screen."""
    from tui.keymap import read_keys
    from tui.notices import Manners
    from tui.themes import fit_theme

    config = world.config
    return {
        "theme": fit_theme(config.theme, world.environ),
        "manners": Manners(config.title, config.bell, config.notify),
        "keymap": read_keys(config.keys),
        "reduced_motion": config.reduced_motion,
        "graph_as_list": config.graph == "list",
    }


def _sources(world: World, engines: "Engines") -> "Sources":
    from core.ways import read_profiles
    from tui.sources import Rosters, Sources, Ways

    return Sources(
        library=lambda: _library(world),
        resume=engines.resume,
        recall=lambda: _recall(world),
        roles=role_words,
        preferences=Preferences(world.home.config, world.environ),
        elsewhere=lambda session, all_logs: _spending().elsewhere(world, session, all_logs),
        one_model=lambda roster: _spending().one_model(world, roster),
        budgets=set_budgets(world.config),
        export=lambda name, text: _spending().export(world, name, text),
        rosters=Rosters(
            roles=lambda roster: _asking().ask_roles(roster),
            models=lambda: _asking().ask_models(),
            save=lambda base, name, roles: _asking().keep_roster(base, name, roles),
        ),
        ways=Ways(
            profiles=lambda: read_profiles(world.environ),
            try_way=lambda way: _asking().ask_connect(way, save=False),
            save_way=lambda way: _asking().ask_connect(way, save=True),
        ),
    )


def _spending():  # noqa: ANN202 (a module, loaded after the first frame)
    from cli import spending

    return spending


def _asking():  # noqa: ANN202 (the same)
    from cli import asking

    return asking


def suggestions(world: World, args: "argparse.Namespace") -> Sequence[str]:
    """The requests that the rehearsal knows, when it is what will open."""
    if args.command != "rehearse" and (_means_aws(world.environ) or not _names_bedrock(world, args)):
        return ()
    return script_requests(world.home.config / "rehearsals", args.scenario)


def _means_aws(environ: Mapping[str, str]) -> bool:
    """A cheap guess without boto3, for the first frame; the engine decides."""
    folder = Path("~/.aws").expanduser()
    files = [
        Path(environ.get("AWS_SHARED_CREDENTIALS_FILE", folder / "credentials")),
        Path(environ.get("AWS_CONFIG_FILE", folder / "config")),
    ]
    return any(environ.get(name) for name in _SIGNS) or any(file.is_file() for file in files)


def _names_bedrock(world: World, args: "argparse.Namespace") -> bool:
    """A cheap guess without the catalog: whether a model of the roster is anything but `openai:`."""
    name = args.roster or world.config.roster
    for folder in (world.home.config / "rosters", Path(__file__).parents[1] / "agents" / "rosters"):
        try:
            text = (folder / f"{name}.toml").read_text("utf-8")
            if "openai:" not in text:
                return True
            import tomllib

            roles = tomllib.loads(text)["roles"]
            return not all(model.startswith("openai:") for models in roles.values() for model in models)
        except (OSError, ValueError, LookupError, AttributeError, TypeError):
            continue
    return True


def _library(world: World) -> "Library":
    from core.library import Library
    from core.settings import Settings

    return Library(world.home, lambda: Settings(home=world.home, prices=price_book(world), interactive=False))


async def _recall(world: World) -> "Sequence[Asked]":
    """Past requests; none where the index cannot be read, which holds nothing that the logs do not."""
    from core.index import Index, IndexUnreadable

    index = Index(world.home.index)
    await index.catch_up(world.home.sessions)
    try:
        return await index.requests()
    except IndexUnreadable:
        return ()
