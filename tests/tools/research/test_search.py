"""The providers, Stack Overflow and documentation: each against its API's own answers, played on loopback."""

# ruff: noqa: E501

import sys

import pytest

from tools.research.pages import OTHERS

TAVILY = {
    "query": "q", "follow_up_questions": None, "answer": None, "images": [], "response_time": 1.1,
    "results": [
        {"title": "First &amp; best", "url": "https://example.org/1", "content": "An excerpt.", "score": 0.9},
        {"title": "Second", "url": "https://example.org/2", "content": "", "score": 0.1},
    ],
}  # fmt: skip
BRAVE = {
    "type": "search", "query": {"original": "q", "more_results_available": True},
    "web": {"type": "search", "results": [
        {"title": "A <strong>page</strong>", "url": "https://example.org/b", "is_source_local": False,
         "description": "About <strong>q</strong>.", "language": "en", "family_friendly": True},
    ]},
}  # fmt: skip
SEARXNG = {
    "query": "q", "number_of_results": 0, "answers": [], "suggestions": [], "unresponsive_engines": [],
    "results": [
        {"url": "https://example.org/s", "title": "S", "content": "Text", "engine": "x", "engines": ["x"]},
    ],
}  # fmt: skip


async def test_tavily(use, web, reply, user, monkeypatch):
    monkeypatch.setenv("TAVILY_API_KEY", "tvly-secret")
    web.pages["/tavily/search"] = reply(TAVILY)
    result = await use("web_search", query="  q  ")
    assert result.text == (
        f"{OTHERS} Found by tavily:\n\nFirst & best\nhttps://example.org/1\nAn excerpt.\n\nSecond\nhttps://example.org/2"
    )
    seen = web.seen[0]
    assert (seen.method, seen.headers["authorization"], seen.body["query"]) == (
        "POST",
        "Bearer tvly-secret",
        "q",
    )
    assert "search the web for “q”" in user.questions[0]
    assert "tvly" not in user.questions[0] + result.text


async def test_brave(use, web, reply, monkeypatch):
    monkeypatch.setenv("BRAVE_API_KEY", "key")
    web.pages["/brave/res/v1/web/search"] = reply(BRAVE, gzipped=True)
    result = await use("web_search", query="q")
    assert "A page\nhttps://example.org/b\nAbout q." in result.text
    assert web.seen[0].headers["x-subscription-token"] == "key"
    assert web.seen[0].query["q"] == ["q"]


async def test_a_key_is_not_sent_on(use, web, make_web, settings, reply, monkeypatch):
    monkeypatch.setenv("BRAVE_API_KEY", "key")
    other = make_web()
    settings(web, other)
    web.pages["/brave/res/v1/web/search"] = reply(status=307, headers={"Location": f"{other.url}/there"})
    other.pages["/there"] = reply(BRAVE)
    assert (await use("web_search", query="q")).ok
    assert "x-subscription-token" not in other.seen[0].headers
    monkeypatch.setenv("TAVILY_API_KEY", "key")
    web.pages["/tavily/search"] = reply(status=307, headers={"Location": f"{other.url}/there"})
    assert "which was not followed" in (await use("web_search", query="q")).text
    assert len(other.seen) == 1


async def test_searxng(use, web, reply):
    web.pages["/searxng/search"] = reply(SEARXNG)
    assert "S\nhttps://example.org/s\nText" in (await use("web_search", query="q")).text
    assert web.seen[0].query["format"] == ["json"]
    web.pages["/searxng/search"] = reply({**SEARXNG, "results": []})
    assert (await use("web_search", query="q")).text == "searxng found nothing for “q”."


async def test_search_that_is_not_set_up(use, settings):
    settings()
    result = await use("web_search", query="q")
    assert not result.ok
    assert "TAVILY_API_KEY or BRAVE_API_KEY" in result.text
    settings(more='provider = "searxng"')
    assert "does not say where it is" in (await use("web_search", query="q")).text


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"detail": "bad key"}, "the key is missing or not valid"),
        (429, {}, "too many requests"),
        (500, {"error": "no"}, "answered with an error (500)"),
        (200, "<html>", "not JSON"),
        (200, [1, 2], "found nothing"),
        (200, {"results": [5, None]}, "found nothing"),
    ],
)
async def test_providers_that_fail(use, web, reply, status, body, said):
    web.pages["/searxng/search"] = reply(body, status)
    assert said in (await use("web_search", query="q")).text


@pytest.mark.parametrize("query", ["", " \n", "x" * 500])
@pytest.mark.parametrize("tool", ["web_search", "stackoverflow_search"])
async def test_queries_that_ask_nothing(use, web, tool, query):
    result = await use(tool, query=query)
    assert not result.ok
    assert "query is" in result.text
    assert web.seen == []


QUESTIONS = {
    "items": [
        {"tags": ["python"], "is_answered": True, "score": 42, "question_id": 7, "accepted_answer_id": 71,
         "content_license": "CC BY-SA 4.0", "link": "https://stackoverflow.com/questions/7/why",
         "title": "Why &quot;so&quot;?", "body": "<p>Q</p>"},
        {"score": 1, "question_id": 8, "link": "https://stackoverflow.com/questions/8/x", "title": "Lonely"},
    ],
    "has_more": False, "quota_max": 300, "quota_remaining": 290,
}  # fmt: skip
ANSWERS = {
    "items": [
        {"is_accepted": False, "score": 90, "answer_id": 70, "question_id": 7, "content_license": "CC BY-SA 3.0", "body": "<p>Other.</p>"},
        {"is_accepted": True, "score": 12, "answer_id": 71, "question_id": 7, "content_license": "CC BY-SA 4.0",
         "body": "<p>Since:</p>\n<pre class=\"lang-py\"><code>a = 1\n  b = 2\n</code></pre>"},
        {"is_accepted": False, "score": -3, "answer_id": 72, "question_id": 7, "body": "<p>Bad.</p>"},
    ],
}  # fmt: skip


async def test_stack_overflow(use, web, reply, user):
    web.pages["/stackexchange/search/advanced"] = reply(QUESTIONS, gzipped=True)
    web.pages["/stackexchange/questions/7;8/answers"] = reply(ANSWERS, gzipped=True)
    result = await use("stackoverflow_search", query="why so")
    assert result.ok, result.text
    assert result.text == (
        f'{OTHERS}\n\nQuestion: Why "so"? (score 42)\nhttps://stackoverflow.com/questions/7/why\n'
        "Answer (score 12, accepted) https://stackoverflow.com/questions/7/why#71\n"
        "Licence: CC BY-SA 4.0 https://creativecommons.org/licenses/by-sa/4.0/\nSince:\n\n```\na = 1\n  b = 2\n\n```\n"
        "Answer (score 90) https://stackoverflow.com/questions/7/why#70\n"
        "Licence: CC BY-SA 3.0 https://creativecommons.org/licenses/by-sa/3.0/\nOther.\n\n"
        "Question: Lonely (score 1)\nhttps://stackoverflow.com/questions/8/x\nNo answers."
    )
    assert len(user.questions) == 1
    assert web.seen[0].query["site"] == ["stackoverflow"]


async def test_stack_overflow_has_nothing_or_refuses(use, web, reply):
    web.pages["/stackexchange/search/advanced"] = reply({"items": []})
    assert "has nothing for “x”" in (await use("stackoverflow_search", query="x")).text
    refusal = {
        "error_id": 502,
        "error_message": "too many requests from this IP",
        "error_name": "throttle_violation",
    }
    web.pages["/stackexchange/search/advanced"] = reply(refusal, 400)
    assert "too many requests from this IP" in (await use("stackoverflow_search", query="x")).text


# -- documentation ---------------------------------------------------------------------------------


async def test_the_standard_library_without_a_question(use, web, user):
    result = await use("docs_search", name="json.dumps")
    assert result.ok, result.text
    assert result.text.startswith(
        "Source: the project's environment. json, of the standard library of Python 3"
    )
    assert "Serialize ``obj`` to a JSON formatted" in result.text
    found = await use("docs_search", name="json", query="circular")
    assert "json.dumps(" in found.text or "JSONEncoder" in found.text
    assert user.questions == []
    assert web.seen == []


async def test_the_version_that_is_installed(use, web, project):
    import msgspec

    (project / ".venv").symlink_to(sys.prefix)
    (project / ".gitignore").write_text(".venv\n")
    result = await use("docs_search", name="msgspec.Struct")
    assert f"msgspec {msgspec.__version__}, installed for this project's Python" in result.text


async def test_the_projects_own_code_may_run_but_what_it_changes_is_told(use, put):
    put("noisy.py", '"""Makes a file."""\nopen("made.txt", "w").close()\n')
    result = await use("docs_search", name="noisy")
    assert "Makes a file." in result.text
    assert result.changed == ("made.txt",)


async def test_a_package_of_node(use, project):
    folder = project / "node_modules" / "left-pad"
    folder.mkdir(parents=True)
    (project / ".gitignore").write_text("node_modules/\n")
    (folder / "package.json").write_text('{"version": "1.3.0"}')
    (folder / "README.md").write_text("# left-pad\n\nPads.\n## Usage\npad(x)\n## Licence\nfree\n")
    result = await use("docs_search", name="left-pad", query="usage")
    assert "left-pad 1.3.0, installed in node_modules" in result.text
    assert "pad(x)" in result.text
    assert "free" not in result.text


async def test_what_is_not_installed_is_looked_up_in_the_version_asked_for(use, web, reply, put, user):
    put("requirements.txt", "surely-absent==1.2.3\n")
    web.pages["/pypi/surely-absent/1.2.3/json"] = reply(
        {
            "info": {
                "name": "surely-absent",
                "version": "1.2.3",
                "summary": "Is absent",
                "description": "# How to\nUse it.",
            }
        }
    )
    result = await use("docs_search", name="surely-absent")
    assert result.ok, result.text
    assert (
        f"Source: {web.url}/pypi/surely-absent/1.2.3/json\nsurely-absent 1.2.3, not installed here: Is absent"
        in result.text
    )
    assert "Use it." in result.text
    assert len(user.questions) == 1
    missing = await use("docs_search", name="nowhere_at_all")
    assert missing.text == "nowhere_at_all is not installed here, and PyPI does not know it."


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/../b", "-x", "x;y", "ä" * 300])
async def test_names_that_are_none(use, web, name):
    result = await use("docs_search", name=name)
    assert not result.ok
    assert web.seen == []
