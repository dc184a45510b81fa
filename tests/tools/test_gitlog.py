"""The project's history: read by libgit2, never by running Git."""

import threading

import pygit2
import pytest

ANN = pygit2.Signature("Ann", "ann@example.org", 1_700_000_000, 60)
BEN = pygit2.Signature("Ben x", "ben@example.org", 1_700_090_000, 0)


def commit(project, message, author=ANN):
    repository = pygit2.Repository(str(project))
    repository.index.add_all()
    tree = repository.index.write_tree()
    repository.index.write()
    parents = [] if repository.head_is_unborn else [repository.head.target]
    return str(repository.create_commit("HEAD", author, author, message, tree, parents))


@pytest.fixture
def commits(project):
    """Two commits: Ann wrote the file, Ben put a line on top of it."""
    first = commit(project, "Add two numbers\n\nSince one is lonely.")
    (project / "src" / "app.py").write_text("import math\n\ndef add(a, b):\n    return a + b\n")
    return first, commit(project, "Use math", BEN)


@pytest.fixture
def bench(commits, bench):
    """The stage is made after the commits."""
    return bench


async def test_the_newest_come_first(use, commits):
    first, second = commits
    result = await use("git_log")
    assert result.text == (
        f"{second[:10]} 2023-11-15 Ben x: Use math\n{first[:10]} 2023-11-14 Ann: Add two numbers"
    )
    assert "There are more" in (await use("git_log", count=1)).text
    assert (await use("git_log", path="README.md")).text == f"{first[:10]} 2023-11-14 Ann: Add two numbers"
    assert (await use("git_log", path="nowhere")).text == "No commit has changed nowhere."


async def test_one_commit_with_its_diff(use, commits):
    first, second = commits
    text = (await use("git_log", commit=second[:10])).text
    assert text.startswith(f"commit {second}\nAuthor: Ben x\n")
    assert "+import math\n" in text
    whole = (await use("git_log", commit=first)).text
    assert "Since one is lonely." in whole
    assert "+# Sample" in whole
    wrong = await use("git_log", commit="f" * 40)
    assert not wrong.ok
    assert "git_log without `commit` lists" in wrong.text


async def test_secrets_of_the_past_stay_where_they_are(use, project):
    (project / ".env").write_text("PASSWORD=hunter2hunter2\n")
    (project / "plain.txt").write_text("plain\n")
    third = commit(project, "Oh no")
    text = (await use("git_log", commit=third)).text
    assert "hunter2" not in text
    assert "(.env is not shown, since it holds secrets.)" in text
    assert "+plain" in text


async def test_blame_is_of_the_file_as_it_is_now(use, commits):
    first, second = commits
    await use(
        "edit_file", path="src/app.py", old="    return a + b", new="    total = a + b\n    return total"
    )
    rows = (await use("git_blame", path="src/app.py")).text.split("\n")
    assert [row.split()[0] for row in rows] == [second[:10], second[:10], first[:10], "not", "not"]
    assert rows[2].endswith("3\tdef add(a, b):")
    part = (await use("git_blame", path="src/app.py", start_line=3, end_line=3)).text
    assert part.startswith(first[:10])
    assert part.endswith("(The file has 5 lines. Go on with start_line 4.)")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"path": "gone.py"}, "There is no gone.py"),
        ({"path": "src"}, "src is a folder"),
        ({"path": "src/app.py", "start_line": 900}, "has 4 lines only"),
        ({"path": "src/app.py", "start_line": 3, "end_line": 2}, "end_line not before it"),
        ({"path": "../x"}, "."),
        ({}, "git_blame needs “path”"),
    ],
)
async def test_blame_of_what_is_not_there(use, arguments, said):
    result = await use("git_blame", **arguments)
    assert not result.ok
    assert said in result.text


async def test_a_file_that_was_never_committed(use):
    await use("write_file", path="new.py", content="x = 1\n")
    assert (await use("git_blame", path="new.py")).text == "new.py was never committed."


async def test_nothing_of_the_repository_is_run(use, project, tmp_path):
    """Filters, hooks, text converters and monitors that its configuration names."""
    trap = tmp_path / "trap"
    configuration = pygit2.Repository(str(project)).config
    for name in ("core.fsmonitor", "core.pager", "diff.x.textconv", "diff.external", "filter.x.smudge"):
        configuration[name] = f"touch {trap}"
    (project / ".git" / "info").mkdir(exist_ok=True)
    (project / ".git" / "info" / "attributes").write_text("* diff=x filter=x\n")
    assert (await use("git_log", commit="HEAD")).ok
    assert (await use("git_blame", path="src/app.py")).ok
    assert not trap.exists()


async def test_a_long_history_is_read_within_the_time(use, monkeypatch):
    import msgspec

    from core.limits import limits

    tools = msgspec.structs.replace(limits().tools, search_seconds=0.0)
    monkeypatch.setattr("tools.gitlog.limits", lambda: msgspec.structs.replace(limits(), tools=tools))
    result = await use("git_log")
    assert not result.ok
    assert "Ended after 0 seconds" in result.text


class Later(threading.Event):
    """Set as soon as the work has begun."""

    def is_set(self):
        return getattr(self, "asked", 0) > 1 or setattr(self, "asked", getattr(self, "asked", 0) + 1)


async def test_stop_ends_it(bench):
    from dataclasses import replace

    from tools.registry import call

    result = await call("git_log", {}, replace(bench, stop=Later()))
    assert result.text == "Reading the history was stopped."


async def test_a_shallow_clone_says_that_there_was_more(use, project, commits):
    (project / ".git" / "shallow").write_text(commits[1] + "\n")
    said = "(The repository is a shallow clone: what was before its oldest commit is not here.)"
    for name, arguments in (("git_log", {}), ("git_blame", {"path": "src/app.py"})):
        assert (await use(name, **arguments)).text.endswith(f"\n{said}")


async def test_a_folder_has_no_blame(use):
    result = await use("git_blame", path="src")
    assert not result.ok
    assert result.text.startswith("src is a folder.")
