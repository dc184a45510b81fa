"""What boto3, the openai package, the wire and Strands raise, told as one of our faults (`fault_rules.toml`)."""

import ssl
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from core.faults import Fault
from core.ledger import BudgetReached
from core.run import Interrupted, NeedsDecision
from core.text import first_line


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"classes": "class"}):
    kind: str
    code: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    text: tuple[str, ...] = ()

    def fits(self, codes: set[str], classes: set[str], text: str) -> bool:
        if self.code and not codes & {code.lower() for code in self.code}:
            return False
        if self.classes and not classes & set(self.classes):
            return False
        return not self.text or any(part in text for part in self.text)


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[_Rule, ...]


@cache
def _rules() -> tuple[_Rule, ...]:
    text = (Path(__file__).parent / "fault_rules.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Rules).rule


def understand(error: BaseException, *, model: str = "", region: str = "") -> Fault:
    """Tell an exception as a fault; one that no rule fits is `internal`, with its class and message."""
    for cause in causes(error):
        if isinstance(cause, Fault):
            return cause
    chain = list(causes(error))
    codes = {code.lower() for cause in chain for code in _codes(cause)}
    classes = {kind.__name__ for cause in chain for kind in type(cause).__mro__}
    text = " ".join(str(cause) for cause in chain).lower()
    for rule in _rules():
        if rule.fits(codes, classes, text):
            return Fault(rule.kind, _detail(chain), model=model, region=region)
    return Fault(
        "internal", f"{type(error).__name__}: {first_line(str(error), 300)}", model=model, region=region
    )


def plain(error: BaseException, *, model: str = "", region: str = "") -> BaseException:
    """The exception that `core` understands, out of what Strands wrapped around it; else its fault."""
    for cause in causes(error):
        if isinstance(cause, BudgetReached | NeedsDecision | Interrupted | Fault):
            return cause
    return understand(error, model=model, region=region)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what caused it, the outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__ or getattr(current, "original_exception", None)


def _codes(error: BaseException) -> Iterator[str]:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        yield str(response.get("Error", {}).get("Code", ""))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if isinstance(status, int) and status >= 500:
            yield str(status)


def _detail(chain: list[BaseException]) -> str:
    """The other side's own words, on one line."""
    for cause in chain:
        response = getattr(cause, "response", None)
        if isinstance(response, dict) and response.get("Error", {}).get("Message"):
            return first_line(str(response["Error"]["Message"]), 300)
        body = getattr(cause, "body", None)
        if isinstance(body, dict) and isinstance(body.get("message"), str):
            return first_line(body["message"], 300)
        if isinstance(cause, ssl.SSLError):  # what stands above it says no more than “Connection error.”
            return first_line(str(cause), 300)
    return first_line(str(chain[0]), 300)
