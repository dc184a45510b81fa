"""What one node hands to the next: a short summary and the diff, and never its conversation."""

from core.limits import limits
from tests.support.foreign_bedrock import Reply

FAST, TESTER, REVIEWER = "You are the fast coder", "You are the test engineer", "You are the code reviewer"
CODE = "VALUE = 1\n\n\ndef hello() -> str:\n    return 'hello'\n"


async def test_a_summary_of_two_thousand_tokens_at_most_and_the_diff_and_never_the_conversation(
    works, foreign, project
):
    (project / "notes.txt").write_text("what-only-the-coder-read\n")
    foreign.play(
        FAST,
        Reply("said-on-the-way", (("read_file", {"path": "notes.txt"}),)),
        Reply("", (("write_file", {"path": "app.py", "content": CODE}),)),
        Reply("word " * 20_000),
    )
    told = await works("Add a function that says hello")
    assert told.end.status == "done"
    assert "what-only-the-coder-read" in foreign.of(FAST)[1].text
    first = foreign.of(TESTER)[0]
    assert "+def hello() -> str:" in first.text
    assert 1_000 < first.text.count("word ") <= limits().run.handoff_characters / len("word ")
    for asked in (first, *foreign.of(REVIEWER)):
        assert "+def hello() -> str:" in asked.text
        assert "what-only-the-coder-read" not in asked.text and "said-on-the-way" not in asked.text
    assert limits().run.handoff_characters <= 2_000 * 4
