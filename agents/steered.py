"""What the user wants of one node, met between two of its calls: a pause, another model, something to read."""

from typing import Any

from agents.roster import Role
from core.control import NodeControl
from core.events import MessageDelivered, MessageSent, ModelChanged
from core.money import show_usd, to_usd
from core.prices import PriceBook, Usage
from core.run import Run

BESIDE_RESULTS = frozenset({"claude", "nova"})
"""Families that take a user's text beside the results of tools. Others refuse the two in one turn: there it
is the last part of the last result."""
SAYS = "The user says meanwhile:\n\n"


class Steered:
    """One node as its user steers it. Messages are added at the end of a conversation, never further up, so
    that what the prompt cache holds stays true."""

    def __init__(self, run: Run, node: str, role: Role) -> None:
        self._run = run
        self._node = node
        self._role = role.name
        self._taken: list[MessageSent] = []

    @property
    def _control(self) -> NodeControl:
        return self._run.controls.of(self._node)

    def check(self) -> None:
        """Raises: Interrupted: the node is to end."""
        self._control.check()

    async def gate(self) -> None:
        """Wait while the node is paused.

        Raises:
            Interrupted: the node is to end.
        """
        await self._control.gate()

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the node is to end.

        Raises:
            Interrupted: the node is to end.
        """
        await self._control.sleep(seconds)

    # -- models ----------------------------------------------------------------------------------

    def other_model(self, current: str) -> str | None:
        """The model that the user wants instead of this one, if any."""
        wanted = self._run.controls.models.get(self._node)
        return None if wanted == current else wanted

    async def announce(self, before: str, model: str, reason: str) -> None:
        """Put a change of model on record, unless it is there."""
        announced = self._run.controls.announced
        if announced.get(self._node) == model:
            return
        announced[self._node] = model
        await self._run.emit(
            ModelChanged(
                run=self._run.id,
                node=self._node,
                role=self._role,
                from_model=before,
                to_model=model,
                reason=reason,
            )
        )

    # -- messages --------------------------------------------------------------------------------

    def add_messages(self, family: str, *conversations: list[Any]) -> None:
        """Add what the user says to the node, and decided, at the end of these conversations, which are copies
        of one."""
        for note in self._run.controls.notes(self._node):
            for conversation in conversations:
                add_text(conversation, note, beside=family in BESIDE_RESULTS)
        for message in self._run.controls.take(self._node, self._role):
            self._taken.append(message)
            for conversation in conversations:
                add_text(conversation, f"{SAYS}{message.text}", beside=family in BESIDE_RESULTS)

    async def delivered(self) -> None:
        """A call with what was added has gone out."""
        while self._taken:
            message = self._taken.pop(0)
            await self._run.emit(
                MessageDelivered(run=self._run.id, node=self._node, role=self._role, id=message.id)
            )

    def give_back(self) -> None:
        """The node ends: what it could not read any more is for others."""
        self._run.controls.put_back(self._taken)
        self._taken = []


def add_text(conversation: list[Any], text: str, *, beside: bool) -> None:
    """Say something in the user's turn at the end of a conversation, which begins one where there is none."""
    if not conversation or conversation[-1]["role"] != "user":
        conversation.append({"role": "user", "content": [{"text": text}]})
        return
    blocks = conversation[-1]["content"]
    results = [block["toolResult"] for block in blocks if "toolResult" in block]
    if results and not beside:
        results[-1]["content"].append({"text": text})
    else:
        blocks.append({"text": text})


def reread(prices: PriceBook, model: str, tokens: int) -> str:
    """What it costs that another model reads a conversation of so many tokens, which no cache holds for it."""
    cost = prices.cost(model, Usage(input=tokens))
    return f"You chose it. It reads about {tokens:,} tokens anew, which costs about {show_usd(to_usd(cost))}."
