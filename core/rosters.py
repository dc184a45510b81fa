"""Models as every front shows them: who has which, at what price, and what it can do."""

import msgspec


class Check(msgspec.Struct, frozen=True):
    """What came of a real call."""

    callable: bool
    verdict: str
    """callable, access denied, use case form missing, not found, legacy, credentials, busy or failed."""
    message: str
    advice: str
    cost_usd: str


class Account(msgspec.Struct, frozen=True):
    """What AWS says, for nothing, about an account and a model."""

    able: bool | None
    """Whether the account may call it; None: not known."""
    reason: str = ""
    """Why not, or why that is not known; goes on after a colon."""


class ModelLine(msgspec.Struct, frozen=True):
    """One role and one of its models, as `heddle models` shows it."""

    role: str
    model: str
    title: str
    position: int
    """1 does the work, the next ones stand in."""
    input_usd: str | None
    """Dollars per million tokens, list price."""
    output_usd: str | None
    window: int
    legacy: bool
    end_of_life: str | None
    output: int
    """Most tokens of one answer."""
    cache: bool
    """Whether its prompts are cached."""
    stream_tools: bool
    """Whether it streams while it has tools."""
    forced_tools: bool
    check: Check | None = None
    """None: it was not asked."""
    account: Account | None = None
    """None: nobody asked."""
    rung: bool = False
    """It is called where the role takes over what a lower one did not manage."""
