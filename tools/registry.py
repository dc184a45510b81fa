"""All tools by name, their schemas, and the one way to call them."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec

from core.limits import limits
from core.sandbox import NotAllowed, SandboxFailed
from core.sandbox.secrecy import is_known, known_values
from core.stage.change import StageError
from core.text import clip
from tools import arguments as args
from tools.analysis import diagnostics, find_references, get_type_info, go_to_definition
from tools.benchmarking import benchmark
from tools.commands import run_command
from tools.complexity import analyze_complexity
from tools.coverage import coverage_report
from tools.editing import edit_file
from tools.exclusive import exclusively, held, in_a_thread, while_wanted
from tools.files import read_file, write_file
from tools.finding import find_files
from tools.git import git_diff, git_status
from tools.gitlog import git_blame, git_log
from tools.listing import list_directory
from tools.outline import parse_ast
from tools.outside import run_command_outside
from tools.packages.audit import audit_security
from tools.packages.checks import check_updates
from tools.packages.proposals import install_dependency
from tools.patching import apply_patch
from tools.proposing import commit, create_branch
from tools.research.docs import docs_search
from tools.research.pages import fetch_page, web_search
from tools.research.stackoverflow import stackoverflow_search
from tools.running import execute_code, format_code, run_linter
from tools.search import search_files
from tools.secrecy import check_secrecy, without_secrets
from tools.spelling import meant, meant_target
from tools.testing import run_tests
from tools.workbench import ToolError, ToolResult, Workbench, WorkEnded

_log = logging.getLogger(__name__)

Function = Callable[..., ToolResult | Awaitable[ToolResult]]


@dataclass(frozen=True)
class Tool:
    """One tool: `function(bench, …)`, sync or async, whose docstring is the model's manual."""

    name: str
    function: Function
    writes: bool = False
    """It changes files by itself."""
    executes: bool = False
    """It runs the project's code or any command, which may change files."""
    asks: bool = False
    """It leaves the sandbox, so the user is asked first, on the caller's loop and without a lock.

    One that executes as well takes the stage's lock itself, once the user has answered.
    """


_ALL = (
    Tool("read_file", read_file),
    Tool("list_directory", list_directory),
    Tool("search_files", search_files),
    Tool("find_files", find_files),
    Tool("parse_ast", parse_ast),
    Tool("analyze_complexity", analyze_complexity),
    Tool("find_references", find_references),
    Tool("go_to_definition", go_to_definition),
    Tool("get_type_info", get_type_info),
    Tool("diagnostics", diagnostics),
    Tool("git_status", git_status),
    Tool("git_diff", git_diff),
    Tool("git_log", git_log),
    Tool("git_blame", git_blame),
    Tool("create_branch", create_branch),
    Tool("commit", commit),
    Tool("write_file", write_file, writes=True),
    Tool("edit_file", edit_file, writes=True),
    Tool("apply_patch", apply_patch, writes=True),
    Tool("run_tests", run_tests, executes=True),
    Tool("run_command", run_command, executes=True),
    Tool("run_command_outside", run_command_outside, executes=True, asks=True),
    Tool("execute_code", execute_code, executes=True),
    Tool("run_linter", run_linter, executes=True),
    Tool("format_code", format_code, executes=True),
    Tool("coverage_report", coverage_report, executes=True),
    Tool("benchmark", benchmark, executes=True),
    Tool("install_dependency", install_dependency, writes=True, asks=True),
    Tool("check_updates", check_updates, asks=True),
    Tool("audit_security", audit_security, asks=True),
    Tool("web_search", web_search, asks=True),
    Tool("fetch_page", fetch_page, asks=True),
    Tool("docs_search", docs_search, asks=True),
    Tool("stackoverflow_search", stackoverflow_search, asks=True),
)

TOOLS: Mapping[str, Tool] = MappingProxyType({each.name: each for each in _ALL})
"""Every tool there is. Which role has which is the roster's to say."""

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Files": (
            "read_file", "write_file", "edit_file", "apply_patch", "list_directory", "search_files", "find_files",
        ),
        "Code analysis": (
            "parse_ast", "analyze_complexity", "find_references", "go_to_definition", "get_type_info", "diagnostics",
        ),
        "Testing": ("run_tests", "coverage_report", "benchmark"),
        "Packages": ("install_dependency", "check_updates", "audit_security"),
        "Git": ("git_status", "git_diff", "git_log", "git_blame", "create_branch", "commit"),
        "Search and research": ("web_search", "fetch_page", "docs_search", "stackoverflow_search"),
        "Execution": ("execute_code", "run_command", "run_command_outside", "run_linter", "format_code"),
    }
)  # fmt: skip
"""Every tool once, as people look for it."""


def schema_of(tool: Tool) -> dict[str, Any]:
    """A flat JSON schema of the tool's arguments: `type`, `properties`, `required`."""
    return args.schema(tool.function)


def manual_of(tool: Tool) -> str:
    """What the tool does, for the model: the docstring without its `Args`."""
    return args.describe(tool.function)[0]


async def call(name: str, arguments: object, bench: Workbench) -> ToolResult:
    """Carry out a model's call. `arguments` is an object or its JSON text; mistakes come back as `ok=False`."""
    try:
        tool, chosen = _understood(name, arguments, bench)
        if not tool.asks and not inspect.iscoroutinefunction(tool.function):
            work = in_a_thread(bench, lambda own: _presentable(_at_once(tool, own, chosen), own))
            return await _beside_a_look(bench, work)
        result = await _carry_out(tool, chosen, bench)
    except Exception as error:
        result = _failure(name, error)
    return await asyncio.to_thread(_presentable, result, bench)


def _understood(name: str, arguments: object, bench: Workbench) -> tuple[Tool, dict[str, Any]]:
    """The tool and what it is called with. Raises `ToolError`."""
    tool = TOOLS.get(name)
    if tool is None:
        raise ToolError(f"There is no tool “{name[:60]}”. There are: {', '.join(TOOLS)}.")
    chosen = args.checked(name, tool.function, arguments)
    for key, spell in (("path", meant), ("manifest", meant), ("target", meant_target)):
        if key in chosen:
            chosen[key] = spell(bench.stage, chosen[key])
    return tool, chosen


def _failure(name: str, error: Exception) -> ToolResult:
    """What a model reads when a tool could not do its work."""
    if isinstance(error, ToolError | WorkEnded | StageError | NotAllowed | SandboxFailed):
        return ToolResult(False, str(error))
    if isinstance(error, OSError):
        return ToolResult(False, f"{name} failed: {error.strerror or error}.")
    _log.error("tool %s failed", name, exc_info=error)
    return ToolResult(False, f"{name} failed: {type(error).__name__}: {error}")


def _presentable(result: ToolResult, bench: Workbench) -> ToolResult:
    """The result as models get it: without secrets, not too long, and as text that any wire takes."""
    result = without_secrets(result, bench)
    text = clip(result.text, limits().tools.output_characters)
    readable = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return replace(result, text=readable)


async def _carry_out(tool: Tool, chosen: dict[str, Any], bench: Workbench) -> ToolResult:
    """Run an async tool: alone on the stage, or on the caller's loop where it asks the user."""
    await asyncio.to_thread(check_secrecy, bench, tool.writes, _texts_of(chosen))
    _check_wanted(tool, bench)
    if not tool.asks:
        return await exclusively(bench, tool.function, chosen)
    work = tool.function(bench, **chosen)
    assert not isinstance(work, ToolResult)
    return await (work if tool.executes else while_wanted(bench, tool.name, work))


def _check_wanted(tool: Tool, bench: Workbench) -> None:
    if bench.stop.is_set():
        raise ToolError(f"{tool.name} was not carried out: the work was stopped.")


async def _beside_a_look(bench: Workbench, work: Awaitable[ToolResult]) -> ToolResult:
    """Look for hidden files meanwhile, whose values no result may hold: of a large project that takes a while."""
    if is_known(bench.stage.tree):
        return await work
    look = asyncio.to_thread(known_values, bench.stage.tree, bench.stage.project)
    result, _ = await asyncio.gather(work, look)
    return result


def _texts_of(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, and beside them the texts in their lists."""
    texts = dict(chosen)
    for name, value in chosen.items():
        for number, row in enumerate(value if isinstance(value, list) else ()):
            texts |= {f"{name}.{number}.{key}": text for key, text in msgspec.structs.asdict(row).items()}
    return texts


def _at_once(tool: Tool, bench: Workbench, chosen: Mapping[str, Any]) -> ToolResult:
    _check_wanted(tool, bench)
    check_secrecy(bench, tool.writes, _texts_of(chosen))
    with held(bench) if tool.writes else nullcontext():
        result = tool.function(bench.timed(), **chosen)
    assert isinstance(result, ToolResult)
    return result
