"""Words and marks that several panes share, so that one thing has one name everywhere."""

import re
from pathlib import PurePath

from core.events import DecidedBy, RunStatus
from core.money import Pico, show_usd, to_usd
from core.text import sanitise_line
from core.view.cost import Tally
from core.view.items import NodeState, ToolState

STATE_MARKS: dict[NodeState, tuple[str, str]] = {
    # state: (mark, ink)
    "waiting": ("○", "faint"),
    "running": ("●", "busy"),
    "done": ("✓", "good"),
    "failed": ("✗", "bad"),
    "interrupted": ("■", "warn"),
    "paused": ("‖", "warn"),
    "stopped": ("■", "warn"),
    "skipped": ("–", "faint"),
}
TOOL_MARKS: dict[ToolState, tuple[str, str]] = {
    "running": ("◌", "busy"),
    "ok": ("✓", "good"),
    "failed": ("✗", "bad"),
    "stopped": ("■", "warn"),
}
RUN_WORDS: dict[RunStatus, tuple[str, str]] = {
    "done": ("done", "good"),
    "failed": ("failed", "bad"),
    "interrupted": ("interrupted", "warn"),
    "budget": ("stopped at the budget", "warn"),
    "needs_decision": ("needs a decision", "warn"),
}
DECIDERS: dict[DecidedBy, str] = {"rule": "by rule", "model": "by the router", "user": "by you"}

LEFT = "The session that is open is left; it is kept, and {sessions} finds it."

_VENDOR = re.compile(
    r"^(?:[a-z]{2,7}\.)?(?:amazon|anthropic|meta|mistral|cohere|ai21|deepseek|openai|qwen)\."
)
_VERSION = re.compile(r"(?:-\d{8})?-v\d+(?::\d+)?$")


def short_model(model: str) -> str:
    """`us.anthropic.claude-sonnet-5-5-20260101-v1:0` → `claude-sonnet-5-5`."""
    return _VERSION.sub("", _VENDOR.sub("", model)).removesuffix("-instruct")


def money(amount: Pico, estimated: bool = False) -> str:
    """Dollars for people; `~` in front of an estimate."""
    return ("~" if estimated else "") + show_usd(to_usd(amount))


def tally_cost(tally: Tally) -> str:
    return money(tally.cost, tally.estimated)


def duration(ms: int) -> str:
    """`31 ms`, `4.2 s`, `2 m 05 s`."""
    if ms < 1000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes} m {seconds:02d} s"


def count(number: int) -> str:
    """Tokens: `950`, `13.4k`, `2.1M`."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def asked_at(at: str, project: str) -> str:
    """`01-31 12:00  tasks-api`, from a record's time and a folder."""
    return f"{at[5:16].replace('T', ' ')}  {sanitise_line(PurePath(project).name)[:24]}"
