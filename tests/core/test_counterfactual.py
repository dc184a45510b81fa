"""What one warm model would have cost: exact, signed, and never flattering to us."""

from hypothesis import given, strategies as st
from pytest import mark, raises

from core.counterfactual import OneModel, compare
from core.events import ModelCalled
from core.money import PICO_PER_USD, Pico, to_pico, to_usd
from core.prices import UnpricedModel, Usage, load_prices

BOOK = load_prices()
SONNET, HAIKU = "global.anthropic.claude-sonnet-5-5", "global.anthropic.claude-haiku-5-5"
NOVA = "us.amazon.nova-lite-v1:0"


def call(model=HAIKU, *, role="fast_coder", estimated=False, cost=None, **usage) -> ModelCalled:
    used = Usage(**usage)
    return ModelCalled(
        run="r1", node=role, role=role, call="c", model=model, input_tokens=used.input,
        output_tokens=used.output, cache_read_tokens=used.cache_read, cache_write_tokens=used.cache_write,
        cost_usd=to_usd(BOOK.cost(model, used)) if cost is None else cost, latency_ms=1, estimated=estimated,
    )  # fmt: skip


def test_figures_by_hand():
    """10,000 tokens are written, then read with 2,000 more; Sonnet: 2.50 to write, 0.10 to read, 10 out."""
    calls = [call(input=10_000, output=500), call(NOVA, role="documenter", input=12_000, output=100)]
    found = compare(calls, SONNET, BOOK)
    expected = (12_000 * 2_500_000) + (10_000 * 100_000) + (600 * 10_000_000)
    assert found.theirs == expected
    ours = (10_000 * 100_000 + 500 * 500_000) + (12_000 * 60_000 + 100 * 240_000)
    assert found.ours == ours
    assert found.saved == expected - ours > 0
    assert found.percent == -round(100 * (expected - ours) / expected)
    assert found.calls == 2


def test_a_team_that_costs_more_says_so():
    """The same dear model, read cold by each of three specialists."""
    calls = [call(SONNET, role=role, cache_write=20_000, output=100) for role in ("a", "b", "c")]
    found = compare(calls, SONNET, BOOK)
    assert found.saved < 0 and found.percent is not None and found.percent > 0
    assert found.theirs == BOOK.cost(SONNET, Usage(cache_write=20_000, cache_read=40_000, output=300))


def test_one_conversation_on_the_same_model_costs_what_it_did():
    calls = [
        call(SONNET, cache_write=3_000, output=100),
        call(SONNET, cache_read=3_000, cache_write=900, output=50),
        call(SONNET, cache_read=3_900, cache_write=10, output=5),
    ]
    assert compare(calls, SONNET, BOOK).saved == 0
    assert compare(calls, SONNET, BOOK).percent == 0


def test_routing_is_ours_alone():
    calls = [call(NOVA, role="router", input=900, output=60)]
    found = compare(calls, SONNET, BOOK)
    assert (found.theirs, found.calls, found.percent) == (0, 0, None)
    assert found.ours == to_pico(calls[0].cost_usd) == -found.saved


def test_a_prompt_threshold_counts_for_the_one_model_too():
    found = compare([call(SONNET, input=150_000)], HAIKU, BOOK)
    assert found.theirs == BOOK.cost(HAIKU, Usage(cache_write=150_000)) == 150_000 * 625_000


def test_estimates_are_passed_on_and_refused_calls_add_nothing():
    found = compare([call(estimated=True, input=10), call(cost="0.00")], SONNET, BOOK)
    assert found.estimated and found.calls == 1


def test_a_model_without_a_price_is_refused():
    with raises(UnpricedModel):
        compare([call(input=1)], "nobody.knows", BOOK)


tokens = st.integers(0, 30_000)
calls = st.lists(
    st.builds(
        lambda model, role, i, o, r, w: call(model, role=role, input=i, output=o, cache_read=r, cache_write=w),
        st.sampled_from((SONNET, HAIKU, NOVA)), st.sampled_from(("router", "fast_coder", "code_reviewer")),
        tokens, tokens, tokens, tokens,
    ),
    max_size=12,
)  # fmt: skip


@given(calls)
def test_it_lies_between_a_cache_that_holds_all_and_none(made):
    """Our side is the ledger's sum; theirs no less than all read, and no more than all written."""
    found = compare(made, SONNET, BOOK)
    assert found.ours == sum(to_pico(each.cost_usd) for each in made)
    worked = [each for each in made if each.role != "router"]
    prompts = [each.input_tokens + each.cache_read_tokens + each.cache_write_tokens for each in worked]
    output = sum(each.output_tokens for each in worked)
    least = BOOK.cost(SONNET, Usage(cache_read=sum(prompts), output=output))
    most = BOOK.cost(SONNET, Usage(cache_write=sum(prompts), output=output))
    assert least <= found.theirs <= most
    step_by_step = OneModel(SONNET, BOOK)
    for each in made:
        step_by_step.add(each)
    assert step_by_step.comparison == found


@mark.parametrize(("ours", "theirs", "percent"), [(74, 100, -26), (118, 100, 18), (1, 3, -67), (2, 3, -33)])
def test_percent_is_rounded_to_the_nearest(ours, theirs, percent):
    from core.counterfactual import Comparison

    assert Comparison("m", Pico(ours * PICO_PER_USD), Pico(theirs * PICO_PER_USD), 1).percent == percent
