"""How each item of the chat looks. Pure: an item and a width in, lines out."""

from typing import assert_never

from core.text import first_line
from core.view.items import (
    FailureItem,
    HandoffItem,
    Item,
    MessageItem,
    NodeItem,
    NoticeItem,
    QuestionItem,
    RequestItem,
    RetryItem,
    RouteItem,
    RunEndItem,
    ShellItem,
    TestsItem,
    TextItem,
    ToolItem,
    VerdictItem,
    WrittenItem,
)
from tui.ink import role_ink
from tui.keymap import Keymap
from tui.markdown import draw_markdown
from tui.paint import TAB, Line, Lines, Span, cut, cut_line, indent, spread, width_of, wrap
from tui.toolcards import draw_shell, draw_tool, shell_folds
from tui.wording import (
    DECIDERS,
    RUN_WORDS,
    STATE_MARKS,
    duration,
    money,
    plural,
    short_model,
)

_TIGHT = (ToolItem, NoticeItem, RetryItem, HandoffItem)


def gap(before: Item | None, item: Item) -> int:
    """Blank lines above an item."""
    if before is None:
        return 0
    if isinstance(item, RequestItem):
        return 1
    if isinstance(before, NoticeItem) and isinstance(item, RouteItem):
        return 0
    if isinstance(before, NodeItem) or (isinstance(before, _TIGHT) and isinstance(item, _TIGHT)):
        return 0
    if isinstance(before, ToolItem) and isinstance(item, TestsItem | VerdictItem):
        return 0
    return 1


def folds(item: Item) -> bool:
    """Whether there is more of it to see than its line."""
    if isinstance(item, ToolItem):
        return bool(item.output or item.arguments)
    if isinstance(item, ShellItem):
        return shell_folds(item)
    return isinstance(item, TextItem) and (item.state == "discarded" or item.kind == "reasoning")


def draw_item(item: Item, width: int, keymap: Keymap, full: bool = False) -> Lines:
    """One item of the chat; `full`: with all that a tool gave and a model thought."""
    match item:
        case RequestItem():
            return request_card(item.text, width)
        case RouteItem():
            return _route(item, width)
        case NodeItem():
            return [_node(item, width)]
        case TextItem():
            return draw_text(item, width, full)
        case ToolItem() | ShellItem():
            tool = isinstance(item, ToolItem)
            return draw_tool(item, width, full) if tool else draw_shell(item, width, keymap, full)
        case TestsItem():
            return _tests(item, width)
        case VerdictItem():
            return _verdict(item, width)
        case HandoffItem():
            return _handoff(item, width)
        case RetryItem():
            words = f"attempt {item.attempt} with {short_model(item.model)}: {item.reason}"
            return _marked("↻", "warn", [Span(words, "dim")], width)
        case QuestionItem():
            return _question(item, width)
        case NoticeItem():
            mark, ink = ("!", "warn") if item.level == "warning" else ("·", "dim")
            return _marked(mark, ink, [Span(item.text, "dim" if ink == "dim" else "")], width)
        case FailureItem():
            return _failure(item, width)
        case WrittenItem():
            return _written(item, width)
        case MessageItem():
            return _message(item, width)
        case RunEndItem():
            return _run_end(item, width, keymap)
    assert_never(item)


_CARD_LINES, _CARD_CHARACTERS = 40, 4_000
"""What is shown of a request. It may hold a paste of megabytes, which would take minutes to wrap."""


def _beginning(text: str) -> tuple[str, str]:
    """As much of a request as is shown, and what is left out in a few words."""
    shown = "\n".join(text[:_CARD_CHARACTERS].split("\n", _CARD_LINES)[:_CARD_LINES])
    rest = text[len(shown) :]
    if not rest.strip():
        return text.rstrip(), ""
    lines = rest.count("\n")
    return shown, f"{plural(lines, 'more line')}" if lines else f"{plural(len(rest), 'more character')}"


def request_card(text: str, width: int, ink: str = "bold", note: str = "") -> Lines:
    """What the user asked, on its own ground."""
    shown, left_out = _beginning(text)
    lines = wrap([Span(shown, f"{ink} on-request")], width - 4)
    if left_out:
        lines.append([Span(f"… {left_out}", "dim on-request")])
    if note:
        lines += wrap([Span(note, "dim on-request")], width - 4)
    lines = indent(lines, [Span("▌ ", "accent on-request")])
    return [[*line, Span(" " * max(0, width - width_of(line)), "on-request")] for line in lines]


def _marked(mark: str, ink: str, spans: Line, width: int) -> Lines:
    lines = wrap(spans, width - 4)
    return indent(lines, [TAB, Span(f"{mark} ", ink)], [TAB, TAB])


def _route(item: RouteItem, width: int) -> Lines:
    sure = f"{item.pattern} · {item.confidence:.0%} sure · {DECIDERS[item.decided_by]}"
    left = [Span("◇ ", "accent"), Span(item.complexity, "bold"), Span(f"  {sure}", "dim")]
    head = spread(left, [Span("expected ", "dim"), Span(money(item.expected), "accent")], width)
    return [head, *indent(wrap([Span(item.reason, "dim")], width - 2), [TAB])]


def _node(item: NodeItem, width: int) -> Line:
    mark, ink = STATE_MARKS[item.state]
    about = f"  {short_model(item.model)}" + (f" · round {item.round}" if item.round > 1 else "")
    left = [Span(f"{mark} ", ink), Span(item.role, f"{role_ink(item.role)} bold"), Span(about, "dim")]
    state = "" if item.state in ("running", "done") else f"{item.state} "
    right = [Span(state, ink)] if state else []
    if item.duration_ms:
        right.append(Span(duration(item.duration_ms), "dim"))
    return spread(left, right, width)


def draw_text(item: TextItem, width: int, full: bool = False) -> Lines:
    """A text that does not grow any more, or is drawn for the first time."""
    if item.state == "discarded":
        lines = wrap([Span(item.text, "faint strike")], width - 2)[: None if full else 3]
        why = wrap([Span(f"discarded: {item.reason}", "faint")], width - 2)
        return indent([*lines, *why], [TAB])
    if item.kind == "reasoning" and full:
        return indent(wrap([Span(item.text.strip(), "faint italic")], width - 4), [TAB, TAB])
    if item.kind == "reasoning":
        return [_reasoning(item, width)]
    return indent(draw_markdown(item.text, width - 2), [TAB])


def _reasoning(item: TextItem, width: int) -> Line:
    text = item.text.strip()
    growing = item.state == "growing"
    shown = text[-200:].split("\n")[-1] if growing else first_line(text, 200)
    label = "thinking  " if growing else "thought  "
    return [TAB, Span("∴ ", "faint"), Span(label, "dim"), Span(cut(shown, width - 14), "faint italic")]


def _tests(item: TestsItem, width: int) -> Lines:
    match item.outcome:
        case "passed":
            return _marked("✓", "good", [Span(plural(item.passed, "test") + " passed", "good bold")], width)
        case "failed":
            words = f"{plural(item.failed, 'test')} failed"
            rest = f", {item.passed} passed" if item.passed else ""
            lines = _marked("✗", "bad", [Span(words, "bad bold"), Span(rest, "dim")], width)
        case "not_run":
            lines = _marked("–", "warn", [Span("tests not run", "warn bold")], width)
    said = wrap([Span(item.summary, "dim")], width - 6)[:4] if item.summary else []
    return lines + indent(said, [Span("    ")])


def _verdict(item: VerdictItem, width: int) -> Lines:
    if item.approved:
        return _marked("✓", "good", [Span("approved", "good bold")], width)
    count = plural(len(item.must_fix), "point") + " to fix"
    lines = _marked("↺", "warn", [Span("sent back", "warn bold"), Span(f"  {count}", "dim")], width)
    for point in item.must_fix:
        lines += indent(wrap([Span(point)], width - 6), [Span("    • ", "warn")], [Span("      ")])
    return lines


def _message(item: MessageItem, width: int) -> Lines:
    to = item.to or "whoever works next"
    note = f"read by {to}" if item.read else f"for {to}: read with the next turn"
    return request_card(item.text, width, "", note)


def _handoff(item: HandoffItem, width: int) -> Lines:
    spans = [
        Span(item.from_role, role_ink(item.from_role)),
        Span(" to ", "dim"),
        Span(item.to_role, f"{role_ink(item.to_role)} bold"),
        Span(f": {item.reason}", "dim"),
    ]
    return _marked("→", "accent", spans, width)


def _question(item: QuestionItem, width: int) -> Lines:
    lines = _marked("?", "accent bold", [Span(item.text, "bold")], width)
    if item.answer is not None:
        return lines + indent(wrap([Span(f"answered: {item.answer}", "dim")], width - 4), [TAB, TAB])
    return lines


def _failure(item: FailureItem, width: int) -> Lines:
    who = f"{item.role}: " if item.role else ""
    lines = wrap([Span(f"{who}{item.message}", "bad bold")], width - 4)
    if item.advice:
        lines += wrap([Span(item.advice)], width - 4)
    return indent(lines, [Span("▌ ", "bad")])


def _written(item: WrittenItem, width: int) -> Lines:
    files = plural(len(item.labels), "file")
    if item.undone >= len(item.labels):
        words = [Span(f"{files} taken back", "warn bold"), Span("  the project is as it was before", "dim")]
        return _marked("↶", "warn", words, width)
    words = [Span(f"{files} written to the project", "good bold")]
    if item.undone:
        words.append(Span(f"  {item.undone} of them taken back", "warn"))
    lines = _marked("✓", "good", words, width)
    shown = item.labels[:6] + (["…"] if len(item.labels) > 6 else [])
    return lines + [[TAB, TAB, Span(cut(label, width - 6), "dim")] for label in shown]


def _run_end(item: RunEndItem, width: int, keymap: Keymap) -> Lines:
    word, ink = RUN_WORDS[item.status]
    left = [Span("── ", "faint"), Span(word, f"{ink} bold")]
    if item.files:
        left.append(Span(f" · {plural(item.files, 'file')} changed", "dim"))
    right = [Span(money(item.cost, item.estimated), "accent")]
    if item.expected is not None:
        right.append(Span(f" of {money(item.expected)} expected", "dim"))
    right.append(Span(" ──", "faint"))
    room = max(1, width - width_of(left) - width_of(right) - 2)
    lines: Lines = [cut_line([*left, Span(" " + "─" * room + " ", "faint"), *right], width)]
    if item.answer:
        lines += [[], *indent(draw_markdown(item.answer, width - 2), [TAB])]
    step = _next_step(item, keymap)
    return lines + ([[], *indent(wrap(step, width - 4), [TAB])] if step else [])


def _next_step(item: RunEndItem, keymap: Keymap) -> Line:
    if item.status == "done" and item.files:
        return keymap.line(
            "Next: {focus_diffs} reads the changes. Nothing is in your project until you write it there.",
            "dim",
        )
    if item.status in ("failed", "interrupted"):
        return keymap.line("Next: {retry} goes on where it broke off.", "dim")
    return []
