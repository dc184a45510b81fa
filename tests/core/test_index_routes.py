"""The index knows how routes were decided, and what the user overrode. All of it comes from the logs."""

from pathlib import Path

import pytest

from core.events import (
    RequestSubmitted,
    RouteDecided,
    RouteOverridden,
    SessionStarted,
    WorkEscalated,
)
from core.index import Index
from core.log import Log


def started(project: str, backend="bedrock") -> SessionStarted:
    return SessionStarted(
        project=project, version="0", roster="current", backend=backend, confinement="confined"
    )


def routed(run: str, complexity: str, by="model", rule="", pattern="graph") -> RouteDecided:
    return RouteDecided(
        run=run, complexity=complexity, pattern=pattern, confidence=0.9, reason="So.", decided_by=by,
        expected_cost_usd="0", rule=rule,
    )  # fmt: skip


def request(run: str, resumes: str | None = None) -> RequestSubmitted:
    return RequestSubmitted(run=run, text="Add a line", resumes=resumes)


def went_up(run: str) -> WorkEscalated:
    return WorkEscalated(
        run=run, node="fast_coder", role="fast_coder", to_role="senior_coder", to_model="m",
        evidence="tests", detail="Tests fail.", reread_tokens=1,
    )  # fmt: skip


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "state" / "index.db")


async def write(logs: Path, session: str, *events) -> list:
    async with await Log.open(logs / f"{session}.db", session, create=True) as log:
        return await log.append(events)


async def counts(index: Index, **where) -> dict:
    rows = await index.routes(**where)
    return {(row.decided_by, row.rule): row for row in rows}


async def ways(index: Index, **where) -> list[tuple]:
    return [
        (
            row.decided_by,
            row.from_complexity,
            row.from_pattern,
            row.complexity,
            row.pattern,
            row.role,
            row.times,
        )
        for row in await index.overrides(**where)
    ]


OVERRIDDEN = (
    started("/srv/shop"),
    request("r1"),
    routed("r1", "SIMPLE"),
    went_up("r1"),
    request("r2"),
    routed("r2", "MEDIUM"),
    RouteOverridden(run="r2", complexity="COMPLEX", pattern="graph"),
    routed("r2", "COMPLEX", "user", "override"),
    request("r3"),
    routed("r3", "CRITICAL", "rule", "risk"),
)


async def test_routes_are_counted_by_who_decided_and_by_class(logs, index):
    await index.update(await write(logs, "s1", *OVERRIDDEN))
    await index.update(await write(logs, "s2", started("/srv/blog"), request("r1"), routed("r1", "SIMPLE")))
    found = await counts(index)
    router = found["model", ""]
    assert (router.routes, router.simple, router.medium, router.overridden, router.escalated) == (
        3,
        2,
        1,
        1,
        1,
    )
    chosen = found["user", "override"]
    assert (chosen.routes, chosen.complex, chosen.overridden) == (1, 1, 0)
    assert (found["rule", "risk"].routes, found["rule", "risk"].critical) == (1, 1)
    assert (await counts(index, project=Path("/srv/blog"))).keys() == {("model", "")}
    assert await ways(index) == [("model", "MEDIUM", "graph", "COMPLEX", "graph", None, 1)]
    assert await ways(index, project=Path("/srv/blog")) == []


async def test_an_override_before_the_route_and_one_after_another(logs, index):
    early = RouteOverridden(run="r1", complexity="SIMPLE", pattern=None, asked_role="debugger")
    later = RouteOverridden(run="r1", complexity="SIMPLE", pattern="swarm")
    events = (
        started("/srv/shop"), request("r1"), early, routed("r1", "SIMPLE", "user", "override"), later,
        routed("r1", "SIMPLE", "user", "override", "swarm"),
    )  # fmt: skip
    await index.update(await write(logs, "s1", *events))
    assert await ways(index) == [
        (None, None, None, "SIMPLE", None, "debugger", 1),
        ("user", "SIMPLE", "graph", "SIMPLE", "swarm", None, 1),
    ]
    (row,) = await index.routes()
    assert (row.routes, row.swarms, row.overridden) == (2, 1, 1)


async def test_a_run_that_goes_on_decides_nothing_anew_unless_it_was_never_routed(logs, index):
    events = (
        started("/srv/shop"), request("r1"), routed("r1", "MEDIUM"),
        request("r2", "r1"), routed("r2", "MEDIUM"), went_up("r2"),
        RouteOverridden(run="r2", complexity="SIMPLE", pattern="graph"),
        routed("r2", "SIMPLE", "user", "override"),
        request("r3"), request("r4", "r3"), routed("r4", "COMPLEX"),
    )  # fmt: skip
    await index.update(await write(logs, "s1", *events))
    found = await counts(index)
    router = found["model", ""]
    assert (router.routes, router.medium, router.complex) == (2, 1, 1)
    assert (router.escalated, router.overridden) == (1, 1)
    assert found["user", "override"].routes == 1


async def test_rehearsals_are_apart_and_deleting_the_index_loses_nothing(logs, index, tmp_path):
    await write(logs, "s1", *OVERRIDDEN)
    await write(logs, "s2", started("/srv/shop", "rehearsal"), request("r1"), routed("r1", "SIMPLE"))
    await index.catch_up(logs)
    before = await counts(index, billed=True), await ways(index)
    assert sum(row.routes for row in before[0].values()) == 4
    (played,) = await index.routes(billed=False)
    assert played.routes == 1
    (tmp_path / "state" / "index.db").unlink()
    await index.rebuild(logs)
    assert (await counts(index, billed=True), await ways(index)) == before


async def test_a_session_that_is_gone_takes_its_routes_along(logs, index):
    await write(logs, "s1", *OVERRIDDEN)
    await index.catch_up(logs)
    for part in logs.glob("s1.db*"):
        part.unlink()
    await index.catch_up(logs)
    assert await index.routes() == [] and await index.overrides() == []
