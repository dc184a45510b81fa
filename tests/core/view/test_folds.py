"""The folds, on the records of whole sessions."""

import pytest

from core import events as e
from core.money import to_pico
from core.record import Record
from core.view.items import (
    FailureItem,
    NodeItem,
    NoticeItem,
    QuestionItem,
    RetryItem,
    RouteItem,
    RunEndItem,
    TextItem,
    ToolItem,
    VerdictItem,
    WrittenItem,
)
from core.view.session import SessionView


def fold(records):
    view = SessionView()
    for record in records:
        view.apply(record)
    return view


def more(view, *events):
    """Apply further events and give what each made old."""
    return [view.apply(Record(view.last + 1, "s", "2026-01-31T13:00:00.000000Z", event)) for event in events]


def of(view, kind):
    return [item for item in view.transcript.items if isinstance(item, kind)]


class TestTranscript:
    def test_a_run_reads_from_request_to_answer(self, recordings):
        items = fold(recordings.decide()).transcript.items
        names = [type(item).__name__.removesuffix("Item") for item in items]
        assert names[:6] == ["Request", "Notice", "Route", "Node", "Text", "Tool"]
        assert names[-1] == "RunEnd"

    def test_deltas_grow_one_text_and_the_end_replaces_them(self, recordings):
        view = fold(recordings.running())
        growing = of(view, TextItem)[-1]
        assert growing.state == "growing"
        assert len(growing.parts) > 1
        index = view.transcript.items.index(growing)
        block = next(
            r.event.block for r in reversed(recordings.running()) if isinstance(r.event, e.TextDelta)
        )
        at = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}
        grown, finished, late = more(
            view,
            e.TextDelta(**at, block=block, text="ore"),
            e.TextFinished(**at, block=block, text="The whole."),
            e.TextDelta(**at, block=block, text="late"),
        )
        assert [(t.index, t.how) for t in grown.chat] == [(index, "grown")]
        assert [(t.index, t.how) for t in finished.chat] == [(index, "changed")]
        assert late.chat == ()
        assert (growing.text, growing.state) == ("The whole.", "finished")

    def test_finished_text_stands_without_its_deltas(self, recordings):
        whole = fold(recordings.decide())
        pruned = fold(r for r in recordings.decide() if not isinstance(r.event, e.TextDelta))
        assert pruned.transcript.items == whole.transcript.items

    def test_tool_calls_carry_their_subject_state_and_time(self, recordings):
        view = fold(recordings.running())
        done, under_way = of(view, ToolItem)
        assert (done.tool, done.subject, done.state, done.duration_ms) == (
            "read_file",
            "app/server.py",
            "ok",
            31,
        )
        assert under_way.state == "running"

    def test_what_an_interruption_leaves_open_is_closed(self, recordings):
        view = fold(recordings.interrupted())
        assert of(view, ToolItem)[-1].state == "stopped"
        assert of(view, TextItem)[-1].state == "finished"
        assert of(view, NodeItem)[-1].state == "interrupted"
        assert of(view, RunEndItem)[-1].status == "interrupted"

    def test_a_discarded_text_and_its_retry_are_shown(self, recordings):
        view = fold(recordings.failed())
        text = of(view, TextItem)[-1]
        assert (text.state, text.reason) == ("discarded", "the stream broke off")
        assert of(view, RetryItem)[0].attempt == 2
        assert of(view, FailureItem)[0].advice.startswith("Try again")

    def test_an_answer_that_was_just_said_is_not_said_twice(self, recordings):
        tape = recordings.Tape().start().request()
        tape.node("fast_coder")
        tape.say("fast_coder", "All done.").finish(answer="All done.")
        assert of(fold(tape.records), RunEndItem)[0].answer == ""
        assert of(fold(recordings.decide()), RunEndItem)[0].answer.startswith("The API now")

    def test_route_and_end_hold_expected_and_actual_cost(self, recordings):
        view = fold(recordings.decide())
        assert of(view, RouteItem)[0].expected == to_pico("0.0180")
        assert (of(view, RunEndItem)[0].expected, of(view, RunEndItem)[0].cost) == (
            to_pico("0.0180"),
            view.costs.run.total.cost,
        )

    def test_an_apply_is_one_item_that_counts_what_was_undone(self, recordings):
        view = fold(recordings.applied())
        (written,) = of(view, WrittenItem)
        assert written.labels == list(recordings.FILES)
        more(view, e.ChangeUndone(path="README.md", apply="a1"))
        assert written.undone == 1

    def test_questions_and_refusals(self, recordings):
        view = fold(recordings.question())
        assert of(view, QuestionItem)[0].answer is None
        more(
            view,
            e.QuestionAnswered(id="q1", answer="stop", by="user"),
            e.CommandRefused(command="apply_changes", reason="Nothing is accepted."),
        )
        assert of(view, QuestionItem)[0].answer == "stop"
        assert of(view, NoticeItem)[-1] == NoticeItem("Nothing is accepted.", "warning")

    def test_verdicts_name_what_must_be_fixed(self, recordings):
        verdict = of(fold(recordings.feedback()), VerdictItem)[0]
        assert (verdict.approved, len(verdict.must_fix), verdict.round) == (False, 2, 1)


class TestGraph:
    def test_nodes_wait_run_and_finish(self, recordings):
        graph = fold(recordings.running()).graph
        assert [node.state for node in graph.nodes.values()] == ["running", "waiting", "waiting", "waiting"]
        assert graph.nodes["fast_coder"].tool == "edit_file app/server.py"
        assert {node.state for node in fold(recordings.decide()).graph.nodes.values()} == {"done"}

    def test_edges_light_while_work_flows(self, recordings):
        def states(records):
            return {(link.source, link.target): link.state for link in fold(records).graph.links}

        before = [r for r in recordings.decide() if r.seq <= 40]
        started = next(
            i
            for i, r in enumerate(before)
            if isinstance(r.event, e.NodeStarted) and r.event.role == "test_engineer"
        )
        assert states(before[: started + 1])["fast_coder", "test_engineer"] == "lit"
        assert states(recordings.decide())["fast_coder", "test_engineer"] == "passed"
        assert states(recordings.decide())["code_reviewer", "fast_coder"] == "waiting"

    def test_the_way_back_lights_with_its_round(self, recordings):
        graph = fold(recordings.feedback()).graph
        back = next(link for link in graph.links if link.feedback)
        assert (back.state, graph.round, graph.nodes["fast_coder"].round) == ("lit", 2, 2)

    def test_charges_go_to_their_node(self, recordings):
        node = fold(recordings.decide()).graph.nodes["fast_coder"]
        assert node.cost == to_pico("0.0042124")
        assert (node.input_tokens, node.output_tokens, node.duration_ms) == (5354, 410, 6100)
        assert not node.estimated
        assert fold(recordings.failed()).graph.nodes["fast_coder"].estimated

    def test_a_handover_adds_its_edge(self, recordings):
        view = fold(recordings.running())
        more(view, e.HandedOff(run="r1", from_role="fast_coder", to_role="debugger", reason="It crashes."))
        link = view.graph.links[-1]
        assert (link.target, link.state, link.label) == ("debugger", "lit", "It crashes.")

    def test_a_new_request_begins_an_empty_graph(self, recordings):
        view = fold(recordings.decide())
        more(view, e.RequestSubmitted(run="r2", text="And now"))
        assert (view.graph.run, view.graph.nodes, view.graph.links) == ("r2", {}, [])

    def test_an_interrupted_run_leaves_nothing_running(self, recordings):
        graph = fold(recordings.interrupted()).graph
        assert "running" not in {node.state for node in graph.nodes.values()}
        assert all(not node.tool for node in graph.nodes.values())


class TestChanges:
    def test_files_keep_author_kind_and_counts(self, recordings):
        files = fold(recordings.decide()).changes.files
        server = files["app/server.py"]
        assert (server.kind, server.added, server.removed, server.roles) == ("modified", 7, 1, ["fast_coder"])
        assert files["tests/test_health.py"].kind == "added"

    def test_decisions_and_apply(self, recordings):
        view = fold(recordings.decided("accepted", "rejected", "undecided"))
        assert [f.path for f in view.changes.ready] == ["app/server.py"]
        assert [f.path for f in view.changes.open] == ["README.md"]
        more(view, e.ChangeApplied(path="app/server.py", apply="a1"))
        assert view.changes.files["app/server.py"].place == "applied"
        assert view.changes.ready == []
        more(view, e.ChangeUndone(path="app/server.py", apply="a1"))
        assert view.changes.files["app/server.py"].place == "undone"

    def test_a_piece_that_stayed_the_same_keeps_its_verdict(self, recordings):
        view = fold(recordings.hunks())
        file = view.changes.files["app/cache.py"]
        assert [piece.verdict for piece in file.pieces] == ["accepted", "rejected", "undecided"]
        assert (file.verdict, file.open, file.ready) == ("undecided", True, True)
        change = next(r.event for r in recordings.hunks() if isinstance(r.event, e.FileChanged))
        values = {f: getattr(change, f) for f in change.__struct_fields__}
        kept = (change.hunks[0], *(e.Hunk(id="new", old_start=9, old_lines=1, new_start=9, new_lines=1),))
        more(view, e.FileChanged(**values | {"hunks": kept}))
        assert [piece.verdict for piece in view.changes.files["app/cache.py"].pieces] == [
            "accepted",
            "undecided",
        ]

    def test_a_file_is_what_its_pieces_are_together(self, recordings):
        view = fold(recordings.hunks())
        file = view.changes.files["app/cache.py"]
        at = {"path": file.path, "by": "user"}
        more(view, e.ChangeDecided(**at, verdict="rejected", hunk="h3"))
        assert (file.verdict, file.open, file.ready) == ("accepted", False, True)
        more(view, e.ChangeDecided(**at, verdict="rejected", hunk="h1"))
        assert (file.verdict, file.ready) == ("rejected", False)
        more(view, e.ChangeDecided(**at, verdict="undecided"))
        assert (file.verdict, file.open_pieces) == ("undecided", 3)

    def test_conflicts_overlaps_and_the_users_own_edits(self, recordings):
        view = fold(recordings.hunks())
        page, cache = view.changes.files["app/page.py"], view.changes.files["app/cache.py"]
        assert page.conflict is not None
        assert page.moved
        assert cache.overlaps == ["senior_coder"]
        assert [piece.overlap for piece in cache.pieces] == ["", "senior_coder", ""]
        more(
            view,
            e.ConflictResolved(path="app/page.py", take="stage", by="user"),
            e.ChangeMerged(path="app/page.py"),
            e.ChangeMarkedStale(path="app/cache.py", reason="the lines are gone", hunk="h1"),
        )
        assert page.conflict is None
        assert page.merged
        assert cache.place == "staged"
        assert cache.pieces[0].stale == "the lines are gone"

    def test_a_new_difference_is_open_again_and_names_the_new_author(self, recordings):
        view = fold(recordings.decided())
        change = next(r.event for r in recordings.decide() if isinstance(r.event, e.FileChanged))
        more(
            view,
            e.FileChanged(
                **{f: getattr(change, f) for f in change.__struct_fields__}
                | {"role": "documenter", "node": "documenter", "hunks": ()}
            ),
        )
        file = view.changes.files["app/server.py"]
        assert (file.verdict, file.roles, file.version) == ("undecided", ["fast_coder", "documenter"], 1)

    def test_withdrawn_files_go_and_rejected_ones_stay(self, recordings):
        view = fold(recordings.decided("rejected"))
        at = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}
        more(
            view,
            e.ChangeWithdrawn(**at, path="app/server.py"),
            e.ChangeWithdrawn(**at, path="README.md"),
        )
        assert list(view.changes.files) == ["app/server.py", "tests/test_health.py"]

    def test_stale_files_say_why(self, recordings):
        view = fold(recordings.decided())
        more(view, e.ChangeMarkedStale(path="README.md", reason="you changed it"))
        assert (view.changes.files["README.md"].place, view.changes.files["README.md"].reason) == (
            "stale",
            "you changed it",
        )


class TestCosts:
    def test_the_sum_by_role_model_and_node_is_the_total(self, recordings):
        run = fold(recordings.decide()).costs.run
        for tallies in (run.by_role, run.by_model, run.by_node):
            assert sum(tally.cost for tally in tallies.values()) == run.total.cost
        assert run.total.cost > 0
        assert run.by_model["amazon.nova-pro-v1:0"].calls == 3
        assert run.expected == to_pico("0.0180")

    def test_the_session_sums_all_runs(self, recordings):
        view = fold(recordings.decide())
        once = view.costs.session.total.cost
        for record in recordings.decide()[1:]:
            view.apply(record)
        assert view.costs.session.total.cost == 2 * once
        assert view.costs.run.total.cost == once

    def test_cache_hit_rate(self, recordings):
        total = fold(recordings.decide()).costs.run.by_role["fast_coder"]
        assert total.cache_hit_rate == pytest.approx(2304 / 5354)

    def test_estimates_are_marked_and_calls_under_way_reserve(self, recordings):
        view = fold(recordings.failed())
        assert view.costs.run.total.estimated
        at = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}
        call = e.CallStarted(**at, call="x", model="m", input_tokens=10, reserved_usd="0.05")
        more(view, call)
        assert view.costs.reserved == to_pico("0.05")
        more(view, recordings.failed()[-1].event)
        assert view.costs.reserved == 0

    def test_the_rehearsal_is_not_billed(self, recordings):
        assert not fold(recordings.empty()).costs.billed
        assert fold(recordings.failed()).costs.billed


class TestHead:
    def test_it_knows_project_backend_and_what_works(self, recordings):
        head = fold(recordings.running()).head
        assert (head.project, head.backend, head.confinement) == (
            "/home/you/tasks-api",
            "rehearsal",
            "confined",
        )
        assert head.busy
        assert head.request == recordings.HEALTH
        assert not head.can_retry

    def test_a_failed_run_can_be_tried_again(self, recordings):
        head = fold(recordings.failed()).head
        assert (head.busy, head.status, head.can_retry) == (False, "failed", True)

    def test_a_question_waits_until_it_is_answered_or_its_run_ends(self, recordings):
        view = fold(recordings.question())
        assert view.head.question.choices == ("start it", "stop")
        more(view, e.QuestionAnswered(id="q1", answer="stop", by="user"))
        assert view.head.question is None
        ended = fold([*recordings.question(), recordings.failed()[-1]])
        assert ended.head.question is None


def test_nothing_to_draw_holds_what_a_terminal_obeys(recordings):
    """Walk through everything a view holds, but for the ids and paths that commands need exactly."""
    exact = {"path", "project", "choices", "name", "source", "target", "call", "id", "node", "run"}
    view = fold(recordings.hostile())
    seen = []

    def walk(value):
        if isinstance(value, str):
            seen.append(value)
        elif isinstance(value, list | tuple):
            for part in value:
                walk(part)
        elif isinstance(value, dict):
            for part in value.values():
                walk(part)
        elif hasattr(value, "__struct_fields__"):
            for name in value.__struct_fields__:
                if name not in exact:
                    walk(getattr(value, name))

    walk([view.head, view.transcript.items, list(view.graph.nodes.values()), view.graph.links])
    walk([list(view.changes.files.values()), view.costs.session, view.costs.run])
    assert any("markup" in text for text in seen)
    for text in seen:
        assert not set(text) & set("\x1b\x07\x9b\u202e\u200b"), text


def test_every_event_is_decided_by_every_fold(recordings):
    """The tapes hold nearly all kinds; none makes a fold fail, and seq is followed."""
    kinds = set()
    for records in (recordings.applied(), recordings.feedback(), recordings.hostile(), recordings.failed()):
        view = fold(records)
        kinds |= {type(record.event) for record in records}
        assert view.last == records[-1].seq
    assert len(kinds) >= 24


def test_the_forecast_stands_by_role_and_adds_up_nodes_of_one_role(recordings):
    tape = recordings.Tape().start().request()
    node = e.ExpectedNode(
        role="fast_coder", model="m", low_usd="0.01", likely_usd="0.02", high_usd="0.04", samples=0
    )
    route = {
        "complexity": "SIMPLE",
        "pattern": "graph",
        "confidence": 1.0,
        "reason": "",
        "decided_by": "rule",
    }
    tape.add(e.RouteDecided(run="r1", **route, expected_cost_usd="0.04", forecast=(node, node)))
    assert fold(tape.records).costs.run.forecast == {"fast_coder": (to_pico("0.02"), to_pico("0.08"))}
