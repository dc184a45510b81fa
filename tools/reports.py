"""What the runners print, read: counts and failures."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tools.runners import Kind
from tools.workbench import TestFailure

MOST_FAILURES = 30
_MESSAGE_CHARACTERS = 300
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
    lines = (line[:_LINE_CHARACTERS] for line in output.replace("\r\n", "\n").split("\n"))
    counts = _READERS[kind]("\n".join(lines))
    failures = tuple(_relative(each, roots) for each in counts.failures[:MOST_FAILURES])
    return Counts(counts.passed, counts.failed, counts.skipped, counts.known, failures)


def _relative(failure: TestFailure, roots: tuple[str, ...]) -> TestFailure:
    file = failure.file
    for root in roots:
        file = file.removeprefix(root.rstrip("/") + "/")
    return TestFailure(failure.test, failure.message[:_MESSAGE_CHARACTERS], file, failure.line)


def _number(pattern: str, text: str) -> int:
    return sum(int(each) for each in re.findall(pattern, text, re.MULTILINE))


_PYTEST_END = re.compile(
    r"\b(?:\d{1,9} (?:passed|failed|errors?|skipped|xfailed|xpassed|deselected|warnings?)|no tests ran)\b.* in [0-9.]+s"
)


def _pytest(output: str) -> Counts:
    lines = [line for line in output.split("\n") if _PYTEST_END.search(line)]
    last = lines[-1] if lines else ""
    places = _pytest_places(output)
    failures: list[TestFailure] = []
    for word, rest in re.findall(r"^(FAILED|ERROR) (.+)$", output, re.MULTILINE):
        test, _, message = rest.partition(" - ")
        name = test.partition("::")[2].replace("::", ".")
        file, line, said = places.get(name, (test.partition("::")[0], 0, ""))
        failures.append(TestFailure(test, said or message or word.lower(), file, line))
    return Counts(
        passed=_number(r"(\d{1,9}) passed", last),
        failed=_number(r"(\d{1,9}) failed", last) + _number(r"(\d{1,9}) errors?\b", last),
        skipped=_number(r"(\d{1,9}) (?:skipped|xfailed)", last),
        known=bool(last),
        failures=tuple(failures),
    )


def _pytest_places(output: str) -> Mapping[str, tuple[str, int, str]]:
    """Test name → file, line and message, from the sections that `--tb=short` prints."""
    found: dict[str, tuple[str, int, str]] = {}
    parts = re.split(r"^_{3,} (?:ERROR at \w+ of )?(.+?) _{3,}$", output, flags=re.MULTILINE)
    for name, text in zip(parts[1::2], parts[2::2], strict=False):
        places = re.findall(r"^([^\s:][^:\n]*):(\d{1,9}): ", text, re.MULTILINE)
        said = re.search(r"^E +(.+)$", text, re.MULTILINE)
        if places:
            own = [each for each in places if not each[0].startswith(("/", "<", ".."))] or places
            found[name] = (own[-1][0], int(own[-1][1]), said[1] if said else "")
    return found


def _unittest(output: str) -> Counts:
    ran = re.findall(r"^Ran (\d{1,9}) tests? in", output, re.MULTILINE)
    end = re.findall(r"^(?:OK|FAILED|NO TESTS RAN)\b.*$", output, re.MULTILINE)
    last = end[-1] if end else ""
    failed = _number(r"(?<!expected )failures=(\d{1,9})", last) + _number(r"errors=(\d{1,9})", last)
    failed += _number(r"unexpected successes=(\d{1,9})", last)
    skipped = _number(r"skipped=(\d{1,9})", last) + _number(r"expected failures=(\d{1,9})", last)
    failures: list[TestFailure] = []
    parts = re.split(r"^={20,}\n(?:FAIL|ERROR): (.+)$", output, flags=re.MULTILINE)
    for name, text in zip(parts[1::2], parts[2::2], strict=False):
        body = text.split("\n\n----------")[0].split("\nRan ")[0]
        places = re.findall(r'^  File "([^"]+)", line (\d{1,9})', body, re.MULTILINE)
        said = re.findall(r"^(\w[\w.]*(?:Error|Exception|Failure|Exit|Interrupt)\b.*)$", body, re.MULTILINE)
        own = [each for each in places if "/lib/python" not in each[0]] or places or [("", "0")]
        failures.append(TestFailure(name, said[-1] if said else "failed", own[-1][0], int(own[-1][1])))
    total = int(ran[-1]) if ran else 0
    return Counts(max(0, total - failed - skipped), failed, skipped, bool(ran), tuple(failures))


def _javascript(output: str) -> Counts:
    """Jest, Vitest, Mocha, and Node's own runner."""
    for line, passed, failed, skipped in (
        (r"^ *Tests:? +.*$", r"(\d{1,9}) passed", r"(\d{1,9}) failed", r"(\d{1,9}) (?:skipped|todo)"),
        (
            r"^ +\d+ (?:passing|failing|pending)\b.*$",
            r"(\d{1,9}) passing",
            r"(\d{1,9}) failing",
            r"(\d{1,9}) pending",
        ),
        (r"^(?:#|ℹ) (?:pass|fail|skipped) \d+$", r"pass (\d{1,9})", r"fail (\d{1,9})", r"skipped (\d{1,9})"),
    ):
        text = "\n".join(re.findall(line, output, re.MULTILINE))
        if re.search(passed, text) or re.search(failed, text):
            names = re.findall(r"^[ \t]*(?:●|✕|✖|×|not ok \d+ -) (.+)$", output, re.MULTILINE)
            failures = tuple(TestFailure(each.strip(), "failed") for each in dict.fromkeys(names))
            return Counts(
                _number(passed, text), _number(failed, text), _number(skipped, text), True, failures
            )
    return Counts()


def _go(output: str) -> Counts:
    found = re.findall(r"^--- (PASS|FAIL|SKIP): (\S+)", output, re.MULTILINE)
    words = [word for word, _ in found]
    broken = re.findall(r"^FAIL\s+(\S+) \[(?:build|setup) failed\]", output, re.MULTILINE)
    failures: list[TestFailure] = []
    for name in [name for word, name in found if word == "FAIL"][:MOST_FAILURES]:
        place = re.search(rf"^--- FAIL: {re.escape(name)} .*\n +(\S+?):(\d+): (.*)", output, re.MULTILINE)
        file, line, said = place.groups() if place else ("", "0", "failed")
        failures.append(TestFailure(name, said, file, int(line)))
    failures += [TestFailure(each, "does not build") for each in broken]
    failed = words.count("FAIL") + len(broken)
    return Counts(words.count("PASS"), failed, words.count("SKIP"), bool(found or broken), tuple(failures))


def _cargo(output: str) -> Counts:
    sums = "\n".join(re.findall(r"^test result: .*$", output, re.MULTILINE))
    failures: list[TestFailure] = []
    for name in re.findall(r"^test (\S+) \.\.\. FAILED$", output, re.MULTILINE)[:MOST_FAILURES]:
        place = re.search(
            rf"^thread '{re.escape(name)}'[^\n]* panicked at (\S+?):(\d+):\d+:\n(.*)",
            output,
            re.MULTILINE,
        )
        file, line, said = place.groups() if place else ("", "0", "failed")
        failures.append(TestFailure(name, said, file, int(line)))
    return Counts(
        _number(r"(\d{1,9}) passed", sums), _number(r"(\d{1,9}) failed", sums), _number(r"(\d{1,9}) ignored", sums),
        bool(sums), tuple(failures),
    )  # fmt: skip


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
