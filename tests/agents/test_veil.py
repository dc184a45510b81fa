"""No secret goes to a model, whichever way it comes: a request, a diff, a report of tests, a result of a tool."""

import threading

import pytest

from agents.veil import Veil
from core.commands import SendMessage, SubmitRequest
from core.events import (
    FileChanged,
    MessageSent,
    NoticeGiven,
    PromptGiven,
    RequestQueued,
    RequestSubmitted,
    RunFinished,
    TextDelta,
    ToolFinished,
)
from core.paths import find_home
from tests.support.foreign_bedrock import Reply

MARK = "⟨secret⟩"
IN_REQUEST = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
IN_FILE = "glpat-" + "x9Yk2LmN4pQr6StU8vWz"
IN_REPORT = "npm_" + "z9Y8x7W6v5" * 3 + "u4T3s2"
ALL = (IN_REQUEST, IN_FILE, IN_REPORT)
CODER, REVIEWER = "You are the fast coder", "You are the code reviewer"


@pytest.fixture
def work(foreign, project):
    """A change of one line beside a secret, with tests that print another."""
    (project / "app.py").write_text(f"VALUE = 1\nTOKEN = '{IN_FILE}'\n")
    (project / "Makefile").write_text(f"test:\n\t@echo trying {IN_REPORT}; grep -q 'VALUE = 1' app.py\n")
    edit = {"path": "app.py", "old": "VALUE = 1", "new": "VALUE = 1  # hello"}
    foreign.play("You are the test engineer", Reply("", (("run_tests", {}),)), Reply("Done."))
    foreign.play("You are the documenter", Reply("Nothing to do."))
    foreign.play(
        CODER, Reply("I read.", (("read_file", {"path": "app.py"}), ("edit_file", edit))), Reply("Done.")
    )
    foreign.verdicts = [{"approved": True, "must_fix": []}]
    return f"Add a line that says hello. The token is {IN_REQUEST}, use it."


def leaked(foreign) -> set[str]:
    return {each for each in ALL if any(each in str(asked.body) for asked in foreign.requests)}


async def test_no_request_to_a_model_holds_a_secret(works, foreign, work):
    told = await works(work)
    assert told.end.status == "done", told.end.answer
    assert leaked(foreign) == set()
    assert f"TOKEN = '{MARK}'" in foreign.of(REVIEWER)[0].text
    assert all(MARK in asked.text for asked in foreign.of(CODER))
    prompts = {given.node: given.text for given in told.of(PromptGiven)}
    assert MARK in prompts["fast_coder"]
    assert f"TOKEN = '{MARK}'" in prompts["code_reviewer"]
    assert not [secret for secret in ALL for text in prompts.values() if secret in text]


async def test_without_the_veil_they_would_go_out(works, foreign, work, monkeypatch):
    """The control: diffs and requests reach the models as they are."""

    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(Veil, "cover", nothing)
    await works(work)
    assert IN_FILE in leaked(foreign)


async def test_the_user_is_told_once_for_each_kind(works, work):
    told = await works(work)
    said = [each.text for each in told.of(NoticeGiven) if "Not shown to models" in each.text]
    assert said[0] == f"Not shown to models: 1 × a GitHub token. They read {MARK} in its place."
    assert sorted(each.split("×")[1].split(".")[0].strip() for each in said) == [
        "a GitHub token",
        "a GitLab token",
        "a package registry's token",
    ]


async def test_what_was_masked_is_not_on_record_either(works, work):
    told = await works(work)
    assert MARK in told.of(RequestSubmitted)[0].text
    assert not [each for each in told.of(ToolFinished) if any(secret in each.output for secret in ALL)]
    stored = [each.read_bytes() for each in find_home().sessions.rglob("*") if each.is_file()]
    assert stored
    assert not [each for each in stored if any(secret.encode() in each for secret in ALL)]
    (change,) = (event for event in told.of(FileChanged) if event.path == "app.py")
    assert f" TOKEN = '{MARK}'" in change.patch and "secrets masked" in change.marks


async def test_a_request_without_a_secret_stays_as_it_is(works, foreign):
    text = "What does app.py do?  Keep `a  b` and\n\ttabs; password = 'x'"
    await works.submit(SubmitRequest(text=text))
    told = await works.finish()
    assert told.of(RequestSubmitted)[0].text == text
    assert not [each for each in told.of(NoticeGiven) if "Not shown" in each.text]


class Noted:
    """A run that only counts."""

    stage = None

    def __init__(self):
        self.counts = {}

    async def note_masked(self, counts):
        self.counts = dict(counts)


async def test_results_that_are_json_are_looked_through_too():
    """MCP servers and others' tools answer in JSON blocks: at any depth, and a second time without a change."""
    value = {"rows": [{"note": f"token {IN_FILE}"}, [IN_REPORT, 7, None]], "plain": "stays"}
    messages = [
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"json": value}]}}]},
        {"role": "assistant", "content": [{"text": "my own words"}]},
    ]
    run = Noted()
    veil = Veil(run)
    await veil.cover(messages)
    assert value == {"rows": [{"note": f"token {MARK}"}, [MARK, 7, None]], "plain": "stays"}
    assert sum(run.counts.values()) == 2
    await veil.cover(messages)
    assert run.counts == {}


async def test_what_is_queued_or_said_meanwhile_is_on_record_without_its_secrets(works, foreign):
    hold = threading.Event()
    foreign.next(Reply("I look ", hold=hold))
    await works.start("What does app.py do?")
    await works.until(lambda told: told.of(TextDelta))
    await works.session.submit(SendMessage(text=f"use {IN_REQUEST} for it"))
    await works.session.submit(SubmitRequest(text=f"Then use {IN_REQUEST}?", queue=True))
    (said,) = await works.until(lambda told: told.of(MessageSent))
    (queued,) = await works.until(lambda told: told.of(RequestQueued))
    hold.set()
    await works.until(lambda told: told.of(RunFinished))
    assert (said.text, queued.text) == (f"use {MARK} for it", f"Then use {MARK}?")
    assert not [
        each
        for each in find_home().data.rglob("*")
        if each.is_file() and IN_REQUEST.encode() in each.read_bytes()
    ]
    assert IN_REQUEST not in str([asked.body for asked in foreign.requests])
