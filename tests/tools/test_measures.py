"""What hyperfine, pytest-benchmark and our own worker tell, and when a difference counts."""

import json
import shutil

import pytest

from tools.measures import MARK, Measure, NoMeasure, pytest_measures, seconds_told, verdict

HYPERFINE = json.dumps(
    {
        "results": [
            {"command": "x", "mean": 0.03, "median": 0.02, "times": [0.01, 0.02, 0.06], "exit_codes": [0]}
        ]
    },
    indent=2,
)
STATS = {"median": 2e-6, "iqr": 4e-7, "min": 1e-6, "max": 9e-6, "rounds": 5000, "data": [1e-6] * 9}


def test_hyperfine_and_our_own_worker_are_read_alike():
    told = seconds_told(f"\n{MARK}\n{HYPERFINE}\n")
    assert (told.median, told.low, told.high, told.runs, told.by) == (0.02, 0.01, 0.06, 3, "hyperfine")
    assert told.spread == pytest.approx(0.01)
    own = seconds_told('printed by a wrapper\n{"seconds": [0.01, 0.02, 0.06]}\n')
    assert (own.median, own.spread, own.by) == (
        told.median,
        told.spread,
        "Heddle, with the shell's own start",
    )


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ('{"failed": 3, "output": "no such file"}', "The command failed (exit code 3):\nno such file"),
        ("sh: 1: python3: not found", "Nothing could be timed: sh: 1: python3: not found"),
        (f"{MARK}\n{{}}", "Nothing could be timed: "),
        (f'{MARK}\n{{"results": [{{"times": []}}]}}', "Nothing could be timed: "),
        ("", "Nothing could be timed: "),
    ],
)
def test_what_tells_no_time_is_said(output, said):
    with pytest.raises(NoMeasure) as failed:
        seconds_told(output)
    assert str(failed.value) == said


def test_pytest_benchmark_is_read_and_what_it_lacks_is_said():
    rows = {"benchmarks": [{"fullname": "tests/b.py::test_f", "stats": STATS}]}
    (told,) = pytest_measures(f"1 passed\n\n{MARK}\n{json.dumps(rows)}", True, "python3")
    assert told.row("after") == "after: median 2 µs, spread ±200 ns, from 1 µs to 9 µs, 5000 runs"
    assert (told.name, told.by) == ("tests/b.py::test_f", "pytest-benchmark")
    for text, passed, said in (
        ("ModuleNotFoundError: No module named 'pytest'", False, "not installed for the project's"),
        ("pytest: error: unrecognized arguments: --benchmark-only", False, "not installed for the project's"),
        ("1 passed", True, "each must take the fixture `benchmark`:\n1 passed"),
        (f"1 failed\n{MARK}\n{json.dumps(rows)}", False, "1 failed"),
    ):
        with pytest.raises(NoMeasure, match=said.replace("(", r"\(")):
            pytest_measures(text, passed, "python3")


def test_a_difference_counts_when_it_is_more_than_the_noise():
    slow, fast = Measure.of_seconds([1.0, 1.01, 0.99], "x"), Measure.of_seconds([0.5, 0.51, 0.49], "x")
    assert verdict(slow, fast) == "After the changes it is 2.00 × faster."
    assert verdict(fast, slow) == "After the changes it is 2.00 × slower."
    noisy = Measure.of_seconds([0.2, 0.8, 1.4], "x")
    assert verdict(slow, noisy) == "No difference that is larger than the noise."
    none = Measure.of_seconds([0.0, 0.0], "x")
    assert verdict(slow, none).startswith("After the changes it is faster; the quicker version takes no time")
    assert verdict(none, slow).startswith("After the changes it is slower; ")
    both = Measure.of([slow, fast])
    assert (both.median, both.low, both.high, both.runs) == (0.75, 0.49, 1.01, 6)


@pytest.mark.skipif(shutil.which("hyperfine") is None, reason="hyperfine is not installed here")
async def test_a_real_run_of_hyperfine(use):
    result = await use("benchmark", command="true", runs=2)
    assert "(Timed by hyperfine.)" in result.text


async def test_a_test_file_is_asked_for_pytest_benchmark(use, put):
    put("pytest.ini", "[pytest]\naddopts = -p no:hypothesispytest -p no:cacheprovider\n")
    put("bench_app.py", "def test_f(benchmark):\n    benchmark.pedantic(sum, (range(9),), rounds=3)\n")
    result = await use("benchmark", command="bench_app.py::test_f")
    if "is not installed" in result.text or "No module named pytest" in result.text:
        assert "time a whole command" in result.text
        pytest.skip("pytest-benchmark is not installed here")
    assert result.ok, result.text
    assert "bench_app.py::test_f:\n" in result.text
    assert "before: median" in result.text, "the same tests time both versions"
    missing = await use("benchmark", command="bench_nowhere.py")
    assert missing.text.startswith("bench_nowhere.py does not exist. Give a test file, or a whole command")
