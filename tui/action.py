"""What an action is, where it holds, and when it is offered."""

from typing import Literal, TypeAlias

import msgspec

Scope: TypeAlias = Literal[
    "anywhere",
    "prompt",
    "chat",
    "diffs",
    "question",
    "sessions",
    "replay",
    "inbox",
    "graph",
    "timeline",
    "settings",
    "cost",
    "ledger",
    "finding",
    "reason",
]
When: TypeAlias = Literal[
    "always",
    "busy",
    "idle",
    "retry",
    "files",
    "ready",
    "open",
    "written",
    "live",
    "conflict",
    "waiting",
    "shell",
    "deleted",
    "playing",
    "paused",
    "past",
]
"""What must be true for the footer to offer it."""

SCOPE_TITLES: dict[Scope, str] = {
    "anywhere": "Anywhere",
    "prompt": "In the prompt",
    "chat": "In the chat",
    "diffs": "In the diffs",
    "question": "When a run asks",
    "sessions": "In the list of sessions",
    "replay": "In a replay",
    "inbox": "In the inbox",
    "graph": "In the agent graph",
    "timeline": "In the timeline",
    "settings": "In the settings",
    "cost": "In the costs",
    "ledger": "In the ledger",
    "finding": "In a line to search with",
    "reason": "While you say why",
}


class Action(msgspec.Struct, frozen=True):
    name: str
    """The method `action_NAME` of what holds the scope."""
    keys: tuple[str, ...]
    label: str
    """One or two words, for the footer."""
    help: str
    scope: Scope = "anywhere"
    footer: bool = False
    when: When = "always"
    priority: bool = False
    """Works even where the focused widget has the key for itself."""
    bound: bool = True
    """False where the widget itself reads the key."""
    word: str = ""
    """What it is called after a `/` in the prompt; empty: its name."""
    follows: str = ""
    """The action of the same place whose key does this too, where it stands for something else."""

    @property
    def slash(self) -> str:
        return self.word or self.name.replace("_", "-")

    @property
    def palette(self) -> bool:
        """Whether it can be done from anywhere, by its name."""
        if self.name in _SCREENS:
            return True
        return self.scope in _EVERYWHERE and (self.bound or self.scope == "anywhere")


_EVERYWHERE: tuple[Scope, ...] = ("anywhere", "chat", "diffs", "graph", "cost")
_SCREENS: frozenset[str] = frozenset({"connect", "roster"})
"""What has its key in the settings, and its name everywhere."""
