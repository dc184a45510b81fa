"""Projects without a history."""


async def test_no_commits_yet(use):
    result = await use("git_log")
    assert not result.ok
    assert result.text == "The project's Git repository has no commits yet."
