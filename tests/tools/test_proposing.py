"""Proposals for the user's repository: nothing is done, and what cannot be proposed is said."""

import shutil

import pygit2
import pytest

from tools.workbench import GitWish


async def test_a_branch_is_only_wished_for(use, bench, project):
    result = await use("create_branch", branch="feature/x")
    assert result.ok and result.wish == GitWish("create_branch", branch="feature/x")
    assert not list((project / ".git/refs/heads").iterdir())


@pytest.mark.parametrize("branch", ["", "-x", "a b", "x..y", "HEAD", "@", "x\x1b[0m", "x~1", "/x"])
async def test_what_is_no_branch_is_refused(use, branch):
    result = await use("create_branch", branch=branch)
    assert not result.ok and result.wish is None


async def test_a_commit_names_what_was_changed(use, bench):
    assert "Nothing was changed" in (await use("commit", message="m")).text
    await use("write_file", path="new.txt", content="new\n")
    await use("edit_file", path="README.md", old="Sample", new="Example")
    result = await use("commit", message=" Say it\n\nbetter ")
    assert result.wish == GitWish("commit", message="Say it\n\nbetter", paths=("README.md", "new.txt"))
    result = await use("commit", message="m", paths="new.txt\n")
    assert result.wish is not None and result.wish.paths == ("new.txt",)
    assert "src/app.py was not changed" in (await use("commit", message="m", paths="src/app.py")).text
    for message in (" ", "x\x1b]0;t\x07", "\u202e", "x" * 10_001):
        result = await use("commit", message=message)
        assert not result.ok and result.wish is None


async def test_without_a_repository_nothing_can_be_proposed(use, project, bench):
    shutil.rmtree(project / ".git")
    assert "in no Git repository" in (await use("create_branch", branch="x")).text


async def test_a_branch_that_is_there_already_is_no_new_one(use, project):
    repository = pygit2.Repository(str(project))
    someone = pygit2.Signature("Ann", "ann@example.org")
    first = repository.create_commit(None, someone, someone, "First", repository.index.write_tree(), [])
    repository.branches.local.create("taken", repository[first])
    result = await use("create_branch", branch="taken")
    assert result.wish is None
    assert "There is a branch taken already." in result.text


async def test_a_folder_stands_for_the_files_that_were_changed_in_it(use):
    await use("write_file", path="src/new.py", content="new\n")
    await use("write_file", path="other.txt", content="new\n")
    for paths, files in (("src", ("src/new.py",)), (".", ("other.txt", "src/new.py"))):
        result = await use("commit", message="m", paths=paths)
        assert result.wish is not None, result.text
        assert result.wish.paths == files
