"""Tools for now and then: behind one, read when they are needed, and on record under their own names."""

import pytest

from agents.seldom import NAME
from core.events import ToolFinished, ToolStarted
from tests.support.foreign_bedrock import Reply
from tools.registry import TOOLS

REQUEST = "Add a line that says hello"
SENIOR = "You are the senior coder"
MEDIUM = {"complexity": "MEDIUM", "pattern": "graph", "confidence": 1, "reason": "middling"}


def other(tool: str, arguments: str | None = None) -> Reply:
    own = {"tool": tool} | ({} if arguments is None else {"arguments": arguments})
    return Reply("I look.", ((NAME, own),))


@pytest.fixture
def senior(foreign):
    foreign.routes = MEDIUM

    def play(*replies: Reply) -> None:
        foreign.play(SENIOR, *replies, Reply("Done."))

    return play


async def test_a_manual_is_read_once_and_the_tool_is_on_record_under_its_name(works, foreign, senior):
    senior(other("analyze_complexity"), other("analyze_complexity", '{"path": "app.py"}'))
    told = await works(f"@senior_coder {REQUEST}")
    asked = foreign.of(SENIOR)
    assert NAME in asked[0].tools and "analyze_complexity" not in asked[0].tools
    assert "- analyze_complexity: " in str(asked[0].body["toolConfig"])
    assert '"path"' in asked[1].text and "arguments: " in asked[1].text
    assert [each.tool for each in told.of(ToolStarted)] == [NAME, "analyze_complexity"]
    assert [each.ok for each in told.of(ToolFinished)] == [True, True]
    assert "app.py" in told.of(ToolStarted)[1].arguments
    assert told.end.status == "done" and foreign.objections == []


@pytest.mark.parametrize("name", ["no_such_tool", "write_file", ""])
async def test_what_is_not_among_them_is_refused_with_their_names(works, foreign, senior, name):
    senior(other(name, '{"path": "app.py", "content": "VALUE = 2"}'))
    told = await works(f"@senior_coder {REQUEST}")
    (refused,) = told.of(ToolFinished)
    assert not refused.ok and "benchmark" in refused.output
    assert told.end.files == ()


async def test_arguments_that_are_wrong_are_told_and_nothing_runs(works, foreign, senior):
    senior(other("analyze_complexity", "{broken"), other("analyze_complexity", '{"nothing": 1}'))
    told = await works(f"@senior_coder {REQUEST}")
    assert [(each.tool, each.ok) for each in told.of(ToolFinished)] == [("analyze_complexity", False)] * 2


async def test_nobody_reaches_through_it_what_his_role_has_not(roster):
    chosen = roster()
    for role in chosen.roles.values():
        assert set(role.seldom) <= set(role.tools)
        assert not {"read_file", "search_files", "edit_file", "run_tests"} & set(role.seldom)
    assert [name for name, role in chosen.roles.items() if role.seldom] == [
        "architect", "senior_coder", "fast_coder", "debugger",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "meant", "arguments"),
    [
        ("analyze_complexity", "analyze_complexity", {"path": "app.py"}),
        ("functions-Read-File", "functions-Read-File", {"path": "app.py"}),
        ("ReadFile", "read_file", {"path": "app.py"}),
    ],
)
async def test_a_tool_that_is_not_in_the_list_is_used_where_it_is_plain_which_one_is_meant(
    works, senior, name, meant, arguments
):
    senior(Reply("I look.", ((name, arguments),)))
    told = await works(f"@senior_coder {REQUEST}")
    [started], [finished] = told.of(ToolStarted), told.of(ToolFinished)
    assert (started.tool, finished.ok) == (meant, meant in TOOLS)


async def test_a_tool_that_there_is_not_is_on_record_and_told_what_there_is(works, foreign, senior):
    senior(Reply("I fly.", (("fly_away", {"to": "the moon"}),)))
    told = await works(f"@senior_coder {REQUEST}")
    [started], [finished] = told.of(ToolStarted), told.of(ToolFinished)
    assert (started.tool, started.arguments, finished.ok) == ("fly_away", '{"to": "the moon"}', False)
    assert finished.output.startswith("There is no tool called fly_away. Call one of: read_file, ")
    assert finished.output in foreign.of(SENIOR)[1].text
    assert told.end.status == "done" and foreign.objections == []


@pytest.mark.parametrize(
    ("role", "own", "not_own"),
    [("fast_coder", "edit_file", "apply_patch"), ("debugger", "go_to_definition", "apply_patch")],
)
async def test_in_the_coders_place_a_role_has_its_own_tools(works, foreign, role, own, not_own):
    foreign.play(f"You are the {role.replace('_', ' ')}", Reply("Done."))
    await works(f"@{role} {REQUEST}")
    asked = foreign.of(f"You are the {role.replace('_', ' ')}")[0]
    assert own in asked.tools
    assert not_own not in asked.tools
