"""What every event is made of: the bases of the union in `core.events`, and the words in its fields."""

from typing import Literal, TypeAlias

import msgspec

Complexity: TypeAlias = Literal["SIMPLE", "MEDIUM", "COMPLEX", "CRITICAL"]
Pattern: TypeAlias = Literal["graph", "swarm"]
DecidedBy: TypeAlias = Literal["rule", "model", "user"]
ChangeKind: TypeAlias = Literal["added", "modified", "deleted", "renamed"]
Verdict: TypeAlias = Literal["accepted", "rejected", "undecided"]
NodeStatus: TypeAlias = Literal["done", "failed", "interrupted", "paused", "stopped"]
"""How a node ended. `stopped`: the user ended it alone, and the run went on without it."""
RunStatus: TypeAlias = Literal["done", "failed", "interrupted", "budget", "needs_decision"]
QuestionKind: TypeAlias = Literal[
    "question", "route", "plan", "budget", "network", "path", "host", "install", "ping_pong"
]
"""What a question is about. `route` and `plan`: whether work may go on; `budget`: a node would cross one;
`network`, `path`, `host`, `install`: something outside the sandbox."""
Evidence: TypeAlias = Literal["tests", "review", "edits", "same_call", "steps", "rejected"]
"""Why a role does not manage its work: tests that ran fail, a reviewer still asks for changes, edits do not
apply, it makes the same call again and again, it takes too many steps, the user rejects what it made."""
TestOutcome: TypeAlias = Literal["passed", "failed", "not_run"]
BudgetScope: TypeAlias = Literal["node", "run", "session", "day"]
"""What a budget limits: one node of a run, one run, one session, or all Heddles of this user in one day."""
Side: TypeAlias = Literal["stage", "project"]
Resolution: TypeAlias = Literal["stage", "project", "merged"]
"""`merged`: the user wrote the file that stands."""
"""The two sides of a conflict: what the agents wrote, and what the user did meanwhile."""
GitAction: TypeAlias = Literal["create_branch", "commit"]
Confinement: TypeAlias = Literal["confined", "unconfined"]
Backend: TypeAlias = Literal["bedrock", "endpoint", "rehearsal"]
"""Where models are: AWS itself, another Bedrock-compatible endpoint, or the shipped rehearsal."""
START = "start"
"""What the point of a stage's history before all work is called."""


def snake_case(name: str) -> str:
    """`NodeStarted` → `node_started`: the `type` of an event on the wire."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


class EventBase(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=snake_case):
    pass


class RunEvent(EventBase, frozen=True, kw_only=True):
    run: str
    """The run's id in its session: `r1`, `r2`, …"""


class NodeEvent(RunEvent, frozen=True, kw_only=True):
    node: str
    """The node's name: its role's, with a number from the second on (`fast_coder`, `fast_coder_2`)."""
    role: str
