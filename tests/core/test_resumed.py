"""What a run that goes on is told of the one before it: a fold over records."""

from core import events as e
from core.past import Past
from core.resumed import ResumedRun

ARCHITECT, CODER, TESTER, DOCS = "architect", "senior_coder", "test_engineer", "documenter"


def start(node: str, round: int = 1, run: str = "r1") -> e.NodeStarted:
    return e.NodeStarted(run=run, node=node, role=node, model="m", round=round)


def end(node: str, status: e.NodeStatus = "done", summary: str = "", run: str = "r1") -> e.NodeFinished:
    return e.NodeFinished(
        run=run, node=node, role=node, status=status, summary=summary or node, duration_ms=1
    )


def route(run: str = "r1") -> e.RouteDecided:
    return e.RouteDecided(
        run=run,
        complexity="COMPLEX",
        pattern="graph",
        confidence=1.0,
        reason="r",
        decided_by="rule",
        expected_cost_usd="0.1",
    )


def plan() -> e.GraphPlanned:
    return e.GraphPlanned(run="r1", nodes=(), edges=())


def changed(path: str) -> e.FileChanged:
    return e.FileChanged(
        run="r1", node=CODER, role=CODER, path=path, kind="added", added_lines=1, removed_lines=0, patch="+x"
    )


def ran(outcome: e.TestOutcome = "passed") -> e.TestsFinished:
    return e.TestsFinished(
        run="r1", node=TESTER, role=TESTER, outcome=outcome, passed=1, failed=0, summary="1 passed"
    )


def judged(approved: bool, round: int) -> e.VerdictGiven:
    return e.VerdictGiven(
        run="r1", node="code_reviewer", role="code_reviewer", approved=approved, must_fix=("x",), round=round
    )


def finished(run: str = "r1", status: e.RunStatus = "interrupted") -> e.RunFinished:
    return e.RunFinished(run=run, status=status, answer="a", files=(), cost_usd="0", by_role={}, by_model={})


def resume(*events: e.Event, at: str | None = None) -> ResumedRun:
    """What `r2` gets that goes on with `r1`."""
    past = Past()
    first = e.RequestSubmitted(run="r1", text="do it")
    for event in (first, *events, finished(), again("r2", "r1", at)):
        past.note(event)
    found = past.progress.resumed()
    assert found is not None
    return found


def again(run: str, resumes: str, at: str | None = None) -> e.RequestSubmitted:
    return e.RequestSubmitted(run=run, text="do it", resumes=resumes, resumes_at=at)


def names(found: ResumedRun) -> list[tuple[str, int, str]]:
    return [(one.node, one.round, one.summary) for one in found.finished]


def test_a_run_from_the_start_has_nothing_to_go_on_with():
    past = Past()
    for event in (e.RequestSubmitted(run="r1", text="x"), start(CODER), finished()):
        past.note(event)
    past.note(e.RequestSubmitted(run="r2", text="x"))
    assert past.progress.resumed() is None


def test_nothing_had_begun():
    assert resume() == ResumedRun(run="r1")


def test_it_broke_off_at_a_node():
    handed = e.HandedOff(run="r1", from_role=ARCHITECT, to_role=CODER, reason="designed")
    found = resume(
        route(),
        plan(),
        start(ARCHITECT),
        end(ARCHITECT, summary="the design"),
        handed,
        start(CODER, 2),
        end(CODER, "interrupted"),
    )
    assert (found.run, found.route, found.plan) == ("r1", route(), plan())
    assert names(found) == [(ARCHITECT, 1, "the design")]
    assert (found.node, found.role, found.unfinished, found.round) == (CODER, CODER, (CODER,), 2)
    assert found.handoffs == (handed,)


def test_it_broke_off_between_two_nodes():
    found = resume(route(), start(CODER, 3), end(CODER))
    assert (found.node, found.role, found.unfinished, found.round) == (None, None, (), 3)


def test_every_node_that_was_at_work_is_named():
    found = resume(start(TESTER), start(DOCS), end(DOCS, "paused"), end(TESTER, "failed"))
    assert (found.node, found.unfinished) == (TESTER, (TESTER, DOCS))
    found = resume(start(TESTER), start(DOCS), end(DOCS), end(TESTER, "failed"))
    assert (found.unfinished, names(found)) == ((TESTER,), [(DOCS, 1, DOCS)])


def test_a_node_that_the_user_stopped_is_not_done_again():
    found = resume(start(TESTER), end(TESTER, "stopped"), start(CODER), end(CODER, "failed"))
    assert [(one.node, one.status) for one in found.finished] == [(TESTER, "stopped")]
    assert found.node == CODER


def test_verdicts_tests_and_what_changed_after_them():
    found = resume(changed("a.py"), ran("failed"), judged(False, 1), changed("b.py"), changed("b.py"))
    assert found.tests == ran("failed")
    assert found.changed_since_tests == ("b.py",)
    assert [one.approved for one in found.verdicts] == [False]
    assert resume(changed("a.py"), ran()).changed_since_tests == ()


def test_models_that_the_user_chose_are_kept():
    chosen = e.ModelChanged(
        run="r1", node=CODER, role=CODER, from_model="m", to_model="other", reason="your choice"
    )
    assert resume(start(CODER), chosen).models == {CODER: "other"}


def test_what_an_abandoned_route_had_done_does_not_count():
    found = resume(
        route(), start(CODER), end(CODER), e.RouteOverridden(run="r1", pattern="swarm"), start("researcher")
    )
    assert (found.route, found.finished, found.node) == (None, (), "researcher")


def test_a_node_that_ended_is_done_again_with_all_that_came_after_it():
    found = resume(
        start(ARCHITECT),
        end(ARCHITECT),
        start(CODER, 1),
        end(CODER),
        judged(False, 1),
        start(CODER, 2),
        end(CODER),
        ran(),
        judged(True, 2),
        at=CODER,
    )
    assert (found.node, found.round) == (CODER, 2)
    assert names(found) == [(ARCHITECT, 1, ARCHITECT), (CODER, 1, CODER)]
    assert [one.round for one in found.verdicts] == [1]
    assert found.tests is None


def test_what_went_on_beside_it_is_not_done_again():
    found = resume(start(DOCS), start(TESTER), end(DOCS), end(TESTER), start(CODER), at=TESTER)
    assert (found.node, found.unfinished) == (TESTER, (TESTER,))
    assert names(found) == [(DOCS, 1, DOCS)]


def test_a_resumed_run_that_breaks_off_hands_on_what_it_had_taken_over():
    past = Past()
    for event in (
        e.RequestSubmitted(run="r1", text="do it"),
        start(ARCHITECT),
        end(ARCHITECT),
        start(CODER),
        end(CODER, "interrupted"),
        finished(),
        again("r2", "r1"),
        start(CODER, run="r2"),
        end(CODER, "done", run="r2"),
        start(TESTER, run="r2"),
        finished("r2"),
        again("r3", "r2"),
    ):
        past.note(event)
    found = past.progress.resumed()
    assert found is not None
    assert (found.run, found.node) == ("r2", TESTER)
    assert names(found) == [(ARCHITECT, 1, ARCHITECT), (CODER, 1, CODER)]
    past.note(e.RequestSubmitted(run="r4", text="do it"))
    assert past.progress.resumed() is None
