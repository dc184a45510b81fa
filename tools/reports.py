"""What the runners print, read: counts and failures."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tools.reports_go import MOST_FAILURES, Read, read_go
from tools.reports_js import read_javascript
from tools.runners import Kind
from tools.workbench import TestFailure

_MESSAGE_CHARACTERS = 300
_TRACE_LINES = 12
_SHORT = 8
"""Characters of a line that may stand in a message by chance."""
_TRACE_CHARACTERS = 200
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_LINE_CHARACTERS = 500
"""Lines are cut to this before they are read, so that no pattern takes long on hostile output."""


@dataclass(frozen=True)
class Counts:
    """What a runner said. `known` is False when nothing in its output was understood."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    known: bool = False
    failures: tuple[TestFailure, ...] = ()


def read(kind: Kind, output: str, roots: tuple[str, ...]) -> Counts:
    """Counts and failures in a runner's output; paths below one of `roots` become relative."""
    lines = (line[:_LINE_CHARACTERS] for line in plain(output).split("\n"))
    counts = _READERS[kind]("\n".join(lines))
    failures = tuple(_relative(each, roots) for each in counts.failures[:MOST_FAILURES])
    return Counts(counts.passed, counts.failed, counts.skipped, counts.known, failures)


def plain(output: str) -> str:
    """Without colours, and with plain line ends: no model needs them."""
    return _COLOUR.sub("", output.replace("\r\n", "\n"))


def _relative(failure: TestFailure, roots: tuple[str, ...]) -> TestFailure:
    file, trace = failure.file, _shortest(failure.trace, failure.message)
    for root in roots:
        file = file.removeprefix(root.rstrip("/") + "/")
        trace = trace.replace(root.rstrip("/") + "/", "")
    file = file.removeprefix("./")
    return TestFailure(failure.test, failure.message[:_MESSAGE_CHARACTERS], file, failure.line, trace)


def _shortest(trace: str, message: str) -> str:
    """What helps of a trace: no empty lines, nothing said twice, its beginning and its end."""
    lines = [line.rstrip()[:_TRACE_CHARACTERS] for line in trace.split("\n") if line.strip()]
    lines = [
        line
        for line in lines
        if len(line.strip()) < _SHORT or line.strip().removeprefix("E   ") not in message
    ]
    if len(lines) > _TRACE_LINES:
        lines = [*lines[: _TRACE_LINES // 3], "…", *lines[-(_TRACE_LINES - _TRACE_LINES // 3) :]]
    least = min((len(line) - len(line.lstrip()) for line in lines if line != "…"), default=0)
    return "\n".join(line[least:] if line != "…" else line for line in lines)


def _number(pattern: str, text: str) -> int:
    return sum(int(each) for each in re.findall(pattern, text, re.MULTILINE))


_PYTEST_END = re.compile(
    r"\b(?:\d{1,9} (?:passed|failed|errors?|skipped|xfailed|xpassed|deselected|warnings?)|no tests ran)\b.* in [0-9.]+s"
)


_NAMED_ERROR = re.compile(r"^E +(\w[\w.]*(?:Error|Exception|Exit|Interrupt|Failed)\b.*)$", re.MULTILINE)


def _pytest(output: str) -> Counts:
    lines = [line for line in output.split("\n") if _PYTEST_END.search(line)]
    last = lines[-1] if lines else ""
    places = _pytest_places(output)
    failures: list[TestFailure] = []
    for word, rest in re.findall(r"^(FAILED|ERROR) (.+)$", output, re.MULTILINE):
        test, _, message = rest.partition(" - ")
        name = test.partition("::")[2].replace("::", ".")
        section = name or f"ERROR collecting {test}"
        file, line, said, trace = places.get(section, (test.partition("::")[0], 0, "", ""))
        failures.append(TestFailure(test, said or message or word.lower(), file, line, trace))
    return Counts(
        passed=_number(r"(\d{1,9}) passed", last),
        failed=_number(r"(\d{1,9}) failed", last) + _number(r"(\d{1,9}) errors?\b", last),
        skipped=_number(r"(\d{1,9}) (?:skipped|xfailed)", last),
        known=bool(last),
        failures=tuple(failures),
    )


def _pytest_places(output: str) -> Mapping[str, tuple[str, int, str, str]]:
    """Test name → file, line, message and trace, from the sections that `--tb=short` prints."""
    found: dict[str, tuple[str, int, str, str]] = {}
    parts = re.split(r"^_{3,} (?:ERROR at \w+ of )?(.+?) _{3,}$", output, flags=re.MULTILINE)
    for name, text in zip(parts[1::2], parts[2::2], strict=False):
        places = re.findall(r"^([^\s:][^:\n]*):(\d{1,9}): ", text, re.MULTILINE)
        said_in = re.findall(r'^E +File "([^"\n]+)", line (\d{1,9})$', text, re.MULTILINE)  # of a SyntaxError
        said = _NAMED_ERROR.search(text) or re.search(r"^E +(.+)$", text, re.MULTILINE)
        if places or said_in:
            own = said_in or [each for each in places if not each[0].startswith(("/", "<", ".."))] or places
            trace = re.split(r"^[-=]{3,} .* [-=]{3,}$", text, maxsplit=1, flags=re.MULTILINE)[0]
            found[name] = (own[-1][0], int(own[-1][1]), said[1] if said else "", trace)
    return found


def _unittest(output: str) -> Counts:
    ran = re.findall(r"^Ran (\d{1,9}) tests? in", output, re.MULTILINE)
    end = re.findall(r"^(?:OK|FAILED|NO TESTS RAN)\b.*$", output, re.MULTILINE)
    last = end[-1] if end else ""
    failed = _number(r"(?<!expected )failures=(\d{1,9})", last) + _number(r"errors=(\d{1,9})", last)
    failed += _number(r"unexpected successes=(\d{1,9})", last)
    skipped = _number(r"skipped=(\d{1,9})", last) + _number(r"expected failures=(\d{1,9})", last)
    failures: list[TestFailure] = []
    tests: set[str] = set()
    outside = 0
    parts = re.split(r"^={20,}\n(?:FAIL|ERROR): (.+)$", output, flags=re.MULTILINE)
    for name, text in zip(parts[1::2], parts[2::2], strict=False):
        tests.add(re.sub(r"(?<=\)) [\[(].*", "", name))
        outside += name.startswith(("setUpClass", "tearDownClass", "setUpModule", "tearDownModule"))
        body = text.split("\n\n----------")[0].split("\nRan ")[0]
        places = re.findall(r'^  File "([^"]+)", line (\d{1,9})', body, re.MULTILINE)
        said = re.findall(r"^(\w[\w.]*(?:Error|Exception|Failure|Exit|Interrupt)\b.*)$", body, re.MULTILINE)
        own = [each for each in places if "/lib/python" not in each[0]] or places or [("", "0")]
        trace = "\n".join(line for line in body.split("\n") if not re.match(r"-{5,}$|Traceback ", line))
        failures.append(TestFailure(name, said[-1] if said else "failed", own[-1][0], int(own[-1][1]), trace))
    failed -= len(failures) - len(tests)  # a test with several faults is one test
    total = int(ran[-1]) if ran else 0
    passed = max(0, total - (failed - outside) - skipped)
    return Counts(passed, failed, skipped, bool(ran), tuple(failures))


def _javascript(output: str) -> Counts:
    return _counts(read_javascript(output))


def _counts(found: Read | None) -> Counts:
    if found is None:
        return Counts()
    (passed, failed, skipped), failures = found
    return Counts(passed, failed, skipped, True, failures)


def _go(output: str) -> Counts:
    return _counts(read_go(output))


def _cargo(output: str) -> Counts:
    sums = "\n".join(re.findall(r"^test result: .*$", output, re.MULTILINE))
    names = list(dict.fromkeys(re.findall(r"^test (.+?) \.\.\. FAILED$", output, re.MULTILINE)))
    failures = [_cargo_failure(name, output) for name in names[:MOST_FAILURES]]
    broken = [
        TestFailure(f"does not build {what}".strip(), said, file, int(line), "")
        for what, said, file, line in re.findall(
            r"^error(\[E\d{4}\])?: (.+)\n +--> (\S+?):(\d{1,9}):", output, re.MULTILINE
        )
    ]
    passed, failed = _number(r"(\d{1,9}) passed", sums), _number(r"(\d{1,9}) failed", sums)
    known = bool(sums or broken)
    return Counts(
        passed, failed + bool(broken), _number(r"(\d{1,9}) ignored", sums), known, (*failures, *broken)
    )


def _cargo_failure(name: str, output: str) -> TestFailure:
    section = re.search(
        rf"^---- {re.escape(name)} stdout ----\n((?:(?!----|failures:$).*\n){{0,60}})", output, re.MULTILINE
    )
    text = section[1] if section else ""
    place = re.search(r"^thread .* panicked at (\S+?):(\d{1,9}):\d+:\n(.*)", text or output, re.MULTILINE)
    file, line, said = place.groups() if place else ("", "0", "failed")
    kept = [row for row in text.split("\n") if not row.startswith(("note: run with", "thread '"))]
    return TestFailure(name, said, file, int(line), "\n".join(kept))


def _any(output: str) -> Counts:
    """`make test` may run anything: whoever understands the output counts."""
    found = (reader(output) for reader in (_pytest, _unittest, _cargo, _go, _javascript))
    return next((each for each in found if each.known), Counts())


_READERS: Mapping[Kind, Callable[[str], Counts]] = {
    "pytest": _pytest,
    "unittest": _unittest,
    "npm": _javascript,
    "go": _go,
    "cargo": _cargo,
    "make": _any,
}
