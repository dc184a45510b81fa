"""What the indexes of packages say: which versions there are, and since when."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from core.limits import limits
from core.sandbox import NotAllowed, SandboxFailed
from tools.exclusive import exclusively
from tools.packages.locks import Ecosystem
from tools.research.settings import base_of
from tools.research.web import NotFound, Wanted, fetch_json
from tools.workbench import ToolError, ToolResult, Workbench


@dataclass(frozen=True)
class Published:
    """A package as its index knows it."""

    name: str
    newest: str
    """The newest version that is no preview."""
    versions: tuple[str, ...]
    """All of them, where the index lists them."""
    summary: str = ""


class UnknownPackage(ToolError):
    """The index has no package of this name."""


async def published(bench: Workbench, ecosystem: Ecosystem, name: str, purpose: str) -> Published:
    """Ask the index about a package.

    Raises:
        ToolError: not allowed, not reached, or the index does not know the package.
    """
    url = await _url(bench, ecosystem, name)
    try:
        found = await fetch_json(bench, Wanted(url, purpose))
    except NotFound as error:
        if error.status in (404, 410):
            raise UnknownPackage(
                f"{ecosystem} knows no package “{name[:80]}”. Check the name: it is not installed under a guessed one."
            ) from None
        raise
    if not isinstance(found, dict):
        raise ToolError(f"{ecosystem} answered in a way that is not understood.")
    return _READ[ecosystem](name, found)


async def _url(bench: Workbench, ecosystem: Ecosystem, name: str) -> str:
    match ecosystem:
        case "PyPI":
            return f"{_known('pypi')}/{quote(name)}/json"
        case "npm":
            return f"{await npm_base(bench)}/{quote(name, safe='@')}"
        case "crates.io":
            return f"{_known('crates')}/crates/{quote(name)}"
        case "Go":
            escaped = re.sub("[A-Z]", lambda match: "!" + match[0].lower(), name)
            return f"{_known('go')}/{quote(escaped, safe='/!')}/@latest"


def _known(service: Any) -> str:
    base = base_of(service)
    if not base:
        raise ToolError(f"research.toml does not say where {service} is (hosts.{service}).")
    return base


async def npm_base(bench: Workbench) -> str:
    """Where npm's packages are: by research.toml, else by the project's own npm."""
    base = base_of("npm")
    if base:
        return base
    result = await exclusively(bench, _ask_npm, {})
    if not result.ok:
        raise ToolError(
            "npm is not installed here, and research.toml does not say where it looks (hosts.npm)."
        )
    return result.text.rstrip("/")


async def _ask_npm(bench: Workbench) -> ToolResult:
    argv = ["npm", "config", "get", "registry"]
    try:
        ended = await bench.sandbox.run(argv, seconds=limits().tools.command_seconds, stop=bench.stop)
    except (NotAllowed, SandboxFailed) as error:
        return ToolResult(False, str(error))
    lines = [line.strip() for line in ended.output.splitlines() if line.strip().startswith("http")]
    return ToolResult(bool(lines), lines[-1] if lines else ended.output)


def _pypi(name: str, found: dict[str, Any]) -> Published:
    info, releases = found.get("info") or {}, found.get("releases") or {}
    versions = tuple(
        version for version, files in releases.items() if any(not each.get("yanked") for each in files or ())
    )
    return Published(
        info.get("name") or name, str(info.get("version") or ""), versions, str(info.get("summary") or "")
    )


def _npm(name: str, found: dict[str, Any]) -> Published:
    newest = str((found.get("dist-tags") or {}).get("latest") or "")
    return Published(name, newest, tuple(found.get("versions") or ()), str(found.get("description") or ""))


def _crates(name: str, found: dict[str, Any]) -> Published:
    crate = found.get("crate") or {}
    versions = tuple(each["num"] for each in found.get("versions") or () if not each.get("yanked"))
    newest = crate.get("max_stable_version") or crate.get("max_version") or ""
    return Published(
        str(crate.get("id") or name), str(newest), versions, str(crate.get("description") or "").strip()
    )


def _go(name: str, found: dict[str, Any]) -> Published:
    version = str(found.get("Version") or "")
    return Published(name, version, (version,))


_READ = {"PyPI": _pypi, "npm": _npm, "crates.io": _crates, "Go": _go}
