"""Every key of the screen: what it sends, and what it shows."""

import re

import pytest

from core import commands as c, events as e
from core.rosters import ModelLine
from tests.support import recordings as tapes
from tui.sources import Rosters

WHO = re.compile(r"\d [a-z\d] *[+]")
"""Between a line's number and the mark of an added one: who wrote it, by the number in the list above or by a letter."""


def texts(stage):
    """Everything that is on the screen, as text."""
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


class TestPrompt:
    async def test_enter_sends_and_empties(self, stage_of, caught_up):
        stage = stage_of(tapes.empty())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"fix it", "enter")
            await pilot.pause()
            assert stage.commands == [c.SubmitRequest(text="fix it")]
            assert "fix it" in texts(stage)
            assert "sent" in texts(stage)
            assert stage.screen.query_one("#prompt").text == ""

    @pytest.mark.parametrize("key", ["ctrl+j", "alt+enter"])
    async def test_new_line(self, stage_of, caught_up, key):
        stage = stage_of(tapes.empty())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("a", key, "b", "enter")
            await pilot.pause()
            assert stage.commands == [c.SubmitRequest(text="a\nb")]

    async def test_enter_in_the_empty_prompt_plays_the_marked_suggestion(self, stage_of, caught_up):
        stage = stage_of(tapes.empty())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("down", "enter")
            await pilot.pause()
            assert stage.commands[0].text.startswith("Implement an LRU")

    async def test_a_click_plays_a_suggestion(self, stage_of, caught_up):
        stage = stage_of(tapes.empty())
        async with stage.app.run_test(size=(80, 24)) as pilot:
            await caught_up(pilot, stage)
            row = next(y for y, line in enumerate(texts(stage).split("\n")) if "Let clients page" in line)
            await pilot.click(offset=(10, row))
            await pilot.pause()
            assert [command.text for command in stage.commands] == [
                "Let clients page through the list of tasks"
            ]

    async def test_enter_in_the_empty_prompt_of_a_used_session_sends_nothing(self, stage_of, caught_up):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("enter")
            await pilot.pause()
            assert stage.commands == []

    async def test_a_large_paste_becomes_a_mark_and_is_sent_in_full(self, stage_of, caught_up):
        from textual.events import Paste

        stage = stage_of(tapes.empty())
        pasted = "line of log\n" * 3000
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"see ")
            prompt = stage.screen.query_one("#prompt")
            stage.app.post_message(Paste(pasted))
            await pilot.pause()
            assert prompt.text == "see [Pasted text #1, 3,001 lines]"
            await pilot.press("enter")
            await pilot.pause()
            assert stage.commands == [c.SubmitRequest(text="see " + pasted)]

    @pytest.mark.parametrize("times", [2, 3000])
    async def test_a_paste_has_the_lines_that_were_copied_however_the_terminal_ends_them(
        self, stage_of, caught_up, times
    ):
        from textual.events import Paste

        stage = stage_of(tapes.empty())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            stage.app.post_message(Paste("line of log\r" * times + "the\r\nend"))
            await pilot.pause()
            await pilot.press("enter")
            await pilot.pause()
            assert stage.commands == [c.SubmitRequest(text="line of log\n" * times + "the\nend")]

    async def test_page_keys_scroll_the_chat(self, stage_of, caught_up):
        stage = stage_of(tapes.many(30))
        async with stage.app.run_test(size=(80, 24)) as pilot:
            await caught_up(pilot, stage)
            chat = stage.screen.query_one("#chat")
            end = chat.scroll_offset.y
            assert end == chat.max_scroll_y > 0
            await pilot.press("pageup")
            assert chat.scroll_offset.y < end
            await pilot.press("pagedown")
            assert chat.scroll_offset.y == end


class TestRun:
    async def test_enter_while_a_run_works_queues(self, stage_of, caught_up):
        stage = stage_of(tapes.running())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"then this", "enter")
            await pilot.pause()
            assert stage.commands == [c.SubmitRequest(text="then this", queue=True)]
            stage.port.happen(e.RequestQueued(id="w1", text="then this"))
            await caught_up(pilot, stage)
            assert texts(stage).count("then this") == 1
            assert "begins after this run" in texts(stage)
            stage.port.happen(e.RequestDequeued(id="w1", reason="started"))
            await caught_up(pilot, stage)
            assert "begins after this run" not in texts(stage)

    async def test_escape_interrupts_and_returns_what_is_queued(self, stage_of, caught_up):
        stage = stage_of(tapes.waiting())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f2", "escape")
            await pilot.pause()
            assert stage.commands == [c.WithdrawRequest(id="w1"), c.InterruptRun()]
            assert stage.screen.query_one("#prompt").text == "Then a changelog"

    async def test_up_takes_the_last_queued_request_back_to_edit_it(self, stage_of, caught_up):
        stage = stage_of(tapes.waiting())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f2", "up")
            await pilot.pause()
            assert stage.commands == [c.WithdrawRequest(id="w1")]
            assert stage.screen.query_one("#prompt").text == "Then a changelog"

    async def test_a_session_that_queues_nothing_gets_the_request_after_the_run(self, stage_of, caught_up):
        stage = stage_of(tapes.running())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"next", "enter")
            await pilot.pause()
            stage.port.happen(e.CommandRefused(command="submit_request", reason="A run works."))
            await caught_up(pilot, stage)
            assert "queued" in texts(stage)
            stage.port.happen(tapes.interrupted()[-1].event)
            await caught_up(pilot, stage)
            await pilot.pause()
            assert stage.commands[1:] == [c.SubmitRequest(text="next")]

    async def test_ctrl_s_says_it_to_the_node_that_works(self, stage_of, caught_up):
        stage = stage_of(tapes.running())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"be brief", "ctrl+s")
            await pilot.pause()
            assert stage.commands == [c.SendMessage(text="be brief")]
            stage.port.happen(e.MessageSent(run="r1", id="m1", text="be brief"))
            await caught_up(pilot, stage)
            assert "read with the next turn" in texts(stage)
            stage.port.happen(e.MessageDelivered(run="r1", node="fast_coder", role="fast_coder", id="m1"))
            await caught_up(pilot, stage)
            assert "read by fast_coder" in texts(stage)

    async def test_nobody_hears_what_is_said_without_a_run(self, stage_of, caught_up):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"hey", "ctrl+s")
            await pilot.pause()
            assert stage.commands == []
            assert stage.screen.query_one("#prompt").text == "hey"

    async def test_escape_does_nothing_when_no_run_works(self, stage_of, caught_up):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("escape")
            await pilot.pause()
            assert stage.commands == []

    @pytest.mark.parametrize("keys", [("ctrl+t",), ("f3", "R")])
    async def test_a_run_that_failed_is_gone_on_with(self, stage_of, caught_up, keys):
        stage = stage_of(tapes.failed())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*keys)
            await pilot.pause()
            assert stage.commands == [c.ResumeRun()]

    async def test_nothing_is_gone_on_with_when_nothing_broke_off(self, stage_of, caught_up):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("ctrl+t")
            await pilot.pause()
            assert stage.commands == []
            assert "No run broke off" in texts(stage)

    async def test_a_refused_request_comes_back_into_the_prompt(self, stage_of, caught_up):
        stage = stage_of(tapes.empty())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"do it", "enter")
            await pilot.pause()
            stage.port.happen(
                e.CommandRefused(command="submit_request", reason="The budget of today is used up.")
            )
            await caught_up(pilot, stage)
            assert stage.screen.query_one("#prompt").text == "do it"
            assert "budget of today" in texts(stage)


class TestDiffs:
    @pytest.fixture
    async def deciding(self, stage_of, caught_up):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f4")
            yield stage, pilot

    async def test_accept_and_reject_the_file_under_the_cursor(self, deciding):
        stage, pilot = deciding
        await pilot.press("f", "n", "x", "p", "p", "a")
        await pilot.pause()
        assert stage.commands == [
            c.DecideChanges(verdict="accepted", paths=("app/server.py",)),
            c.DecideChanges(verdict="rejected", paths=("tests/test_health.py",)),
            c.DecideChanges(verdict="accepted", paths=("README.md",)),
        ]

    async def test_the_current_files_patch_is_shown(self, deciding):
        stage, pilot = deciding
        assert "def _health" in texts(stage)
        await pilot.press("n")
        await pilot.pause()
        assert "def test_health_answers_ok" in texts(stage)
        assert "def _health(" not in texts(stage).split("│")[-1]

    async def test_accept_all(self, deciding):
        stage, pilot = deciding
        await pilot.press("A")
        await pilot.pause()
        assert stage.commands == [c.DecideChanges(verdict="accepted")]

    async def test_nothing_accepted_says_so(self, deciding):
        stage, pilot = deciding
        await pilot.press("w")
        await pilot.pause()
        assert stage.commands == []
        assert "Nothing is accepted yet" in texts(stage)

    async def test_a_click_picks_a_file(self, deciding):
        stage, pilot = deciding
        await pilot.click("#files", offset=(8, 2))
        await pilot.press("a")
        await pilot.pause()
        assert stage.commands == [c.DecideChanges(verdict="accepted", paths=("README.md",))]

    @pytest.fixture
    async def writing(self, stage_of, caught_up):
        stage = stage_of(tapes.decided("accepted", "accepted", "undecided"))
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f4", "w")
            await pilot.pause()
            yield stage, pilot

    async def test_w_says_what_will_be_written_and_y_writes(self, writing):
        stage, pilot = writing
        assert "Write 2 files to /home/you/tasks-api?" in texts(stage)
        assert "1 undecided left out" in texts(stage)
        await pilot.press("y")
        await pilot.pause()
        assert stage.commands == [c.ApplyChanges(paths=("app/server.py", "tests/test_health.py"))]
        assert "Write 2 files" not in texts(stage)

    @pytest.mark.parametrize("key", ["n", "A", "w", "escape"])
    async def test_any_other_key_keeps_the_files_staged_and_does_nothing_else(self, writing, key):
        stage, pilot = writing
        await pilot.press(key)
        await pilot.pause()
        assert stage.commands == []
        assert "Write 2 files" not in texts(stage)
        await pilot.press("y")
        assert stage.commands == []

    @pytest.mark.parametrize("key", ["f2", "tab"])
    async def test_leaving_the_pane_takes_the_question_back(self, writing, key):
        stage, pilot = writing
        await pilot.press(key, "f4", "y")
        await pilot.pause()
        assert stage.commands == []

    async def test_undo_asks_first(self, stage_of, caught_up):
        stage = stage_of(tapes.applied())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f4", "U", "n", "U", "y")
            await pilot.pause()
            assert stage.commands == [c.UndoApply()]

    async def test_written_files_are_not_decided_again(self, stage_of, caught_up):
        stage = stage_of(tapes.applied())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f4", "r")
            await pilot.pause()
            assert stage.commands == []
            assert "written already" in texts(stage)


class TestHunks:
    @pytest.fixture
    async def reading(self, stage_of, caught_up):
        stage = stage_of(tapes.hunks())
        async with stage.app.run_test(size=(160, 50)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f4")
            yield stage, pilot

    @staticmethod
    def cache(verdict, *ids, comment=""):
        return c.DecideChanges(verdict=verdict, paths=("app/cache.py",), hunks=ids or None, comment=comment)

    async def test_each_hunk_is_decided_by_itself_and_the_next_undecided_one_follows(self, reading):
        stage, pilot = reading
        await pilot.press("r", "a", "u")
        await pilot.pause()
        assert stage.commands == [
            self.cache("rejected", "h1"),
            self.cache("accepted", "h3"),
            self.cache("undecided", "h3"),
        ]

    async def test_the_way_from_hunk_to_hunk_goes_across_files(self, reading):
        stage, pilot = reading
        diffs = stage.screen.query_one("#diffs")
        seen = []
        for key in ("]", "]", "]", "[", "["):
            await pilot.press(key)
            seen.append((diffs.file.path, diffs.piece.id))
        assert seen == [
            ("app/cache.py", "h2"),
            ("app/cache.py", "h3"),
            ("app/text.py", "h1"),
            ("app/cache.py", "h3"),
            ("app/cache.py", "h2"),
        ]

    async def test_a_whole_file_is_decided_whatever_its_hunks(self, reading):
        stage, pilot = reading
        await pilot.press("f", "x")
        await pilot.pause()
        assert stage.commands == [self.cache("accepted"), self.cache("rejected")]

    async def test_a_rejection_carries_its_reason(self, reading):
        stage, pilot = reading
        await pilot.press("]", "c")
        await pilot.pause()
        await pilot.press(*"no A", "enter")
        await pilot.pause()
        assert stage.commands == [self.cache("rejected", "h2", comment="no A")]
        assert stage.screen.focused is stage.screen.query_one("#patch")

    async def test_escape_leaves_a_comment_without_deciding(self, reading):
        stage, pilot = reading
        await pilot.press("c", *"no", "escape")
        await pilot.pause()
        assert stage.commands == []
        assert not stage.screen.query("#comment")
        assert stage.screen.focused is stage.screen.query_one("#patch")

    async def test_a_scrolled_patch_decides_on_what_is_in_sight(self, stage_of, caught_up):
        body = "".join(f"@@ -{n},1 +{n},1 @@\n-a{n}\n+b{n}\n" for n in range(1, 4000, 20))
        tape = tapes.Tape().start().request()
        tape.node("fast_coder")
        tape.change("fast_coder", "a.py", f"--- a\n+++ b\n{body}")
        stage = stage_of(tape.records)
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f4", "end")
            await pilot.pause()
            await pilot.press("a")
            await pilot.pause()
            (decision,) = stage.commands
            assert int(decision.hunks[0].removeprefix("h")) > 180

    async def test_a_conflict_is_shown_with_both_sides_and_taken_by_one_key(self, reading):
        stage, pilot = reading
        await pilot.press("p")
        await pilot.pause()
        assert "LIMIT = 20" in texts(stage)
        assert 'int(os.environ.get("LIMIT", "10"))' in texts(stage)
        await pilot.press("a")
        await pilot.pause()
        assert "in conflict" in texts(stage)
        await pilot.press("m", "t")
        await pilot.pause()
        assert stage.commands == [
            c.ResolveConflict(path="app/page.py", take="project"),
            c.ResolveConflict(path="app/page.py", take="stage"),
        ]

    async def test_no_side_is_taken_where_nothing_collides(self, reading):
        stage, pilot = reading
        await pilot.press("m", "t")
        await pilot.pause()
        assert stage.commands == []
        assert "no conflict" in texts(stage)

    async def test_side_by_side_folded_and_with_authors(self, reading):
        stage, pilot = reading
        view = stage.screen.query_one("#patch")
        one = view.virtual_size.height
        await pilot.press("z")
        assert view.virtual_size.height < one
        await pilot.press("z", "b")
        await pilot.pause()
        assert "fast_coder" in texts(stage).split("hunk 2 of 3")[1].split("hunk 3")[0]
        await pilot.press("b", "v")
        await pilot.pause()
        row = next(line for line in texts(stage).split("\n") if "from collections" in line)
        assert "import time" in row
        assert not WHO.search(row)
        await pilot.press("b")
        await pilot.pause()
        named = next(line for line in texts(stage).split("\n") if "import time" in line)
        assert WHO.search(named) and "from collections" in named
        assert len(named.rstrip()) <= stage.screen.size.width

    async def test_what_a_write_leaves_out_and_risks_is_said_first(self, reading):
        stage, pilot = reading
        await pilot.press("w")
        await pilot.pause()
        assert "5 undecided, 1 undecided hunk left out" in texts(stage)
        assert "two roles wrote the same lines" in texts(stage)

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("app/text.py", "Renamed: app/util.py → app/text.py"),
            ("bin/serve", "It was a plain file, and becomes an executable file."),
            ("logo.png", "A binary file"),
            ("current", "It is a symbolic link."),
            ("app/cache.py", "In the file: crlf"),
        ],
    )
    async def test_each_file_is_shown_for_what_it_is(self, reading, path, words):
        stage, pilot = reading
        stage.screen.query_one("#diffs").open(path)
        await pilot.pause()
        assert words in " ".join(texts(stage).replace("│", " ").split())


class TestQuestions:
    @pytest.mark.parametrize(("keys", "answer"), [("2", "stop"), ("1", "start it")])
    async def test_a_number_answers(self, stage_of, caught_up, keys, answer):
        stage = stage_of(tapes.question())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(keys)
            await pilot.pause()
            assert stage.commands == [c.AnswerQuestion(id="q1", answer=answer)]

    async def test_the_marked_choice_is_answered_by_enter(self, stage_of, caught_up):
        stage = stage_of(tapes.question())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("down", "enter")
            await pilot.pause()
            assert stage.commands == [c.AnswerQuestion(id="q1", answer="stop")]

    async def test_an_answer_hides_the_question(self, stage_of, caught_up):
        stage = stage_of(tapes.question())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            stage.port.happen(e.QuestionAnswered(id="q1", answer="stop", by="user"))
            await caught_up(pilot, stage)
            assert stage.screen.query_one("#bar").has_class("-hidden")
            assert stage.screen.focused is stage.screen.query_one("#prompt")

    async def test_what_is_typed_is_not_taken_for_an_answer(self, stage_of, caught_up):
        stage = stage_of(tapes.question()[:-1])
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("a")
            stage.port.play(tapes.question()[-1])
            await caught_up(pilot, stage)
            await pilot.press("2")
            await pilot.pause()
            assert stage.commands == []
            await pilot.press("shift+tab", "2")
            await pilot.pause()
            assert stage.commands == [c.AnswerQuestion(id="q1", answer="stop")]

    async def test_a_question_without_choices_is_answered_from_the_prompt(self, stage_of, caught_up):
        records = tapes.question()[:-1]
        stage = stage_of(records)
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            stage.port.happen(e.QuestionAsked(id="q7", run="r1", text="Which port?", choices=()))
            await caught_up(pilot, stage)
            await pilot.press("f2", *"8080", "enter")
            await pilot.pause()
            assert stage.commands == [c.AnswerQuestion(id="q7", answer="8080")]


class TestInbox:
    @pytest.fixture
    async def inbox(self, stage_of, caught_up):
        stage = stage_of(tapes.waiting())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f7")
            await pilot.pause()
            yield stage, pilot

    async def test_everything_that_waits_is_listed_with_its_risk_and_age(self, inbox):
        stage, _ = inbox
        shown = texts(stage)
        for words in ("Which port?", "Commit to your repository", "app/page.py", "app/cache.py", "high risk"):
            assert words in shown
        assert "what waits for you · 8" in shown
        assert "just now" in shown

    async def test_one_key_decides_on_one_or_on_all_that_are_marked(self, inbox):
        stage, pilot = inbox
        await pilot.press("down", "a")
        await pilot.pause()
        assert stage.commands == [c.DecideProposal(id="g1", verdict="accepted")]
        await pilot.press("down", "down", "A", "r")
        await pilot.pause()
        paths = ("app/cache.py", "app/text.py", "bin/serve", "logo.png", "current")
        assert stage.commands[1:] == [c.DecideChanges(verdict="rejected", paths=paths)]

    async def test_marking_takes_several_kinds_and_answers_questions_of_two_choices(self, inbox):
        stage, pilot = inbox
        await pilot.press("space", "space", "r")
        await pilot.pause()
        assert stage.commands == [
            c.AnswerQuestion(id="q1", answer="9090"),
            c.DecideProposal(id="g1", verdict="rejected"),
        ]

    async def test_enter_goes_to_where_it_is_decided(self, inbox):
        stage, pilot = inbox
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert stage.screen.query_one("#diffs").file.path == "app/page.py"
        assert stage.screen.focused is stage.screen.query_one("#patch")

    async def test_what_was_answered_elsewhere_leaves_the_open_list(self, inbox, settled):
        stage, pilot = inbox
        stage.port.happen(e.QuestionAnswered(id="q1", answer="8080", by="user"))
        entries = stage.screen.query_one("#inbox")
        await settled(pilot, lambda: all(entry.kind != "question" for entry in entries.entries))
        await pilot.press("escape")
        await pilot.pause()
        assert not stage.screen.query("#inbox")


class TestCards:
    async def test_the_whole_command_is_shown(self, stage_of, caught_up):
        stage = stage_of(tapes.asked("network"))
        async with stage.app.run_test(size=(80, 24)) as pilot:
            await caught_up(pilot, stage)
            bar = stage.screen.query_one("#bar")
            lines = ["".join(span.text for span in bar.line(y)) for y in range(20)]
            assert "pytest-qtests/test_health.py" in "".join("".join(lines).split())
            assert "Outside the sandbox: network" in lines[0]
            assert "fast_coder waits" in lines[0]
            await pilot.press("2")
            await pilot.pause()
            assert stage.commands == [c.AnswerQuestion(id="q1", answer="for this run")]

    async def test_a_plan_is_read_as_text(self, stage_of, caught_up):
        stage = stage_of(tapes.asked("plan"))
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            assert "app/store.py gets a SQLite table" in texts(stage)
            await pilot.press("enter")
            await pilot.pause()
            assert stage.commands == [c.AnswerQuestion(id="q1", answer="go on")]


class TestGraph:
    @pytest.fixture
    async def graph(self, stage_of, caught_up):
        stage = stage_of(tapes.feedback())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f3")
            yield stage, pilot

    async def test_keys_steer_the_node_that_works_and_the_one_that_is_gone_to(self, graph, caught_up):
        stage, pilot = graph
        await pilot.press("p", "down", "s", "t")
        await pilot.pause()
        assert stage.commands == [
            c.PauseNode(node="fast_coder"),
            c.StopNode(node="test_engineer"),
            c.RetryNode(node="test_engineer"),
        ]
        at = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}
        stage.port.happen(e.NodePaused(**at, reason="you paused it"))
        await caught_up(pilot, stage)
        assert "you paused it" in texts(stage)
        await pilot.press("up", "p")
        await pilot.pause()
        assert stage.commands[-1] == c.ResumeNode(node="fast_coder")

    async def test_enter_opens_all_that_a_node_said_did_and_cost(self, graph):
        stage, pilot = graph
        await pilot.press("enter")
        await pilot.pause()
        assert "Both points are right." in texts(stage)
        assert "app/server.py" in texts(stage)
        await pilot.press("escape")
        await pilot.pause()
        assert not stage.screen.query("#node")

    async def test_another_model_is_chosen_from_a_list_with_prices(self, graph, settled):
        stage, pilot = graph
        await pilot.press("m")
        await settled(pilot, lambda: "dollars per million tokens" in texts(stage))
        assert "0.72 / 0.72" in texts(stage)
        await pilot.press("down", "enter")
        await settled(pilot, lambda: bool(stage.commands))
        assert stage.commands == [c.ChangeModel(node="fast_coder", model=tapes.MODELS["test_engineer"])]

    async def test_any_model_that_the_session_could_call_and_that_has_a_price_is_on_the_list(
        self, stage_of, caught_up, settled
    ):
        def line(model, price):
            facts = (200_000, False, None, 64_000, True, True, True)
            return ModelLine("", model, model.rpartition(".")[2], 1, price, price, *facts)

        found = [line("vendor.dear", "30"), line("vendor.unpriced", None), line("openai:local", "0")]

        async def read(*_):
            return found

        stage = stage_of(tapes.feedback(), sources={"rosters": Rosters(read, read, read)})
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f3", "m")
            await settled(pilot, lambda: "dear" in texts(stage))
            assert "30 / 30" in texts(stage) and "its model now" in texts(stage)
            assert "unpriced" not in texts(stage) and "local" not in texts(stage)
            await pilot.press("end", "enter")
            await settled(pilot, lambda: bool(stage.commands))
            assert stage.commands == [c.ChangeModel(node="fast_coder", model="vendor.dear")]

    async def test_a_nodes_load_is_shown(self, stage_of, caught_up):
        tape = tapes.Tape(records=tapes.running())
        at = tape.at("fast_coder")
        call = e.CallStarted(
            **at, call="x", model="m", input_tokens=50_000, reserved_usd="0", window_tokens=200_000
        )
        stage = stage_of(tape.add(call).records)
        async with stage.app.run_test(size=(200, 60)) as pilot:
            await caught_up(pilot, stage)
            assert "25% ctx" in texts(stage)


class TestUnfolding:
    async def test_ctrl_o_shows_what_tools_gave_and_folds_it_again(self, stage_of, caught_up):
        tape = tapes.Tape().start().request()
        tape.node("fast_coder")
        tape.tool("fast_coder", "search_files", "{}", "app/a.py:12: def health():")
        tape.tool("fast_coder", "run_tests", "{}", "3 passed, 1 failed")
        tape.say("fast_coder", "I wonder.\n\nThe second thought.", kind="reasoning")
        stage = stage_of(tape.records)
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            assert "def health" not in texts(stage)
            await pilot.press("ctrl+o")
            await pilot.pause()
            for words in ("12 │ def health", "3 passed, 1 failed", "The second thought."):
                assert words in texts(stage)
            await pilot.press("ctrl+o")
            await pilot.pause()
            assert "def health" not in texts(stage)


class TestTimeline:
    async def test_the_stage_is_rewound_to_a_point_after_a_yes(self, stage_of, caught_up):
        stage = stage_of(tapes.committed())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f8", "down", "enter")
            await pilot.pause()
            assert "Rewind to this point?" in texts(stage)
            assert stage.commands == []
            await pilot.press("n", "enter", "y")
            await pilot.pause()
            assert stage.commands == [c.RewindStage(commit="c1")]


class TestPanes:
    @pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
    async def test_function_keys_go_to_panes_and_show_them(self, stage_of, caught_up, size):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test(size=size) as pilot:
            await caught_up(pilot, stage)
            for key, target in (("f3", "graph"), ("f4", "patch"), ("f5", "cost"), ("f2", "prompt")):
                await pilot.press(key)
                await pilot.pause()
                widget = stage.screen.query_one(f"#{target}")
                assert stage.screen.focused is widget
                assert widget.region.height >= 1
                assert widget.size.height > 5 or target == "prompt"

    async def test_tab_goes_round_the_panes(self, stage_of, caught_up):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            seen = []
            for _ in range(4):
                await pilot.press("tab")
                seen.append(stage.screen.focused.id)
            await pilot.press("shift+tab")
            assert seen == ["graph", "patch", "cost", "prompt"]
            assert stage.screen.focused.id == "cost"

    @pytest.mark.parametrize("size", [(20, 5), (59, 30), (100, 15)])
    async def test_a_terminal_too_small_says_so(self, stage_of, caught_up, size):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test(size=size) as pilot:
            await caught_up(pilot, stage)
            assert "60×16" in texts(stage)
            assert "graph" not in texts(stage)
            await pilot.resize_terminal(80, 24)
            await pilot.pause()
            assert "60×16" not in texts(stage)
            assert "GET /health" in texts(stage)

    async def test_below_eighty_columns_the_graph_is_a_list(self, stage_of, caught_up):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test(size=(70, 24)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f3")
            await pilot.pause()
            assert "✓ fast_coder" in texts(stage)
            assert "╭" not in texts(stage)

    async def test_the_column_opens_what_fits_until_a_pane_is_chosen(self, stage_of, caught_up):
        stage = stage_of(tapes.running())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            assert stage.screen.side == "graph"
            stage.port.play(*tapes.decide()[len(tapes.running()) :])
            await caught_up(pilot, stage)
            assert stage.screen.side == "diffs"
            await pilot.press("f5")
            assert stage.screen.side == "cost"


class TestScreens:
    async def test_help_lists_every_action(self, stage_of, caught_up):
        from tui.actions import ACTIONS

        stage = stage_of(tapes.empty())
        async with stage.app.run_test(size=(120, 60)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f1")
            await pilot.pause()
            page = stage.screen.query_one("#help")
            lines = ["".join(span.text for span in page.line(y)) for y in range(page.virtual_size.height)]
            shown = " ".join(" ".join(lines).split())
            for action in ACTIONS:
                assert action.help.split(";")[0] in shown
            await pilot.press("escape")
            await pilot.pause()
            assert not stage.screen.query("#help")

    async def test_the_palette_does_what_it_names(self, stage_of, caught_up, settled):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("ctrl+p")
            await pilot.press(*"accept everything")
            await settled(
                pilot,
                lambda: "Accept everything that" in texts(stage) and "Stop the run" not in texts(stage),
            )
            await pilot.press("down", "enter")
            await settled(pilot, lambda: bool(stage.commands))
            assert stage.commands == [c.DecideChanges(verdict="accepted")]

    async def test_ctrl_c_twice_quits_and_once_says_how(self, stage_of, caught_up):
        stage = stage_of(tapes.empty())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("ctrl+c")
            await pilot.pause()
            assert stage.app.is_running
            assert "Ctrl+C again" in texts(stage)
            await pilot.press("ctrl+c")
            await pilot.pause()
            assert stage.app._exit

    async def test_ctrl_c_copies_what_is_marked(self, stage_of, caught_up):
        stage = stage_of(tapes.empty())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"abc", "shift+home", "ctrl+c", "ctrl+c")
            await pilot.pause()
            assert stage.app.clipboard == "abc"
            assert not stage.app._exit

    async def test_ctrl_q_quits_at_once(self, stage_of, caught_up):
        stage = stage_of(tapes.empty())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press("ctrl+q")
            await pilot.pause()
            assert stage.app._exit

    async def test_the_footer_can_be_clicked(self, stage_of, caught_up):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f4")
            row = texts(stage).split("\n")[-1]
            await pilot.click("#footer", offset=(row.index("accept all") + 1, 0))
            await pilot.pause()
            await pilot.pause()
            assert stage.commands == [c.DecideChanges(verdict="accepted")]


def test_no_key_is_taken_by_the_prompt_or_twice():
    """A key that the prompt has for itself would never reach the screen."""
    from textual.widgets import TextArea

    from tui.actions import ACTIONS

    taken = {key for binding in TextArea.BINDINGS for key in binding.key.split(",")}
    for action in ACTIONS:
        if action.scope == "anywhere" and not action.priority:
            assert not taken & set(action.keys), action.name
    for scope in {action.scope for action in ACTIONS}:
        bound = {(key, one.name) for one in ACTIONS if one.scope == scope and one.bound for key in one.keys}
        keys = [key for key, _ in bound]  # an action may have two labels: to play, and to pause
        assert len(keys) == len(set(keys))


def test_every_action_that_is_bound_can_be_done():
    """Whatever binds the keys of a place has a method for each of its actions."""
    import importlib
    import pkgutil

    import tui
    from tui.actions import ACTIONS

    modules = [importlib.import_module(f"tui.{found.name}") for found in pkgutil.iter_modules(tui.__path__)]
    kinds = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    holders = {
        (binding.id, kind)
        for kind in kinds
        for binding in vars(kind).get("BINDINGS", ())
        if getattr(binding, "id", None)
    }
    for action in ACTIONS:
        if action.bound:
            found = [kind for name, kind in holders if name == f"{action.scope}.{action.name}"]
            assert found, f"{action.scope}.{action.name} is bound nowhere"
            subclasses = [kind for kind in kinds if any(issubclass(kind, one) for one in found)]
            assert any(hasattr(kind, f"action_{action.name}") for kind in subclasses), action.name
