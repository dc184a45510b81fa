"""Questions and answers of Stack Overflow, by its public API."""

from collections.abc import Callable, Mapping
from typing import Any

from tools.exclusive import in_a_thread
from tools.research.pages import OTHERS, check_query
from tools.research.readable import readable
from tools.research.settings import base_of
from tools.research.web import Wanted, fetch_json
from tools.workbench import ToolResult, Workbench

_QUESTIONS = 4
_ANSWERS = 2
_BODY_CHARACTERS = 2_500


async def stackoverflow_search(bench: Workbench, query: str) -> ToolResult:
    """Search Stack Overflow. Gives questions with their best answers, scores, links and licences. Asks once.

    Args:
        query: The problem in a few words, such as an error message without names of your own.
    """
    asked = check_query(query)
    purpose = f"search Stack Overflow for “{asked[:120]}”"
    questions = await _items(
        bench, purpose, "/search/advanced", {"q": asked, "sort": "relevance"}, _QUESTIONS
    )
    if not questions:
        return ToolResult(True, f"Stack Overflow has nothing for “{asked}”. Try fewer or other words.")
    ids = ";".join(str(each["question_id"]) for each in questions)
    answers = await _items(bench, purpose, f"/questions/{ids}/answers", {"sort": "votes"}, 30)
    told = await in_a_thread(bench, lambda own: _told(questions, answers, own.check))
    return ToolResult(True, "\n\n".join([OTHERS, *told]))


def _told(
    questions: list[dict[str, Any]], answers: list[dict[str, Any]], check: Callable[[], None]
) -> list[str]:
    return [
        _question(each, [one for one in answers if one["question_id"] == each["question_id"]], check)
        for each in questions
    ]


async def _items(
    bench: Workbench, purpose: str, path: str, query: Mapping[str, str], most: int
) -> list[dict[str, Any]]:
    more = {"site": "stackoverflow", "order": "desc", "filter": "withbody", "pagesize": str(most)}
    found = await fetch_json(bench, Wanted(base_of("stackexchange") + path, purpose, query={**query, **more}))
    items = found.get("items") if isinstance(found, dict) else None
    return [
        each for each in items or [] if isinstance(each, dict) and isinstance(each.get("question_id"), int)
    ]


def _question(question: Mapping[str, Any], answers: list[dict[str, Any]], check: Callable[[], None]) -> str:
    answers.sort(key=lambda each: (not each.get("is_accepted"), -int(each.get("score") or 0)))
    title = readable(str(question.get("title") or ""), "", check)[1]
    head = f"Question: {title} (score {question.get('score', 0)})\n{question.get('link', '')}"
    shown = [_answer(each, str(question.get("link", "")), check) for each in answers[:_ANSWERS]]
    return "\n".join([head, *(shown or ["No answers."])])


def _answer(answer: Mapping[str, Any], question: str, check: Callable[[], None]) -> str:
    accepted = ", accepted" if answer.get("is_accepted") else ""
    link = answer.get("link") or f"{question}#{answer.get('answer_id', '')}"
    body = readable(str(answer.get("body") or ""), question, check)[1]
    cut = f"\n(The rest is at {link}.)" if len(body) > _BODY_CHARACTERS else ""
    licence = _licence(str(answer.get("content_license") or ""))
    return f"Answer (score {answer.get('score', 0)}{accepted}) {link}\nLicence: {licence}\n{body[:_BODY_CHARACTERS]}{cut}"


def _licence(name: str) -> str:
    """`CC BY-SA 4.0` with the address of its text."""
    words = name.lower().split()
    if len(words) == 3 and words[0] == "cc":
        return f"{name} https://creativecommons.org/licenses/{words[1]}/{words[2]}/"
    return name or "not said"
