"""How the conductor composes a node's prompt from the board: in a stable order, so that prompt caches hold."""

from collections import Counter
from collections.abc import Sequence

from agents.board import Board
from core.limits import limits
from core.text import clip


def section(title: str, body: str) -> str:
    """A titled part of a prompt; empty when there is nothing to say."""
    return f"# {title}\n\n{body.strip()}\n" if body.strip() else ""


def join(*sections: str) -> str:
    return "\n".join(part for part in sections if part)


def request(board: Board) -> str:
    """What is asked, and what of the work so far the user did not want."""
    return join(section("Request", board.run.request), rejected(board))


def earlier(board: Board) -> str:
    """Earlier requests of the session with the start of their answers."""
    lines = [f"- {clip(past.request, 400)}\n  → {clip(past.answer, 600)}" for past in board.run.past[-4:]]
    return section("Earlier in this session", "\n".join(lines))


def plan(board: Board) -> str:
    return section("Plan", board.plan)


def design(board: Board) -> str:
    """The design, or the plan where there is none; with what its review has left open."""
    return join(section("Design", board.design) or plan(board), open_points(board))


def open_points(board: Board) -> str:
    """What the review of the design asked for: whoever builds or judges has it in view."""
    verdict = board.design_verdict
    if verdict is None:
        return ""
    return section(
        "The review of the design says", "\n".join(f"- {p}" for p in (*verdict.must_fix, *verdict.risks))
    )


def rejected(board: Board) -> str:
    """What the user did not want of the work so far, and why: nobody is to make it again."""
    found = board.run.rejections()[-limits().run.rejections :]
    parts: list[str] = []
    for one in found:
        why = one.comment or "No reason was given."
        lines = clip(one.excerpt, limits().run.rejection_characters)
        what = f"a part of {one.path}" if one.excerpt else f"the change of {one.path}"
        parts.append(f"- {what}: {why}" + (f"\n```diff\n{lines}\n```" if lines else ""))
    told = "It was taken back. Do not make it again, unless the request asks for it."
    return section("The user rejected", "\n".join([*parts, told])) if parts else ""


def project(names: Sequence[str]) -> str:
    """The project's files; where they are too many, its folders with how many files each has."""
    listed = "\n".join(sorted(names))
    if len(listed) > limits().run.listing_characters:
        folders = Counter("/".join(name.split("/")[:-1][:2]) or "." for name in names)
        listed = "\n".join(f"{folder}/ ({count} files)" for folder, count in sorted(folders.items()))
    return section("The project's files", clip(listed, limits().run.listing_characters))


def diff(board: Board) -> str:
    text = board.run.stage.diff()
    shown = clip(text, limits().run.diff_characters)
    return section(
        "Diff against the project", f"```diff\n{shown}\n```" if text.strip() else "Nothing was changed."
    )


def tests(board: Board) -> str:
    """The report of the tests that really ran."""
    report = board.tests
    if report is None:
        return section("Tests", "They have not run.")
    if not board.tests_are_current:
        return section("Tests", "They ran before the last change, so their result does not count any more.")
    if report.outcome == "not_run":
        return section("Tests", f"They could not run: {clip(report.text, 2_000)}")
    failures = [f"- {failure.test}: {clip(failure.message, 600)}" for failure in report.failures[:20]]
    return section("Tests", "\n".join([f"{report.outcome}: {report.text}", *failures]))


def points(board: Board) -> str:
    """What the reviewer wants changed."""
    verdict = board.verdict
    if verdict is None or verdict.approved:
        return ""
    return section(
        "The reviewer asks for", "\n".join(f"{n}. {point}" for n, point in enumerate(verdict.must_fix, 1))
    )


def summary(board: Board, node: str, title: str) -> str:
    return section(title, board.summaries.get(node, ""))


def first_prompt(board: Board, task: str) -> str:
    """For the node that begins the work."""
    return join(request(board), earlier(board), design(board), section("Your task", task))


def plan_prompt(board: Board, names: Sequence[str]) -> str:
    """For the orchestrator, which has no tools: one call."""
    route = board.route
    classed = f"{route.complexity}: {route.reason}" if route else ""
    return join(
        request(board),
        earlier(board),
        section("Class", classed),
        project(names),
        section("Your task", _PLAN_TASK),
    )


_PLAN_TASK = (
    "Plan this: the intent, the strategy, and what each of architect, coder, test engineer, reviewer and "
    "documenter must look after. Ten lines at most. End with the line “Architect: yes” when it needs a design "
    "before it is built, or “Architect: no” when the plan is enough."
)


def design_task(board: Board) -> str:
    """For the architect: the design, or its revision in the same conversation."""
    verdict = board.design_verdict
    if board.revising and verdict is not None:
        asked = "\n".join(f"{n}. {point}" for n, point in enumerate(verdict.must_fix, 1))
        task = "Settle every point. Answer with the whole design as it is to be built."
        return join(
            request(board),
            section("Design", board.design),
            section("The review of your design asks for", asked),
            section("Your task", task),
        )
    return join(
        request(board), earlier(board), plan(board), section("Your task", "Design this. Others build it.")
    )


def design_review_prompt(board: Board, names: Sequence[str]) -> str:
    """For the reviewer of the design: all that there is to judge, so one call is enough."""
    return join(
        request(board),
        plan(board),
        project(names),
        section("Design", board.summaries.get("architect", "")),
        section("Your task", _DESIGN_REVIEW_TASK),
    )


_DESIGN_REVIEW_TASK = (
    "Judge this design before anyone builds it: does it do what was asked, does it hold under load, failure and "
    "misuse, is anything left for the coder to guess, can it be tested? There is no code yet. Give your verdict."
)


def plan_to_approve(board: Board) -> str:
    """What the user approves before CRITICAL work begins."""
    verdict = board.design_verdict
    said = (
        ""
        if verdict is None
        else ("It was approved." if verdict.approved else "It was revised after its review.")
    )
    return join(
        plan(board),
        section("Design", board.design),
        section("Review of the design", said),
        open_points(board),
    )


def answer_prompt(board: Board, checks: str) -> str:
    """For the orchestrator, which writes the answer out of everybody's last words."""
    said = [
        section(f"The {role.replace('_', ' ')} says", clip(text, limits().run.report_characters))
        for role, text in board.summaries.items()
        if role not in _NOT_TOLD and role not in board.verdicts and text.strip()
    ]
    files = "\n".join(
        f"- {f.path} ({f.kind}, +{f.added_lines} −{f.removed_lines})" for f in board.run.files.values()
    )
    return join(
        request(board),
        plan(board),
        handed_on(board),
        *said,
        section("Changed files", files),
        section("Checks", checks),
        section("Your task", _ANSWER_TASK),
    )


_NOT_TOLD = ("router", "orchestrator", "design_review")
"""Their words are in the plan already; those of reviewers that gave a verdict are in the checks."""
_ANSWER_TASK = (
    "Write the answer to the user. The checks are shown below it as they are: do not repeat them. End with what "
    "could be done next."
)


def coder_prompt(board: Board, *, in_view: bool = False) -> str:
    """The coder's first prompt, or what comes back to it in a later round.

    `in_view`: the request stands in its conversation already, and is read with each of its calls.
    """
    if board.round == 1:
        prompt = first_prompt(board, _CODER_ALONE if board.alone else _CODER_TASK)
        if board.run.rerouted and board.run.files:
            return _with_what_is_there(board, prompt, _OTHER_ROUTE)
        return prompt
    return join(
        rejected(board) if in_view else request(board),
        section(f"Round {board.round}", "Your work comes back."),
        points(board),
        tests(board),
        section("Your task", "Fix every point, at its cause. Then say briefly what you changed."),
    )


_CODER_TASK = "Do the work in the project's files. Others write the tests and the documentation."
_CODER_ALONE = (
    "Do the work in the project's files. You work alone: what it needs of tests and documentation is your part, and "
    "the tests are run after you."
)


def takeover_prompt(board: Board) -> str:
    """For a stronger role that takes the work over from the one below it."""
    why = board.sign.detail if board.sign is not None else "it was not right after several rounds"
    return join(
        request(board),
        design(board),
        diff(board),
        points(board),
        tests(board),
        section("Your task", f"Take this work over, since {why}. Do what is asked, and fix every point."),
    )


def handed_on(board: Board) -> str:
    """What the members of a swarm have told each other so far: the last message whole, the start of the others."""
    told = [clip(line, limits().run.earlier_handoff_characters) for line in board.handed[:-1]]
    lines = (f"{number}. {line}" for number, line in enumerate([*told, *board.handed[-1:]], 1))
    return section("What was handed on so far", "\n".join(lines))


def member_prompt(board: Board, colleagues: list[str], shared: str) -> str:
    """For a member of a swarm."""
    return join(
        request(board),
        earlier(board),
        section("Your colleagues", "\n".join(f"- {line}" for line in colleagues)),
        diff(board) if board.run.files else "",
        handed_on(board),
        points(board),
        tests(board) if board.round > 1 else "",
        section("What all know", shared),
        section("Your task", _MEMBER_TASK),
    )


_MEMBER_TASK = (
    "Do your part of the request. When another's part comes next, call handoff_to_agent once, by itself: its "
    "message is all that they get from you, so say what you found, what you did and what is left. When nothing "
    "is left, give the answer to the user in full and hand over to nobody."
)


def untested(board: Board) -> str:
    """What the reviewer misses a test for."""
    verdict = board.verdict
    points = () if verdict is None else verdict.untested
    return section("The reviewer misses tests for", "\n".join(f"- {point}" for point in points))


def test_prompt(board: Board, coder: str) -> str:
    return join(
        request(board),
        design(board),
        summary(board, coder, "What the coder says"),
        diff(board),
        untested(board),
        section("Your task", _TEST_TASK if board.round == 1 else _TEST_AGAIN),
    )


_TEST_TASK = "Write the tests that prove this change, then call run_tests."
_TEST_AGAIN = (
    "The code was changed after a review. Extend the tests where the review found a gap, then call run_tests."
)


def review_prompt(board: Board) -> str:
    return join(
        request(board),
        design(board),
        diff(board),
        tests(board),
        section("Your task", "Judge this change and give your verdict."),
    )


def document_prompt(board: Board) -> str:
    return join(
        request(board),
        diff(board),
        section("Your task", "Bring the documents and docstrings up to this change."),
    )


def broken_off(board: Board, node: str, prompt: str) -> str:
    """The prompt of a node, which is told when another run broke off in the middle of its task."""
    resumed = board.run.resumed
    if resumed is None or node not in resumed.unfinished or board.round != resumed.round:
        return prompt
    again = resumed.again and node == resumed.node
    return _with_what_is_there(board, prompt, _AGAIN if again else _BROKEN_OFF)


def begun_anew(board: Board, prompt: str) -> str:
    """The prompt of a node whose task the user wants begun anew: it remembers nothing of its first attempt."""
    return _with_what_is_there(board, prompt, _AGAIN) if board.run.files else prompt


def _with_what_is_there(board: Board, prompt: str, told: str) -> str:
    seen = "" if "# Diff against the project" in prompt else diff(board)
    return join(prompt, seen, section("What there is already", told))


_BROKEN_OFF = (
    "This task was begun before, and broken off in the middle of it. The diff is what there is of it: look at it, "
    "keep what is right, and go on from there. Do not begin again."
)
_OTHER_ROUTE = (
    "Others worked on this before the user put it on another route. The diff is what came of it: keep what is right, "
    "and go on from there."
)
_AGAIN = (
    "This task was worked on before, and the user wants it done again. The diff is what came of it: keep what is "
    "right, and mend the rest."
)
