"""The user's own commands as items of the chat."""

from core.events import ShellFinished, ShellOutput, ShellStarted
from core.text import sanitise
from core.view.items import Items, ShellItem, Touched, Touches

LIVE_CHARACTERS = 8_000
"""What is held of the output of what runs: its end. The log has it whole."""


class Shells:
    """The commands among the items that run now."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self._running: dict[str, int] = {}

    def apply(self, event: ShellStarted | ShellOutput | ShellFinished) -> Touches:
        """Take one event in."""
        if isinstance(event, ShellStarted):
            index = self._running[event.id] = len(self._items)
            self._items.append(ShellItem(sanitise(event.command)))
            return (Touched(index, "added"),)
        index = self._running.get(event.id)
        if index is None or not isinstance(item := self._items[index], ShellItem):
            return ()
        if isinstance(event, ShellOutput):
            item.output = (item.output + sanitise(event.text))[-LIVE_CHARACTERS:]
        else:
            del self._running[event.id]
            _finish(item, event)
        return (Touched(index, "changed"),)

    def lose(self) -> Touches:
        """The session was opened again: what ran before has ended with its engine."""
        touched: list[Touched] = []
        for index in self._running.values():
            if isinstance(item := self._items[index], ShellItem):
                item.state = "stopped"
                touched.append(Touched(index, "changed"))
        self._running.clear()
        return tuple(touched)


def _finish(item: ShellItem, event: ShellFinished) -> None:
    item.duration_ms, item.output = event.duration_ms, sanitise(event.output)
    match event.outcome:
        case "exited":
            item.state = "ok" if event.exit_code == 0 else "failed"
            item.note = "" if event.exit_code == 0 else f"exit code {event.exit_code}"
        case "timed_out":
            item.state, item.note = "stopped", "ended by force: it took too long"
        case "stopped":
            item.state, item.note = "stopped", "stopped"
        case "not_run":
            item.state, item.note = "failed", "not run"
