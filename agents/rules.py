"""Routing rules that cost nothing (`agents/rules.toml`): what a request's text alone decides."""

import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec

QUESTION, ASK = 400, 1_000
"""Characters at a request's start in which a question and a risk are looked for: there people say what they want."""


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
    explores: bool = False
    """It asks to find out how something could be done, and not to do it."""
    documents: bool = False
    """Documents are part of what it asks for."""


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


def matches(name: str, text: str) -> bool:
    """Whether a text fits one of the patterns of that name."""
    return any(pattern.search(text) for pattern in _patterns()[name])


def traits(request: str) -> RequestTraits:
    """Look at a request."""
    text = request[:20_000]
    asks, work = bool(_first("question", text[:QUESTION])), bool(_first("work", text))
    return RequestTraits(
        question=asks and not work,
        work=work,
        trace=bool(_first("trace", text)),
        risk=_first("risk", _before_trace(text)[:ASK]),
        design=bool(_first("design", text)),
        explores=bool(_first("explore", text[:QUESTION])),
        documents=bool(_first("documents", _before_trace(text)[:ASK])),
    )


def asks_again(request: str, before: str) -> bool:
    """Whether a request asks for what the one before it asked for: it says so, or half of its words are the same."""
    if matches("again", request[:ASK]):
        return True
    words, known = (set(re.findall(r"\w{3,}", text.lower())) for text in (request[:ASK], before[:ASK]))
    return bool(words & known) and 2 * len(words & known) >= min(len(words), len(known))


def _before_trace(text: str) -> str:
    """The request up to the first sign of an error message in it."""
    found = (match.start() for pattern in _patterns()["trace"] if (match := pattern.search(text)))
    return text[: min(found, default=len(text))]
