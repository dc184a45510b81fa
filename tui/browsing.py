"""The list of sessions, what is looked for in it, and one session at a glance."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Input, Static

from core.clock import Clock
from core.index import SYNTAX, Wanted, read_sought
from core.library import Entry, Library
from core.text import sanitise
from tui.actions import Action, Scope, When, bindings
from tui.asking import AskLine
from tui.bar import Bar
from tui.board import TOO_SMALL, Board
from tui.keymap import Keymap
from tui.lines import Footer, OneLine
from tui.paint import Line, Span, spread
from tui.preview import PreviewPage
from tui.sessions import SessionList
from tui.wording import plural

_GONE = "There is no session here that this could be done with."


class Heading(OneLine):
    """How many sessions are shown."""

    words = ""

    def content(self, width: int) -> Line:
        left = [Span("heddle", "heading"), Span("  "), Span("sessions", "bold")]
        return [Span(" "), *spread(left, [Span(self.words, "dim")], width - 2), Span(" ")]


class Browsing(Screen[None]):
    """Finds sessions as one types; a subclass adds what can be done with them.

    Args:
        here: id of the session that is open on this screen; empty when none is.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("sessions")
    HORIZONTAL_BREAKPOINTS = Board.HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = Board.VERTICAL_BREAKPOINTS
    AUTO_FOCUS = "#sessions"
    palette_scopes: tuple[Scope, ...] = ("sessions",)

    def __init__(
        self,
        library: Library,
        here: str,
        clock: Clock,
    ) -> None:
        super().__init__()
        self.library = library
        self.here = here
        self._clock = clock
        self.deleted: list[tuple[str, str]] = []
        """Id and title of what was deleted on this screen, the latest last."""
        self._confirming: dict[str, Callable[[], Coroutine[Any, Any, None]]] | None = None
        """What each key does while something must be confirmed first."""
        self._asked = Wanted(read_sought("", clock().date()).sought)
        self._looked = False
        self.ready = False
        """Everything that is in the logs is on the screen."""

    def compose(self) -> ComposeResult:
        yield Heading(id="status")
        yield Input(
            placeholder=f"{self.keymap.fill('{sessions.search} to search')}: {SYNTAX}",
            id="sought",
            compact=True,
        )
        with Container(id="body"):
            yield SessionList(self.here, id="sessions")
            yield PreviewPage(id="preview")
        yield Bar(id="bar")
        yield Footer(id="footer")
        yield Static(TOO_SMALL, id="small", markup=False)

    def on_mount(self) -> None:
        self.query_one("#sought", Input).cursor_blink = False
        self.run_worker(self._begin(), group="look")

    @property
    def keymap(self) -> Keymap:
        return self.app.keymap  # type: ignore[attr-defined]

    # -- what is listed --------------------------------------------------------------------------

    @property
    def sessions(self) -> SessionList:
        return self.query_one(SessionList)

    async def _begin(self) -> None:
        """What the index knows at once, then what is new in the logs."""
        await self.find()
        await self.library.look()
        self._looked = True
        await self.find()
        self.ready = True

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "sought":
            self.run_worker(self.find(stay=False), group="find", exclusive=True)

    async def find(self, *, stay: bool = True) -> None:
        """List what is looked for. `stay`: the cursor keeps its session, and what is said stays."""
        self._asked = asked = read_sought(self.query_one("#sought", Input).value, self._clock().date())
        try:
            entries = await self.library.find(asked.sought)
        except Exception as error:
            self.tell(sanitise(str(error)), "bad")
            entries = []
        if asked is not self._asked:
            return  # something else is looked for by now
        nothing = self._asked == Wanted(read_sought("", self._clock().date()).sought)
        self.sessions.empty = self._nothing_found() if not nothing else self._nothing_yet()
        self.sessions.show(entries, stay=stay)
        self._count(len(entries))
        if self._asked.problem:
            self.tell(self._asked.problem, "warn")
        elif not stay and self._confirming is None:
            self.query_one(Bar).clear()

    def _nothing_yet(self) -> str:
        return "No session yet: this is the first one." if self._looked else "Looking …"

    def _nothing_found(self) -> str:
        return "No session holds all of this. Esc clears the search." if self._looked else "Looking …"

    def _count(self, found: int) -> None:
        heading = self.query_one(Heading)
        heading.words = plural(found, "session") + ("" if self._looked else "  looking for new ones …")
        heading.refresh()
        self._settle_footer()

    def on_session_list_moved(self) -> None:
        self.run_worker(self._show_preview(), group="preview", exclusive=True)

    async def _show_preview(self) -> None:
        entry, words = self.sessions.entry, self._asked.sought.words
        preview = None
        if entry is not None and entry.row is not None:
            try:
                preview = await self.library.preview(entry.id, words)
            except Exception as error:
                self.tell(sanitise(str(error)), "bad")
        self.query_one(PreviewPage).show(entry, preview, words)

    # -- keys ------------------------------------------------------------------------------------

    def _settle_footer(self) -> None:
        facts: set[When] = {"deleted"} if self.deleted else set()
        typing = self.query_one("#sought", Input).has_focus
        self.query_one(Footer).show(() if typing else self.keymap.offered(("sessions",), facts))

    def on_descendant_focus(self) -> None:
        """While a search is typed, letters are letters."""
        if self.is_mounted:
            self._settle_footer()

    def on_footer_clicked(self, event: Footer.Clicked) -> None:
        self.run_worker(self.perform(event.action))

    async def perform(self, action: Action) -> None:
        """Do what the footer or the palette named."""
        await self.run_action(action.name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key acts while something must be confirmed."""
        return self._confirming is None

    def on_key(self, event: events.Key) -> None:
        sought = self.query_one("#sought", Input)
        if self._confirming is not None:
            choices, self._confirming = self._confirming, None
            self.query_one(Bar).clear()
            if event.key in choices:
                self.run_worker(choices[event.key]())
        elif sought.has_focus and event.key in ("enter", "down", "escape"):
            if event.key == "escape" and sought.value:
                sought.value = ""
            else:
                self.sessions.focus()
        else:
            return
        event.stop()
        event.prevent_default()

    def tell(self, text: str, ink: str = "") -> None:
        self.query_one(Bar).say([Span(text, ink)])

    def confirm(self, words: Line, **keys: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._confirming = keys
        self.query_one(Bar).say(words)

    def chosen(self) -> Entry | None:
        """The session under the cursor; says so when there is none."""
        entry = self.sessions.entry
        if entry is None:
            self.tell(_GONE)
        return entry

    def action_search(self) -> None:
        self.query_one("#sought", Input).focus()

    def action_next_session(self) -> None:
        self.sessions.step(1)

    def action_previous_session(self) -> None:
        self.sessions.step(-1)

    def action_page_down(self) -> None:
        self.sessions.step(self.sessions.page)

    def action_page_up(self) -> None:
        self.sessions.step(-self.sessions.page)

    def action_first_session(self) -> None:
        self.sessions.step(-(10**9))

    def action_last_session(self) -> None:
        self.sessions.step(10**9)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_palette(self) -> None:
        self.app.action_command_palette()

    # -- asking ----------------------------------------------------------------------------------

    def ask(self, title: str, value: str, work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        def then(text: str) -> None:
            self.run_worker(self.attempt(work(text)))

        if not self.query(AskLine):
            self.mount(AskLine(title, value, then, id="asked"), before="#bar")

    def on_ask_line_answered(self, event: AskLine.Answered) -> None:
        self.sessions.focus()
        event.then(event.text)

    async def attempt(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, or say why it cannot be done."""
        try:
            await work
        except Exception as error:
            self.tell(sanitise(str(error)) or type(error).__name__, "bad")
        self._settle_footer()
