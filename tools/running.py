"""Running code that a model wrote, and the project's own linters and formatters, in the sandbox."""

import re
import shlex
import tomllib
from functools import cache
from pathlib import Path

import msgspec

from core.limits import limits
from core.text import clip
from tools.commands import describe
from tools.kept import run_kept, told
from tools.linting import Chosen, Way, choose
from tools.runners import interpreter_of
from tools.workbench import ToolError, ToolResult, Workbench

_CODE_BYTES = 100_000
"""The system passes 128 KiB in one environment variable."""
_CODE = "HEDDLE_CODE"
_NOT_FOUND = 127
_FENCED = re.compile(r"\A\s*```[\w+-]*\n(.*?)\n?```\s*\Z", re.DOTALL)
"""Code as it stands in an answer: no program begins with three backticks."""


class _Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...]
    programs: tuple[tuple[str, ...], ...]


@cache
def _languages() -> dict[str, _Language]:
    text = Path(__file__).with_name("interpreters.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, _Language])


async def execute_code(bench: Workbench, language: str, code: str) -> ToolResult:
    """Run a piece of code in the project's folder and read what it prints. It is not saved. There is no network.

    Args:
        language: python, javascript, typescript, bash, sh, ruby, perl or php; what is installed works.
        code: The whole program; it can import the project's modules and ends with its own exit code.
    """
    found = _language(language)
    code = _FENCED.sub(r"\1", code)
    if not code.strip():
        raise ToolError("The code is empty.")
    if "\0" in code or len(code.encode("utf-8", "surrogatepass")) > _CODE_BYTES:
        raise ToolError(f"The code holds NUL or is longer than {_CODE_BYTES:,} bytes. Write it to a file.")
    try:
        code.encode("utf-8")
    except UnicodeEncodeError:
        raise ToolError("The code holds half of a surrogate pair, which is no character.") from None
    seconds = limits().tools.command_seconds
    printed = await run_kept(
        bench,
        ["sh", "-c", _script(found, interpreter_of(bench.stage.project))],
        seconds=seconds,
        environment={_CODE: code},
    )
    ended = printed.ended
    if ended.exit_code == _NOT_FOUND and ended.output.startswith(_MISSING):
        raise ToolError(ended.output.strip())
    return ToolResult(ended.exit_code == 0, describe(printed, seconds))


_MISSING = "Not installed here: "


def _language(name: str) -> _Language:
    asked = name.strip().lower()
    for each in _languages().values():
        if asked in each.names:
            return each
    raise ToolError(f"{name[:40]} cannot be run. language must be one of: {', '.join(_languages())}.")


def _script(language: _Language, python: str) -> str:
    """Give the code to the first program that is there, on its standard input: nothing is left on disk."""
    branches = []
    for program in language.programs:
        words = [word.format(python=python) for word in program]
        branches.append(
            f"if command -v {shlex.quote(words[0])} >/dev/null 2>&1; then "
            f"printf '%s\\n' \"${_CODE}\" | (unset {_CODE}; exec {shlex.join(words)}); exit $?; fi"
        )
    names = " or ".join(dict.fromkeys(program[0].format(python=python) for program in language.programs))
    missing = f"{_MISSING}{names}. Use another language, or run_command."
    return "\n".join([*branches, f"echo {shlex.quote(missing)}", f"exit {_NOT_FOUND}"])


async def run_linter(bench: Workbench, path: str | None = None) -> ToolResult:
    """Check files with the project's linters (ruff, flake8, eslint, gofmt, rustfmt, shellcheck). Changes nothing.

    Args:
        path: A file or folder; the files that were changed so far when left out.
    """
    return await _run_all(bench, choose(bench, "lint", path), "Nothing was found by")


async def format_code(bench: Workbench, path: str | None = None) -> ToolResult:
    """Format files as the project is set up (ruff, black, prettier, gofmt, rustfmt, clang-format).

    Args:
        path: A file or folder; the files that were changed so far when left out.
    """
    return await _run_all(bench, choose(bench, "format", path), "Formatted by")


async def _run_all(bench: Workbench, chosen: Chosen, clean: str) -> ToolResult:
    parts, good = [], True
    for way, files in chosen.work:
        one, text = await _run_one(bench, way, files, clean)
        parts.append(text)
        good = good and one
        if bench.stop.is_set():
            break
    if not chosen.work:
        good = False
    return ToolResult(good, "\n".join([*parts, *chosen.notes]))


async def _run_one(bench: Workbench, way: Way, files: tuple[str, ...], clean: str) -> tuple[bool, str]:
    seconds = limits().tools.command_seconds
    printed = await run_kept(bench, _words(way, files), seconds=seconds)
    ended = printed.ended
    output = ended.output.strip("\n")
    name = way.row.name + (f" in {way.folder}" if way.folder != "." else "")
    if ended.exit_code == 0 and not (output and way.row.speaks):
        return True, f"{clean} {name}: {len(files)} {'file' if len(files) == 1 else 'files'}."
    room = limits().tools.command_characters
    lines = output.count("\n") + 1
    rest = f"\n{told(printed)}" if len(output) > room else ""
    return (
        False,
        f"{name} ({lines} lines): {describe(printed, seconds)[:60].splitlines()[0]}\n{clip(output, room)}{rest}",
    )


def _words(way: Way, files: tuple[str, ...]) -> tuple[str, ...]:
    """The command; in a part of the project it runs there, since some programs look for their set-up from where they are."""
    prefix = "" if way.folder == "." else f"{way.folder}/"
    words = (way.program, *way.row.argv[1:], *way.more, *(f"./{each.removeprefix(prefix)}" for each in files))
    return words if not prefix else ("sh", "-c", 'cd "./$0" && exec "$@"', way.folder, *words)
