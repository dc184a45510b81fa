"""Comparing texts ends when it is asked to, and is never begun where it would take too long."""

import time

import pytest

from tools.likeness import Likeness, alike, differences


class Ended(Exception):
    pass


class After:
    """Ends the work when it was asked so often."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Ended


def never() -> None:
    """Nobody ends it."""


ONE = "".join(f"value_{n} = compute({n % 7}); " for n in range(20))
OTHER = ONE.replace("compute", "count").replace("_1", "_7")


def test_how_much_texts_are_alike():
    assert alike(ONE, ONE, 0.5, never) == 1.0
    assert 0.8 < alike(ONE, OTHER, 0.5, never) < 1.0
    assert alike(ONE, OTHER, 0.99, never) == alike(ONE, "xyz", 0.5, never) == 0.0
    wanted = Likeness(["def f(a):", "    return a", ""], 0.7, never)
    assert wanted.of(["def f(a):", "    return a", ""]) == 1.0
    assert 0.9 < wanted.of(["def f(b):", "    return a", ""]) < 1.0
    assert 0.7 < wanted.of(["def f(a):", "    # new", "    return a", ""]) < 0.9
    assert wanted.of(["class A:", "    pass", ""]) == 0.0


def test_it_ends_in_the_midst():
    for times in (0, 5, 20):
        with pytest.raises(Ended):
            alike(ONE, OTHER, 0.5, After(times))
        with pytest.raises(Ended):
            differences(list(ONE), list(OTHER), After(times))


def test_what_would_take_too_long_is_not_begun():
    started = time.process_time()
    long = "ab" * 5_000
    assert alike(long, long[:-2] + "cd", 0.5, never) == 0.0
    lines = ["x"] * 100_000
    assert differences(["a", *lines, "b"], ["a", *lines, "c", "b"], never) == [
        ("equal", 0, 100_001, 0, 100_001),
        ("insert", 100_001, 100_001, 100_001, 100_002),
        ("equal", 100_001, 100_002, 100_002, 100_003),
    ]
    assert differences(lines, lines, never) == [("equal", 0, 100_000, 0, 100_000)]
    assert differences(lines, lines[:-1], never)[-1] == ("delete", 99_999, 100_000, 99_999, 99_999)
    assert time.process_time() - started < 5
