"""Handing work to a stronger role: only on evidence, and never without saying first what it costs to read anew."""

from agents.board import Board
from agents.evidence import Sign
from agents.meter import Prompt
from agents.node import NodeAgent
from agents.roster import Role
from core.events import WorkEscalated
from core.money import Pico, to_usd
from core.prices import UnpricedModel, Usage


async def announce(board: Board, node: NodeAgent, higher: Role, sign: Sign) -> None:
    """Say who takes over, why, and what reading everything anew costs at most, before any of it is spent."""
    tokens = Prompt(node.messages).tokens
    cost = reading_cost(board, higher.model, tokens)
    await board.run.emit(
        WorkEscalated(
            run=board.run.id,
            node=node.name,
            role=node.role.name,
            to_role=higher.name,
            to_model=higher.model,
            evidence=sign.kind,
            detail=sign.detail,
            reread_tokens=tokens,
            reread_usd=None if cost is None else to_usd(cost),
            round=board.round,
        )
    )


def reading_cost(board: Board, model: str, tokens: int) -> Pico | None:
    """What a model takes for reading so many tokens for the first time; None without a price."""
    prices = board.run.prices
    try:
        return max(prices.cost(model, Usage(input=tokens)), prices.cost(model, Usage(cache_write=tokens)))
    except UnpricedModel:
        return None
