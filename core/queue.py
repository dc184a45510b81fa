"""What waits for its turn in a session: queued requests, and what the user said that no node has read yet."""

from typing import TypeAlias, assert_never

from core.events import (
    MessageDelivered,
    MessageSent,
    RequestDequeued,
    RequestQueued,
)

QueueEvent: TypeAlias = RequestQueued | RequestDequeued | MessageSent | MessageDelivered


class Queue:
    """A fold over the records. Every request in `requests` begins once, or is withdrawn."""

    def __init__(self) -> None:
        self.requests: dict[str, RequestQueued] = {}
        """By id, the next one first."""
        self.unread: dict[str, MessageSent] = {}
        """What was said to the run that works, and not read yet."""

    def note(self, event: QueueEvent) -> None:
        """Take one event in."""
        match event:
            case RequestQueued():
                self.requests[event.id] = event
                self.unread.pop(event.id, None)
            case RequestDequeued():
                self.requests.pop(event.id, None)
            case MessageSent():
                self.unread[event.id] = event
            case MessageDelivered():
                self.unread.pop(event.id, None)
            case _:
                assert_never(event)

    @property
    def next(self) -> RequestQueued | None:
        """The request whose turn it is."""
        return next(iter(self.requests.values()), None)

    def left_unread(self) -> list[RequestQueued]:
        """At the end of a run: what nobody read becomes a request of its own, so that it is not lost."""
        return [RequestQueued(id=message.id, text=message.text) for message in self.unread.values()]


def sentence(count: int, why: str) -> str:
    """What the user is told of requests that do not begin by themselves."""
    which = "1 request waits" if count == 1 else f"{count} requests wait"
    return f"{which}, since {why}. What waits follows the next run; it can be withdrawn until then."
