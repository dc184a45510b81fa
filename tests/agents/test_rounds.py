"""The loop of coder, tests, reviewer and documenter: who decides, who comes back, who takes over, when it ends."""

from core.events import (
    Failed,
    GraphPlanned,
    HandedOff,
    NodeFinished,
    NodeStarted,
    TestsFinished as RanTests,
    ToolFinished,
    VerdictGiven,
    WorkEscalated,
)
from tests.support.foreign_bedrock import Refuse, Reply

REQUEST = "Add a line that says hello"
DONE = Reply("Done.")
NO = {"approved": False, "must_fix": ["app.py:1 is wrong"]}
YES = {"approved": True, "must_fix": []}
FAST, SENIOR = "You are the fast coder", "You are the senior coder"
ARCHITECT, TESTER, REVIEWER = (
    "You are the architect",
    "You are the test engineer",
    "You are the code reviewer",
)
DOCUMENTER, DEBUGGER = "You are the documenter", "You are the debugger"


def sets(value: int) -> Reply:
    """The project's tests pass with 1 only."""
    text = f"VALUE = {value}\n\n\ndef hello() -> int:\n    return {value}\n"
    return Reply("I change it.", (("write_file", {"path": "app.py", "content": text}),))


def team(foreign, *coder_turns, verdicts=(YES,), who=FAST):
    foreign.play(TESTER, DONE)
    foreign.play(DOCUMENTER, Reply("No document needed it."))
    foreign.play(ARCHITECT, Reply("Build it so."))
    foreign.play(who, *coder_turns)
    foreign.verdicts = list(verdicts)


def balanced(told):
    started, finished = told.of(NodeStarted), told.of(NodeFinished)
    assert [each.node for each in started] == [each.node for each in finished]
    handed = told.of(HandedOff)
    roles = [each.role for each in started if each.role != "router"]
    assert [roles[0], *(each.to_role for each in handed)] == _without_repeats(roles)
    assert [each.from_role for each in handed] == _without_repeats(roles)[:-1]
    assert all(each.reason for each in handed)


def _without_repeats(roles):
    return [role for index, role in enumerate(roles) if index == 0 or roles[index - 1] != role]


def order(told):
    return [(each.role, each.round) for each in told.of(NodeStarted) if each.role != "router"]


async def test_a_coder_that_goes_on_has_the_request_in_view_and_is_not_told_it_twice(works, foreign):
    team(foreign, sets(1), DONE, sets(1), Reply("Mended."), verdicts=[NO, YES])
    await works(REQUEST)
    back = next(asked for asked in foreign.of(FAST) if "Your work comes back" in asked.text)
    assert "app.py:1 is wrong" in back.text
    assert back.text.count(REQUEST) == 1 and REQUEST in str(back.messages[0])


async def test_the_plain_way(works, foreign):
    team(foreign, sets(1), DONE)
    told = await works(REQUEST)
    assert (told.end.status, told.end.files) == ("done", ("app.py",))
    assert order(told) == [
        (role, 1) for role in ("fast_coder", "test_engineer", "code_reviewer", "documenter")
    ]
    (tests,) = told.of(RanTests)
    assert tests.outcome == "passed"
    assert "**Review** approved." in told.end.answer
    assert told.end.answer.startswith("Done.")
    balanced(told)


async def test_the_reviewers_points_go_back_to_the_same_coder_and_to_a_fresh_reviewer(works, foreign):
    team(foreign, sets(1), DONE, sets(1), Reply("Mended."), verdicts=(NO, YES))
    told = await works(REQUEST)
    assert told.end.status == "done"
    assert [role for role, number in order(told) if number == 2] == [
        "fast_coder", "code_reviewer", "documenter",
    ]  # fmt: skip
    assert [(each.approved, each.round) for each in told.of(VerdictGiven)] == [(False, 1), (True, 2)]
    again = foreign.of(FAST)[2]
    assert again.turn == 2
    assert "1. app.py:1 is wrong" in again.text
    assert [asked.turn for asked in foreign.of(REVIEWER)] == [0, 0]
    assert "round 2: the reviewer asks for 1 change" in [each.reason for each in told.of(HandedOff)]
    assert "approved in round 2" in told.end.answer
    balanced(told)


async def test_tests_that_fail_outweigh_an_approval(works, foreign):
    team(foreign, sets(2), DONE, sets(1), Reply("Mended."), verdicts=(YES,))
    told = await works(REQUEST)
    assert [each.outcome for each in told.of(RanTests)] == ["failed", "passed"]
    assert told.end.status == "done"
    assert [each.role for each in told.of(NodeStarted)].count("documenter") == 1
    assert "round 2: tests fail" in [each.reason for each in told.of(HandedOff)]
    assert "failed" in foreign.of(FAST)[2].text
    balanced(told)


async def test_two_rounds_then_the_next_one_up(works, foreign):
    team(foreign, sets(2), DONE)
    foreign.play(SENIOR, sets(2), DONE, sets(3), DONE)
    foreign.play(ARCHITECT, sets(1), Reply("It was the value."))
    told = await works(REQUEST)
    coders = [role for role, _ in order(told) if role in ("fast_coder", "senior_coder", "architect")]
    assert coders == ["fast_coder", "fast_coder", "senior_coder", "senior_coder", "architect"]
    assert told.end.status == "done"
    assert told.end.answer.startswith("It was the value.")
    assert len(told.of(GraphPlanned)) == 3
    planned = [each.nodes[0].role for each in told.of(GraphPlanned)]
    assert planned == ["fast_coder", "senior_coder", "architect"]
    for each in told.of(GraphPlanned):
        assert [(edge.source, edge.target) for edge in each.edges if edge.feedback] == [
            ("code_reviewer", each.nodes[0].node)
        ]
    taken = [each.reason for each in told.of(HandedOff) if "taken over" in each.reason]
    assert taken == [
        "round 3: taken over from fast_coder, since tests fail after 2 rounds",
        "round 5: taken over from senior_coder, since tests fail after 2 rounds",
    ]
    assert [(each.role, each.to_role, each.evidence, each.round) for each in told.of(WorkEscalated)] == [
        ("fast_coder", "senior_coder", "tests", 2),
        ("senior_coder", "architect", "tests", 4),
    ]
    assert "write_file" in foreign.of(ARCHITECT)[0].tools
    assert "Take this work over" in foreign.of(ARCHITECT)[0].text
    balanced(told)


async def test_tests_that_fail_after_every_round_fail_the_run(works, foreign):
    for who in (FAST, SENIOR, ARCHITECT):
        team(foreign, sets(2), DONE, who=who)
    foreign.play(ARCHITECT, sets(2), DONE)
    told = await works(REQUEST)
    assert (told.end.status, told.end.exit_code) == ("failed", 1)
    assert told.of(Failed)[-1].kind == "tests_failed"
    assert max(number for _, number in order(told)) == 5
    assert "documenter" not in told.end.by_role
    assert "**Tests FAIL**" in told.end.answer
    balanced(told)


async def test_a_reviewer_who_is_never_content_leaves_it_to_the_user(works, foreign):
    for who in (FAST, SENIOR):
        team(foreign, sets(1), DONE, who=who, verdicts=(NO,))
    foreign.play(ARCHITECT, sets(1), DONE)
    told = await works(REQUEST)
    assert (told.end.status, told.end.exit_code) == ("needs_decision", 4)
    assert "app.py:1 is wrong" in told.end.answer
    assert len(told.of(VerdictGiven)) == 5
    balanced(told)


async def test_a_coder_that_changed_nothing_needs_no_checks(works, foreign):
    team(foreign, Reply("It is there already."))
    told = await works(REQUEST)
    assert order(told) == [("fast_coder", 1)]
    assert (told.end.status, told.end.files, told.end.answer) == ("done", (), "It is there already.")


async def test_a_change_that_was_taken_back_is_no_change(works, foreign, project):
    back = Reply("Back.", (("write_file", {"path": "app.py", "content": (project / "app.py").read_text()}),))
    team(foreign, sets(2), back, Reply("It was right before."))
    told = await works(REQUEST)
    assert order(told) == [("fast_coder", 1)]
    assert (told.end.status, told.end.files) == ("done", ())


async def test_tests_that_did_not_run_neither_pass_nor_fail(works, foreign, project):
    (project / "Makefile").unlink()
    team(foreign, sets(2), DONE)
    told = await works(REQUEST)
    assert [each.outcome for each in told.of(RanTests)] == ["not_run"]
    assert told.end.status == "done"
    assert "**Tests did not run**" in told.end.answer
    assert "They could not run" in foreign.of(REVIEWER)[0].text


async def test_no_verdict_is_no_approval(works, foreign):
    team(foreign, sets(1), DONE)
    foreign.play(REVIEWER, Reply("Looks fine to me."))
    told = await works(REQUEST)
    assert (told.end.status, told.end.exit_code) == ("needs_decision", 4)
    assert "gave no verdict" in told.end.answer
    assert order(told)[-1] == ("code_reviewer", 1)
    assert len(foreign.of(REVIEWER)) == 2
    balanced(told)


async def test_a_verdict_that_cannot_be_read_is_not_asked_for_for_ever(works, foreign):
    team(foreign, sets(1), DONE, verdicts=({"approved": "perhaps", "must_fix": 3},))
    told = await works(REQUEST)
    assert told.end.status == "needs_decision"
    assert len(foreign.of(REVIEWER)) == 3


async def test_the_tests_run_again_when_the_documenter_changed_code(works, foreign):
    team(foreign, sets(1), DONE, sets(1), Reply("Mended."))
    foreign.play(DOCUMENTER, sets(2), Reply("A docstring."))
    told = await works(REQUEST)
    assert [each.outcome for each in told.of(RanTests)][:2] == ["passed", "failed"]
    assert ("fast_coder", 2) in order(told)


async def test_a_document_needs_no_new_test_run(works, foreign):
    team(foreign, sets(1), DONE)
    foreign.play(
        DOCUMENTER, Reply("", (("write_file", {"path": "README.md", "content": "# App 1\n"}),)), DONE
    )
    told = await works(REQUEST)
    assert [each.outcome for each in told.of(RanTests)] == ["passed"]
    assert told.end.files == ("README.md", "app.py")
    assert told.end.status == "done"


async def test_an_answer_that_was_cut_off_is_continued(works, foreign):
    foreign.next(Reply("The first half, ", stop="max_tokens"))
    foreign.next(Reply("the second half.", stop="end_turn"))
    told = await works("What does app.py do?")
    assert (told.end.status, told.end.answer) == ("done", "The first half, the second half.")
    assert "cut off" in foreign.requests[1].text


async def test_a_tool_call_that_was_cut_off_does_not_run(works, foreign):
    cut = Reply("I write.", (("write_file", '{"path": "app.py", "content": "VAL'),), stop="max_tokens")
    team(foreign, cut, sets(1), DONE)
    told = await works(REQUEST)
    assert told.end.status == "done"
    assert [each.tool for each in told.of(ToolFinished)] == ["write_file", "run_tests"]
    assert foreign.objections == []


async def test_an_answer_that_was_cut_off_late_is_continued(works, foreign):
    looks = Reply("I look.", (("read_file", {"path": "app.py"}),))
    late = Reply("Half, ", stop="max_tokens")
    foreign.play("You are the researcher", looks, looks, late, looks, Reply("whole."))
    told = await works("What does app.py do?")
    assert (told.end.status, told.end.answer) == ("done", "Half, whole.")
    assert foreign.objections == []


async def test_a_stop_reason_that_nobody_knows_ends_the_answer(works, foreign):
    foreign.next(Reply("That is all.", stop="weary"))
    told = await works("What does app.py do?")
    assert (told.end.status, told.end.answer) == ("done", "That is all.")


async def test_nothing_to_add_after_a_tool_is_an_answer(works, foreign):
    foreign.play("You are the researcher", Reply("I look.", (("read_file", {"path": "app.py"}),)), Reply(""))
    told = await works("What does app.py do?")
    assert told.end.status == "done"
    assert len(foreign.requests) == 2


async def test_a_tool_that_does_not_exist_is_the_models_mistake(works, foreign):
    foreign.play("You are the researcher", Reply("", (("fly_away", {"to": "the moon"}),)), DONE)
    told = await works("What does app.py do?")
    assert (told.end.status, told.end.answer) == ("done", "Done.")
    assert foreign.objections == []


async def test_a_long_node_is_continued_without_deep_recursion_and_keeps_its_task(works, foreign):
    looks = Reply("I look.", (("read_file", {"path": "app.py"}),))
    foreign.play("You are the researcher", *[looks] * 60, Reply("Seen enough."))
    told = await works("What does app.py do?")
    assert (told.end.status, told.end.answer) == ("done", "Seen enough.")
    assert len(foreign.requests) == 61
    assert foreign.objections == []
    assert all("What does app.py do?" in asked.text for asked in foreign.requests)


async def test_a_node_without_an_end_is_stopped(works, foreign, monkeypatch):
    import msgspec

    from core.limits import limits

    few = msgspec.structs.replace(limits().run, node_turns=2, node_segments=2)
    monkeypatch.setattr("agents.node.limits", lambda: msgspec.structs.replace(limits(), run=few))
    foreign.play("You are the researcher", Reply("I look.", (("read_file", {"path": "app.py"}),)))
    told = await works("What does app.py do?")
    assert told.of(Failed)[0].kind == "too_many_turns"
    assert len(foreign.requests) == 4


async def test_a_fault_in_the_middle_keeps_what_was_done(works, foreign):
    team(foreign, sets(1), DONE)
    foreign.next(
        Refuse(403, "AccessDeniedException", "not authorized"), when=lambda asked: REVIEWER in asked.system
    )
    told = await works(REQUEST)
    assert (told.end.status, told.end.exit_code, told.end.files) == ("failed", 77, ("app.py",))
    assert told.of(NodeFinished)[-1].status == "failed"
    balanced(told)


async def test_dear_work_waits_at_the_route(foreign, open_session):
    works = await open_session(interactive=True, ask_above_usd="0.000001")
    await works.start("What does app.py do?")
    question = await works.answer("stop")
    assert "will probably cost" in question.text
    told = await works.finish()
    assert (told.end.status, told.end.exit_code) == ("interrupted", 130)
    assert foreign.requests == []
