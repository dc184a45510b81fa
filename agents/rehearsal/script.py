"""Scripts: what the rehearsal says. A TOML file lists, per role, the turns (docs/rehearsal.md)."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from agents.rehearsal.faults import FaultKind

SCRIPTS = Path(__file__).parent / "scripts"

StopReason: TypeAlias = Literal[
    "",
    "end_turn",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "guardrail_intervened",
    "content_filtered",
    "malformed_model_output",
    "malformed_tool_use",
    "model_context_window_exceeded",
]

_Thing = TypeVar("_Thing")


class ScriptError(ValueError):
    """A script cannot be played; the message says in which file, turn and field, and why."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Call(_Part, frozen=True):
    """A tool that the model calls."""

    name: str
    arguments: dict[str, Any] = {}


class Usage(_Part, frozen=True):
    """Tokens to report; a field that is absent is computed from what was really sent."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None


class Fault(_Part, frozen=True):
    """Something that goes wrong with a turn the first `times` times that it is asked for."""

    kind: FaultKind
    times: int = 1
    after: int | None = None
    """How many events of the stream arrive before it breaks; half of them when absent."""
    seconds: float = 3600.0
    """How long a stall lasts, whatever the speed."""
    message: str = ""


class Turn(_Part, frozen=True):
    """One answer of a model: what it says, which tools it calls, how it behaves."""

    role: str
    round: int = 1
    when: str = ""
    """Played only if the call's last message contains exactly this."""
    reasoning: str = ""
    text: str = ""
    call: tuple[Call, ...] = ()
    answer: dict[str, Any] | None = None
    """Structured output: goes through the tool, or into the format, that the request offers for it."""
    stop_reason: StopReason = ""
    usage: Usage = Usage()
    latency_ms: int = 400
    """Until the first token."""
    tokens_per_second: float = 100.0
    fault: tuple[Fault, ...] = ()


Place: TypeAlias = tuple[Turn, ...]
"""The turns that may be played at one point: the first whose `when` fits."""


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario: the request that it knows, and the turns of each role."""

    name: str
    title: str
    request: str
    aliases: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()

    def places(self, role: str, round: int) -> list[Place]:
        """The role's places in this round, or in the last round before it that has any."""
        rounds = [turn.round for turn in self.turns if turn.role == role and turn.round <= round]
        played = max(rounds, default=0)
        return list(_places(turn for turn in self.turns if (turn.role, turn.round) == (role, played)))


def _places(turns: Iterator[Turn]) -> Iterator[Place]:
    """Group a turn with `when` with what follows it, up to the first turn without."""
    group: list[Turn] = []
    for turn in turns:
        group.append(turn)
        if not turn.when:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def shipped_scripts() -> tuple[Script, ...]:
    """The scenarios that come with Heddle, over the sample project."""
    return tuple(load_script(path) for path in sorted(SCRIPTS.glob("*.toml")))


def load_script(path: Path) -> Script:
    """Read and check a script; raises `ScriptError` with a sentence, or `OSError`."""
    try:
        return parse_script(path.read_text("utf-8"), path.name)
    except UnicodeDecodeError:
        raise ScriptError(f"{path.name}: this is not UTF-8 text.") from None


def parse_script(text: str, file: str) -> Script:
    """Check a script's text; `file` names it in errors (`ScriptError`)."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(f"{file}: this is not TOML: {error}.") from None
    turns = data.pop("turn", [])
    if not isinstance(turns, list) or not turns:
        raise ScriptError(f"{file}, field turn: a script needs at least one [[turn]].")
    head = _convert(data, _Head, file)
    parsed = tuple(_turn(turn, f"{file}, turn {number}") for number, turn in enumerate(turns, start=1))
    _check_reachable(parsed, file)
    return Script(name=head.name, title=head.title, request=head.request, aliases=head.aliases, turns=parsed)


class _Head(_Part, frozen=True):
    name: str
    title: str
    request: str
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ValueError("name: use small letters, digits and single hyphens")
        if not all(re.search(r"\w", text) for text in (self.request, *self.aliases)):
            raise ValueError("request and aliases: each needs at least one word")


def _turn(data: Any, place: str) -> Turn:
    if isinstance(data, dict) and isinstance(data.get("role"), str):
        place = f"{place} ({data['role']})"
    turn = _convert(data, Turn, place)
    if not (turn.text or turn.reasoning or turn.call or turn.answer is not None or turn.fault):
        raise ScriptError(f"{place}, field text: a turn needs text, reasoning, call, answer or fault.")
    for field, value, least in _bounds(turn):
        if value < least:
            raise ScriptError(f"{place}, field {field}: {value} is too small, the least is {least}.")
    return turn


def _bounds(turn: Turn) -> Iterator[tuple[str, float, float]]:
    yield "round", turn.round, 1
    yield "latency_ms", turn.latency_ms, 0
    yield "tokens_per_second", turn.tokens_per_second, 1
    for number, fault in enumerate(turn.fault, start=1):
        yield f"fault {number}, times", fault.times, 1
        yield f"fault {number}, after", fault.after or 0, 0
        yield f"fault {number}, seconds", fault.seconds, 0
    for name in Usage.__struct_fields__:
        yield f"usage.{name}", getattr(turn.usage, name) or 0, 0


def _check_reachable(turns: Sequence[Turn], file: str) -> None:
    """A turn that calls no tool ends the node's work: what follows it would never be played."""
    for role, number in sorted({(turn.role, turn.round) for turn in turns}):
        places = list(_places(turn for turn in turns if (turn.role, turn.round) == (role, number)))
        for place, following in pairwise(places):
            if not any(turn.call or turn.answer is not None for turn in place):
                at = next(index for index, turn in enumerate(turns, start=1) if turn is following[0])
                raise ScriptError(
                    f"{file}, turn {at} ({role}), field call: it can never be played, since the turn before "
                    f"it in round {number} calls no tool and so ends the work."
                )


def _convert(data: Any, kind: type[_Thing], place: str) -> _Thing:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        unknown = re.search(r"unknown field `(.+?)`", reason) or re.search(r"required field `(.+?)`", reason)
        counted = re.sub(r"\[(\d+)\]", lambda found: f" {int(found[1]) + 1},", where.strip("`"))
        parts = [*counted.replace(".", " ").split(), unknown.group(1) if unknown else ""]
        field = " ".join(parts).strip(" ,")
        raise ScriptError(f"{place}{f', field {field}' if field else ''}: {reason}.") from None
