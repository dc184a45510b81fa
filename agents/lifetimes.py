"""How long the prompt cache keeps what a node's calls write: five minutes, or an hour where a person may pause.

What is read again within five minutes is kept without further cost, so a loop that runs by itself never needs more.
An hour costs 60 % more to write, and saves a whole prompt where somebody was waited for meanwhile.
"""

from agents.cache_points import BRIEFLY, Kept
from agents.catalog import ModelCard
from agents.meter import Prompt, dearest
from agents.roster import Role
from core.clock import monotonic_ms
from core.limits import limits
from core.money import ZERO, Pico
from core.prices import PriceBook, UnpricedModel
from core.run import Run


class Lifetimes:
    """The rule, for the calls of one node."""

    def __init__(self, run: Run, node: str, role: Role) -> None:
        self._run = run
        self._node = node
        self._role = role
        self._last_cost = ZERO
        self._last_ms: int | None = None
        self._kept = BRIEFLY
        """What the last call kept."""

    def note(self, cost: Pico) -> None:
        """A call of the node has ended, and did cost so much."""
        self._last_cost = cost
        self._last_ms = monotonic_ms()

    def choose(self, model: str, card: ModelCard, prompt: Prompt) -> Kept:
        """What the call that goes out now should keep for an hour.

        Nothing where nobody is there to wait for, where the model's family cannot, and where the node makes one call.
        """
        if not (self._run.interactive and card.cache_hour and prompt.front):
            return BRIEFLY
        conversation = self._is_warm and (self._has_waited or self._is_asked_next(model, prompt))
        self._kept = Kept(front=self.is_called_again or conversation, conversation=conversation)
        return self._kept

    @property
    def is_called_again(self) -> bool:
        """Later requests will call this role: the user has asked more than once, and such users go on asking."""
        return self._role.returns and bool(self._run.past)

    @property
    def _is_warm(self) -> bool:
        """What the last call wrote is still there, so that only what is new since then is written for an hour."""
        return self._last_ms is not None and monotonic_ms() - self._last_ms < 60_000 * self._kept.minutes

    @property
    def _has_waited(self) -> bool:
        """The user let this node wait before: paused, or with a question. Who pauses once pauses again. For longer
        than the hour nothing is kept."""
        waited = self._run.controls.of(self._node).held_ms / 60_000
        return limits().cache.pause_seconds / 60 <= waited < Kept(conversation=True).minutes

    def _is_asked_next(self, model: str, prompt: Prompt) -> bool:
        """A budget will not pay for the call after this one, so the user is asked before it."""
        left = self._run.budgets(self._node).left
        if left is None:
            return False
        try:
            least = _least(self._run.prices, model, prompt)
        except UnpricedModel:
            return False
        return left - self._last_cost < least


def _least(prices: PriceBook, model: str, prompt: Prompt) -> Pico:
    """What has to be set aside for the shortest answer to such a prompt."""
    return dearest(prices, model, prompt.most, limits().run.least_output_tokens, hour=prompt.most)


def hour_tokens(kept: Kept, prompt: Prompt) -> int:
    """The most tokens of a prompt that may be written for an hour."""
    if kept.conversation:
        return prompt.most
    return prompt.front if kept.front else 0
