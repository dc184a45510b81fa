"""The screen of a session at work: what the user does becomes commands, what comes back is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from time import monotonic

from core.clock import Clock
from core.commands import (
    AnswerQuestion,
    Command,
    InterruptRun,
    ResumeRun,
    SendMessage,
    WithdrawRequest,
)
from core.view.session import Queued
from tui.actions import Action, When, bindings
from tui.answering import Answering
from tui.bar import Bar
from tui.chat import Chat, Waiting
from tui.composing import TWICE_SECONDS
from tui.connection import Connect, Connection
from tui.deciding import Deciding
from tui.lines import Footer
from tui.pacing import FRAME_SECONDS
from tui.paint import Line, Span
from tui.preferring import Preferring
from tui.prompt import Prompt
from tui.telling import Reading, Telling
from tui.welcome import Welcome

_PAST = "This is a past session: it can be read, and nothing in it can be changed. {interrupt} goes back."


class WorkScreen(Preferring, Answering, Telling):
    """A live session (`connect`), a past one (`past`), or one that is gone on with (both).

    Args:
        connect: opens a port to it; None: the session is only read again.
        past: what is on record of it already, shown while the engine starts.
        first: is sent as soon as the engine is there.
    """

    BINDINGS = bindings("anywhere")

    def __init__(
        self,
        connect: Connect | None = None,
        *,
        past: Reading | None = None,
        first: Command | None = None,
        clock: Clock,
        suggestions: Sequence[str] = (),
        connect_hint: str = "",
        project: str = "",
        frame: float = FRAME_SECONDS,
    ) -> None:
        super().__init__(clock, suggestions, connect_hint, project, frame)
        self.link = (
            Connection(connect, self.feed, self._link_changed, self._put_back, first) if connect else None
        )
        self.past, self.answers = past, connect is not None
        self._confirming: Line | None = None
        self._pressed_at = -TWICE_SECONDS

    def on_mount(self) -> None:
        self.set_class(self.link is None, "-past")
        self.focus_pane("chat")
        self.follow()

    def follow(self) -> None:
        """Read the session, in a task of its own."""
        self.run_worker(self._follow(), exclusive=True)

    async def _follow(self) -> None:
        past, self.past = self.past, None
        reading = self.read_past(past) if past is not None else None
        if self.link is not None:
            await self.link.run(reading)
        elif reading is not None:
            await reading

    async def on_unmount(self) -> None:
        if self.link is not None:
            await self.link.close()

    def settle(self) -> None:
        super().settle()
        if self.link is not None:
            self.app.caller.follow(self.view, PurePath(self.project_label()).name)  # type: ignore[attr-defined]

    # -- what is shown besides the view ----------------------------------------------------------

    @property
    def waiting(self) -> Sequence[Waiting]:
        queued = [
            Waiting(one.text, note="queued: it begins after this run. ↑ takes it back")
            for one in self.view.head.queue.values()
        ]
        return [*queued, *(self.link.waiting if self.link else ())]

    def state_words(self) -> tuple[str, str]:
        if self.link is None:
            return "past session, read only", "dim"
        match self.link.state:
            case "starting":
                return "starting the engine …", "dim"
            case "lost":
                return "■ the engine is gone", "bad bold"
            case "ready":
                return super().state_words()

    def facts(self) -> set[When]:
        facts = super().facts()
        if self.link is None:
            facts -= {"busy", "retry", "files", "written"}
            facts.add("past")
            return facts
        facts.add("live")
        if self.link.state == "lost":
            facts -= {"busy"}
            facts |= {"idle", "retry"}
        if self.view.head.shells:
            facts.add("shell")
        return facts

    def bar_content(self) -> Line | None:
        if self._confirming is not None:
            return self._confirming
        if not self._told and self.link is not None and self.link.state == "lost":
            return [
                Span(f"{self.link.reason} ", "bad"),
                *self.keymap.line("{retry} starts it again and goes on."),
            ]
        return super().bar_content()

    def _link_changed(self) -> None:
        if self.is_mounted:
            self.query_one(Chat).update({}, self.waiting)
            self.settle()

    def _put_back(self, text: str) -> None:
        if self.is_mounted:
            self.query_one(Prompt).put_back(text)

    async def send(self, command: Command) -> None:
        """Send a command, or say when it will be, or why it cannot be."""
        if self.link is None:
            self.tell(self.keymap.fill(_PAST))
            return
        early = self.link.state == "starting"
        if not await self.link.send(command):
            self.tell("The engine is gone. Nothing was changed.")
        elif early:
            self.tell("This is done as soon as the engine is there.")

    # -- what the widgets report -----------------------------------------------------------------

    async def on_prompt_sent(self, event: Prompt.Sent) -> None:
        fresh = self.has_class("-fresh")
        text = event.text or (self.query_one(Welcome).picked if fresh else "")
        question = self.view.head.question
        if not text:
            return
        if question is not None and not question.choices:
            await self.send(AnswerQuestion(id=question.id, answer=text))
        elif not await self.carried_out(text):
            await self.request(text)

    async def on_welcome_picked(self, event: Welcome.Picked) -> None:
        await self.on_prompt_sent(Prompt.Sent(event.text))

    async def request(self, text: str) -> None:
        """Send a request, now or as soon as it is its turn."""
        if self.link is None:
            self.tell(self.keymap.fill(_PAST))
            return
        await self.link.request(text)

    async def on_prompt_steered(self, event: Prompt.Steered) -> None:
        """Into the work that goes on; without a run there is nobody to hear it."""
        if not event.text:
            return
        if self.view.head.busy:
            await self.send(SendMessage(text=event.text))
        else:
            self._put_back(event.text)
            self.tell(
                self.keymap.fill("No run works that could hear it. {prompt.send} sends it as a request.")
            )

    async def on_prompt_stepped(self, event: Prompt.Stepped) -> None:
        self.query_one(Welcome).step(event.by)
        if event.by < 0 and self.view.head.queue:
            await self._take_back(list(self.view.head.queue.values())[-1:])

    async def _take_back(self, queued: Sequence[Queued]) -> None:
        """Withdraw queued requests, and give their texts back to the prompt."""
        for one in queued:
            await self.send(WithdrawRequest(id=one.id))
        if queued:
            self._put_back("\n".join(one.text for one in queued))

    def on_prompt_scrolled(self, event: Prompt.Scrolled) -> None:
        chat = self.query_one(Chat)
        chat.scroll_relative(y=event.by * max(1, chat.size.height - 2), animate=False)

    async def on_deciding_decided(self, event: Deciding.Decided) -> None:
        await self.send(event.command)

    def on_deciding_confirming(self, event: Deciding.Confirming) -> None:
        self._confirming = event.words
        self.untell()

    def on_deciding_told(self, event: Deciding.Told) -> None:
        self.tell(event.text)

    async def on_bar_answered(self, event: Bar.Answered) -> None:
        await self.send(AnswerQuestion(id=event.question.id, answer=event.answer))

    def on_footer_clicked(self, event: Footer.Clicked) -> None:
        self.run_worker(self.perform(event.action), exclusive=False)

    # -- actions ---------------------------------------------------------------------------------

    async def perform(self, action: Action) -> None:
        """Do what the footer or the palette named."""
        if not action.palette:
            await self.show_place(action)
        elif action.scope in ("chat", "graph", "diffs", "cost"):
            self.focus_pane(action.scope)
            await self.query_one(f"#{action.scope}").run_action(action.name)
        else:
            await self.run_action(action.name)

    async def action_interrupt(self) -> None:
        if self.link is None:
            self.dismiss()
        elif self.view.head.shells:
            await self.action_end_command()
        elif self.view.head.busy:
            await self._take_back(list(self.view.head.queue.values()))
            await self.send(InterruptRun())
            self.link.return_queued()
        elif self.pressed_twice():
            self.action_take_up()

    async def action_retry(self) -> None:
        if self.link is None:
            return
        if self.link.state == "lost":
            self.link.try_again_after()
            self.follow()
        elif self.view.head.can_retry:
            await self.send(ResumeRun())
        else:
            self.tell("No run broke off: there is nothing to go on with.")

    def action_interrupt_or_quit(self) -> None:
        """Copy what is marked; else the second press within two seconds quits."""
        marked = self.get_selected_text() or self.query_one(Prompt).selected_text
        now = monotonic()
        if marked:
            self.copy(marked, "what is marked")
        elif now - self._pressed_at < TWICE_SECONDS:
            self.app.exit()
        else:
            self._pressed_at = now
            self.tell(
                self.keymap.fill(
                    "Press {interrupt_or_quit} again to quit. {interrupt} stops a run and stays here."
                )
            )
