"""Documentation of exactly the versions that the project has: from its own environment, else from the index."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.limits import limits
from core.sandbox import NotAllowed, SandboxFailed
from core.text import clip
from tools.exclusive import exclusively
from tools.packages.locks import known_versions
from tools.packages.registries import Ecosystem, npm_base
from tools.research.docs_worker import MISSING
from tools.research.pages import OTHERS
from tools.research.settings import base_of
from tools.research.web import NotFound, Wanted, fetch_json
from tools.runners import interpreter_of
from tools.workbench import ToolError, ToolResult, Workbench

_WORKER = Path(__file__).with_name("docs_worker.py")
_NAME = re.compile(r"@?[A-Za-z0-9_][\w.\-/]{0,150}")
_NOT_INSTALLED = "not installed"


async def docs_search(bench: Workbench, name: str, query: str | None = None) -> ToolResult:
    """Read the documentation of a library in the version that the project uses. Asks when it must look outside.

    Args:
        name: What it is about, as code names it: a package, or a class or function such as json.JSONEncoder.
        query: Words that the documentation must hold; all that is documented under the name when left out.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        raise ToolError(f"“{name[:60]}” is no name of a library, class or function.")
    found = await exclusively(bench, _installed, {"name": name, "query": " ".join((query or "").split())})
    if found.text != _NOT_INSTALLED:
        return found
    return await _published(bench, name.split(".", maxsplit=1)[0] if not name.startswith("@") else name)


async def _installed(bench: Workbench, name: str, query: str) -> ToolResult:
    """What the project's environment says, in the sandbox: importing a library runs its code."""
    argv = [interpreter_of(bench.stage.project), "-c", _WORKER.read_text("utf-8"), name, query]
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


async def _published(bench: Workbench, package: str) -> ToolResult:
    """What the index says about the version that the project asks for, else about the newest."""
    versions = {
        each.ecosystem: each.version for each in known_versions(bench.stage.tree) if each.name == package
    }
    ecosystem: Ecosystem = "npm" if "npm" in versions or package.startswith("@") else "PyPI"
    version = versions.get(ecosystem, "")
    if ecosystem == "npm":
        url = f"{await npm_base(bench)}/{quote(package, safe='@')}"
    else:
        url = f"{base_of('pypi')}/{quote(package)}{f'/{version}' if version else ''}/json"
    try:
        found = await fetch_json(bench, Wanted(url, f"read the documentation of {package} {version}".strip()))
    except NotFound as error:
        if error.status == 404:
            raise ToolError(f"{package} is not installed here, and {ecosystem} does not know it.") from None
        raise
    return ToolResult(True, f"{OTHERS}\nSource: {url}\n{_told(found, package, version)}")


def _told(found: Any, package: str, version: str) -> str:
    if not isinstance(found, dict):
        return "Nothing is said there."
    info: dict[str, Any] = found["info"] if isinstance(found.get("info"), dict) else found
    newest = found.get("dist-tags", {}).get("latest", "") if "dist-tags" in found else info.get("version", "")
    text = info.get("description") or ""
    if isinstance(found.get("readme"), str) and found["readme"]:
        text = found["readme"]
    which = version or f"{newest} (the newest; the project names no version)"
    head = (
        f"{package} {which}, not installed here: {info.get('summary') or info.get('description', '')[:200]}"
    )
    return f"{head}\n\n{clip(str(text), limits().tools.output_characters - 2_000)}"
