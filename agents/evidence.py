"""Evidence that a role does not manage its work: read off its own calls, and off what tests, reviewers and the user say."""

import json
from collections import Counter
from collections.abc import Collection
from typing import Any

import msgspec
from strands.hooks import AfterToolCallEvent, AfterToolsEvent

from agents.board import Board
from core.events import Evidence
from core.limits import limits

LADDER = {"fast_coder": "senior_coder", "debugger": "senior_coder", "senior_coder": "architect"}
"""Who takes over when a role's work is not right."""
EDITS = frozenset({"edit_file", "apply_patch"})
"""Tools whose failure says that a model does not know the text that it edits."""


class Sign(msgspec.Struct, frozen=True):
    """One piece of evidence."""

    kind: Evidence
    detail: str
    """In words, to follow “since”."""


class Watch:
    """Looks at the calls of one node that could hand its work up, and ends its turn at the first sign.

    A call counts as the same when its tool, its arguments and its result are: reading a file again after an
    edit, or tests that fail in another way, are progress.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """The node begins a round, or its task anew."""
        self.sign: Sign | None = None
        self._same: Counter[str] = Counter()
        self._failed_edits = 0
        self._steps = 0

    def install(self, agent: Any) -> None:
        """Look at all calls of an agent."""
        agent.add_hook(self._look, AfterToolCallEvent)
        agent.add_hook(self._end, AfterToolsEvent)

    def _look(self, event: AfterToolCallEvent) -> None:
        tool, result = event.tool_use["name"], event.result
        call = json.dumps([tool, event.tool_use.get("input"), result["content"]], sort_keys=True, default=str)
        self._same[call] += 1
        if self._same[call] >= limits().escalation.same_calls:
            self._note("same_call", f"it made the same call of {tool} {self._same[call]} times")
        if tool in EDITS:
            self._failed_edits = self._failed_edits + 1 if result["status"] == "error" else 0
            if self._failed_edits >= limits().escalation.failed_edits:
                self._note("edits", f"{self._failed_edits} edits in a row did not apply")

    def _end(self, event: AfterToolsEvent) -> None:
        self._steps += 1
        if self._steps >= limits().escalation.steps:
            self._note("steps", f"it has taken {self._steps} steps and is not done")
        if self.sign is not None:
            event.end_turn = f"Given up: {self.sign.detail}."

    def _note(self, kind: Evidence, detail: str) -> None:
        if self.sign is None:
            self.sign = Sign(kind, detail)


def rejected(board: Board, paths: Collection[str]) -> Sign | None:
    """The user rejected all of these files, which a coder has written in this run."""
    refused = board.run.refused()
    if not paths or not set(paths) <= set(refused):
        return None
    said = " ".join(f"“{comment}”" for path, comment in refused.items() if path in paths and comment)
    return Sign("rejected", "the user rejected what it made" + (f": {said}" if said else ""))


def after_rounds(board: Board, rounds: int) -> Sign:
    """What tests and reviewers say after several rounds."""
    kind: Evidence = "tests" if board.tests_failed else "review"
    told = "tests fail" if board.tests_failed else "the reviewer still asks for changes"
    return Sign(kind, f"{told} after {rounds} rounds")
