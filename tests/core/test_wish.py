"""What the words of a request ask of its route, and what a user changes of it later."""

import pytest
from hypothesis import given, strategies as st

from core.commands import OverrideRoute, SubmitRequest
from core.events import RequestSubmitted, RouteDecided
from core.refusal import Refusal
from core.wish import WORDS, Wish, as_asked, as_typed, overridden, read_request

ROLES = ("debugger", "fast_coder", "researcher", "senior_coder")


@pytest.mark.parametrize(
    ("typed", "text", "wish"),
    [
        ("Fix the bug", "Fix the bug", Wish()),
        ("/swarm find the leak", "find the leak", Wish(pattern="swarm")),
        ("  /graph   Fix it", "Fix it", Wish(pattern="graph")),
        ("/Complex fix it", "fix it", Wish(complexity="COMPLEX")),
        ("/critical /graph fix it", "fix it", Wish(complexity="CRITICAL", pattern="graph")),
        ("@debugger why does it fail?", "why does it fail?", Wish(role="debugger")),
        ("@debugger: why?", "why?", Wish(role="debugger")),
        ("/simple @fast_coder sort it", "sort it", Wish(complexity="SIMPLE", role="fast_coder")),
        ("Let @debugger look at it", "Let @debugger look at it", Wish(role="debugger")),
        ("Ask (@debugger).", "Ask (@debugger).", Wish(role="debugger")),
        ("/swarm\nfind it", "find it", Wish(pattern="swarm")),
        # what is none of ours stays in the request
        ("/health returns 500", "/health returns 500", Wish()),
        ("/usr/bin/env is missing", "/usr/bin/env is missing", Wish()),
        ("Add a /graph endpoint", "Add a /graph endpoint", Wish()),
        ("Use the @property decorator", "Use the @property decorator", Wish()),
        ("Use @debugger(on=True)", "Use @debugger(on=True)", Wish()),
        ("Mail me@debugger.org", "Mail me@debugger.org", Wish()),
        ("Read @debugger/notes.md", "Read @debugger/notes.md", Wish()),
        ("@debugger.py is broken", "@debugger.py is broken", Wish()),
        ("@src/app.py is broken", "@src/app.py is broken", Wish()),
        ("@README is old", "@README is old", Wish()),
    ],
)
def test_what_the_words_ask_for(typed, text, wish):
    asked = read_request(typed, ROLES)
    assert (asked.text, asked.wish, asked.hint) == (text, wish, "")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("@nobody fix it", "There is no role @nobody. There are /graph, /swarm, /simple, /medium, /complex, /critical "),
        ("/graph @nobody fix it", "@researcher"),
        ("/swarm", "/swarm asks for no work: say after it what should be done."),
        ("  @debugger  ", "@debugger asks for no work"),
        ("/graph /swarm fix it", "graph and swarm cannot both be"),
        ("/simple /complex fix it", "SIMPLE and COMPLEX cannot both be"),
        ("@debugger @fast_coder fix it", "debugger and fast_coder cannot both be"),
        ("/swarm @debugger fix it", "@debugger works alone, and a swarm is a team"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_said_with_what_exists(typed, said):
    with pytest.raises(Refusal) as refusal:
        read_request(typed, ROLES)
    assert said in str(refusal.value)


def test_several_roles_in_a_request_pin_none_of_them_and_that_is_said():
    asked = read_request("Let @debugger look and @fast_coder mend it", ROLES)
    assert asked.wish == Wish()
    assert "@debugger, @fast_coder" in asked.hint


def test_a_slip_is_text_and_is_said():
    asked = read_request("/swarn find the leak", ROLES)
    assert asked.text == "/swarn find the leak"
    assert "/swarm" in asked.hint


def test_fields_and_words_must_agree():
    command, _ = as_asked(SubmitRequest(text="/swarm look", pattern="swarm"), ROLES)
    assert command == SubmitRequest(text="look", pattern="swarm")
    with pytest.raises(Refusal, match="graph and swarm"):
        as_asked(SubmitRequest(text="/swarm look", pattern="graph"), ROLES)
    with pytest.raises(Refusal, match="There is no role @nobody"):
        as_asked(SubmitRequest(text="look", asked_role="nobody"), ROLES)


WISHES = st.builds(
    Wish,
    complexity=st.sampled_from(["SIMPLE", "CRITICAL", None]),
    pattern=st.sampled_from(["graph", None]),
    role=st.sampled_from([*ROLES, None]),
)


@given(
    WISHES, st.sampled_from(["mend it", "/health is slow", "what is @property?", "wo ist das Leck? /swarm"])
)
def test_a_request_that_was_read_is_shown_as_it_was_typed_and_reads_the_same_again(wish, text):
    event = RequestSubmitted(
        run="r1",
        text=text,
        pattern=wish.pattern or "auto",
        asked_role=wish.role,
        complexity=wish.complexity,
    )
    asked = read_request(as_typed(event), ROLES)
    assert (asked.text, asked.wish) == (text, wish)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    try:
        asked = read_request(text, ROLES)
    except Refusal as refusal:
        assert str(refusal).endswith(".")
    else:
        assert asked.text == text.strip() or asked.wish


def route(complexity="MEDIUM", pattern="graph"):
    return RouteDecided(
        run="r1",
        complexity=complexity,
        pattern=pattern,
        confidence=1,
        reason="",
        decided_by="model",
        expected_cost_usd="0",
    )


@pytest.mark.parametrize(
    ("wish", "command", "wanted"),
    [
        (Wish(), OverrideRoute(complexity="COMPLEX"), Wish(complexity="COMPLEX", pattern="graph")),
        (Wish(), OverrideRoute(pattern="swarm"), Wish(complexity="MEDIUM", pattern="swarm")),
        (Wish(), OverrideRoute(asked_role="debugger"), Wish(complexity="MEDIUM", role="debugger")),
        (Wish(role="debugger"), OverrideRoute(asked_role=""), Wish(complexity="MEDIUM", pattern="graph")),
        (Wish(role="debugger"), OverrideRoute(pattern="swarm"), Wish(complexity="MEDIUM", pattern="swarm")),
    ],
)
def test_a_route_is_overridden_in_what_is_named(wish, command, wanted):
    assert overridden(wish, route(), command, ROLES) == wanted


@pytest.mark.parametrize(
    "command",
    [
        OverrideRoute(),
        OverrideRoute(complexity="MEDIUM"),
        OverrideRoute(pattern="graph"),
        OverrideRoute(asked_role="nobody"),
        OverrideRoute(asked_role="debugger", pattern="swarm"),
    ],
)
def test_an_override_that_changes_nothing_or_cannot_be_is_refused(command):
    with pytest.raises(Refusal):
        overridden(Wish(), route(), command, ROLES)


def test_before_the_route_is_known_the_router_decides_the_rest():
    assert overridden(Wish(), None, OverrideRoute(pattern="swarm"), ROLES) == Wish(pattern="swarm")


def test_every_word_is_known():
    for word in WORDS:
        assert read_request(f"{word} x", ROLES).text == "x"
