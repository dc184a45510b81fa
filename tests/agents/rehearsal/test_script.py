"""Scripts: which turn is played when, and what the mistakes of their authors are called."""

import re

import pytest

from agents.rehearsal import Rehearsal, ScriptError, load_script, shipped_scripts
from agents.rehearsal.cue import find_script, read_cue
from agents.rehearsal.reply import reply_to
from agents.rehearsal.script import parse_script

HEAD = 'name = "n"\ntitle = "t"\nrequest = "Do it"\n'


@pytest.fixture
def says(ask):
    """What a script's role says next."""

    def says(script, *messages, **more) -> str:
        body = ask(*messages, **more)
        return reply_to(read_cue(body.pop("modelId"), body), [script]).text

    return says


ROUNDS = """
[[turn]]
role = "fast_coder"
text = "one"
[[turn.call]]
name = "look"

[[turn]]
role = "fast_coder"
text = "two"

[[turn]]
role = "fast_coder"
round = 3
text = "three"
"""


def test_the_turn_is_the_number_of_answers_since_the_request(script, says, exchange, say, tools) -> None:
    played = script(ROUNDS)
    more = {"toolConfig": tools()}
    assert says(played, **more) == "one"
    assert says(played, *exchange(), **more) == "two"
    assert "nothing more for fast_coder" in says(played, *exchange(), *exchange(name="t2"), **more)
    answer = {"role": "assistant", "content": [{"text": "two"}]}
    assert says(played, *exchange(), answer, say("greet the user again"), **more) == "one"


def test_a_tool_result_with_a_note_is_not_a_new_request(script, says, exchange, tools) -> None:
    use, given = exchange()
    given["content"].append({"text": "The user has accepted a.py meanwhile."})
    assert says(script(ROUNDS), use, given, toolConfig=tools()) == "two"


@pytest.mark.parametrize(
    ("number", "text"), [("1", "one"), ("2", "one"), ("3", "three"), ("9", "three"), ("x", "one")]
)
def test_a_round_without_turns_plays_the_one_before_it(script, says, number, text) -> None:
    assert says(script(ROUNDS), about={"round": number}) == text


def test_a_role_without_turns_says_so(script, says) -> None:
    assert "nothing more for documenter" in says(script(ROUNDS), role="documenter")


ALTERNATIVES = """
[[turn]]
role = "fast_coder"
[[turn.call]]
name = "look"

[[turn]]
role = "fast_coder"
when = "FAILED ("
text = "red"

[[turn]]
role = "fast_coder"
when = "FAILED"
text = "reddish"

[[turn]]
role = "fast_coder"
text = "green"
"""


@pytest.mark.parametrize(
    ("result", "text"),
    [("FAILED (1)", "red"), ("FAILED", "reddish"), ("failed", "green"), ("OK", "green")],
)
def test_the_first_alternative_that_fits_is_played(script, says, exchange, tools, result, text) -> None:
    assert says(script(ALTERNATIVES), *exchange(result), toolConfig=tools()) == text


def test_only_the_last_message_decides_between_alternatives(script, says, exchange, tools) -> None:
    turns = (
        ALTERNATIVES
        + '[[turn.call]]\nname = "look"\n'
        + "[[turn]]\nrole='fast_coder'\nwhen='FAILED'\ntext='x'\n"
    )
    later = [*exchange("FAILED"), *exchange("OK", "t2")]
    assert "nothing more" in says(script(turns), *later, toolConfig=tools())


def test_tool_calls_have_ids_that_only_a_retry_repeats(script, ask, exchange, tools) -> None:
    turn = "[[turn]]\nrole = 'fast_coder'\n[[turn.call]]\nname = 'look'\n[[turn.call]]\nname = 'look'\n"

    def ids(*messages, **about: str) -> list[str]:
        body = ask(*messages, about=about, toolConfig=tools())
        return [tool.id for tool in reply_to(read_cue(body.pop("modelId"), body), [script(2 * turn)]).tools]

    assert ids() == ids()
    seen = [*ids(), *ids(*exchange()), *ids(run="r2"), *ids(node="fast_coder_2"), *ids(session="s2")]
    assert len(set(seen)) == 10


def test_a_forced_answer_is_the_scripts_even_before_its_turn(script, says, ask, tools) -> None:
    turns = (
        ROUNDS
        + "[[turn]]\nrole = 'x'\n[[turn.call]]\nname = 'look'\n[[turn]]\nrole = 'x'\nanswer = { ok = true }\n"
    )
    config = tools({"any": {}}, Verdict={"ok": {"type": "boolean"}})
    body = ask(role="x", toolConfig=config)
    (forced,) = reply_to(read_cue(body.pop("modelId"), body), [script(turns)]).tools
    assert (forced.name, forced.arguments) == ("Verdict", {"ok": True})
    schema = {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"properties": {"ok": {}}}'}}}
    assert says(script(turns), role="x", outputConfig={"textFormat": schema}) == '{"ok": true}'


@pytest.mark.parametrize(
    "text",
    [
        "Greet the user",
        "please GREET\n   the user, now!",
        "First: `greet the user`. Then rest.",
    ],
)
def test_a_request_is_found_by_its_words(script, says, say, text) -> None:
    assert says(script(ROUNDS), messages=[say(text)]) == "one"


@pytest.mark.parametrize(
    "text", ["Greet user", "Regreet the users", "the user Greet", "greet the  -  superuser"]
)
def test_other_words_are_another_request(script, says, say, text) -> None:
    assert "no script covers" in says(script(ROUNDS), messages=[say(text)]).lower()


def test_tool_results_are_not_searched_for_requests(script, says, say, exchange, tools) -> None:
    messages = [say("Something else"), *exchange("greet the user")]
    assert "No script covers" in says(script(ROUNDS), messages=messages, toolConfig=tools())


def test_the_latest_request_decides(ask, say) -> None:
    first, second = (
        parse_script(f'name = "{n}"\ntitle = "t"\nrequest = "{r}"\naliases = ["{r} please"]\n{ROUNDS}', n)
        for n, r in (("one", "Do one thing"), ("two", "Do another"))
    )

    def found(*texts: str) -> str | None:
        body = ask(messages=[say(text) for text in texts])
        chosen = find_script([first, second], read_cue(body.pop("modelId"), body))
        return chosen and chosen.name

    assert found("Before: do one thing. Now: do another.") == "two"
    assert found("Before: do another. Now: do one thing.") == "one"
    assert found("Now: do one thing. Before: do another. So do one thing.") == "one"
    assert found("do another", "do one thing") == "one"
    assert found("do one thing", "well?") == "one"
    assert found("well?") is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = ", r"^mine\.toml: this is not TOML: "),
        (HEAD, r"^mine\.toml, field turn: a script needs at least one \[\[turn\]\]\.$"),
        (HEAD.replace('title = "t"\n', "") + ROUNDS, r"^mine\.toml, field title: .*required"),
        (HEAD.replace('"n"', '"My Script"') + ROUNDS, r"^mine\.toml.*name: use small letters"),
        (HEAD.replace("Do it", "!?") + ROUNDS, r"at least one word"),
        (HEAD + "colour = 3\n" + ROUNDS, r"^mine\.toml, field colour: .*unknown"),
        (HEAD + '[[turn]]\ntext = "x"', r"^mine\.toml, turn 1, field role: .*required"),
        (HEAD + ROUNDS + '[[turn]]\nrole = "x"\ntext = 3', r"^mine\.toml, turn 4 \(x\), field text: Expected `str`"),
        (HEAD + '[[turn]]\nrole = "x"\nround = "2"\ntext = "x"', r"turn 1 \(x\), field round: Expected `int`"),
        (HEAD + '[[turn]]\nrole = "x"\nround = 0\ntext = "x"', r"turn 1 \(x\), field round: 0 is too small, the least is 1"),
        (HEAD + '[[turn]]\nrole = "x"\ntokens_per_second = 0\ntext = "x"', r"field tokens_per_second: 0.0 is too small"),
        (HEAD + '[[turn]]\nrole = "x"', r"turn 1 \(x\), field text: a turn needs text"),
        (HEAD + '[[turn]]\nrole = "x"\n[[turn.call]]\narguments.a = 1', r"turn 1 \(x\), field call 1, name: .*required"),
        (HEAD + '[[turn]]\nrole = "x"\n[[turn.fault]]\nkind = "fire"', r"turn 1 \(x\), field fault 1, kind: Invalid"),
        (HEAD + '[[turn]]\nrole = "x"\n[[turn.fault]]\nkind = "cut"\ntimes = 0', r"field fault 1, times: 0 is too small"),
        (HEAD + '[[turn]]\nrole = "x"\ntext = "a"\nusage = { input = -1 }', r"field usage\.input: -1 is too small"),
        (HEAD + 2 * '[[turn]]\nrole = "x"\ntext = "a"\n', r"turn 2 \(x\), field call: it can never be played"),
        (HEAD + "turn = 3", r"field turn: a script needs"),
        (HEAD + "turn = [3]", r"^mine\.toml, turn 1: Expected `object`, got `int`"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_turn_and_field(text, sentence) -> None:
    with pytest.raises(ScriptError) as raised:
        parse_script(text, "mine.toml")
    assert re.search(sentence, str(raised.value)), str(raised.value)


def test_a_file_that_is_no_text_is_told_too(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ScriptError, match=r"mine\.toml: this is not UTF-8"):
        load_script(path)


def test_every_example_of_the_page_is_a_script(docs) -> None:
    examples = re.findall(r"```toml\n(.*?)```", docs, re.DOTALL)
    assert len(examples) == 3
    whole, alternatives, faults = examples
    assert parse_script(whole, "docs").name == "add-license"
    assert len(parse_script(HEAD + alternatives, "docs").places("test_engineer", 1)[1]) == 3
    turn = '[[turn]]\nrole = "x"\ntext = "y"\n'
    assert [fault.kind for fault in parse_script(HEAD + turn + faults, "docs").turns[0].fault] == [
        "throttle",
        "cut",
    ]


def test_the_page_names_every_fault(docs) -> None:
    from typing import get_args

    from agents.rehearsal.faults import FaultKind

    assert [kind for kind in get_args(FaultKind) if f"`{kind}`" not in docs] == []


def test_a_fourth_script_needs_no_code(docs, tmp_path, bedrock, ask, say, tools) -> None:
    """A user's own file, as the page shows it, is played beside the shipped ones."""
    path = tmp_path / "mine.toml"
    path.write_text(re.findall(r"```toml\n(.*?)```", docs, re.DOTALL)[0], "utf-8")
    with Rehearsal([*shipped_scripts(), load_script(path)], speed=0) as rehearsal:
        messages = [say("Please add a license file to this project.")]
        config = tools(write_file={"path": {}, "content": {}})
        answer = bedrock(rehearsal).converse(**ask(messages=messages, toolConfig=config))
    use = answer["output"]["message"]["content"][1]["toolUse"]
    assert (use["name"], use["input"]) == ("write_file", {"path": "LICENSE", "content": "Public domain.\n"})
