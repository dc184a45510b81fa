"""From one session to another: the list, and the ways into a past one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.commands import ResumeRun
from core.library import Entry, Library
from tui.keeping import SessionsScreen, Way
from tui.work import WorkScreen

if TYPE_CHECKING:
    from tui.app import HeddleApp


def show_sessions(app: HeddleApp) -> None:
    """Open the list of sessions, or go back to it where it lies below."""
    if app.sources.library is None:
        return
    for screen in app.screen_stack:
        if isinstance(screen, SessionsScreen):
            app.run_worker(_back_to(app, screen))
            return
    library, bottom = app.sources.library(), app.screen_stack[0]
    link = bottom.link if isinstance(bottom, WorkScreen) else None

    async def act(way: Way, entry: Entry) -> None:
        await visit(app, library, way, entry)

    busy = isinstance(bottom, WorkScreen) and link is not None and bottom.view.head.busy
    app.push_screen(SessionsScreen(library, link.session if link else "", app.clock, act, busy=busy))


async def _back_to(app: HeddleApp, screen: SessionsScreen) -> None:
    while app.screen is not screen:
        await app.pop_screen()


async def visit(app: HeddleApp, library: Library, way: Way, entry: Entry) -> None:
    """Open a past session in one of the ways."""
    match way:
        case "read":
            past = library.read(entry.id)
            await app.push_screen(WorkScreen(past=past, clock=app.clock, frame=app.frame))
        case "replay":
            from tui.replay import ReplayScreen

            await app.push_screen(ReplayScreen(library.read(entry.id), frame=app.frame))
        case "open" | "go_on":
            app.run_worker(_resume(app, library, way, entry))


async def _resume(app: HeddleApp, library: Library, way: Way, entry: Entry) -> None:
    """Put the session in the place of the one that is open here, which is left in good order."""
    if app.sources.resume is None:
        return
    rehearsed = entry.row is not None and not entry.row.billed
    screen = WorkScreen(
        app.sources.resume(entry.id, rehearsed),
        past=library.read(entry.id),
        first=ResumeRun() if way == "go_on" else None,
        clock=app.clock,
        frame=app.frame,
    )
    if screen.link is not None:
        screen.link.expected = entry.id
    while len(app.screen_stack) > 1:
        await app.pop_screen()
    if not app.screen._result_callbacks:
        # Textual 8.2.8 takes for granted that a screen that is replaced was pushed: the first one was not.
        app.screen._push_result_callback(app.screen, None)
    await app.switch_screen(screen)
