"""The cost pane's lines. Pure."""

from core.money import Pico
from core.view.cost import Costs, RunCost, Tallies, Tally
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, cut, spread, wrap
from tui.wording import count, money, plural, short_model, tally_cost

NOT_BILLED = "list price, not billed"


def draw_costs(costs: Costs, width: int) -> Lines:
    """This run, the session, and who spent it."""
    run = costs.run
    if run is None and not costs.session.total.calls:
        words = "Every model call is charged here, to the cent, as it happens."
        return [*wrap([Span(words, "dim")], width), *_price_note(costs)]
    lines = _run(run, width) if run else []
    lines.append(_sum("session", costs.session.total, width))
    if costs.reserved:
        right = [Span(money(costs.reserved), "dim")]
        lines.append(spread([Span("held for calls under way", "dim")], right, width))
    lines += _price_note(costs)
    source = run if run and run.total.calls else costs.session
    lines += _usage(source, width)
    lines += _table("by role", source.by_role, width, roles=True)
    if set(source.by_node) != set(source.by_role):
        lines += _table("by node", source.by_node, width, roles=False)
    lines += _forecast(run, width) if run else []
    return lines + _table("by model", source.by_model, width, roles=False)


def _price_note(costs: Costs) -> Lines:
    return [] if costs.billed else [[Span(NOT_BILLED, "warn")]]


def _run(run: RunCost, width: int) -> Lines:
    lines = [_sum("this run", run.total, width, bold=True)]
    if run.expected is not None:
        lines.append(_against(run.total.cost, run.expected, width))
    return lines


def _sum(name: str, tally: Tally, width: int, bold: bool = False) -> Line:
    weight = " bold" if bold else ""
    left = [Span(name, f"{weight}".strip()), Span(f"  {plural(tally.calls, 'call')}", "dim")]
    return spread(left, [Span(tally_cost(tally), f"accent{weight}")], width)


def _against(actual: Pico, expected: Pico, width: int) -> Line:
    """A bar of what was spent of what was expected."""
    part = actual / expected if expected else 0.0
    right = [Span(f" {part:4.0%} of ", "dim"), Span(f"{money(expected)} expected", "dim")]
    room = max(4, width - sum(len(span.text) for span in right))
    full = min(room, round(room * part))
    ink = "bad" if part > 1.5 else "warn" if part > 1 else "accent"
    return [Span("━" * full, ink), Span("━" * (room - full), "faint"), *right]


def _forecast(run: RunCost, width: int) -> Lines:
    """What each role was expected to cost, beside what it did."""
    lines: Lines = [[], [Span("forecast", "bold")]] if run.forecast else []
    for role, (low, high) in run.forecast.items():
        spent = run.by_role[role].cost if role in run.by_role else None
        ink = "dim" if spent is None else "warn" if spent > high else "good"
        actual = "not yet" if spent is None else money(spent)
        right = [Span(f"{money(low)} to {money(high)}  ", "dim"), Span(actual, ink)]
        lines.append(spread([Span(role, role_ink(role))], right, width))
    return lines


def _usage(run: RunCost, width: int) -> Lines:
    total = run.total
    if not total.calls:
        return []
    words = f"{count(total.prompt_tokens)} tokens in · {count(total.output_tokens)} out"
    cached = f"{total.cache_hit_rate:.0%} from cache"
    return [[], spread([Span(words, "dim")], [Span(cached, "dim")], width)]


def _table(title: str, tallies: Tallies, width: int, *, roles: bool) -> Lines:
    if not tallies:
        return []
    ranked = sorted(tallies.items(), key=lambda entry: -entry[1].cost)
    most = ranked[0][1].cost or 1
    names = [(name if roles else short_model(name), name, tally) for name, tally in ranked]
    column = min(max(len(shown) for shown, _, _ in names) + 2, max(10, width // 2))
    lines: Lines = [[], [Span(title, "bold")]]
    for shown, name, tally in names:
        price = tally_cost(tally)
        room = max(0, width - column - len(price) - 2)
        bar = "━" * max(1, round(room * tally.cost / most)) if room > 3 else ""
        ink = role_ink(name) if roles else "dim"
        label = cut(shown, column - 1).ljust(column)
        lines.append(spread([Span(label), Span(bar, ink)], [Span(price, "accent")], width))
    return lines
