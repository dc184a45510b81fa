"""Documentation of exactly the versions that the project has: from its own environment, else from the index."""

import json
import re
from pathlib import Path

import msgspec

from core.limits import limits
from core.sandbox import NotAllowed, SandboxFailed
from core.text import clip
from tools.exclusive import exclusively
from tools.research.docs_worker import MISSING
from tools.research.places import places_of
from tools.research.published import published_docs
from tools.runners import interpreter_of
from tools.workbench import ToolError, ToolResult, Workbench

_WORKERS = ("sources_worker.py", "docs_worker.py")
"""One after the other: what is a package of npm, a crate or a Go module, else what Python knows."""
_NAME = re.compile(r"@?[A-Za-z0-9_][\w.\-/]{0,150}")
_NOT_INSTALLED = "not installed"


async def docs_search(bench: Workbench, name: str, query: str | None = None) -> ToolResult:
    """Read the documentation of a library in the version that the project uses. Asks when it must look outside.

    For Python, npm, Rust and Go: what is installed here first, else what is published.

    Args:
        name: A package, or a class or function of it: json.JSONEncoder, express.Router, serde::Serialize, net/http.Get.
        query: Words that the documentation must hold; all that is documented under the name when left out.
    """
    name = name.replace("::", ".")
    if not _NAME.fullmatch(name) or ".." in name:
        raise ToolError(f"“{name[:60]}” is no name of a library, class or function.")
    found = await exclusively(bench, _installed, {"name": name, "query": " ".join((query or "").split())})
    if found.text != _NOT_INSTALLED:
        return found
    return await published_docs(bench, name)


async def _installed(bench: Workbench, name: str, query: str) -> ToolResult:
    """What the project's environment says, in the sandbox: importing a library runs its code."""
    code = "\n".join(Path(__file__).with_name(each).read_text("utf-8") for each in _WORKERS)
    places = json.dumps(
        [msgspec.structs.asdict(each) for each in places_of(bench.stage.tree, name, bench.check)]
    )
    argv = [interpreter_of(bench.stage.project), "-c", code, name, query, places]
    try:
        ended = await bench.sandbox.run(argv, seconds=limits().tools.command_seconds, stop=bench.stop)
    except (NotAllowed, SandboxFailed):
        return ToolResult(False, _NOT_INSTALLED)
    if ended.exit_code == MISSING:
        return ToolResult(False, _NOT_INSTALLED)
    if ended.exit_code != 0:
        raise ToolError(f"The documentation could not be read: {clip(ended.output.strip(), 1_000)}")
    room = limits().tools.output_characters - 500
    rest = "\n(For the rest, give a longer name or a query.)" if len(ended.output) > room else ""
    return ToolResult(True, f"Source: the project's environment. {clip(ended.output.strip(), room)}{rest}")
