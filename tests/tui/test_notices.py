"""When the terminal is told that something waits, and what."""

from datetime import timedelta

import pytest

from core import events as e
from core.view.session import SessionView
from tests.support import recordings as tapes
from tui.notices import Caller, Manners

KITTY = {"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}


def told(records, environ=KITTY, focused=None, manners=None, late=0.0, again=True):
    """All that is written while these records come, one after another."""
    written: list[str] = []
    caller = Caller(
        written.append,
        lambda: focused,
        environ,
        manners or Manners(),
        lambda: tapes.START + timedelta(seconds=late),
    )
    view = SessionView()
    for record in records:
        view.apply(record)
        caller.follow(view, "tasks-api")
    if again:
        caller.follow(view, "tasks-api")
    return "".join(written)


def test_a_question_and_an_end_call_once_each():
    text = told(tapes.question())
    assert text.count("\x1b]9;tasks-api: asks: ") == 1
    assert "\x1b]2;● heddle · tasks-api · waits for you\x07" in text
    assert told(tapes.decide()).count("the run is done, 3 to decide") == 1


def test_the_title_says_how_many_changes_wait_once_the_run_is_done():
    assert "\x1b]2;○ heddle · tasks-api · 3 to decide\x07" in told(tapes.decide())
    titles = told(tapes.decided()).split("\x1b]2;")
    assert titles[-1].startswith("heddle · tasks-api\x07")


def test_who_looks_is_not_called_but_the_title_stays_true():
    text = told(tapes.question(), focused=True)
    assert "]9;" not in text
    assert "waits for you" in text
    assert "]9;" in told(tapes.question(), focused=False)


def test_what_is_old_calls_nobody():
    assert "]9;" not in told(tapes.question(), late=3600)


@pytest.mark.parametrize(
    ("environ", "has", "lacks"),
    [
        ({"TERM": "dumb"}, "", "\x1b"),
        ({"TERM": "linux"}, "\x07", "\x1b]"),
        ({"TERM": "xterm"}, "\x1b]2;", "]9;"),
        ({"TERM": "foot"}, "\x1b]777;notify;Heddle;", "]9;"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "]777;", "]9;"),
        (KITTY | {"TMUX": "x"}, "\x1bPtmux;\x1b\x1b]9;", "\x07\x1b]9;"),
    ],
)
def test_each_terminal_gets_what_it_can_show(environ, has, lacks):
    text = told(tapes.question(), environ)
    assert has in text
    assert lacks not in text


@pytest.mark.parametrize(
    ("manners", "lacks"),
    [(Manners(title=False), "]2;"), (Manners(bell=False), "\x07\x07"), (Manners(notify=False), "]9;")],
)
def test_each_can_be_switched_off(manners, lacks):
    assert lacks in told(tapes.question())
    assert lacks not in told(tapes.question(), manners=manners)


def test_what_others_say_is_not_obeyed_and_parts_no_fields():
    tape = (
        tapes.Tape()
        .start()
        .request()
        .add(e.QuestionAsked(id="q1", run="r1", text=f"a;b {tapes.HOSTILE}", choices=("y",)))
    )
    text = told(tape.records, {"TERM": "foot"})
    call = text.split("\x1b]777;")[1].partition("\x07")[0]
    assert call.count(";") == 2
    assert "\x1b" not in call
    assert "a,b" in call
