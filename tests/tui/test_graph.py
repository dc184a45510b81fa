"""The agent graph: what it says of a node, a swarm's path, and what a node is opened for."""

from datetime import timedelta

import pytest

from core import commands as c, events as e
from core.view.session import SessionView
from tests.support import recordings as tapes
from tui.graph import draw_graph
from tui.keymap import Keymap
from tui.nodepage import draw_node
from tui.paint import plain
from tui.wording import short_model

NOW = tapes.START + timedelta(seconds=65)


def fold(records):
    view = SessionView()
    for record in records:
        view.apply(record)
    return view


def drawn(records, width=70, **how):
    return [plain(line).rstrip() for line in draw_graph(fold(records).graph, width, NOW, **how)]


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


def calling(tape):
    """The coder writes with a tenth of its window full."""
    at = tape.at("fast_coder")
    call = {"call": "x", "model": "m", "reserved_usd": "0"}
    tape.add(e.CallStarted(**at, **call, input_tokens=20_000, window_tokens=200_000))
    for _ in range(11):
        tape.add(e.TextDelta(**at, block="b", text="forty characters, which is ten tokens..."))
    return tape


def test_a_node_that_works_says_role_model_tool_load_speed_time_and_price():
    tape = calling(tapes.Tape(records=tapes.running()))
    box = drawn(tape.records, rows=40)[:4]
    assert "● fast_coder" in box[0]
    assert box[0].split("─ ")[-1].startswith("1:0")
    assert "nova-pro" in box[1] and "$0.0023" in box[1]
    assert "edit_file app/server.py" in box[2]
    assert "10% ctx  110/s" in box[2]


def test_the_speed_is_of_what_is_being_written_then_of_the_call():
    tape = calling(tapes.Tape().start().request().plan(("fast_coder",)))
    node = fold(tape.records).graph.nodes["fast_coder"]
    assert node.speed == pytest.approx(110)
    tape.charge("fast_coder", "fast_coder", 100, 42, cost="0.001")
    assert fold(tape.records).graph.nodes["fast_coder"].speed == pytest.approx(50)


def test_boxes_have_two_lines_where_all_fit_and_else_only_those_that_work():
    roomy, tight = drawn(tapes.running(), rows=19), drawn(tapes.running(), rows=18)
    assert len(roomy) == 19
    assert len(tight) == 16
    assert "edit_file app/server.py" in tight[2]


def test_the_list_says_the_same_in_words():
    tape = calling(tapes.Tape(records=tapes.running()))
    first, second = drawn(tape.records, boxes=False)[:2]
    assert "● fast_coder  nova-pro  running 1:0" in first
    assert first.endswith("$0.0023")
    assert "edit_file app/server.py" in second
    assert second.endswith("10% ctx  110/s")


def test_a_swarm_is_the_path_that_the_work_took_with_reasons_and_what_is_shared():
    lines = drawn(tapes.swarm())
    steps = [line.split()[2] for line in lines if line.startswith("╭─")]
    assert steps == ["researcher", "senior_coder", "researcher"]
    assert "  │ GET /books reads the file each time: look at the store" in lines
    assert "  ▼" in lines
    assert "  ○ architect" in lines
    assert lines[-3:] == [
        "shared with all",
        "researcher  slow route: GET /books",
        'researcher  measured: {"p95_ms":840}',
    ]


def test_a_swarm_as_a_list_names_each_handoff_in_order():
    lines = drawn(tapes.swarm(), boxes=False)
    assert [line for line in lines if line.startswith("→")] == [
        "→ senior_coder: GET /books reads the file each time: look at the store",
        "→ researcher: is the file ever written by another process?",
    ]


def test_a_shared_context_that_was_clipped_is_shown_as_it_is():
    tape = tapes.Tape(records=tapes.swarm())
    tape.add(e.HandedOff(run="r1", from_role="a", to_role="b", reason="x", shared='{"a": {"b\x1b[2J'))
    assert drawn(tape.records)[-1] == '{"a": {"b␛[2J'


def test_a_node_is_opened_for_its_work_prompt_diff_and_charges():
    view = fold(tapes.prompted())
    node = view.graph.nodes["fast_coder"]

    def part(name):
        return "\n".join(plain(line).rstrip() for line in draw_node(view, node, name, 90, NOW, Keymap()))

    assert "I look at how the routes are dispatched" in part("work")
    assert "keep it small" in part("prompt")
    assert '+        if self.path == "/health":' in part("diff")
    charges = part("charges")
    assert "2.4k in  122 out  840 ms" in charges
    assert charges.count("$") == len(node.charges) + 2


async def test_what_a_node_is_opened_for_is_turned_by_keys(stage_of, caught_up):
    stage = stage_of(tapes.prompted())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f3", "enter", "right")
        await pilot.pause()
        assert "keep it small" in texts(stage)
        await pilot.press("4")
        await pilot.pause()
        assert "840 ms" in texts(stage)
        await pilot.press("escape")
        await pilot.pause()
        assert not stage.screen.query("#node")


async def test_a_word_goes_to_the_node_under_the_cursor(stage_of, caught_up):
    stage = stage_of(tapes.feedback())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f3", "c", "h", "i", "enter")
        await pilot.pause()
        assert stage.commands == [c.SendMessage(text="hi", node="fast_coder")]


async def test_l_shows_the_list_and_the_boxes_again(stage_of, caught_up):
    stage = stage_of(tapes.feedback())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f3")
        await pilot.pause()
        assert "╭─ ● fast_coder" in texts(stage)
        await pilot.press("l")
        await pilot.pause()
        assert "╭─ ● fast_coder" not in texts(stage)
        assert "running round 2" in texts(stage)
        await pilot.press("l")
        await pilot.pause()
        assert "╭─ ● fast_coder" in texts(stage)


def test_that_a_model_begins_to_write_is_drawn_at_once_and_its_speed_with_the_clock():
    view = SessionView()
    begun = tapes.Tape().start().request().plan(("fast_coder",))
    begun.node("fast_coder")
    told = [view.apply(record).graph for record in begun.say("fast_coder", "words and words").records]
    assert told[-9:] == [True, *[False] * 7, True]


async def test_only_a_run_that_works_has_nodes_to_steer(stage_of, caught_up, settled):
    stage = stage_of(tapes.decide())
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f3")
        screen = stage.screen
        footer = "".join(span.text for span in screen.query_one("#footer").content(200))
        assert " t again " in footer and " m model " not in footer and " s stop " not in footer
        await pilot.press("m")
        said = "No run works whose node could have another model."
        await settled(pilot, lambda: plain(screen.bar_content() or []) == said)
        assert stage.screen is screen


async def test_a_model_that_was_chosen_is_said(stage_of, caught_up, settled):
    stage = stage_of(tapes.running())
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        screen = stage.screen
        await pilot.press("f3", "m", "down", "enter")
        await settled(pilot, lambda: bool(stage.commands))
        (command,) = stage.commands
        said = f"{command.node} has {short_model(command.model)} from its next call on."
        await settled(pilot, lambda: plain(screen.bar_content() or []) == said)
