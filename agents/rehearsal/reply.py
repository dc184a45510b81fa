"""What the rehearsal answers to a cue: a script's turn, or honest words where no script helps."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from agents.rehearsal.cue import Cue, find_script, properties_of
from agents.rehearsal.script import Call, Place, Script, Turn

HOW_TO_CONNECT = (
    "To work on your own requests, give Heddle access to Amazon Bedrock with any of the standard AWS "
    "settings (for example `aws configure sso` or `aws login`, or a Bedrock API key in "
    "`AWS_BEARER_TOKEN_BEDROCK`) and start it again. `heddle doctor` says what is still missing."
)
_NO_SCRIPT = "rehearsal: no script covers this request, and no model has read it"
_NO_REVIEW = "This is the rehearsal: no model has read this work, so nobody can approve it."
_HONEST: Mapping[str, Any] = {
    "complexity": "SIMPLE",
    "pattern": "graph",
    "confidence": 0.5,
    "reason": _NO_SCRIPT,
    "approved": False,
    "must_fix": [_NO_REVIEW],
}
"""Answers that claim nothing, for the properties that Heddle's structured calls have."""


class ToolUse(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: Mapping[str, Any]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, ready to be streamed."""

    reasoning: str
    text: str
    tools: tuple[ToolUse, ...]
    stop_reason: str
    turn: Turn
    """Where timing, usage and faults come from."""
    script: str
    """The script's name; empty when none covers the request."""
    key: str
    """The same for every retry of this turn: faults are counted by it."""


def reply_to(cue: Cue, scripts: Sequence[Script]) -> Reply:
    """Choose the turn and give it the shape that the call asks for."""
    script = find_script(scripts, cue)
    turn = _uncovered(cue, scripts) if script is None else _scripted(cue, script)
    calls = list(turn.call) if cue.tools else []
    text = turn.text
    if turn.answer is not None:
        tool = _answer_tool(cue, turn.answer)
        if tool is None or cue.text_format is not None:
            text, calls = json.dumps(turn.answer, ensure_ascii=False), []
        else:
            known = properties_of(tool)
            asked = {name: value for name, value in turn.answer.items() if name in known or not known}
            calls.append(Call(name=tool["name"], arguments=asked))
    name = script.name if script else ""
    return Reply(
        reasoning=turn.reasoning,
        text=text,
        tools=tuple(ToolUse(_id(cue, n), call.name, call.arguments) for n, call in enumerate(calls)),
        stop_reason=turn.stop_reason or ("tool_use" if calls else "end_turn"),
        turn=turn,
        script=name,
        key="/".join((cue.session, cue.run, cue.node, name, cue.role, str(cue.round), str(cue.index))),
    )


def _id(cue: Cue, number: int) -> str:
    """The same for a retry of the same call, different for every other call of the session."""
    parts = (cue.session, cue.run, cue.node, cue.role, cue.round, len(cue.messages), number)
    return "tooluse_" + blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _scripted(cue: Cue, script: Script) -> Turn:
    places = script.places(cue.role, cue.round)
    turn = _fitting(cue, places[cue.index]) if cue.index < len(places) else None
    if turn is None or (turn.answer is None and _must_be_structured(cue)):
        answers = [turn for place in places for turn in place if turn.answer is not None]
        if _must_be_structured(cue) and answers:
            return answers[-1]
        if turn is None or _must_be_structured(cue):
            return _closing(cue, script)
    return turn


def _fitting(cue: Cue, place: Place) -> Turn | None:
    last = cue.last_message
    return next((turn for turn in place if turn.when in last), None)


def _must_be_structured(cue: Cue) -> bool:
    return cue.forced_tool is not None or cue.text_format is not None


def _closing(cue: Cue, script: Script) -> Turn:
    who = cue.role or "a client without a role"
    words = f"The rehearsal's script “{script.title}” has nothing more for {who} here, so this ends."
    return _honest_turn(cue, words)


def _uncovered(cue: Cue, scripts: Sequence[Script]) -> Turn:
    known = "\n".join(f"- {script.request}" for script in scripts) or "- (no script is loaded)"
    return _honest_turn(
        cue,
        "This is the rehearsal: it plays scripts, and no model reads what you type. "
        f"No script covers this request. It knows these:\n\n{known}\n\n{HOW_TO_CONNECT}",
    )


def _honest_turn(cue: Cue, words: str) -> Turn:
    schema = _wanted_schema(cue)
    answer = None if schema is None else {name: _fill(name, kind) for name, kind in schema.items()}
    return Turn(role=cue.role, text=words, answer=answer)


def _wanted_schema(cue: Cue) -> Mapping[str, Any] | None:
    """The properties of the structured answer that the call wants, if it wants one."""
    if cue.text_format is not None:
        return cue.text_format.get("properties", {})
    tool = cue.forced_tool or cue.tool_with({"complexity"}) or cue.tool_with({"approved", "must_fix"})
    return None if tool is None else properties_of(tool)


def _answer_tool(cue: Cue, answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The tool that takes the answer; a verdict also fits a schema that asks for less of it."""
    verdict = {"approved", "must_fix"}
    less = cue.tool_with(verdict) if verdict <= set(answer) else None
    return cue.forced_tool or cue.tool_with(set(answer)) or less


def _fill(name: str, kind: Mapping[str, Any]) -> Any:
    choices = kind.get("enum") or []
    if name in _HONEST and (not choices or _HONEST[name] in choices):
        return _HONEST[name]
    if choices:
        return choices[0]
    plain: Mapping[str, Any] = {"boolean": False, "integer": 0, "number": 0, "array": [], "object": {}}
    return plain.get(kind.get("type", "string"), _NO_SCRIPT)
