"""The faults of `core/faults.toml`: what they are called, what to do next, and which exit code they end with."""

import os
from functools import cache
from pathlib import Path

import msgspec

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_BUDGET = 3
EXIT_NEEDS_DECISION = 4
EXIT_TRY_AGAIN = 75
EXIT_CREDENTIALS = 77
EXIT_CONFIGURATION = 78
EXIT_INTERRUPTED = 130


class FaultKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exit_code: int
    message: str
    advice: str
    retry: bool = False
    next_model: bool = False


@cache
def fault_kinds() -> dict[str, FaultKind]:
    """All faults by name."""
    import tomllib

    text = (Path(__file__).parent / "faults.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, FaultKind])


class Fault(Exception):
    """A fault that the user should read: a kind of `core/faults.toml` and what is particular to this one."""

    def __init__(self, kind: str, detail: str = "", *, model: str = "", region: str = "") -> None:
        self.kind = kind
        self.rule = fault_kinds()[kind]
        self.detail = detail
        self.model = model
        self.region = region
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One or two sentences: what went wrong, and the other side's own words."""
        sentence = self._fill(self.rule.message)
        return f"{sentence} ({self.detail})" if self.detail else sentence

    @property
    def advice(self) -> str:
        """A sentence that says what to do next."""
        return self._fill(self.rule.advice)

    @property
    def exit_code(self) -> int:
        return self.rule.exit_code

    def _fill(self, text: str) -> str:
        named = text.replace("{model}", self.model or "that was asked for")
        profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
        return named.replace("{region}", self.region or "this region").replace("{profile}", profile)
