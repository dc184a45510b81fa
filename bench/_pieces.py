"""Pieces of work for bench/cost.py: numbers of steps and tokens of real runs, as turns that a rehearsal plays.

What a trace says: how many calls one agent needed, how long each answer was, and how much each tool result
added to the prompt. What it does not say, and is assumed here, has a name in capitals.
"""

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from agents.rehearsal import Script
from agents.rehearsal.script import Call, Turn

BYTES = 4
"""A token, as the rehearsal counts."""
SHARES = {"SIMPLE": 0.40, "MEDIUM": 0.35, "COMPLEX": 0.20, "CRITICAL": 0.05}
"""The mix. Traces are put in order by their size: the smallest 40 % are SIMPLE, and so on."""
CODER = 0.75
"""The part of a trace's steps that finds and writes the change; the rest tries and tests it."""
DESIGN = 0.20
"""The part that looks before anything is written: the architect's, where there is one."""
TESTER_READS, CODER_READS = 0.35, 0.60
"""What a node that takes over reads again of the context of the one before it."""
REWORK, REWORKED = 0.30, 0.30
"""So many pieces are sent back once by the reviewer, and so much of the work is then done once more. Each piece is
played so, and what its return costs counts for this part of it: which ones are sent back is no matter of luck."""
DESIGNED = 900
"""Tokens of a design. Where the work is sent back once, its design is, too: that is revised in one call."""
AT_ONCE = 4_000
"""Tokens that one call reads when it reads again."""
CHANGE = 0.08
"""The part of all that is written which ends up in the change; at most 1,500 tokens. It is written in the steps of the
trace, which hold it, and not once more: by the middle one of them, with as much less in the texts of all."""
LEAST_TEXT = 30
"""Tokens that a step says at least."""
REVIEWS = ((120, 1_500), (300, 0))
DOCUMENTS = ((350, 60), (120, 0))
ALONE = ((150, 0), (450, 60), (250, 0))
"""Review and documents as (answer, tool result): by specialists, and by one agent in its own conversation,
where the first tool result is the change."""
FIXED = 900
"""Of a trace's first prompt, what is instructions and tools; the rest is the request."""

WORDS = (
    "shuttle",
    "weft",
    "shed",
    "reed",
    "heddle",
    "warp",
    "selvage",
    "beam",
    "fell",
    "cloth",
    "loom",
    "thread",
)


@dataclass(frozen=True)
class Step:
    """One model call: what it writes, and how much its tool result adds. In tokens."""

    output: int
    result: int


@dataclass(frozen=True)
class Piece:
    """One piece of work: the steps that one agent needed for code and tests."""

    id: str
    kind: str
    request: int
    """Tokens of the request."""
    steps: tuple[Step, ...]
    prompts: int
    """Tokens of all prompts of the trace, to compare with."""

    @property
    def change(self) -> int:
        return min(1_500, round(CHANGE * sum(step.output for step in self.steps)))

    @property
    def name(self) -> str:
        """Words that the rehearsal knows it by."""
        return "Add the part called " + "".join(c if c.isalnum() else " " for c in self.id)

    def text(self) -> str:
        return f"{self.name}.\n\n{prose(self.request - 20)}"


def read_pieces(file: Path) -> list[Piece]:
    """The traces as pieces of work, each in its class."""
    rows = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    rows.sort(key=lambda row: sum(step[0] for step in row["steps"]))
    kinds = _kinds(len(rows))
    return [_piece(row, kind) for row, kind in zip(rows, kinds, strict=True)]


def _kinds(count: int) -> list[str]:
    bounds, kinds = 0.0, list[str]()
    for kind, share in SHARES.items():
        bounds += share
        kinds += [kind] * (round(bounds * count) - len(kinds))
    return kinds + ["CRITICAL"] * (count - len(kinds))


def _piece(row: dict, kind: str) -> Piece:
    steps = row["steps"]
    results = [max(20, b[0] - a[0] - a[1]) for a, b in pairwise(steps)]
    made = tuple(Step(step[1], result) for step, result in zip(steps, [*results, 0], strict=True))
    return Piece(row["id"], kind, max(100, steps[0][0] - FIXED), made, sum(step[0] for step in steps))


def shorter(piece: Piece, part: float) -> Piece:
    """The same with fewer steps."""
    kept = max(4, round(len(piece.steps) * part))
    return replace(piece, steps=(*piece.steps[: kept - 1], piece.steps[-1]))


# -- turns -----------------------------------------------------------------------------------------


class Shelf:
    """Files of the sample project, each as long as a tool result is to be."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def read(self, tokens: int) -> Call:
        """A call whose result has so many tokens."""
        name = f"data/{len(self.files):04}.txt"
        self.files[name] = prose(max(8, tokens - 12))
        return Call(name="read_file", arguments={"path": name})


def prose(tokens: int) -> str:
    """Text of so many tokens, in lines, always another one."""
    size, lines = max(4, tokens * BYTES), list[str]()
    while size > 0:
        line = ""
        while len(line) < min(size, 96):
            line += f"{DICE.choice(WORDS)}{DICE.randrange(100)} "
        lines.append(line[: max(1, min(len(line), size))])
        # A numbered line of a tool result has an escaped tab and end, and a number.
        size -= len(line) + 7
    return "\n".join(lines)


DICE = random.Random(1)


def plain_turns(piece: Piece) -> list[Turn]:
    """One agent: the trace, then review and documents in the same conversation."""
    review, write, end = (Step(*step) for step in ALONE)
    steps = [*piece.steps[:-1], replace(piece.steps[-1], result=40)]
    steps += [replace(review, result=piece.change), write, end]
    calls = [Call(name="run", arguments={"command": f"step {number}", "tokens": step.result})
             for number, step in enumerate(steps)]  # fmt: skip
    return [
        Turn(role="plain", text=prose(step.output - 25), call=(call,) if step.result else ())
        for step, call in zip(steps, calls, strict=True)
    ]


@dataclass(frozen=True)
class Trouble:
    """What goes less well than in the traces."""

    more_steps: float = 1.0
    """So many more steps of their own do small models need."""
    escalates: bool = False
    """The fast coder does not manage: after two rounds the senior coder does all of it anew."""


def team_script(piece: Piece, shelf: Shelf, trouble: Trouble) -> Script:
    """Heddle: the same steps, by those who take them there."""
    coder = "fast_coder" if piece.kind == "SIMPLE" else "senior_coder"
    count = len(piece.steps)
    cut, design = round(count * CODER), round(count * DESIGN)
    looking = piece.steps[:design] if piece.kind in ("COMPLEX", "CRITICAL") else ()
    coding = [*_again(looking, CODER_READS), *piece.steps[len(looking) : cut]]
    own = _stretched(coding, trouble.more_steps) if coder == "fast_coder" else coding
    testing = [
        *_again(piece.steps[:cut], TESTER_READS),
        *_stretched(piece.steps[cut:], trouble.more_steps),
    ]
    turns = [*_router(piece), *_orchestrator()]
    if looking:
        turns += [*_revision(), *_node("architect", looking, shelf, end=DESIGNED)]
        turns += _design_review()
    turns += _writer(piece, coder, own, shelf, 1) + _writer(piece, "test_engineer", testing, shelf, 1)
    escalates = trouble.escalates and coder == "fast_coder"
    sent_back = 2 if escalates else 1
    turns += _writer(piece, coder, _part(own), shelf, 2)
    turns += _writer(piece, "test_engineer", _part(testing), shelf, 2)
    if escalates:
        turns += _writer(piece, "senior_coder", coding, shelf, 3)
    for number in range(1, sent_back + 2):
        turns += _reviews(shelf, number, approved=number > sent_back)
    return Script(name="piece", title=piece.id, request=piece.name, turns=(*turns, *_documents()))


def _writer(piece: Piece, role: str, steps: Sequence[Step], shelf: Shelf, number: int) -> list[Turn]:
    """The turns of a node that writes, in one round."""
    path = "checks/change.sh" if role == "test_engineer" else "src/change.py"
    return _node(role, steps, shelf, round=number, write=path, size=piece.change)


def _part(steps: Sequence[Step]) -> Sequence[Step]:
    """What is done once more when work is sent back."""
    return steps[-max(1, round(len(steps) * REWORKED)) :]


def _again(steps: Sequence[Step], part: float) -> list[Step]:
    """Reading a part of what these steps have read, in large pieces."""
    tokens = round(part * sum(step.result for step in steps))
    calls = math.ceil(tokens / AT_ONCE)
    return [Step(60, tokens // calls)] * calls if calls else []


def _stretched(steps: Sequence[Step], factor: float) -> list[Step]:
    steps = list(steps)
    more = round(len(steps) * (factor - 1))
    return [*steps[:more], *steps] if more > 0 else steps


def _node(
    role: str,
    steps: Sequence[Step],
    shelf: Shelf,
    *,
    round: int = 1,
    write: str = "",
    size: int = 0,
    end: int = 200,
) -> list[Turn]:
    """The turns of one node: reading, in the middle of it one write, and its last words."""
    texts = _shortened([step.output - 25 for step in steps], size if write else 0)
    calls = [(shelf.read(step.result),) for step in steps]
    if write:
        call = Call(name="write_file", arguments={"path": write, "content": prose(size) + "\n"})
        calls[len(calls) // 2] = (call, *calls[len(calls) // 2])
    turns = [
        Turn(role=role, round=round, text=prose(text), call=call)
        for text, call in zip(texts, calls, strict=True)
    ]
    if role == "test_engineer":
        turns.append(Turn(role=role, round=round, text=prose(20), call=(Call(name="run_tests"),)))
    return [*turns, Turn(role=role, round=round, text=prose(end))]


def _shortened(texts: Sequence[int], tokens: int) -> list[int]:
    """So many tokens less in all of these together, each in proportion, as far as they have them."""
    spare = [max(0, text - LEAST_TEXT) for text in texts]
    part = min(1.0, tokens / sum(spare)) if sum(spare) else 0.0
    return [text - round(part * more) for text, more in zip(texts, spare, strict=True)]


def _router(piece: Piece) -> list[Turn]:
    answer = {"complexity": piece.kind, "pattern": "graph", "confidence": 0.9, "reason": prose(30)}
    return [Turn(role="router", answer=answer)]


def _orchestrator() -> list[Turn]:
    return [Turn(role="orchestrator", text=prose(500))]


def _reviews(shelf: Shelf, round: int, *, approved: bool) -> list[Turn]:
    (look, result), (words, _) = REVIEWS
    answer = {"approved": approved, "must_fix": [] if approved else [prose(words // 2)]}
    return [
        Turn(role="code_reviewer", round=round, text=prose(look), call=(shelf.read(result),)),
        Turn(role="code_reviewer", round=round, text=prose(words // 2), answer=answer),
    ]


def _design_review() -> list[Turn]:
    """One call, without tools, which sends the design back."""
    answer = {"approved": False, "must_fix": [prose(100)], "risks": [prose(40)]}
    return [Turn(role="code_reviewer", when="Judge this design", text=prose(100), answer=answer)]


def _revision() -> list[Turn]:
    """The whole design once more, without looking again."""
    return [Turn(role="architect", when="The review of your design asks for", text=prose(DESIGNED))]


def _documents() -> list[Turn]:
    (words, _), (end, _) = DOCUMENTS
    call = Call(name="write_file", arguments={"path": "README.md", "content": prose(words) + "\n"})
    return [Turn(role="documenter", text=prose(20), call=(call,)), Turn(role="documenter", text=prose(end))]
