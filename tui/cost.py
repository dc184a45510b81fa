"""The cost pane's lines, most important first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from core.money import Pico
from core.view.charges import bars
from core.view.cost import Costs, RunCost, Tallies, Tally
from tui.ink import role_ink
from tui.keymap import Keymap
from tui.outlook import Outlook
from tui.paint import Line, Lines, Span, cut, cut_line, spread, width_of, wrap
from tui.wording import count, money, plural, short_model, tally_cost

if TYPE_CHECKING:
    from core.counterfactual import Comparison
    from core.spending import Spending

NOT_BILLED = "list price, not billed"
_TWO_COLUMNS = 76
"""Cells from which two tables stand side by side."""
_MARGIN = 3
_SPARKS = "▁▂▃▄▅▆▇█"


def draw_costs(
    costs: Costs, outlook: Outlook, width: int, keymap: Keymap, *, whole: bool = False, why: bool = False
) -> Lines:
    """What is spent now, by this run, the session and today; what it is held against; and who spent it.

    Args:
        whole: take the tables from the whole session, not from its latest run.
        why: say what the comparison with one model assumes.
    """
    lines = _sums(costs, outlook, width)
    if costs.run is None and not costs.session.total.calls:
        words = "Every model call is charged here, to the cent, as it happens."
        return [*wrap([Span(words, "dim")], width), *_kept(lines, width)]
    lines += _against_one(outlook.comparison, width, keymap, why)
    run = costs.run
    ours = run is not None and bool(run.total.calls) and not whole
    source = run if run is not None and ours else costs.session
    lines += _usage(costs, source, width, "this run" if ours else "the session")
    lines += _tables(source, run.forecast if run and not whole else {}, width)
    return _kept(lines, width)


def _kept(lines: Lines, width: int) -> Lines:
    return [cut_line(line, width) for line in lines]


# -- sums ------------------------------------------------------------------------------------------


def _sums(costs: Costs, outlook: Outlook, width: int) -> Lines:
    run, total = costs.run, costs.session.total
    lines: Lines = []
    if costs.under_way:
        left = [Span("now", "busy bold"), Span(f"  {plural(costs.under_way, 'call')} under way", "dim")]
        lines.append(spread(left, [Span(f"at most {money(costs.reserved)}, held", "warn")], width))
    if run is not None:
        lines.append(_sum("this run", plural(run.total.calls, "call"), run.total, width, bold=True))
        if run.expected is not None:
            lines.append(_expected(run.total.cost, run.expected, width))
        if run.budget is not None:
            lines.append(_budget("its budget", run.total.cost, costs.reserved, run.budget, width))
    if run is not None or total.calls:
        lines.append(_sum("session", plural(total.calls, "call"), total, width))
        if (limit := outlook.budget("session")) is not None:
            lines.append(_budget("its budget", total.cost, costs.reserved, limit, width))
        lines += [] if costs.billed else [[Span(NOT_BILLED, "warn")]]
    if (spending := outlook.spending) is not None:
        lines += _days(spending, costs, outlook, width)
    return lines


def _sum(name: str, calls: str, tally: Tally, width: int, bold: bool = False) -> Line:
    weight = " bold" if bold else ""
    left = [Span(name, weight.strip()), Span(f"  {calls}", "dim")]
    return spread(left, [Span(tally_cost(tally), f"accent{weight}")], width)


def _expected(actual: Pico, expected: Pico, width: int) -> Line:
    """A bar of what was spent of what was expected."""
    part = actual / expected if expected else 0.0
    right = [Span(f" {part:4.0%} of ", "dim"), Span(f"{money(expected)} expected", "dim")]
    room = max(4, width - width_of(right))
    ink = "bad" if part > 1.5 else "warn" if part > 1 else "accent"
    return [*_bar(room, actual, 0, expected, ink), *right]


def _budget(name: str, spent: int, held: int, limit: Pico, width: int) -> Line:
    """A bar of a budget: what is spent of it, what is held for calls under way, and what is left."""
    left = max(0, limit - spent - held)
    ink = "bad" if not left else "warn" if left * 5 < limit else "good"
    right = [Span(f" {money(Pico(left))} left of {name}, {money(limit)}", ink if ink != "good" else "dim")]
    return [*_bar(max(4, width - width_of(right)), spent, held, limit, ink), *right]


def _bar(room: int, spent: int, held: int, limit: int, ink: str) -> Line:
    """Parts of whole cells; what is held looks different without any colour too."""
    full = min(room, round(room * spent / limit)) if limit else room
    kept = min(room - full, -(-room * held // limit)) if limit and held else 0
    return [Span("━" * full, ink), Span("╍" * kept, "warn"), Span("─" * (room - full - kept), "faint")]


def _days(spending: Spending, costs: Costs, outlook: Outlook, width: int) -> Lines:
    """Today and this month, over all sessions; days are in UTC."""
    who = "all sessions" if costs.billed else "all sessions, rehearsals left out"
    lines = [
        spread(
            [Span("today"), Span(f"  {who}", "dim")],
            [Span(money(spending.today, spending.estimated), "accent")],
            width,
        )
    ]
    if (limit := outlook.budget("day")) is not None:
        held = costs.reserved if costs.billed else 0
        lines.append(_budget("the day's budget", spending.today, held, limit, width))
    found = spending.projection
    words = f"about {money(found.projected)} at its end" if found else "no projection in the first day"
    right = [Span(money(spending.month, spending.month_estimated), "accent")]
    return [*lines, spread([Span("month"), Span(f"  {words}", "dim")], right, width)]


# -- one model instead -----------------------------------------------------------------------------


def _against_one(found: Comparison | None, width: int, keymap: Keymap, why: bool) -> Lines:
    """What one warm model would have cost; a plus as plainly as a minus."""
    if found is None:
        return []
    percent = "" if found.percent is None else f"{found.percent:+d} %".replace("-", "−")
    ink = "good" if found.saved >= 0 else "warn"
    words = "saved" if found.saved >= 0 else "more by"
    theirs = Span(money(found.theirs, found.estimated), "dim")
    left = [Span("one warm "), Span(short_model(found.model), "bold")]
    verdict = [
        Span(f"we: {percent}  ", f"{ink} bold"),
        Span(f"{words} {money(Pico(abs(found.saved)), found.estimated)}", ink),
        Span(keymap.fill("  {cost.explain}"), "key"),
        Span(" less" if why else " why", "dim"),
    ]
    if width_of(left) + width_of(verdict) + width_of([theirs]) + 4 <= width:
        lines = [spread([*left, Span("  "), *verdict], [theirs], width)]
    else:
        lines = [spread(left, [theirs], width), spread([Span("  "), *verdict], [], width)]
    if why:
        from core.counterfactual import ASSUMPTION

        lines += wrap([Span(ASSUMPTION, "dim")], width)
    return lines


# -- tokens and tables -----------------------------------------------------------------------------


def _usage(costs: Costs, source: RunCost, width: int, what: str) -> Lines:
    total = source.total
    if not total.calls:
        return []
    words = f"{what}: {count(total.prompt_tokens)} tokens in · {count(total.output_tokens)} out"
    cached = f"{total.cache_hit_rate:.0%} from cache"
    calls = costs.charges.costs if source is costs.session else [row.cost for row in costs.run_charges]
    most = max(8, width - 20)
    each = -(-len(calls) // most)
    spark = [Span(sparks(bars(calls, most)), "accent")]
    label = "cost of each call" if each == 1 else f"cost of {each} calls each"
    return [
        [],
        spread([Span(words, "dim")], [Span(cached, "dim")], width),
        spread(spark, [Span(label, "dim")], width),
    ]


def sparks(costs: Sequence[int]) -> str:
    """A small column for each amount, the largest the highest."""
    most = max(costs, default=0) or 1
    return "".join(_SPARKS[cost * (len(_SPARKS) - 1) // most] for cost in costs)


def _tables(source: RunCost, forecast: dict[str, tuple[Pico, Pico]], width: int) -> Lines:
    by_role = source.by_role | {role: Tally() for role in forecast if role not in source.by_role}
    wide = width >= _TWO_COLUMNS
    half = (width - _MARGIN) // 2 if wide else width
    roles = _table("by role", by_role, half, forecast, roles=True, over=source.over)
    models = _table("by model", source.by_model, half, {}, roles=False)
    nodes: Lines = []
    if set(source.by_node) != set(source.by_role):
        nodes = _table("by node", source.by_node, half, {}, roles=False)
    if not wide:
        return [*roles, *models, *nodes]
    return _beside(roles, [*models, *nodes], half)


def _beside(left: Lines, right: Lines, half: int) -> Lines:
    pairs = zip_longest(left, right, fillvalue=[])
    return [
        [*a, Span(" " * (half - width_of(a) + _MARGIN)), *b] if b else list(a) for a, b in pairs if a or b
    ]


def _table(
    title: str,
    tallies: Tallies,
    width: int,
    forecast: dict[str, tuple[Pico, Pico]],
    *,
    roles: bool,
    over: bool = True,
) -> Lines:
    if not tallies:
        return []
    ranked = sorted(tallies.items(), key=lambda entry: -entry[1].cost)
    most = ranked[0][1].cost or 1
    names = [(name if roles else short_model(name), name, tally) for name, tally in ranked]
    column = min(max(len(shown) for shown, _, _ in names) + 1, max(10, width // 2))
    head = [Span("spent, and expected", "faint")] if forecast else []
    lines: Lines = [[], spread([Span(title, "bold")], head, width)]
    for shown, name, tally in names:
        right = _figures(tally, forecast.get(name), bool(forecast), over)
        room = max(0, width - column - width_of(right) - 1)
        bar = "━" * max(1, round(room * tally.cost / most)) if room > 3 and tally.calls else ""
        label = cut(shown, column - 1).ljust(column)
        lines.append(spread([Span(label), Span(bar, role_ink(name) if roles else "dim")], right, width))
    return lines


def _figures(tally: Tally, expected: tuple[Pico, Pico] | None, forecast: bool, over: bool) -> Line:
    """What was spent, beside the range in which it was expected to be; while the run works it may only be above."""
    spent = Span(tally_cost(tally) if tally.calls else "not yet", "accent" if tally.calls else "faint")
    if not forecast:
        return [spent]
    if expected is None:
        return [spent, Span(" " * 18)]
    low, high = expected
    mark, ink = ("✓", "good") if tally.calls and over else (" ", "")
    if tally.cost > high:
        mark, ink = "↑", "warn"
    elif tally.calls and over and tally.cost < low:
        mark, ink = "↓", "good"
    return [spent, Span(f" {mark}", ink), Span(f"{_range(low, high):>16}", "dim")]


def _range(low: Pico, high: Pico) -> str:
    return f"{money(low)}–{money(high).lstrip('$')}"
