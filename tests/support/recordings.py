"""Record streams as sessions really write them, for tests of views and screen."""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from core import events as e
from core.money import to_pico, to_usd
from core.record import Record, timestamp

START = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
SESSION = "20260131-120000-amber"
HEALTH = "Add a GET /health endpoint to the API"

MODELS = {
    "router": "amazon.nova-micro-v1:0",
    "researcher": "amazon.nova-pro-v1:0",
    "architect": "anthropic.claude-opus-5-5",
    "senior_coder": "anthropic.claude-sonnet-5-5",
    "fast_coder": "amazon.nova-pro-v1:0",
    "test_engineer": "meta.llama3-3-70b-instruct-v1:0",
    "code_reviewer": "amazon.nova-pro-v1:0",
    "documenter": "amazon.nova-lite-v1:0",
    "orchestrator": "anthropic.claude-sonnet-5-5",
    "debugger": "anthropic.claude-sonnet-5-5",
    "infrastructure": "amazon.nova-pro-v1:0",
}
CHAIN = ("fast_coder", "test_engineer", "code_reviewer", "documenter")

PATCH_APP = """--- a/app/server.py
+++ b/app/server.py
@@ -12,8 +12,13 @@ from app.store import Store
 class Handler(BaseHTTPRequestHandler):
     store: Store
+    def _health(self) -> None:
+        \"\"\"Say that the service is up, and since when.\"\"\"
+        self._send(200, {"status": "ok", "uptime_seconds": self.clock.uptime()})
+
     def do_GET(self) -> None:
-        if self.path == "/items":
+        if self.path == "/health":
+            self._health()
+        elif self.path == "/items":
             self._list_items()
         elif self.path.startswith("/items/"):
             self._get_item()
         else:
             self._send(404, {"error": "not found"})
"""
PATCH_TEST = """--- /dev/null
+++ b/tests/test_health.py
@@ -0,0 +1,9 @@
+from tests.client import get
+
+
+def test_health_answers_ok(server):
+    status, body = get(server, "/health")
+
+    assert status == 200
+    assert body["status"] == "ok"
+    assert body["uptime_seconds"] >= 0
"""
PATCH_README = """--- a/README.md
+++ b/README.md
@@ -8,3 +8,4 @@
 | `GET /items` | lists the items |
 | `GET /items/ID` | one item |
 | `POST /items` | adds an item |
+| `GET /health` | says that the service is up |
"""
ANSWER = """The API now answers `GET /health`.

- **app/server.py** returns `{"status": "ok"}` with the uptime
- **tests/test_health.py** covers it; all 14 tests pass
- the README lists the new route
"""


def hunks_of(patch: str, *roles: str) -> tuple[e.Hunk, ...]:
    """A patch's pieces: each run of changed lines, the roles in turn their authors."""
    found: list[e.Hunk] = []
    run: list[tuple[str, int, int]] = []

    def close() -> None:
        if run:
            taken, given = ([line for line in run if line[0] == mark] for mark in "-+")
            found.append(
                e.Hunk(
                    id=f"h{len(found) + 1}",
                    old_start=taken[0][1] if taken else run[0][1] - 1,
                    old_lines=len(taken),
                    new_start=given[0][2] if given else run[0][2] - 1,
                    new_lines=len(given),
                    role=roles[len(found) % len(roles)],
                )
            )
        run.clear()

    old = new = 0
    for line in patch.splitlines()[2:]:
        if head := re.match(r"@@ -(\d+)\S* \+(\d+)", line):
            close()
            old, new = int(head[1]), int(head[2])
            continue
        if line[:1] in ("-", "+"):
            run.append((line[0], old, new))
        else:
            close()
        old += line[:1] != "+"
        new += line[:1] != "-"
    close()
    return tuple(found)


@dataclass
class Tape:
    """Writes records with rising numbers and a clock that moves a tenth of a second each."""

    session: str = SESSION
    records: list[Record] = field(default_factory=list)
    run: str = "r1"
    _ids: int = 0

    def add(self, *events: e.Event) -> "Tape":
        for event in events:
            at = timestamp(START + timedelta(milliseconds=100 * len(self.records)))
            self.records.append(Record(len(self.records) + 1, self.session, at, event))
        return self

    def fresh(self, prefix: str) -> str:
        self._ids += 1
        return f"{prefix}{self._ids}"

    # -- the parts of a run ----------------------------------------------------------------------

    def start(self, backend: e.Backend = "rehearsal", project: str = "/home/you/tasks-api") -> "Tape":
        return self.add(
            e.SessionStarted(
                project=project,
                version="0.1.0",
                roster="current",
                backend=backend,
                confinement="confined",
            )
        )

    def request(self, text: str = HEALTH, run: str = "r1") -> "Tape":
        self.run = run
        return self.add(
            e.RequestSubmitted(run=run, text=text), e.StagePrepared(run=run, files=23, duration_ms=48)
        )

    def route(
        self, complexity: e.Complexity = "SIMPLE", reason: str = "", expected: str = "0.0180"
    ) -> "Tape":
        self.charge("router", "router", 412, 38, cost="0.000019772")
        reason = reason or "One new route in an existing handler, with a test: no design decision."
        return self.add(
            e.RouteDecided(
                run=self.run,
                complexity=complexity,
                pattern="graph",
                confidence=0.94,
                reason=reason,
                decided_by="model",
                expected_cost_usd=expected,
            )
        )

    def plan(self, roles: Sequence[str] = CHAIN) -> "Tape":
        nodes = tuple(e.PlannedNode(node=role, role=role, model=MODELS[role]) for role in roles)
        ways = [e.Edge(source=a, target=b) for a, b in itertools.pairwise(roles)]
        if "code_reviewer" in roles:
            coder = next(role for role in roles if role.endswith("coder"))
            ways.append(e.Edge(source="code_reviewer", target=coder, feedback=True))
        return self.add(e.GraphPlanned(run=self.run, nodes=nodes, edges=tuple(ways)))

    def node(self, role: str, round_: int = 1) -> dict[str, Any]:
        self.add(e.NodeStarted(run=self.run, node=role, role=role, model=MODELS[role], round=round_))
        return self.at(role)

    def at(self, role: str) -> dict[str, Any]:
        return {"run": self.run, "node": role, "role": role}

    def say(self, role: str, text: str, *, pieces: int = 6, finish: bool = True, **more: Any) -> "Tape":
        block, size = self.fresh("b"), max(1, len(text) // pieces)
        for start in range(0, len(text), size):
            self.add(e.TextDelta(**self.at(role), block=block, text=text[start : start + size], **more))
        if finish:
            self.add(e.TextFinished(**self.at(role), block=block, text=text, **more))
        return self

    def tool(
        self, role: str, tool: str, arguments: str, output: str = "", *, ok: bool = True, end: bool = True
    ) -> "Tape":
        call = self.fresh("t")
        self.add(e.ToolStarted(**self.at(role), call=call, tool=tool, arguments=arguments))
        if end:
            self.add(
                e.ToolFinished(**self.at(role), call=call, tool=tool, ok=ok, duration_ms=31, output=output)
            )
        return self

    def charge(
        self,
        role: str,
        node: str,
        given: int,
        written: int,
        *,
        cost: str,
        cached: int = 0,
        estimated: bool = False,
    ) -> "Tape":
        call, at = self.fresh("c"), {"run": self.run, "node": node, "role": role}
        return self.add(
            e.CallStarted(
                **at, call=call, model=MODELS[role], input_tokens=given + cached, reserved_usd="0.05"
            ),
            e.ModelCalled(
                **at,
                call=call,
                model=MODELS[role],
                input_tokens=given,
                output_tokens=written,
                cache_read_tokens=cached,
                cache_write_tokens=0,
                cost_usd=cost,
                latency_ms=840,
                estimated=estimated,
            ),
        )

    def change(
        self, role: str, path: str, patch: str, kind: e.ChangeKind = "modified", **more: Any
    ) -> "Tape":
        lines = patch.splitlines()[2:]
        return self.add(
            e.FileChanged(
                **self.at(role),
                path=path,
                kind=kind,
                added_lines=sum(line.startswith("+") for line in lines),
                removed_lines=sum(line.startswith("-") for line in lines),
                patch=patch,
                **({"hunks": hunks_of(patch, role)} | more),
            )
        )

    def leave(self, role: str, status: e.NodeStatus = "done", ms: int = 4200) -> "Tape":
        return self.add(
            e.NodeFinished(**self.at(role), status=status, summary=f"{role} is done", duration_ms=ms)
        )

    def tests(self, role: str, passed: int, failed: int = 0) -> "Tape":
        outcome: e.TestOutcome = "failed" if failed else "passed"
        summary = f"{failed} failed, {passed} passed in 0.41s" if failed else f"{passed} passed in 0.38s"
        return self.add(
            e.TestsFinished(**self.at(role), outcome=outcome, passed=passed, failed=failed, summary=summary)
        )

    def finish(
        self,
        status: e.RunStatus = "done",
        answer: str = ANSWER,
        files: Iterable[str] = (),
    ) -> "Tape":
        """End the run; its cost is the sum of its charges."""
        charges = [
            r.event for r in self.records if isinstance(r.event, e.ModelCalled) and r.event.run == self.run
        ]
        cost = to_usd(sum(to_pico(charge.cost_usd) for charge in charges))
        return self.add(
            e.RunFinished(
                run=self.run,
                status=status,
                answer=answer,
                files=tuple(files),
                cost_usd=cost,
                by_role={},
                by_model={},
                estimated=any(charge.estimated for charge in charges),
            )
        )


FILES = ("app/server.py", "tests/test_health.py", "README.md")


def empty() -> list[Record]:
    """A session in which nothing was asked yet."""
    return Tape().start().records


def _coder(tape: Tape) -> None:
    tape.node("fast_coder")
    tape.say("fast_coder", "I look at how the routes are dispatched, then add the new one beside them.")
    tape.tool("fast_coder", "read_file", '{"path":"app/server.py"}', "1  import json\n2  from http…")
    tape.charge("fast_coder", "fast_coder", 2410, 122, cost="0.002318")
    tape.tool(
        "fast_coder", "edit_file", '{"path":"app/server.py","old":"x","new":"y"}', "Replaced 1 occurrence."
    )
    tape.change("fast_coder", "app/server.py", PATCH_APP)
    tape.charge("fast_coder", "fast_coder", 640, 288, cached=2304, cost="0.0018944")
    tape.say(
        "fast_coder",
        "`GET /health` answers with the status and the uptime:\n\n```python\ndef _health(self) -> None:\n"
        '    self._send(200, {"status": "ok"})\n```\n\nThe order matters: it comes *before* `/items`.',
    )
    tape.leave("fast_coder", ms=6100)


def _test_engineer(tape: Tape) -> None:
    tape.node("test_engineer")
    tape.tool("test_engineer", "write_file", '{"path":"tests/test_health.py"}', "Wrote 9 lines.")
    tape.change("test_engineer", "tests/test_health.py", PATCH_TEST, "added")
    tape.tool("test_engineer", "run_tests", "{}", "14 passed in 0.38s")
    tape.tests("test_engineer", 14)
    tape.charge("test_engineer", "test_engineer", 3120, 204, cost="0.00239328")
    tape.say("test_engineer", "One new test covers the route. **14 tests pass.**")
    tape.leave("test_engineer", ms=5300)


def _reviewer(tape: Tape, round_: int = 1, must_fix: tuple[str, ...] = ()) -> None:
    tape.node("code_reviewer", round_)
    tape.tool("code_reviewer", "git_diff", "{}", "diff --git …")
    tape.charge("code_reviewer", "code_reviewer", 3890, 96, cost="0.0034192")
    tape.add(
        e.VerdictGiven(**tape.at("code_reviewer"), approved=not must_fix, must_fix=must_fix, round=round_)
    )
    tape.leave("code_reviewer", ms=2700)


def _documenter(tape: Tape) -> None:
    tape.node("documenter")
    tape.tool("documenter", "edit_file", '{"path":"README.md","old":"a","new":"b"}', "Replaced 1 occurrence.")
    tape.change("documenter", "README.md", PATCH_README)
    tape.charge("documenter", "documenter", 2980, 141, cost="0.00021264")
    tape.leave("documenter", ms=1900)


def running() -> list[Record]:
    """In the middle of a SIMPLE run: the coder streams its second text."""
    tape = Tape().start().request().route().plan()
    tape.node("fast_coder")
    tape.say("fast_coder", "I look at how the routes are dispatched, then add the new one beside them.")
    tape.tool("fast_coder", "read_file", '{"path":"app/server.py"}', "1  import json")
    tape.charge("fast_coder", "fast_coder", 2410, 122, cost="0.002318")
    tape.change("fast_coder", "app/server.py", PATCH_APP)
    text = "The handler dispatches on `self.path`. I will:\n\n1. add `_health`\n2. call it from `do_GET`, bef"
    tape.say("fast_coder", text, finish=False)
    tape.tool("fast_coder", "edit_file", '{"path":"app/server.py"}', end=False)
    return tape.records


def decide() -> list[Record]:
    """A SIMPLE run has ended; three files wait for a decision."""
    tape = Tape().start().request().route().plan()
    _coder(tape)
    _test_engineer(tape)
    _reviewer(tape)
    _documenter(tape)
    return tape.finish(files=FILES).records


def decided(*verdicts: e.Verdict) -> list[Record]:
    """The same with verdicts, in the order of the files."""
    tape = Tape(records=decide())
    pairs = zip(FILES, verdicts or ("accepted",) * 3, strict=False)
    return tape.add(
        *(e.ChangeDecided(path=path, verdict=verdict, by="user") for path, verdict in pairs)
    ).records


def applied() -> list[Record]:
    """All three files accepted and written."""
    tape = Tape(records=decided())
    return tape.add(*(e.ChangeApplied(path=path, apply="a1") for path in FILES)).records


def feedback() -> list[Record]:
    """The reviewer sent the work back once; the second round is under way."""
    tape = Tape().start().request("Implement an LRU cache with TTL support and thread safety")
    tape.route("MEDIUM", "A new data structure with concurrency: needs tests and review.", "0.0640")
    tape.plan()
    _coder(tape)
    _test_engineer(tape)
    _reviewer(tape, 1, ("`get` reads the entry outside of the lock", "expired entries are never evicted"))
    tape.node("fast_coder", 2)
    tape.say("fast_coder", "Both points are right. I move the read under the lock.")
    tape.tool("fast_coder", "edit_file", '{"path":"app/cache.py"}', end=False)
    return tape.records


def failed() -> list[Record]:
    """The model's service broke down in the middle of the coder's answer."""
    tape = Tape().start("bedrock").request().route().plan()
    tape.node("fast_coder")
    tape.say("fast_coder", "I look at how the routes are", finish=False)
    block = tape.records[-1].event
    assert isinstance(block, e.TextDelta)
    tape.add(
        e.TextDiscarded(**tape.at("fast_coder"), block=block.block, reason="the stream broke off"),
        e.Retried(
            **tape.at("fast_coder"),
            reason="the stream broke off",
            attempt=2,
            model=MODELS["fast_coder"],
            delay_ms=700,
        ),
    )
    tape.charge("fast_coder", "fast_coder", 2410, 40, cost="0.0021", estimated=True)
    tape.leave("fast_coder", "failed", 9000)
    tape.add(
        e.Failed(
            run=tape.run,
            kind="throttled",
            message="Bedrock throttled amazon.nova-pro-v1:0 four times in a row.",
            advice="Try again in a minute, or give fast_coder another model in the roster.",
            exit_code=75,
            node="fast_coder",
            role="fast_coder",
        )
    )
    return tape.finish("failed", "", ()).records


def question() -> list[Record]:
    """The run waits for the user to approve what it will cost."""
    tape = Tape().start("bedrock").request("Rewrite the storage layer on top of SQLite")
    tape.route("COMPLEX", "Touches every module and needs a migration.", "1.8400")
    tape.add(
        e.QuestionAsked(
            id="q1",
            run="r1",
            text="This run is expected to cost $1.84, which is more than $1.00. Start it?",
            choices=("start it", "stop"),
        )
    )
    return tape.records


def asked(kind: e.QuestionKind = "network") -> list[Record]:
    """A node waits for the user: with a command for what leaves the sandbox, with a text for a plan."""
    tape = Tape(records=running())
    details = {
        "network": "pip install 'httpx[http2]==0.28.1' && pytest -q tests/test_health.py",
        "plan": "## The plan\n\n1. **app/store.py** gets a SQLite table\n2. a migration moves what is there\n\n*Risky.*",
        "budget": "",
    }
    texts = {
        "network": "fast_coder wants to run this with access to the network.",
        "plan": "The architect's plan is ready. Shall the team go on with it?",
        "budget": "The next call could cost $0.04, and $0.01 is left of this run's budget of $0.05.",
    }
    choices = {
        "network": ("once", "for this run", "no"),
        "plan": ("go on", "stop"),
        "budget": ("raise it", "a cheaper model", "finish now", "stop"),
    }
    return tape.add(
        e.QuestionAsked(
            id="q1",
            run="r1",
            text=texts[kind],
            choices=choices[kind],
            kind=kind,
            detail=details[kind],
            node="fast_coder",
            role="fast_coder",
        )
    ).records


def waiting() -> list[Record]:
    """A question, a proposal, a conflict, and changes wait at once; a request is queued, a message was read."""
    tape = Tape(records=hunks()).request("Now the documentation", "r2")
    tape.node("fast_coder")
    at = tape.at("fast_coder")
    tape.add(
        e.QuestionAsked(id="q1", run="r2", text="Which port?", choices=("8080", "9090"), kind="question"),
        e.GitProposed(**at, id="g1", action="commit", message="Add the cache", paths=("app/cache.py",)),
        e.MessageSent(run="r2", id="m1", text="Use the standard library only"),
        e.MessageDelivered(**at, id="m1"),
        e.MessageSent(run="r2", id="m2", text="And keep it short", node="fast_coder"),
        e.RequestQueued(id="w1", text="Then a changelog"),
    )
    return tape.records


def committed() -> list[Record]:
    """Two nodes left points that the stage can be rewound to."""
    tape = Tape(records=decide())
    for commit, role, path in (("c1", "fast_coder", "app/server.py"), ("c2", "documenter", "README.md")):
        tape.add(
            e.StageCommitted(**tape.at(role), commit=commit, paths=(path,), message=f"{role} changed {path}")
        )
    return tape.records


def credited() -> list[Record]:
    """Two nodes wrote a file; what each cost is known, and one of its pieces is accepted."""
    tape = Tape().start().request("Implement an LRU cache").route("MEDIUM").plan(("senior_coder",))
    roles = ("senior_coder", "fast_coder")
    for number, role in enumerate(roles, 1):
        tape.node(role)
        tape.charge(role, role, 4_000, 300, cost=f"0.0{number}12")
        step = {"commit": f"c{number}", "paths": ("app/cache.py",), "message": "edit_file"}
        tape.add(e.StageCommitted(**tape.at(role), added_lines=4, **step))
    hunks = tuple(
        msgspec.structs.replace(
            hunk, step=f"c{at % 2 + 1}", written=(e.Written(lines=hunk.new_lines, step=f"c{at % 2 + 1}"),)
        )
        for at, hunk in enumerate(hunks_of(PATCH_CACHE, *roles))
    )
    tape.change("senior_coder", "app/cache.py", PATCH_CACHE, hunks=hunks)
    tape.add(e.ChangeDecided(path="app/cache.py", verdict="accepted", by="user", hunk=hunks[0].id))
    return tape.records


def interrupted() -> list[Record]:
    """The user pressed Esc in the middle of a run."""
    tape = Tape(records=running())
    tape.leave("fast_coder", "interrupted", 3000)
    return tape.finish("interrupted", "", ("app/server.py",)).records


PATCH_CACHE = """--- a/app/cache.py
+++ b/app/cache.py
@@ -1,12 +1,14 @@
 \"\"\"A cache of the latest answers.\"\"\"
-from collections import OrderedDict
+import time
+from collections import OrderedDict
+from threading import RLock


 class Cache:
-    def __init__(self, size):
+    def __init__(self, size: int, ttl: float = 60.0) -> None:
         self.size = size
         self.entries = OrderedDict()

     def __len__(self):
         return len(self.entries)
@@ -40,9 +42,12 @@ class Cache:
     def get(self, key):
-        value = self.entries[key]
-        self.entries.move_to_end(key)
-        return value
+        with self.lock:
+            value, until = self.entries[key]
+            if until < time.monotonic():
+                raise KeyError(key)
+            self.entries.move_to_end(key)
+            return value

     def clear(self):
         self.entries.clear()
         # keeps its size
""".replace("\n\n", "\n \n").replace("\n\n", "\n \n")
PATCH_MOVED = """diff --git a/app/util.py b/app/text.py
rename from app/util.py
--- a/app/util.py
+++ b/app/text.py
@@ -1,3 +1,3 @@
-# util
+# text
 def cut(text):
     return text[:80]
"""
CONFLICT = """import os

<<<<<<< yours
LIMIT = 20
||||||| before
LIMIT = 10
=======
LIMIT = int(os.environ.get("LIMIT", "10"))
>>>>>>> the team's

def page(items):
    return items[:LIMIT]
"""


def swarm() -> list[Record]:
    """A swarm that has handed its work on twice, once back, and goes on."""
    tape = Tape().start().request("Why are requests slow, and what could be done?")
    tape.add(
        e.RouteDecided(
            run="r1",
            complexity="MEDIUM",
            pattern="swarm",
            confidence=0.8,
            reason="Nobody knows yet what is to be done.",
            decided_by="model",
            expected_cost_usd="0.04",
        )
    )
    roles = ("researcher", "senior_coder", "architect", "code_reviewer")
    nodes = tuple(e.PlannedNode(node=role, role=role, model=MODELS[role]) for role in roles)
    edges = tuple(e.Edge(source=roles[0], target=role) for role in roles[1:])
    tape.add(e.GraphPlanned(run="r1", nodes=nodes, edges=edges))
    tape.node("researcher")
    tape.charge("researcher", "researcher", 3100, 210, cost="0.0031")
    tape.leave("researcher")
    shared = '{"researcher": {"slow route": "GET /books", "measured": {"p95_ms": 840}}}'
    _hand_over(
        tape, "researcher", "senior_coder", "GET /books reads the file each time: look at the store", shared
    )
    tape.charge("senior_coder", "senior_coder", 4200, 180, cost="0.0153")
    tape.leave("senior_coder")
    _hand_over(tape, "senior_coder", "researcher", "is the file ever written by another process?", shared)
    tape.tool("researcher", "search_files", '{"pattern":"open\\\\(.*books"}', end=False)
    return tape.records


def _hand_over(tape: Tape, source: str, target: str, words: str, shared: str) -> None:
    reason = f"{source} → {target}: {words}"
    tape.add(e.HandedOff(run="r1", from_role=source, to_role=target, reason=reason, shared=shared))
    tape.node(target)


WORDS = """# What I found

*Twice* as slow as **before**, see [the notes](https://example.org): `get` ~~locks~~ waits.

> It was measured.

```python
# each entry is read once
def read(key: str) -> int:
    return len(self.entries[key]) + 10
```
"""


def everyone() -> list[Record]:
    """Every role at work or waiting, and all that a node can say and do: in it is every ink that there is."""
    tape = Tape().start().request("Make it fast").route("CRITICAL")
    roles = ("orchestrator", "architect", "senior_coder", "fast_coder", "debugger", "infrastructure")
    tape.plan((*roles, "test_engineer", "code_reviewer", "documenter", "researcher"))
    for role in ("router", "orchestrator", "architect", "infrastructure"):
        tape.node(role)
        tape.leave(role)
    tape.node("researcher")
    tape.say("researcher", "Where is the time?\n\nIn the lock, I think.", kind="reasoning")
    tape.say("researcher", "It is the dat", finish=False)
    block = tape.records[-1].event
    assert isinstance(block, e.TextDelta)
    tape.add(e.TextDiscarded(**tape.at("researcher"), block=block.block, reason="the stream broke off"))
    tape.tool("researcher", "search_files", '{"pattern":"lock"}', "app/cache.py:12: self.lock = RLock()")
    tape.tool("researcher", "run_tests", "{}", "Tests failed (pytest): 3 passed, 1 failed.\n- test_get: slow")
    tape.say("researcher", WORDS)
    tape.leave("researcher")
    reason = "the cache is to be changed"
    tape.add(e.HandedOff(run="r1", from_role="researcher", to_role="debugger", reason=reason))
    tape.node("debugger")
    tape.add(e.NodePaused(**tape.at("debugger"), reason="you paused it"))
    tape.node("senior_coder")
    tape.tool("senior_coder", "run_command", '{"command":"make"}', end=False)
    call = tape.records[-1].event
    assert isinstance(call, e.ToolStarted)
    printed = "compiling a.c\ncompiling b.c\nlinking\n"
    return tape.add(e.ToolOutput(**tape.at("senior_coder"), call=call.call, text=printed)).records


def prompted() -> list[Record]:
    """A run after its end, whose coder's prompt is on record."""
    records = decide()
    place = next(n for n, r in enumerate(records) if isinstance(r.event, e.NodeStarted))
    tape = Tape(records=records[: place + 1])
    tape.add(e.PromptGiven(**tape.at("fast_coder"), text=f"# The request\n\n{HEALTH}\n\n- keep it small"))
    return tape.add(*(record.event for record in records[place + 1 :])).records


def shell() -> list[Record]:
    """Two commands of the user's own: one has failed, one still runs."""
    tape = Tape().start()
    tape.add(
        e.ShellStarted(id="s1", command="pytest -q tests/test_health.py"),
        e.ShellFinished(
            id="s1",
            outcome="exited",
            output="F.\nFAILED tests/test_health.py::test_health - assert 404 == 200\n1 failed, 1 passed in 0.21s",
            duration_ms=640,
            exit_code=1,
        ),
        e.ShellStarted(id="s2", command="git log --oneline"),
        e.ShellOutput(id="s2", text="1a2b3c4 Add the cache\n"),
    )
    return tape.records


def hunks() -> list[Record]:
    """Files of every kind wait: several hunks and roles, a rename, a mode, a binary file, a conflict."""
    tape = Tape().start().request("Implement an LRU cache with TTL support and thread safety")
    tape.route("MEDIUM").plan(("senior_coder", "code_reviewer"))
    tape.node("senior_coder")
    more = {"hunks": hunks_of(PATCH_CACHE, "senior_coder", "fast_coder"), "marks": ("crlf",)}
    tape.change("senior_coder", "app/cache.py", PATCH_CACHE, **more)
    tape.change("senior_coder", "app/text.py", PATCH_MOVED, "renamed", old_path="app/util.py")
    tape.change("senior_coder", "bin/serve", "", old_mode="100644", new_mode="100755")
    tape.change("senior_coder", "logo.png", "", "added", binary=True, new_mode="100644")
    tape.change("senior_coder", "current", "", "added", new_mode="120000")
    tape.change("fast_coder", "app/page.py", PATCH_APP.replace("server", "page"))
    tape.add(
        e.OverlapFound(
            **tape.at("fast_coder"),
            path="app/cache.py",
            other_node="senior_coder",
            other_role="senior_coder",
            hunk="h2",
        ),
        e.ProjectChanged(paths=("app/page.py",), count=1, touched=("app/page.py",)),
        e.ConflictFound(path="app/page.py", regions=1, text=CONFLICT),
    )
    tape.leave("senior_coder").finish(files=("app/cache.py",))
    return tape.add(
        e.ChangeDecided(path="app/cache.py", verdict="accepted", by="user", hunk="h1"),
        e.ChangeDecided(
            path="app/cache.py", verdict="rejected", by="user", hunk="h2", comment="keep the signature"
        ),
    ).records


HOSTILE = "\x1b]52;c;cm0gLXJmIC8=\x07\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u200b[bold red]markup[/]"
"""A clipboard write, a title, a clear screen, an 8-bit CSI, a bidi override, and markup."""


def hostile() -> list[Record]:
    """Every kind of text carries what a terminal would obey."""
    tape = Tape().start(project=f"/home/{HOSTILE}").request(HOSTILE).route(reason=HOSTILE).plan()
    tape.node("fast_coder")
    tape.say(
        "fast_coder",
        f"# {HOSTILE}\n\n- {HOSTILE}\n\n```\n{HOSTILE}\n```\n\n[x]({HOSTILE}) `{HOSTILE}`",
        pieces=40,
    )
    tape.say("fast_coder", HOSTILE, kind="reasoning")
    tape.tool("fast_coder", HOSTILE, f'{{"path":"{HOSTILE}"}}', HOSTILE, ok=False)
    tape.change(
        "fast_coder", f"a/{HOSTILE}.py", f"--- a\n+++ b\n@@ -1,1 +1,1 @@ {HOSTILE}\n-{HOSTILE}\n+{HOSTILE}"
    )
    at = tape.at("fast_coder")
    tape.add(
        e.TestsFinished(**at, outcome="failed", passed=0, failed=1, summary=HOSTILE),
        e.VerdictGiven(**at, approved=False, must_fix=(HOSTILE,), round=1),
        e.Retried(**at, reason=HOSTILE, attempt=2, model=HOSTILE),
        e.HandedOff(run="r1", from_role=HOSTILE, to_role=HOSTILE, reason=HOSTILE),
        e.ChangeMarkedStale(path=f"a/{HOSTILE}.py", reason=HOSTILE),
        e.NoticeGiven(text=HOSTILE),
        e.CommandRefused(command="submit_request", reason=HOSTILE),
        e.Failed(run="r1", kind="x", message=HOSTILE, advice=HOSTILE, exit_code=1, role=HOSTILE),
        e.QuestionAsked(id="q1", run="r1", text=HOSTILE, choices=(HOSTILE, "no")),
    )
    return tape.records


def many(turns: int) -> list[Record]:
    """A long session: many finished runs of one node each."""
    tape = Tape().start()
    for turn in range(1, turns + 1):
        tape.request(f"Turn {turn}", f"r{turn}").route()
        tape.node("fast_coder")
        tape.say("fast_coder", f"Answer **{turn}**. " + "All work and no play. " * 20, pieces=4)
        tape.leave("fast_coder").finish(answer="")
    return tape.records
