"""Each scenario played to its end: the server's words, the real tools on a real stage, the real tests."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.rehearsal import Rehearsal, copy_sample, shipped_scripts
from core.sandbox import open_sandbox
from core.stage import Stage
from tools.registry import TOOLS, call, manual_of, schema_of
from tools.workbench import ToolResult, Workbench

SCRIPTS = {script.name: script for script in shipped_scripts()}
VERDICT = {"approved": {"type": "boolean"}, "must_fix": {"type": "array"}}
READING = ("read_file", "list_directory", "search_files", "git_status", "git_diff")
WRITING = (*READING, "write_file", "edit_file")
TOOLS_OF = {"architect": READING, "code_reviewer": READING, "documenter": WRITING}
ORDER = {
    "health-endpoint": "fast_coder test_engineer code_reviewer documenter",
    "lru-cache": "architect senior_coder test_engineer code_reviewer documenter",
    "empty-file": "debugger test_engineer code_reviewer",
    "live-updates": "architect senior_coder test_engineer code_reviewer documenter",
    "review-round": "fast_coder test_engineer code_reviewer 2 fast_coder test_engineer code_reviewer documenter",
}


class Play:
    """A conductor in a few lines: lets one role after the other work, and keeps what happened."""

    def __init__(self, client: Any, stage: Stage, project: Path) -> None:
        self.client, self.stage = client, stage
        self.sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
        self.results: list[tuple[str, str, ToolResult]] = []
        self.texts: dict[str, str] = {}
        self.verdicts: list[dict[str, Any]] = []

    async def work(self, role: str, request: str, number: str) -> None:
        messages = [{"role": "user", "content": [{"text": f"# Request\n\n{request}\n"}]}]
        about = {"app": "heddle", "session": "s", "run": "r1", "node": role, "role": role, "round": number}
        while True:
            answer = self.client.converse(
                modelId="us.anthropic.claude-opus-5-5",
                messages=messages,
                requestMetadata=about,
                toolConfig={
                    "tools": [*_specs(TOOLS_OF.get(role, tuple(TOOLS))), _spec("Verdict", "", VERDICT)]
                },
                inferenceConfig={"maxTokens": 8192},
            )
            message = answer["output"]["message"]
            self.texts[role] = message["content"][0].get("text", "")
            uses = [block["toolUse"] for block in message["content"] if "toolUse" in block]
            self.verdicts += [use["input"] for use in uses if use["name"] == "Verdict"]
            if answer["stopReason"] == "end_turn" or (self.verdicts and uses[-1]["name"] == "Verdict"):
                return
            given = [await self._use(role, use) for use in uses]
            messages += [message, {"role": "user", "content": given}]

    async def _use(self, role: str, use: dict[str, Any]) -> dict[str, Any]:
        bench = Workbench(self.stage, self.sandbox, threading.Event(), "r1", role, role)
        result = await call(use["name"], use["input"], bench)
        self.results.append((role, use["name"], result))
        return {"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": result.text}]}}


def _specs(names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for name in names:
        yield _spec(name, manual_of(TOOLS[name]), schema_of(TOOLS[name])["properties"])


def _spec(name: str, manual: str, properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"json": {"type": "object", "properties": properties}}
    return {"toolSpec": {"name": name, "description": manual or name, "inputSchema": schema}}


@pytest.fixture
def rehearsal() -> Iterator[Rehearsal]:
    with Rehearsal(list(SCRIPTS.values()), speed=0) as started:
        yield started


@pytest.fixture
def stage_play(rehearsal, bedrock, tmp_path: Path) -> Callable[[str], Any]:
    project = copy_sample(tmp_path / "bookshelf")
    stage = Stage.create(project, tmp_path / "stage")

    async def run(name: str) -> Play:
        play, number = Play(bedrock(rehearsal), stage, project), "1"
        for word in ORDER[name].split():
            if word.isdigit():
                number = word
            else:
                await play.work(word, SCRIPTS[name].request, number)
        return play

    return run


@pytest.mark.parametrize("name", ORDER)
async def test_every_tool_call_succeeds_the_tests_pass_and_the_reviewer_approves(
    stage_play, name: str
) -> None:
    play = await stage_play(name)
    failed = [(role, tool, result.text) for role, tool, result in play.results if not result.ok]
    assert failed == []
    reports = [result.tests for _, _, result in play.results if result.tests]
    assert {report.outcome for report in reports} == {"passed"}
    counts = [report.passed for report in reports]
    assert counts == sorted(counts) and counts[-1] > counts[0] >= 14
    assert "is in the output above" in play.texts["test_engineer"]
    approved = [verdict["approved"] for verdict in play.verdicts]
    assert approved == ([False, True] if name == "review-round" else [True])
    assert [bool(verdict["must_fix"]) for verdict in play.verdicts] == [not yes for yes in approved]


async def test_a_second_play_over_finished_work_notices_it(stage_play) -> None:
    await stage_play("health-endpoint")
    again = await stage_play("health-endpoint")
    assert "already registered" in again.texts["fast_coder"]
    assert "already lists" in again.texts["documenter"]
    assert [result.text for _, _, result in again.results if not result.ok] == []


async def test_a_pagination_that_checks_its_numbers_is_approved_at_once(stage_play) -> None:
    play = await stage_play("review-round")
    await play.work("code_reviewer", SCRIPTS["review-round"].request, "1")
    assert play.verdicts[-1] == {"approved": True, "must_fix": []}


async def test_failing_tests_are_told_as_failing(stage_play) -> None:
    play = await stage_play("lru-cache")
    broken = play.stage.read("bookshelf/cache.py").replace(b">= entry[1]", b"> entry[1]")
    play.stage.write("bookshelf/cache.py", broken)
    await play.work("test_engineer", SCRIPTS["lru-cache"].request, "1")
    assert "**red**" in play.texts["test_engineer"]
