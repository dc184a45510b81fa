"""What the agent graph is made of. Labels and texts are safe to draw; names are exact, and never drawn."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from core.events import HandedOff, ModelCalled
from core.money import ZERO, Pico, to_pico
from core.text import sanitise, sanitise_line
from core.view.items import NodeState

EdgeState: TypeAlias = Literal["waiting", "lit", "passed"]
"""`lit`: work flows along it now. `passed`: it did in this run."""
_CHARACTERS_A_TOKEN = 4
_LEAST_SECONDS = 0.5
"""A stream that is younger than this says nothing about its speed."""


class Charge(msgspec.Struct, frozen=True):
    """One model call of a node."""

    model: str
    input_tokens: int
    """The whole prompt."""
    cached_tokens: int
    """What of it was read from the cache."""
    output_tokens: int
    cost: Pico
    estimated: bool
    latency_ms: int
    ok: bool
    at: str


class Node(msgspec.Struct):
    name: str
    label: str
    role: str
    model: str
    state: NodeState = "waiting"
    round: int = 0
    since: str = ""
    """When it began this round, RFC 3339; empty before."""
    tool: str = ""
    """The tool call under way, with what it is about; empty when there is none."""
    call: str = ""
    """Id of that tool call."""
    calling: str = ""
    """Id of the model call under way; empty when there is none."""
    cost: Pico = ZERO
    estimated: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    duration_ms: int = 0
    paused: str = ""
    """Why it makes no further call; empty while it may."""
    skipped: str = ""
    """Why it has no part in this; empty while it may have one."""
    window: int = 0
    """The model's context window in tokens; 0 when unknown."""
    context: int = 0
    """Tokens of the last prompt."""
    rate: float = 0.0
    """Tokens a second that the last call wrote."""
    prompt: str = ""
    """What it was asked to do when it last began."""
    charges: list[Charge] = msgspec.field(default_factory=list[Charge])
    heard: int = 0
    """Characters that the call under way has written so far."""
    heard_from: str = ""
    heard_until: str = ""
    """When its first and its last words came, RFC 3339."""

    @property
    def full(self) -> float:
        """The part of the context window that the last prompt took, from 0 to 1; 0 when unknown."""
        return self.context / self.window if self.window else 0.0

    @property
    def speed(self) -> float:
        """Tokens a second: of what is being written, estimated, else of the last call; 0 when unknown."""
        seconds = _seconds(self.heard_from, self.heard_until)
        return self.heard / _CHARACTERS_A_TOKEN / seconds if seconds >= _LEAST_SECONDS else self.rate

    def elapsed_ms(self, now: datetime) -> int:
        """How long it has worked: measured once it has ended, until `now` while it works."""
        if self.state != "running" or not self.since:
            return self.duration_ms
        passed = (now - datetime.fromisoformat(self.since)).total_seconds()
        return self.duration_ms + max(0, int(passed * 1000))

    def hear(self, text: str, at: str) -> None:
        """The model writes."""
        if not self.heard:
            self.heard_from = at
        self.heard += len(text)
        self.heard_until = at

    def hush(self) -> None:
        """A call begins, or ends: nothing of it is heard yet, or any more."""
        self.heard, self.heard_from, self.heard_until = 0, "", ""

    def charge(self, event: ModelCalled, at: str) -> None:
        """Take one of its calls in."""
        cached = event.cache_read_tokens
        prompt = event.input_tokens + cached + event.cache_write_tokens
        cost = to_pico(event.cost_usd)
        self.cost = Pico(self.cost + cost)
        self.estimated |= event.estimated
        self.input_tokens += prompt
        self.output_tokens += event.output_tokens
        if not event.estimated:
            self.context = prompt
        if event.latency_ms:
            self.rate = event.output_tokens * 1000 / event.latency_ms
        self.charges.append(
            Charge(
                sanitise_line(event.model),
                prompt,
                cached,
                event.output_tokens,
                cost,
                event.estimated,
                event.latency_ms,
                event.ok,
                at,
            )
        )


class Link(msgspec.Struct):
    source: str
    target: str
    """Names of nodes, exact; their labels are what is drawn."""
    feedback: bool
    state: EdgeState = "waiting"
    label: str = ""
    """Why work was handed over, where a node said so."""

    @property
    def source_label(self) -> str:
        return sanitise_line(self.source)

    @property
    def target_label(self) -> str:
        return sanitise_line(self.target)


class Visit(msgspec.Struct):
    """One step of a swarm's path: the work comes to a node."""

    node: str
    """Its name, exact."""
    reason: str = ""
    """What the one before it said; empty where the work began."""


class Told(msgspec.Struct, frozen=True):
    """One thing that a member of a swarm told all others."""

    who: str
    what: str


def node_of(name: str, role: str, model: str) -> Node:
    return Node(name, sanitise_line(name), sanitise_line(role), sanitise_line(model))


def told_by(event: HandedOff) -> list[Told]:
    """The shared context of a swarm; one that was clipped is no JSON any more, and is given as it is."""
    if not event.shared:
        return []
    try:
        members = msgspec.json.decode(event.shared, type=dict[str, dict[str, object]])
    except msgspec.DecodeError:
        return [Told("", sanitise_line(event.shared))]
    return [
        Told(sanitise_line(who), f"{sanitise_line(key)}: {_value(value)}")
        for who, values in members.items()
        for key, value in values.items()
    ]


def _value(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return sanitise_line(sanitise(text))


def _seconds(begin: str, end: str) -> float:
    if not begin or begin == end:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
