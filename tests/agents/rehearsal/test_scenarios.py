"""The shipped scenarios and their sample: the code in them works, and the flaw in them is real."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pygit2
import pytest

from agents.rehearsal import Script, copy_sample, shipped_scripts
from agents.rehearsal.sample_project import sample_files
from agents.swarm import EXPLORERS
from tests.support.waiting import LONG

SCRIPTS = {script.name: script for script in shipped_scripts()}
BUILT = [
    name for name, script in SCRIPTS.items() if any(turn.role == "test_engineer" for turn in script.turns)
]
ORDERS = [
    tuple(BUILT[(start + step * (-1) ** start) % len(BUILT)] for step in range(len(BUILT)))
    for start in range(len(BUILT))
]
"""Each of them comes first once, and the neighbours come in both orders."""
WRITERS = {"debugger", "fast_coder", "senior_coder", "test_engineer", "documenter"}
READERS = {"read_file", "list_directory", "search_files", "git_status", "git_diff"}
HANDS_ON = {"handoff_to_agent"}
RUNNERS = {"run_tests", "run_command"}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return copy_sample(tmp_path / "bookshelf")


def perform(
    folder: Path, script: Script, *, rounds: tuple[int, ...] = (1, 2), roles: set[str] = WRITERS
) -> None:
    """Carry out what the turns write, in the order of the work; alternatives for other cases are skipped."""
    turns = (turn for number in rounds for turn in script.turns if turn.round == number)
    for turn in turns:
        for call in turn.call if turn.role in roles and not turn.when else ():
            arguments = call.arguments
            if call.name == "write_file":
                (folder / arguments["path"]).write_text(arguments["content"], "utf-8")
            elif call.name == "edit_file":
                path = folder / arguments["path"]
                before = path.read_text("utf-8")
                assert before.count(arguments["old"]) == 1, arguments
                path.write_text(before.replace(arguments["old"], arguments["new"]), "utf-8")


def run_tests(folder: Path, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [python, "-m", "unittest"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def pages(folder: Path) -> list[str]:
    """Status, number of books and next offset of four pages of a shelf of 25 books."""
    program = """
from bookshelf.app import create_app
from bookshelf.store import BookStore
from bookshelf.web import Request
from urllib.parse import parse_qsl
store = BookStore()
for n in range(1, 26):
    store.add({"title": f"B{n}", "author": "A", "year": n})
app = create_app(store)
for query in ("limit=-1", "offset=-5", "limit=ten", "limit=5&offset=20"):
    response = app.handle(Request("GET", "/books", dict(parse_qsl(query))))
    print(response.status.value, len(response.data.get("books", [])), response.data.get("next_offset"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=LONG, check=False
    )
    return done.stdout.splitlines()


def test_six_scenarios_are_shipped() -> None:
    assert {name: script.request for name, script in SCRIPTS.items()} == {
        "empty-file": "Starting with an empty books.json fails: Traceback (most recent call last): "
        "json.decoder.JSONDecodeError: Expecting value",
        "health-endpoint": "Add a GET /health endpoint to the API",
        "lru-cache": "Implement an LRU cache with TTL support and thread safety",
        "live-updates": "Push changes to clients over websockets",
        "review-round": "Add pagination to the list endpoint",
        "websockets": "How should we implement websockets at scale?",
    }


def test_the_samples_own_tests_pass_with_whatever_python_is_there(sample) -> None:
    done = run_tests(sample, shutil.which("python3") or sys.executable)
    assert done.returncode == 0, done.stderr
    assert "Ran 14 tests" in done.stderr


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_the_scenarios_can_follow_each_other_in_any_order(sample, order) -> None:
    for name in order:
        perform(sample, SCRIPTS[name])
    done = run_tests(sample)
    assert done.returncode == 0, done.stderr
    assert "Ran 56 tests" in done.stderr


@pytest.mark.parametrize("name", BUILT)
def test_the_tests_pass_after_each_scenario(sample, name) -> None:
    perform(sample, SCRIPTS[name])
    assert run_tests(sample).returncode == 0


@pytest.mark.parametrize("name", BUILT)
def test_the_new_tests_fail_without_the_new_code(sample, name) -> None:
    perform(sample, SCRIPTS[name], roles={"test_engineer"}, rounds=(1,))
    assert "FAILED (" in run_tests(sample).stderr


def test_the_first_version_of_the_pagination_is_flawed_and_its_tests_do_not_see_it(sample) -> None:
    perform(sample, SCRIPTS["review-round"], rounds=(1,))
    assert run_tests(sample).returncode == 0
    assert pages(sample) == [
        "200 24 -1",
        "200 0 15",
        "500 0 None",
        "200 5 25",
    ]


def test_the_second_round_removes_the_flaw_and_proves_it(sample, tmp_path) -> None:
    script = SCRIPTS["review-round"]
    perform(sample, script, rounds=(1,))
    perform(sample, script, rounds=(2,), roles={"test_engineer"})
    assert "FAILED (" in run_tests(sample).stderr
    perform(sample, script, rounds=(2,), roles={"fast_coder"})
    assert run_tests(sample).returncode == 0
    assert pages(sample) == [
        "400 0 None",
        "400 0 None",
        "400 0 None",
        "200 5 None",
    ]


def test_the_reviewer_sends_the_work_back_once() -> None:
    verdicts = {
        (turn.round, bool(turn.when)): turn.answer["approved"]
        for turn in SCRIPTS["review-round"].turns
        if turn.role == "code_reviewer" and turn.answer
    }
    assert verdicts == {(1, True): True, (1, False): False, (2, False): True}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_role_uses_only_tools_that_it_has(script) -> None:
    for turn in script.turns:
        allowed = set(READERS)
        if turn.role in WRITERS:
            allowed |= {"write_file", "edit_file"}
        if turn.role in WRITERS - {"documenter"}:
            allowed |= RUNNERS
        if turn.role in EXPLORERS and script.name == "websockets":
            allowed |= HANDS_ON
        used = {call.name for call in turn.call}
        assert used <= (set() if turn.role == "router" else allowed), (turn.role, used)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_the_pace_is_that_of_real_models(script) -> None:
    for turn in script.turns:
        assert 300 <= turn.latency_ms <= 1200
        assert 60 <= turn.tokens_per_second <= 150


def test_a_copy_is_a_clean_repository_with_one_commit(sample) -> None:
    repository = pygit2.Repository(str(sample))
    assert repository.status() == {}
    assert repository.head.shorthand == "main"
    (commit,) = repository.walk(repository.head.target)
    assert (commit.author.name, commit.author.email) == ("Heddle", "heddle@heddle.invalid")
    assert set(sample_files()) == {entry.path for entry in repository.index}
    assert (sample / ".gitignore").is_file() and not (sample / "gitignore").exists()


def test_every_copy_has_the_same_commit(sample, tmp_path) -> None:
    again = copy_sample(tmp_path / "again")
    heads = {pygit2.Repository(str(folder)).head.target for folder in (sample, again)}
    assert len(heads) == 1
    commit = pygit2.Repository(str(sample)).head.peel(pygit2.Commit)
    assert (commit.commit_time, commit.commit_time_offset) == (1_767_225_600, 0)


def test_what_running_leaves_behind_is_not_copied(sample) -> None:
    assert not [name for name in sample_files() if "__pycache__" in name or name.endswith(".pyc")]


def test_a_folder_with_files_is_not_touched(tmp_path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty"):
        copy_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
