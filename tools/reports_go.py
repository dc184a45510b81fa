"""What `go test -v` prints, read: counts and failures, panics and tests that never came to their end too."""

import re

from tools.workbench import TestFailure

MOST_FAILURES = 30
Read = tuple[tuple[int, int, int], tuple[TestFailure, ...]]
"""How many passed, failed and were skipped; and the failures."""

_THEIRS = re.compile(r"/src/(?:runtime|testing|sync|time|reflect|internal)/")
"""The standard library's own frames."""


def read_go(output: str) -> Read | None:
    """Counts and failures; None when nothing was understood."""
    found = re.findall(r"^ *--- (PASS|FAIL|SKIP): (\S+)", output, re.MULTILINE)
    started = list(dict.fromkeys(re.findall(r"^=== RUN +(\S+)", output, re.MULTILINE)))
    names = {name for _, name in found}
    lost = [name for name in started if name not in names]
    parents = {name.rpartition("/")[0] for name in (*names, *started) if "/" in name}
    leaves = [(word, name) for word, name in found if name not in parents]
    broken = re.findall(r"^FAIL\s+(\S+) \[(?:build|setup) failed\]", output, re.MULTILINE)
    ended = [name for name in lost if name not in parents]
    failures = [
        _failure(name, output) for name in [name for word, name in leaves if word == "FAIL"][:MOST_FAILURES]
    ]
    failures += [_without_end(name, output) for name in ended[:MOST_FAILURES]]
    failures += _unbuilt(broken, output)
    words = [word for word, _ in leaves]
    empty = re.search(r"^\?\s+\S+\s+\[no test files\]|\[no tests to run\]", output, re.MULTILINE)
    if not (found or broken or ended or empty):
        return None
    counts = words.count("PASS"), words.count("FAIL") + len(broken) + len(ended), words.count("SKIP")
    return counts, tuple(failures)


def _unbuilt(packages: list[str], output: str) -> list[TestFailure]:
    errors = re.findall(r"^(\S+\.go):(\d{1,9})(?::\d{1,9})?: (.+)$", output, re.MULTILINE)
    file, line, said = errors[0] if errors else ("", "0", "")
    return [
        TestFailure(each, f"does not build{': ' * bool(said)}{said}", file, int(line)) for each in packages
    ]


def _failure(name: str, output: str) -> TestFailure:
    """What is printed of a test stands above its result, or, without -v, below it."""
    own = re.escape(name)
    part = re.search(
        rf"^=== (?:RUN|CONT|NAME) +{own}\n((?:(?! *--- |=== ).*\n){{0,60}})|^ *--- FAIL: {own} .*\n((?: +.*\n){{1,60}})",
        output,
        re.MULTILINE,
    )
    below = re.search(rf"^ *--- FAIL: {own} .*\n((?: +(?!---).*\n){{1,60}})", output, re.MULTILINE)
    text = ((part[1] or part[2] or "") if part else "") + (below[1] if below else "")
    place = re.search(r"^\s+(\S+?\.go):(\d{1,9}): ?(.*)", text, re.MULTILINE)
    if place is None:
        panic = re.search(
            rf"^ *--- FAIL: {own} .*\n(panic: (?:(?!=== |FAIL\t).*\n){{1,60}})", output, re.MULTILINE
        )
        if panic:
            return _panic(name, panic[1])
    file, line, said = place.groups() if place else ("", "0", "")
    if not said.strip():
        said = next((row.strip() for row in text.split("\n") if row.strip() and ".go:" not in row), "failed")
    return TestFailure(name, said, file, int(line), text)


def _without_end(name: str, output: str) -> TestFailure:
    """A test that began and has no result: a panic elsewhere, an exit or the time limit ended its whole program."""
    after = re.search(
        rf"^=== RUN +{re.escape(name)}\n(?:(?!=== RUN|FAIL\t|panic: ).*\n){{0,500}}(panic: (?:(?!FAIL\t).*\n){{1,60}})?",
        output,
        re.MULTILINE,
    )
    if after and after[1]:
        return _panic(name, after[1])
    status = re.search(r"^exit status \d+$|^signal: .+$", output, re.MULTILINE)
    return TestFailure(name, f"it did not come to its end{f' ({status[0]})' if status else ''}")


def _panic(name: str, text: str) -> TestFailure:
    """The panic's words, and the first place in code that is not the standard library's."""
    said = text.split("\n", 1)[0].removesuffix(" [recovered]").removesuffix(" [recovered, repanicked]")
    frames = [
        each
        for each in re.findall(r"^\t(\S+\.go):(\d{1,9})", text, re.MULTILINE)
        if not _THEIRS.search(each[0])
    ]
    file, line = frames[0] if frames else ("", "0")
    return TestFailure(name, said, file, int(line), "\n".join(":".join(each) for each in frames[1:4]))
