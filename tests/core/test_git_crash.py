"""`kill -9` anywhere while a commit is made: nothing is stuck after the next start, and no other git loses its lock."""

import os
import signal
from pathlib import Path

import pytest

from core.events import NoticeGiven
from core.git.committing import Committed, Content, commit
from core.git.locking import clear_locks, locked
from core.git.repository import Repository
from core.stage import progress
from core.stage.change import FILE
from tests.core.test_proposals import Repo, home, repo  # noqa: F401 - fixtures

STEPS = (
    "make the lock",
    "take the lock",
    "have the lock",
    "move the branch",
    "name the index",
    "forget the lock",
)
NEW = Content(FILE, b"by agents\n")


def commit_and_die(project: Path, at: str = "") -> None:
    """Commit a file in a child process, which kills itself before this step."""
    child = os.fork()
    if child == 0:

        def step(name: str) -> None:
            if name == at:
                os.kill(os.getpid(), signal.SIGKILL)

        progress.step = step
        commit(Repository(project), [Committed(b"new.txt", NEW, (NEW, None))], "m")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.fixture
def ready(project: Path, repo: Repo) -> Repo:  # noqa: F811
    """The user has staged something, and what the commit is to hold is applied."""
    (project / "mine.txt").write_text("staged\n")
    repo("add", "mine.txt")
    (project / "new.txt").write_bytes(NEW.data)
    return repo


@pytest.mark.parametrize("at", STEPS)
def test_after_the_next_start_nothing_is_stuck(project, ready, at):
    before = ready("rev-parse", "HEAD")
    commit_and_die(project, at)
    said = clear_locks(project)
    assert not [*project.glob(".git/*.lock"), *project.glob(".git/heddle-*")]
    came = ready("rev-parse", "HEAD") != before
    assert came is (at in ("name the index", "forget the lock"))
    assert ready("status", "--porcelain", "mine.txt", "new.txt").splitlines() == [
        "M  mine.txt",
        *([] if came else ["?? new.txt"]),
    ]
    assert bool(said) is (at in ("have the lock", "move the branch", "name the index"))
    assert clear_locks(project) == []
    ready("commit", "-qm", "the user's own")


@pytest.mark.parametrize("at", ["have the lock", "name the index"])
def test_without_it_the_user_could_not_commit(project, ready, at):
    commit_and_die(project, at)
    with pytest.raises(Exception, match="commit"):
        ready("commit", "-qm", "the user's own")


def test_a_lock_of_another_git_stays(project, ready):
    commit_and_die(project, "have the lock")
    (project / ".git/index.lock").unlink()
    (project / ".git/index.lock").write_text("another's")
    assert clear_locks(project) == []
    assert (project / ".git/index.lock").read_text() == "another's"
    assert not list(project.glob(".git/heddle-*"))


def test_a_lock_that_is_in_use_stays(project, ready):
    with locked(project / ".git/index", "0" * 40) as held:
        assert clear_locks(project) == []
        assert held.lock.samefile(project / f".git/heddle-index-{'0' * 40}")
    assert not [*project.glob(".git/*.lock"), *project.glob(".git/heddle-*")]


def test_a_git_that_outlives_us_is_waited_for(project, ready, tmp_path):
    """It moves the branch while the next Heddle starts: the lock is its as well, and goes when it is done."""
    os.mkfifo(tmp_path / "go")
    ready.hook(
        "reference-transaction",
        f'[ "$1" = prepared ] || exit 0\nkill -9 $(cat {tmp_path}/pid)\nread x < {tmp_path}/go',
    )
    child = os.fork()
    if child == 0:
        (tmp_path / "pid").write_text(f"{os.getpid()}\n")
        commit(Repository(project), [Committed(b"new.txt", NEW, (NEW, None))], "m")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert clear_locks(project) == []
    assert (project / ".git/index.lock").exists()
    (tmp_path / "go").write_text("x\n")
    while not clear_locks(project):
        os.sched_yield()
    assert ready("status", "--porcelain", "mine.txt", "new.txt") == "M  mine.txt\n"


async def test_it_is_done_and_said_when_any_session_is_opened(hand, project, ready):
    commit_and_die(project, "name the index")
    session, _ = await hand.start()
    (notice,) = await hand.events(session, NoticeGiven)
    assert "your index knows it now" in notice.text
    assert ready("status", "--porcelain", "new.txt") == ""
