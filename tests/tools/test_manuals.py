"""A tool's manual is what a model goes by: what it claims is so, and a result that was cut says how to get the rest."""

import re
import tomllib
from pathlib import Path

import pytest

from core.limits import limits
from tools import benchmarking, gitlog, listing, search, testing
from tools.arguments import describe, parameters_of
from tools.registry import TOOLS, manual_of
from tools.targets import Kind

FOLDER = Path(testing.__file__).parent
NUMBERS = {
    "list_directory": {"2 when left out": listing._DEPTH, "1 is this folder alone": 1, "8 the most": listing._MOST_DEPTH},
    "search_files": {"20 at most": search._MOST_CONTEXT},
    "git_log": {"20 when left out": gitlog._COMMITS, "200 at most": gitlog._MOST_COMMITS},
    "git_blame": {"400 lines at most": gitlog._BLAMED_LINES},
    "benchmark": {
        "it must end with 0": 0, "6 when left out": benchmarking._RUNS, "100 at most": benchmarking._MOST_RUNS,
    },
}  # fmt: skip
"""Every figure that a manual claims, and where it really comes from. Lines are counted from 1 everywhere."""


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_every_figure_in_a_manual_is_the_one_that_holds(name):
    text = " ".join((TOOLS[name].function.__doc__ or "").split())
    claims = NUMBERS.get(name, {})
    for claim, value in claims.items():
        assert claim in text
        assert int(re.findall(r"\d+", claim)[0]) == value
    rest = re.sub(r"from 1\b", "", text)
    for claim in claims:
        rest = rest.replace(claim, "")
    assert re.findall(r"(?<![\w.\-/*])\d+(?![\w.]|-)", rest) == [], "an unknown figure"


def rows(name, kind):
    return [each["name"].split()[0] for each in tomllib.loads((FOLDER / name).read_text("utf-8"))[kind]]


@pytest.mark.parametrize(
    ("tool", "known"),
    [
        ("run_linter", rows("linters.toml", "lint")),
        ("format_code", rows("linters.toml", "format")),
        ("execute_code", list(tomllib.loads((FOLDER / "interpreters.toml").read_text("utf-8")))),
        ("run_tests", [{"npm": "npm test", "go": "go test", "cargo": "cargo test", "make": "make test"}.get(each, each)
                       for each in Kind.__args__]),
    ],
)  # fmt: skip
def test_what_a_manual_says_it_can_use_is_what_it_can_use(tool, known):
    text = " ".join((TOOLS[tool].function.__doc__ or "").split())
    missing = [each for each in known if not re.search(rf"\b{re.escape(each)}\b", text)]
    assert missing == []


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_tools_and_arguments_that_a_manual_names_exist(name):
    text = TOOLS[name].function.__doc__ or ""
    known = {*TOOLS, *(each.name for each in parameters_of(TOOLS[name].function))}
    code = re.sub(r"`[^`]*`", "", text)
    named = set(re.findall(r"(?<![\w./-])[a-z]+(?:_[a-z]+)+(?![\w.(])", code))
    assert named <= known | {"import_statement", "test_home"}


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_a_manual_says_whether_the_user_is_asked_or_decides(name):
    says = (
        re.search(r"\b(asked|asks|user)\b", re.sub(r"asks nobody", "", manual_of(TOOLS[name]).lower()))
        is not None
    )
    assert says == (TOOLS[name].asks or name in ("create_branch", "commit"))


def test_descriptions_are_short_and_for_a_model():
    for name, tool in TOOLS.items():
        for argument, said in describe(tool.function)[1].items():
            assert len(said) <= 150, (name, argument)
            assert said[0].isupper() or said.startswith(("true", "python")), (name, argument)
            assert said.endswith("."), (name, argument)


# -- what was cut says how to get the rest ---------------------------------------------------------

CUT = {
    "read_file": ({"path": "big.py"}, r"go on with read_file\(path=\"big.py\", start_line=\d+\)"),
    "search_files": ({"pattern": "return"}, r"Only the first \d+ matches\. Search in a path"),
    "list_directory": ({"path": "many"}, r"… and \d+ more; use find_files"),
    "find_files": ({"pattern": "*.txt"}, r"Give a narrower pattern or a path"),
    "parse_ast": ({"path": "big.py"}, r"rows did not fit\. Give a smaller part"),
    "analyze_complexity": ({"path": "big.py"}, r"The worst \d+ of 1,500\. Give a file"),
    "git_diff": ({}, r"git_diff with the path of one file"),
    "git_status": ({}, r"… and \d+ more"),
    "run_command": ({"command": "cat big.py"}, r"All of it: read_file\(path=\"@output/\d+\"\)"),
    "execute_code": ({"language": "sh", "code": "cat big.py"}, r"All of it: read_file\(path=\"@output/\d+\"\)"),
    "run_tests": ({}, r"All of it: read_file\(path=\"@output/\d+\"\)"),
}  # fmt: skip


MANY = """
from pathlib import Path
lines = (f"def work_{n}(value):\\n    return value + {n}  # {'x' * 20}\\n" for n in range(1_500))
Path("big.py").write_text("".join(lines))
Path("many").mkdir()
for number in range(900):
    Path("many", f"file_{number:04}_{'n' * 30}.txt").touch()
Path("Makefile").write_text("test:\\n\\t@cat big.py\\n")
"""
"""More of everything than fits one answer."""


async def test_what_was_cut_says_how_to_get_the_rest(use, bench):
    made = await use("execute_code", language="python", code=MANY)
    assert made.ok, made.text
    bench.stage.record(made.changed, run="r1", node="n", role="r", message="as a node does")
    wrong = {}
    for name, (arguments, how) in CUT.items():
        text = (await use(name, **arguments)).text
        if len(text) > limits().tools.output_characters or not re.search(how, text):
            wrong[name] = f"{len(text)} {text[:200]} … {text[-200:]}"
    assert wrong == {}
