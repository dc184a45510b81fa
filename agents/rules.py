"""Routing rules that cost nothing (`agents/rules.toml`): what a request's text alone decides."""

import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec


class RequestTraits(msgspec.Struct, frozen=True):
    """What the rules see in a request."""

    question: bool
    """It asks for an answer and for no edit."""
    work: bool
    """It asks for something to be made or changed."""
    trace: bool
    """It holds an error message or a stack trace."""
    risk: str
    """The words that make it CRITICAL; empty when there are none."""
    design: bool
    """MEDIUM work on it wants an architect first."""


@cache
def _patterns() -> dict[str, list[re.Pattern[str]]]:
    rules = tomllib.loads((Path(__file__).parent / "rules.toml").read_text("utf-8"))
    return {
        name: [re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in patterns]
        for name, patterns in rules.items()
    }


def _first(name: str, text: str) -> str:
    for pattern in _patterns()[name]:
        match = pattern.search(text)
        if match:
            return match.group().strip()
    return ""


def traits(request: str) -> RequestTraits:
    """Look at a request."""
    text = request[:20_000]
    asks, work = bool(_first("question", text[:400])), bool(_first("work", text))
    return RequestTraits(
        question=asks and not work,
        work=work,
        trace=bool(_first("trace", text)),
        risk=_first("risk", text),
        design=bool(_first("design", text)),
    )
