"""Commands of the user's own: what is typed after a `!`."""

from __future__ import annotations

from textual.containers import Vertical

from core.commands import RunShell, StopShell
from tui.prompt import Prompt
from tui.steering import Steering

SIGN = "!"
_TITLE = "your command: it runs in the sandbox, on the private copy"


class Shelling(Steering, part=True):
    """A board whose prompt takes commands of the user's own."""

    def mark_shell(self) -> None:
        """Show at the prompt that what is typed is a command."""
        typed = self.query_one(Prompt).document.get_line(0).startswith(SIGN)
        entry = self.query_one("#entry", Vertical)
        if typed != entry.has_class("-shell"):
            entry.set_class(typed, "-shell")
            entry.border_title = _TITLE if typed else None

    async def run_shell(self, text: str) -> bool:
        """Whether the text was a command of the user's own, and is on its way."""
        if not text.startswith(SIGN):
            return False
        await self.send(RunShell(command=text.removeprefix(SIGN).strip()))
        return True

    async def action_end_command(self) -> None:
        """End the command that began last."""
        if self.view.head.shells:
            await self.send(StopShell(id=self.view.head.shells[-1]))
        else:
            self.tell("No command of yours runs.")
