"""The pure drawing: text into lines, the graph, and panes that stay cheap however long they are."""

import pytest
from rich.cells import cell_len

from core import events as e
from core.view.session import SessionView
from tests.support import recordings as tapes
from tui.cards import draw_item
from tui.graph import draw_graph
from tui.grid import Grid
from tui.ink import _INKS, Palette
from tui.keymap import Keymap
from tui.markdown import Growing, draw_markdown
from tui.paint import Span, chop, cut, cut_left, plain, spread, width_of, wrap
from tui.theme import DARK, LIGHT
from tui.wording import count, duration, short_model

TEXT = """# A title

Some **bold**, *slanted*, `code`, ~~gone~~ and [a link](http://x.y/z) in one long paragraph that wraps.

- one
- two
  - nested **deep**

3. third
4. fourth

> quoted

| name | what |
|------|------|
| a    | long words here |

```python
def f():

    return 1
```

<b>no html</b> &amp; [bold]no markup[/bold] 漢字 👩‍💻
"""


def lines_of(text, width=40):
    return [plain(line).rstrip() for line in draw_markdown(text, width)]


class TestMarkdown:
    def test_blocks(self):
        lines = lines_of(TEXT, 60)
        for wanted in ("A title", "• one", "  • nested deep", "3. third", "▎ quoted", "name │ what"):
            assert any(wanted in line for line in lines), wanted
        assert "a link (http://x.y/z)" in " ".join(lines)
        assert "     return 1" in lines
        assert any(line.startswith("<b>no html</b> & [bold]no markup[/bold]") for line in lines)

    @pytest.mark.parametrize("width", [12, 20, 33, 80, 200])
    def test_no_line_is_wider_than_the_pane(self, width):
        for line in draw_markdown(TEXT, width):
            assert width_of(line) <= width, plain(line)

    @pytest.mark.parametrize("size", [1, 3, 7, 50])
    def test_growing_ends_as_the_whole(self, size):
        growing, parts = Growing(60), []
        for start in range(0, len(TEXT), size):
            parts.append(TEXT[start : start + size])
            growing.take(parts)
            last = growing.lines()
        assert [plain(line) for line in last] == [plain(line) for line in draw_markdown(TEXT, 60)]

    def test_a_long_open_code_block_is_drawn_once(self):
        code = "".join(f"line {n}\n" for n in range(200))
        growing, parts = Growing(60), ["Look:\n\n```\n"]
        for line in code.splitlines(keepends=True):
            parts.append(line)
            growing.take(parts)
            growing.lines()
        assert len(growing.done) > 190
        growing.take([*parts, "```\n", "After."])
        assert [plain(x) for x in growing.lines()] == [
            plain(x) for x in draw_markdown("Look:\n\n```\n" + code + "```\nAfter.", 60)
        ]

    @pytest.mark.parametrize(
        "text", ["", "```", "|", "[", "- ", "> > >", "#", "\n\n\n", "1.", "**", "![", "|a|\n|-|"]
    )
    def test_odd_texts_do_not_fail(self, text):
        growing = Growing(20)
        growing.take([text])
        growing.lines()
        draw_markdown(text, 20)


class TestPaint:
    def test_wrapping_keeps_words_inks_and_leading_space(self):
        lines = wrap([Span("  one two"), Span("three", "bold"), Span(" four")], 10)
        assert [plain(line) for line in lines] == ["  one", "twothree", "four"]
        assert lines[1] == [Span("two"), Span("three", "bold")]

    def test_a_word_wider_than_the_line_is_broken(self):
        assert [plain(line) for line in wrap([Span("a " + "x" * 25)], 10)] == [
            "a",
            "x" * 10,
            "x" * 10,
            "x" * 5,
        ]

    @pytest.mark.parametrize("text", ["漢字漢字漢字", "👩‍💻👩‍💻👩‍💻", "e\u0301" * 9, "plain text"])
    @pytest.mark.parametrize("width", [1, 2, 3, 5, 8])
    def test_cutting_counts_cells(self, text, width):
        assert cell_len(cut(text, width)) <= width
        assert cell_len(cut_left(text, width)) <= width
        for line in chop(text, max(2, width)):
            assert width_of(line) <= max(2, width)

    def test_spread_fills_the_line_and_cuts_its_left_end(self):
        assert plain(spread([Span("left")], [Span("right")], 12)) == "left   right"
        assert plain(spread([Span("a long left end")], [Span("right")], 12)) == "a lon… right"


class TestGrid:
    def test_lines_join_where_they_meet(self):
        grid = Grid()
        grid.box(0, 0, 7, 3, "")
        grid.down(3, 2, 4, "")
        grid.box(0, 4, 7, 3, "")
        drawn = [plain(line) for line in grid.lines(7)]
        assert drawn == ["╭─────╮", "│     │", "╰──┬──╯", "   │", "╭──┴──╮", "│     │", "╰─────╯"]

    def test_wide_characters_keep_their_place(self):
        grid = Grid()
        grid.text(0, 0, "漢x")
        assert plain(grid.lines(5)[0]) == "漢x"


def fold(records):
    view = SessionView()
    for record in records:
        view.apply(record)
    return view


class TestGraph:
    def test_boxes_for_a_chain_with_its_way_back(self):
        drawn = [plain(line) for line in draw_graph(fold(tapes.feedback()).graph, 60, tapes.START)]
        assert drawn[0].startswith("╭─ ● fast_coder")
        assert "◄" in drawn[1]
        assert any("round 2" in line for line in drawn[2:])
        assert all(cell_len(line) <= 60 for line in drawn)

    def test_parallel_nodes_stand_side_by_side(self):
        nodes = tuple(e.PlannedNode(node=n, role="fast_coder", model="m") for n in ("a", "b", "c", "d"))
        ways = (("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"))
        edges = tuple(e.Edge(source=source, target=target) for source, target in ways)
        tape = tapes.Tape().add(e.GraphPlanned(run="r1", nodes=nodes, edges=edges))
        drawn = [plain(line) for line in draw_graph(fold(tape.records).graph, 80, tapes.START)]
        assert any("○ b" in line and "○ c" in line for line in drawn)
        assert any("┴" in line or "┬" in line for line in drawn)

    @pytest.mark.parametrize("width", [10, 24, 34, 60, 120])
    def test_every_width_is_kept(self, width):
        for records in (tapes.feedback(), tapes.failed(), tapes.decide(), tapes.swarm()):
            for line in draw_graph(fold(records).graph, width, tapes.START):
                assert width_of(line) <= width

    def test_a_way_in_a_circle_does_not_hang(self):
        nodes = tuple(e.PlannedNode(node=n, role="debugger", model="m") for n in ("a", "b"))
        edges = (e.Edge(source="a", target="b"), e.Edge(source="b", target="a"))
        tape = tapes.Tape().add(e.GraphPlanned(run="r1", nodes=nodes, edges=edges))
        assert draw_graph(fold(tape.records).graph, 60, tapes.START)


@pytest.mark.parametrize("width", [30, 60, 100])
def test_every_card_keeps_its_width(width):
    for records in (tapes.applied(), tapes.feedback(), tapes.failed(), tapes.question(), tapes.hostile()):
        for item in fold(records).transcript.items:
            for line in draw_item(item, width, Keymap()):
                assert width_of(line) <= width, plain(line)


def test_both_themes_colour_every_ink():
    for theme in (DARK, LIGHT):
        palette = Palette(theme.to_color_system().generate() | theme.variables)
        for ink, (variable, _) in _INKS.items():
            style = palette.style(ink)
            assert style.color is not None or not variable, ink
    assert DARK.variables.keys() == LIGHT.variables.keys()


def test_figures_for_people():
    assert (duration(31), duration(4200), duration(125_000)) == ("31 ms", "4.2 s", "2 m 05 s")
    assert (count(950), count(13_400), count(2_100_000)) == ("950", "13.4k", "2.1M")
    assert short_model("us.anthropic.claude-sonnet-4-5-20250929-v1:0") == "claude-sonnet-4-5"
    assert short_model("amazon.nova-pro-v1:0") == "nova-pro"


class TestLength:
    async def test_a_long_session_draws_a_window_and_more_on_demand(self, stage_of, caught_up, settled):
        stage = stage_of(tapes.many(400))
        async with stage.app.run_test(size=(100, 30)) as pilot:
            await caught_up(pilot, stage)
            chat = stage.screen.query_one("#chat")
            items = len(stage.screen.view.transcript.items)
            assert items > 2000
            assert chat.drawn_items <= 280
            assert len(stage.screen.query("*")) < 40
            first = chat._first
            chat.scroll_to(y=0, animate=False)
            await settled(pilot, lambda: chat._first < first)
            assert "earlier items" in plain(chat.line(0))
            while chat._first:
                before = chat._first
                chat.scroll_to(y=0, animate=False)
                await settled(pilot, lambda b=before: chat._first < b)
            await pilot.pause()
            assert "Turn 1" in plain(chat.line(0))

    async def test_what_comes_in_does_not_move_a_reader_who_scrolled_away(self, stage_of, caught_up):
        stage = stage_of(tapes.many(30))
        async with stage.app.run_test(size=(100, 30)) as pilot:
            await caught_up(pilot, stage)
            chat = stage.screen.query_one("#chat")
            await pilot.press("pageup", "pageup")
            seen = [plain(chat.line(chat.scroll_offset.y + y)) for y in range(10)]
            stage.port.happen(e.NoticeGiven(text="something new"), e.NoticeGiven(text="and more"))
            await caught_up(pilot, stage)
            assert [plain(chat.line(chat.scroll_offset.y + y)) for y in range(10)] == seen

    async def test_a_patch_of_a_hundred_thousand_lines(self, stage_of, caught_up, settled):
        body = "".join(f"+line {n}\n" for n in range(100_000))
        tape = tapes.Tape().start().request()
        tape.node("fast_coder")
        tape.change(
            "fast_coder", "big.txt", f"--- /dev/null\n+++ b/big.txt\n@@ -0,0 +1,100000 @@\n{body}", "added"
        )
        stage = stage_of(tape.records)
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f4")
            patch = stage.screen.query_one("#patch")
            await settled(pilot, lambda: patch.virtual_size.height == 100_001)
            await pilot.press("end")
            await settled(pilot, lambda: patch.scroll_offset.y == patch.max_scroll_y)
            assert "line 99999" in plain(patch.line(100_000))

    async def test_a_long_hunk_head_takes_one_row_and_a_long_line_several(self, stage_of, caught_up):
        tape = tapes.Tape().start().request()
        tape.node("fast_coder")
        head = "@@ -1,1 +1,1 @@ def a_function_with_a_very_long_name(argument, another_argument, more):"
        tape.change("fast_coder", "a.py", f"--- a\n+++ b\n{head}\n-short\n+{'x' * 150}")
        stage = stage_of(tape.records)
        async with stage.app.run_test(size=(80, 30)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f4")
            await pilot.pause()
            patch = stage.screen.query_one("#patch")
            rows = [plain(patch.line(y)) for y in range(patch.virtual_size.height)]
            assert "…" in rows[0]
            assert "- short" in rows[1]
            assert len(rows) == 5
            assert sum(row.count("x") for row in rows[2:]) == 150


async def test_whatever_sizes_there_were_before_the_screen_is_that_of_its_size(stage_of, caught_up, settled):
    """Also where panes were off the screen meanwhile: they are laid out for where they come back to."""

    def drawn(stage):
        return [strip.text for strip in stage.screen._compositor.render_strips()]

    wanted = {}
    for size in ((200, 60), (120, 40)):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test(size=size) as pilot:
            await caught_up(pilot, stage)
            await settled(pilot)
            wanted[size] = drawn(stage)
    stage = stage_of(tapes.decide())
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await caught_up(pilot, stage)
        for size in ((60, 16), (59, 15), (200, 60), (70, 20), (59, 15), (120, 40), (60, 16), (200, 60)):
            await pilot.resize_terminal(*size)
            if size in wanted:
                await settled(pilot, lambda size=size: drawn(stage) == wanted[size])
