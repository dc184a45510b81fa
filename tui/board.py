"""What the screen of a session is made of and how it is arranged. It draws views, and holds no truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.widget import Widget
from textual.widgets import Static

from core.clock import Clock
from core.view.session import SessionView
from tui.actions import Scope, When
from tui.bar import Bar
from tui.chat import Chat, Waiting
from tui.costpane import CostPane, cost_title
from tui.diffs import Diffs, diffs_title
from tui.feed import Damage
from tui.keymap import Keymap
from tui.lines import Footer, Pane, StatusLine, Tabs, state_words
from tui.outlook import Outlook
from tui.paint import Line
from tui.panes import GraphPane, graph_title
from tui.prompt import Prompt
from tui.ticking import Ticking
from tui.welcome import Welcome

PANES: tuple[Pane, ...] = ("chat", "graph", "diffs", "cost")
_TARGETS: dict[Pane, str] = {"chat": "#prompt", "graph": "#graph", "diffs": "#patch", "cost": "#cost"}
_WIDTHS = ((0, "-slim"), (60, "-narrow"), (100, "-medium"), (140, "-wide"))
_HEIGHTS = ((0, "-flat"), (16, "-tall"), (50, "-high"))
"""Classes of the screen, from so many columns and rows on."""
TOO_SMALL = "Heddle needs 60×16.\nMake it larger."


class _Row(Horizontal):
    BLANK = True


class _Column(Vertical):
    BLANK = True


@runtime_checkable
class Redrawn(Protocol):
    """A screen over this one that follows the view."""

    def redraw(self) -> None: ...


class Board(Ticking, part=True):
    """Four panes, prompt, status line, bar and footer, arranged by the terminal's size."""

    HORIZONTAL_BREAKPOINTS = list(_WIDTHS)  # noqa: RUF012
    VERTICAL_BREAKPOINTS = list(_HEIGHTS)  # noqa: RUF012
    AUTO_FOCUS = "#prompt"
    answers = True
    """A question that waits may take the focus: it can be answered."""

    def __init__(self, clock: Clock, suggestions: Sequence[str], connect_hint: str, project: str) -> None:
        super().__init__(clock, classes="-fresh -pane-chat -side-graph")
        self.view = SessionView()
        self.outlook = Outlook(self.view.costs)
        self._suggestions = suggestions
        self._hint = connect_hint
        self._project = project
        self._pane: Pane = "chat"
        self._side: Pane | None = None
        """The side pane that the user chose for this run; None: the one that fits what happens."""
        self._side_run = ""
        self._asked = ""
        """Id of the question that the user chose to answer; else it is the one that waits longest."""

    def compose(self) -> ComposeResult:
        self._class_by_size()
        yield StatusLine(self.state_words, id="status")
        yield Tabs(id="tabs")
        with _Row(id="body"):
            with _Column(id="main"):
                yield Welcome(self._suggestions, self._hint, id="welcome")
                yield Chat(self.view.transcript, id="chat")
                with Vertical(id="entry"):
                    yield Prompt(id="prompt")
            with _Column(id="side"):
                yield GraphPane(self.view.graph, self._clock, id="graph")
                yield Diffs(self.view.changes, self.project_label, id="diffs")
                yield CostPane(self.view.costs, self.outlook, id="cost")
        yield Bar(id="bar")
        yield Footer(id="footer")
        yield Static(TOO_SMALL, id="small", markup=False)

    @property
    def keymap(self) -> Keymap:
        return self.app.keymap  # type: ignore[attr-defined]

    @property
    def suggestions(self) -> Sequence[str]:
        """Requests that the rehearsal knows."""
        return self._suggestions

    def _class_by_size(self) -> None:
        """Have the first frame styled once: Textual tells the size only after it."""
        width, height = self.app.size
        wide = [name for least, name in _WIDTHS if width >= least][-1]
        high = [name for least, name in _HEIGHTS if height >= least][-1]
        self.update_classes({wide: True, high: True}, update=False)

    # -- what the front adds ---------------------------------------------------------------------

    @property
    def waiting(self) -> Sequence[Waiting]:
        """Requests that are not on record yet."""
        return ()

    def bar_content(self) -> Line | None:
        """A sentence for the bar, if there is one; a warning when `-warning` is to be set."""
        return None

    def state_words(self) -> tuple[str, str]:
        """How the session goes, for the status line."""
        return state_words(self.view, self.elapsed(self.view.head.run_since))

    def facts(self) -> set[When]:
        """What is true now, for the footer."""
        head, changes = self.view.head, self.view.changes
        facts: set[When] = {"busy" if head.busy else "idle"}
        if changes.files:
            facts.add("files")
        if changes.ready:
            facts.add("ready")
        if (changes.open or changes.ready) and getattr(self.focused, "scope", None) != "diffs":
            facts.add("open")
        if any(file.place == "applied" for file in changes.files.values()):
            facts.add("written")
        file = self.query_one(Diffs).file
        if file is not None and file.conflict is not None:
            facts.add("conflict")
        if head.questions or head.proposals:
            facts.add("waiting")
        if head.can_retry:
            facts.add("retry")
        return facts

    # -- drawing ---------------------------------------------------------------------------------

    def draw(self, damage: Damage) -> None:
        """Draw what is old on the screen."""
        if not self.is_mounted:
            return
        with self.app.batch_update():
            if damage.chat or damage.head:
                self.query_one(Chat).update(damage.chat, self.waiting)
            if damage.graph:
                self.query_one(GraphPane).redraw()
            if damage.changes:
                self.query_one(Diffs).redraw()
            if damage.cost:
                self.query_one(CostPane).redraw()
            if damage.head or damage.changes or damage.cost or damage.graph:
                self.settle()
                self._settle_above()

    def _settle_above(self) -> None:
        """What lies over this screen and shows the same view."""
        above = self.app.screen
        if above is not self and isinstance(above, Redrawn):
            above.redraw()

    def settle(self) -> None:
        """Everything that follows from the state as a whole: classes, status, tabs, bar, footer."""
        head = self.view.head
        fresh = not self.view.transcript.items and not self.waiting
        states = {"-fresh": fresh, "-busy": head.busy, "-asking": head.question is not None}
        states |= {f"-pane-{pane}": pane == self._pane for pane in PANES}
        self.update_classes(states | {f"-side-{pane}": pane == self.side for pane in PANES})
        self.query_one(StatusLine).show(self.view, self._project)
        prompt = self.query_one(Prompt)
        prompt.placeholder, prompt.folder = self._placeholder(fresh), head.project
        self._settle_tabs()
        self._settle_bar()
        self.settle_footer()
        self.tick(head.busy)

    @property
    def side(self) -> Pane:
        """The side pane that is open where only one fits."""
        if self._side is not None and self._side_run == self.view.graph.run:
            return self._side
        decide = bool(self.view.changes.open or self.view.changes.ready)
        return "diffs" if decide and not self.view.head.busy else "graph"

    def _placeholder(self, fresh: bool) -> str:
        if self.view.head.question is not None:
            return self.keymap.fill("A question waits below: {next_pane} goes there")
        if "busy" in self.facts():
            return self.keymap.fill("{prompt.send} queues a request, {prompt.steer} says it to who works")
        if fresh and self._suggestions:
            return self.keymap.fill("Type a request, or press {prompt.send} to play the marked one")
        return "What should be done?"

    def _settle_tabs(self) -> None:
        view = self.view
        titles = ("chat", graph_title(view.graph), diffs_title(view.changes, True), cost_title(view.costs))
        keys = tuple(self.keymap.key(f"focus_{pane}") for pane in PANES)
        self.query_one(Tabs).show(tuple(zip(PANES, keys, titles, strict=True)), self._pane)

    def _settle_bar(self) -> None:
        head = self.view.head
        bar, question = self.query_one(Bar), head.questions.get(self._asked, head.question)
        words = self.bar_content()
        if words is not None:
            bar.say(words)
        elif question is not None:
            if bar.ask(question) and self.answers and not self.query_one(Prompt).text:
                bar.focus()
        elif not bar.has_class("-hidden"):
            had_focus = bar.has_focus
            bar.clear()
            if had_focus:
                self.focus_pane("chat")

    def show_question(self, id: str) -> None:
        """Go to one of the questions that wait."""
        self._asked = id
        self.settle()
        self.query_one(Bar).focus()

    def settle_footer(self) -> None:
        self.query_one(Footer).show(self.keymap.offered(self._scopes(), self.facts()))

    def _scopes(self) -> tuple[Scope, ...]:
        match self.focused:
            case Prompt():
                return ("prompt", "anywhere")
            case Chat():
                return ("chat", "anywhere")
            case GraphPane():
                return ("graph", "anywhere")
            case CostPane():
                return ("cost", "anywhere")
            case Bar():
                return ("question", "anywhere")
            case _:
                own: Scope | None = getattr(self.focused, "scope", None)
                return (own, "anywhere") if own is not None else ("anywhere",)

    # -- panes -----------------------------------------------------------------------------------

    def focus_pane(self, pane: Pane) -> None:
        """Go to a pane, and open it where it is folded. A past session has no prompt."""
        self._pane = pane
        if pane != "chat":
            self._side, self._side_run = pane, self.view.graph.run
        self.settle()
        if pane == "diffs":
            self.query_one(Diffs).furnish()
        past = pane == "chat" and self.has_class("-past")
        self.set_focus(self.query_one("#chat" if past else _TARGETS[pane], Widget))

    def on_descendant_focus(self) -> None:
        """A click can move the focus as well as a key."""
        for pane in PANES[1:]:
            node = self.query_one(f"#{pane}")
            if self.focused is not None and node in self.focused.ancestors_with_self:
                self._pane = pane
        if isinstance(self.focused, Prompt | Chat):
            self._pane = "chat"
        self.settle()

    def on_resize(self) -> None:
        """A terminal that was too small for a moment has taken the focus away."""
        self.call_after_refresh(self._keep_focus)

    def _keep_focus(self) -> None:
        if self.focused is None:
            self.focus_pane(self._pane)

    def on_key(self, event: Key) -> None:
        """What was typed before anything had the focus belongs to the prompt."""
        unclaimed = self.focused is None or isinstance(self.focused, Prompt)
        if unclaimed and event.is_printable and event.character:
            self.query_one(Prompt).insert(event.character)

    def project_label(self) -> str:
        return self.view.head.project_label or self._project
