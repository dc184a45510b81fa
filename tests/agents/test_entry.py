"""Entry conditions: who has a part in a change, read off the change itself."""

import pytest

from agents.entry import _needs as needs, is_test
from core.events import HandedOff, NodeSkipped, NodeStarted
from core.stage import Change
from tests.support.foreign_bedrock import Reply

CODE = "def total(prices):\n    return sum(prices)\n"
REQUEST = "Make the total right"


def change(path: str, old: str | None, new: str | None) -> Change:
    added = "".join(f"+{line}\n" for line in (new or "").splitlines() if line not in (old or ""))
    return Change(
        path=path,
        kind="modified" if old and new else "added",
        old=None if old is None else old.encode(),
        new=None if new is None else new.encode(),
        old_mode=None,
        new_mode=None,
        added_lines=1,
        removed_lines=0,
        patch=added,
    )


def who(*changes: Change) -> tuple[bool, bool]:
    """Whether the test engineer and the documenter join."""
    found = needs(changes)
    return bool(found.tests), bool(found.documents)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (f"# adds up\n{CODE}", (False, False)),
        ('def total(prices):\n    """Add up."""\n    return sum(prices)\n', (False, False)),
        ("def total(prices):\n\n    return sum( prices )\n", (False, False)),
        ("def total(prices):\n    return sum(prices) + 1\n", (True, False)),
        ("def total(prices, start=0):\n    return sum(prices, start)\n", (True, True)),
        (f"{CODE}\n\ndef mean(prices):\n    return total(prices) / len(prices)\n", (True, True)),
        (f"{CODE}\n\ndef _mean(prices):\n    return total(prices) / len(prices)\n", (True, False)),
        (f'{CODE}\napp.route("GET", "/health", health)\n', (True, True)),
        (CODE.replace("prices)", "request.query[1])"), (True, True)),
        (f'{CODE}\nparser.add_argument("--loud")\n', (True, True)),
        (None, (True, True)),
    ],
)
def test_a_change_of_code(new, expected):
    assert who(change("shop/prices.py", CODE, new)) == expected


def test_an_indentation_that_means_something_is_behaviour():
    before = "for x in y:\n    a(x)\n    b(x)\n"
    assert who(change("a.py", before, "for x in y:\n    a(x)\nb(x)\n")) == (True, False)


def test_a_new_file_is_behaviour_and_public():
    assert who(change("shop/prices.py", None, CODE)) == (True, True)


@pytest.mark.parametrize(
    "path", ["README.md", "docs/a.rst", "notes.txt", "settings.toml", "a.json", "site.css"]
)
def test_documents_and_settings_have_no_behaviour(path):
    assert who(change(path, "old\n", "new\n")) == (False, False)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (
            "a.ts",
            "export function f(a: number) { return a; }\n",
            "export function f(a: number) { return -a; }\n",
        ),
        ("a.go", "package a\n\nfunc F() int { return 1 }\n", "package a\n\nfunc F() int { return 2 }\n"),
        ("a.rs", "pub fn f() -> i32 { 1 }\n", "pub fn f() -> i32 { 2 }\n"),
        ("run.sh", "echo 1\n", "echo 2\n"),
    ],
)
def test_other_languages(path, before, after):
    assert who(change(path, before, after)) == (True, False)
    assert who(change(path, before, before.replace("\n", "\n\n"))) == (False, False)


def test_a_change_that_brings_its_tests_needs_no_test_engineer():
    new = CODE.replace("sum(prices)", "sum(prices) or 0")
    tests = change("tests/test_prices.py", None, "def test_nothing():\n    assert True\n")
    assert who(change("shop/prices.py", CODE, new), tests) == (False, False)


def test_tests_that_were_only_fitted_to_the_change_cover_nothing():
    new = CODE.replace("sum(prices)", "sum(prices) or 0")
    before, after = (f"def test_it():\n    assert total([]) == {value}\n" for value in (0, 1))
    assert who(change("shop/prices.py", CODE, new), change("tests/test_prices.py", before, after))[0]


def test_a_change_of_tests_only_is_no_change_of_behaviour():
    assert who(change("tests/test_prices.py", CODE, CODE + "\nX = 1\n")) == (False, False)


def test_a_change_too_large_to_read_is_everybodys():
    assert who(change("a.py", "x = 1" * 300_000, "x = 2" * 300_000)) == (True, True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.py", True),
        ("test_a.py", True),
        ("src/a_test.go", True),
        ("web/a.spec.ts", True),
        ("conftest.py", True),
        ("src/contest.py", False),
        ("src/latest.py", False),
        ("attestation/a.py", False),
    ],
)
def test_test_files_are_known_by_their_names(path, expected):
    assert is_test(path) is expected


# -- in a run ----------------------------------------------------------------------------------------

FAST, REVIEWER = "You are the fast coder", "You are the code reviewer"


def writes(path: str, text: str) -> Reply:
    return Reply("I write.", (("write_file", {"path": path, "content": text}),))


def nodes(told) -> list[str]:
    return [each.node for each in told.of(NodeStarted) if each.role != "router"]


async def test_a_typo_gets_a_coder_and_one_cheap_look(works, foreign):
    foreign.play(FAST, writes("app.py", "VALUE = 1  # the value\n"), Reply("Done."))
    told = await works("Fix the typo in the comment")
    assert nodes(told) == ["fast_coder", "code_reviewer"]
    assert {each.node: each.reason for each in told.of(NodeSkipped)} == {
        "test_engineer": "no behaviour changed",
        "documenter": "nothing public changed",
    }
    (asked,) = foreign.of(REVIEWER)
    assert set(asked.tools) == {"Verdict"}
    assert told.end.status == "done"


async def test_behaviour_that_is_not_public_is_tested_and_not_documented(works, foreign):
    foreign.play(FAST, writes("app.py", "VALUE = 1\nOTHER = VALUE + 1\n"), Reply("Done."))
    told = await works(REQUEST)
    assert nodes(told) == ["fast_coder", "test_engineer", "code_reviewer"]
    assert "read_file" in foreign.of(REVIEWER)[0].tools
    (handed,) = [each for each in told.of(HandedOff) if each.to_node == "test_engineer"]
    assert handed.reason == "behaviour changed in app.py"


async def test_a_new_function_gets_all_four(works, foreign):
    foreign.play(FAST, writes("app.py", f"VALUE = 1\n\n\n{CODE}"), Reply("Done."))
    told = await works(REQUEST)
    assert nodes(told) == ["fast_coder", "test_engineer", "code_reviewer", "documenter"]
    assert told.of(HandedOff)[-1].reason == "approved, and something public changed in app.py"


async def test_the_test_engineer_comes_back_where_the_reviewer_misses_a_test(works, foreign):
    code = writes("app.py", f"VALUE = 1\n\n\n{CODE}")
    foreign.play(FAST, code, Reply("Done."), code, Reply("Mended."))
    foreign.verdicts = [
        {"approved": False, "must_fix": ["app.py:5 is wrong"], "untested": ["an empty list"]},
        {"approved": True},
    ]
    told = await works(REQUEST)
    assert nodes(told)[3:] == ["fast_coder", "test_engineer", "code_reviewer", "documenter"]
    assert "an empty list" in foreign.of("You are the test engineer")[-1].text
