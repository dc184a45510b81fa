"""What the runners of JavaScript print, read: Jest, Vitest, Mocha, and Node's own."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tools.workbench import TestFailure

_FOREIGN = ("node_modules/", "node:", "internal/")
"""In frames that are not the project's own."""
_PLACE = re.compile(r"(?:file://)?((?:\.{0,2}/)?[\w@.+ /\-\[\]]*[\w\-]\.[cm]?[jt]sx?):(\d{1,9})(?::\d{1,9})?")
_SUITE = ("Test suite failed to run",)
_MOST_SECTION = 120
"""Lines of one failure that are looked at."""

Counted = tuple[int, int, int]
_SUMS: tuple[tuple[str, str, str, str], ...] = (
    (r"^ *Tests:? +.*$", r"(\d{1,9}) passed", r"(\d{1,9}) failed", r"(\d{1,9}) (?:skipped|todo)"),
    (
        r"^ +\d+ (?:passing|failing|pending)\b.*$",
        r"(\d{1,9}) passing",
        r"(\d{1,9}) failing",
        r"(\d{1,9}) pending",
    ),
    (r"^(?:#|ℹ) (?:pass|fail|skipped|cancelled|todo) \d+$", r"pass (\d{1,9})", r"(?:fail|cancelled) (\d{1,9})",
     r"(?:skipped|todo) (\d{1,9})"),
)  # fmt: skip
"""For each runner: its lines with sums, and what stands there for passed, failed and skipped."""
_SUITES = re.compile(r"^ *Test (?:Suites:|Files ) +(?:(\d{1,9}) failed)?.*$", re.MULTILINE)


def read_javascript(output: str) -> tuple[Counted, tuple[TestFailure, ...]] | None:
    """Counts (passed, failed, skipped) and failures; None when nothing in the output was understood."""
    counts = _counts(output)
    if counts is None:
        return None
    failures = list(dict.fromkeys(_failures(output)))
    suites = [each for each in failures if each.message.startswith("does not run: ")]
    passed, failed, skipped = counts
    return (passed, failed + len(suites), skipped), tuple(failures)


def _counts(output: str) -> Counted | None:
    for line, passed, failed, skipped in _SUMS:
        text = "\n".join(re.findall(line, output, re.MULTILINE))
        if re.search(passed, text) or re.search(failed, text) or re.search(skipped, text):
            return _sum(passed, text), _sum(failed, text), _sum(skipped, text)
    if any(match[1] for match in _SUITES.finditer(output)):
        return 0, 0, 0  # no test ran, since the files themselves do not
    return None


def _sum(pattern: str, text: str) -> int:
    return sum(int(each) for each in re.findall(pattern, text))


def _failures(output: str) -> Iterator[TestFailure]:
    lines = output.split("\n")
    if any(line.startswith("TAP version") or re.match(r"not ok \d+ - ", line.strip()) for line in lines):
        yield from _of_tap(lines)
    elif any(re.fullmatch(r" +\d+ (?:passing|failing)\b.*", line) for line in lines):
        yield from _of_mocha(lines)
    elif any(line.startswith("✖ ") for line in lines):
        yield from _of_spec(lines)
    else:
        yield from _of_jest(lines)
        yield from _of_vitest(lines)


def _sections(lines: list[str], start: re.Pattern[str]) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Each line that matches, and what follows it up to the next one."""
    heads = [(number, match) for number, line in enumerate(lines) if (match := start.match(line))]
    ends = [number for number, _ in heads[1:]] + [len(lines)]
    for (number, match), end in zip(heads, ends, strict=False):
        yield match, lines[number + 1 : min(end, number + 1 + _MOST_SECTION)]


def _of_jest(lines: list[str]) -> Iterator[TestFailure]:
    file = ""
    for match, section in _sections(lines, re.compile(r"^(?:FAIL|PASS) +(?P<file>\S+)|^  ● (?P<test>.+)$")):
        if match["file"]:
            file = match["file"] if match[0].startswith("FAIL") else ""
        elif "Test Suites:" not in match["test"] and not match["test"].startswith("Console"):
            body = _until(section, r"^(?:FAIL|PASS|Test Suites:|Tests:|Summary of all)")
            failure = _failure(match["test"].strip(), body)
            if match["test"].strip() in _SUITE:
                said = next(
                    (line.strip() for line in body if re.match(r"^ +\w*Error:", line)), failure.message
                )
                name = file or failure.file
                yield replace(
                    failure, test=name, file=name, line=_line_of(said), message=f"does not run: {said}"
                )
            else:
                yield failure if failure.file else replace(failure, file=file)


def _line_of(said: str) -> int:
    """`… Missing semicolon. (3:6)`"""
    match = re.search(r"\((\d{1,9}):\d{1,9}\)", said)
    return int(match[1]) if match else 0


def _of_vitest(lines: list[str]) -> Iterator[TestFailure]:
    for match, section in _sections(lines, re.compile(r"^ FAIL +(.+)$|^⎯{3,}.*(?:Unhandled|\[\d+/\d+\]).*$")):
        if match[1]:
            test = match[1].strip()
            failure = _failure(test.replace(" > ", " › "), section)
            if " > " not in test:
                name = test.partition(" [")[0]
                place = next(
                    (one for line in section if (one := _place(line)) and one[0].endswith(name)), (name, 0)
                )
                yield replace(
                    failure, test=name, file=name, line=place[1], message=f"does not run: {failure.message}"
                )
            else:
                yield failure if failure.file else replace(failure, file=test.partition(" > ")[0])


def _of_mocha(lines: list[str]) -> Iterator[TestFailure]:
    at = next((n for n, line in enumerate(lines) if re.fullmatch(r" +\d+ failing\b.*", line)), len(lines))
    for match, section in _sections(lines[at:], re.compile(r"^  \d+\) (.+)$")):
        names, body = [match[1].strip()], section
        while body and body[0].strip() and not re.match(r"^ +(?:\w*Error\b|at )", body[0]) and len(names) < 8:
            names.append(body[0].strip().removesuffix(":"))
            body = body[1:]
        yield _failure(" › ".join(each.removesuffix(":") for each in names), body)


def _of_spec(lines: list[str]) -> Iterator[TestFailure]:
    at = lines.index("✖ failing tests:") if "✖ failing tests:" in lines else -1
    head = re.compile(r"^test at (?P<place>\S+:\d+:\d+)$|^✖ (?P<test>.+?)(?: \([\d.]+ms\))?$")
    place = ""
    for match, section in _sections(lines[at + 1 :], head):
        if match["place"]:
            place = match["place"]
        else:
            failure = _failure(match["test"], _until(section, r"^ *[ℹ✔▶]"))
            spot = _place(place)
            yield failure if failure.file or not spot else replace(failure, file=spot[0], line=spot[1])


def _of_tap(lines: list[str]) -> Iterator[TestFailure]:
    for match, section in _sections(lines, re.compile(r"^ *(not ok|ok) \d+ - (.+?)(?: # (\w+).*)?$")):
        if match[1] == "ok" or (match[3] or "").upper() in ("SKIP", "TODO"):
            continue
        told = "\n".join(section)
        if "failureType: 'subtestsFailed'" in told:
            continue
        said = re.search(r"^ +error: (?:\|-\n((?: {4,}.*\n|\s*\n)+)|'?(.*?)'?$)", told, re.MULTILINE)
        text = " ".join((said[1] or said[2] or "").split()) if said else ""
        stack = told[told.find("stack:") :] if "stack:" in told else told
        failure = _failure(match[2], [text, *_until(stack.split("\n")[1:], r"^ *\.\.\.$")])
        spot = _place(told) if not failure.file else None
        yield replace(failure, file=spot[0], line=spot[1]) if spot else failure


def _until(lines: list[str], end: str) -> list[str]:
    return lines[: next((number for number, line in enumerate(lines) if re.match(end, line)), len(lines))]


def _failure(test: str, section: list[str]) -> TestFailure:
    """The first sentence, the innermost place in the project's own test, and what lies between."""
    said = [line.strip() for line in section if line.strip()]
    message = said[0] if said else "failed"
    if message.startswith("expect(") and len(said) > 2:
        message = " ".join(
            [message.partition(" // ")[0], *(each for each in said[1:6] if re.match(r"\w+: ", each))]
        )
    frames = [spot for line in section if _is_frame(line) and (spot := _place(line))]
    tests = [each for each in frames if re.search(r"(test|spec|__tests__)", each[0])]
    file, line = (tests or frames or [("", 0)])[0]
    return TestFailure(test, message, file, line, _trace(section))


def _is_frame(line: str) -> bool:
    return bool(re.match(r"^ *(?:at |❯ |async |[\w.<>]+ \()", line)) and not any(
        each in line for each in _FOREIGN
    )


def _place(line: str) -> tuple[str, int] | None:
    match = _PLACE.search(line)
    return (match[1].strip().removeprefix("at ").strip(), int(match[2])) if match else None


def _trace(section: list[str]) -> str:
    foreign = re.compile(r"^ *(?:at |❯ )|.*\((?:node:|internal/)")
    return "\n".join(line.rstrip() for line in section if _is_frame(line) or not foreign.match(line))
