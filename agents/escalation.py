"""Handing work to a stronger role: only on evidence, and never without saying first what it costs to read anew."""

from agents.board import Board
from agents.catalog import title
from agents.meter import Prompt
from agents.node import NodeAgent
from agents.roster import Role
from core.events import NoticeGiven
from core.money import Pico, show_usd, to_usd
from core.prices import UnpricedModel, Usage

LADDER = {"fast_coder": "senior_coder", "debugger": "senior_coder", "senior_coder": "architect"}
"""Who takes over when a role's work is not right."""


async def announce(board: Board, node: NodeAgent, higher: Role, evidence: str) -> None:
    """Say who takes over, why, and what reading everything anew costs at most, before any of it is spent."""
    tokens = Prompt(node.messages).tokens
    cost = reading_cost(board, higher.model, tokens)
    about = f"about {show_usd(to_usd(cost))}" if cost is not None else "at a price that nobody knows"
    text = (
        f"After {evidence} the work goes from {node.role.name} to {higher.name} ({title(higher.model)}). It reads the "
        f"work anew, since its prompt cache is cold: {tokens:,} tokens of conversation, {about} for all of them."
    )
    await board.run.emit(NoticeGiven(text=text))


def reading_cost(board: Board, model: str, tokens: int) -> Pico | None:
    """What a model takes for reading so many tokens for the first time; None without a price."""
    prices = board.run.prices
    try:
        return max(prices.cost(model, Usage(input=tokens)), prices.cost(model, Usage(cache_write=tokens)))
    except UnpricedModel:
        return None
