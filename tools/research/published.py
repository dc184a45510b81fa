"""What is published about a library that is not installed here, in the version that the project names."""

from typing import Any
from urllib.parse import quote

from core.limits import limits
from core.text import clip
from tools.exclusive import in_a_thread
from tools.packages.registries import npm_base
from tools.research.pages import OTHERS
from tools.research.places import ecosystem_of
from tools.research.readable import readable
from tools.research.settings import base_of
from tools.research.web import NotFound, Wanted, fetch, fetch_json
from tools.workbench import ToolError, ToolResult, Workbench


async def published_docs(bench: Workbench, name: str) -> ToolResult:
    """What the package's index or documentation site says. The user is asked."""
    ecosystem, package, version = await in_a_thread(
        bench, lambda own: ecosystem_of(own.stage.tree, name, own.check)
    )
    purpose = f"read the documentation of {package} {version}".strip()
    path = quote(package, safe="@/")
    match ecosystem:
        case "crates.io":
            url = f"{base_of('docs_rs')}/{path}/{version or 'latest'}/{path.replace('-', '_')}/"
            return await _page(bench, Wanted(url, purpose), "docs.rs", package)
        case "Go":
            url = f"{base_of('pkg_go')}/{path}{f'@{version}' if version else ''}"
            return await _page(bench, Wanted(url, purpose), "pkg.go.dev", package)
        case "npm":
            url = f"{await npm_base(bench)}/{quote(package, safe='@')}"
        case "PyPI":
            url = f"{base_of('pypi')}/{path}{f'/{version}' if version else ''}/json"
    try:
        found = await fetch_json(bench, Wanted(url, purpose))
    except NotFound as error:
        if error.status == 404:
            raise ToolError(f"{package} is not installed here, and {ecosystem} does not know it.") from None
        raise
    return ToolResult(True, f"{OTHERS}\nSource: {url}\n{_told(found, package, version)}")


async def _page(bench: Workbench, wanted: Wanted, site: str, package: str) -> ToolResult:
    """A page of a documentation site."""
    answer = await fetch(bench, wanted)
    if answer.status == 404:
        raise ToolError(f"{package} is not installed here, and {site} does not know it.")
    if answer.status >= 400:
        raise ToolError(f"{site} answered with an error ({answer.status}). Go on without it.")
    title, text = await in_a_thread(bench, lambda own: readable(answer.text, answer.url, own.check))
    room = limits().tools.output_characters - 1_000
    more = f'\n(The page goes on: fetch_page(url="{answer.url}", offset={room}).)' if len(text) > room else ""
    return ToolResult(
        True, f"{OTHERS}\nSource: {answer.url}\n{title}, not installed here\n\n{text[:room]}{more}"
    )


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
