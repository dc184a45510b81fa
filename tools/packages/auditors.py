"""The programs that know unsafe versions (pip-audit, npm audit, cargo audit, govulncheck), and what they print."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tools.packages.locks import Ecosystem, Locked, plain

PINS = "HEDDLE_PINS"
_SUMMARY_CHARACTERS = 200


@dataclass(frozen=True)
class Weakness:
    """One known weakness of one package in one version."""

    package: Locked
    id: str
    aliases: tuple[str, ...]
    summary: str
    fixed: tuple[str, ...]

    @property
    def row(self) -> str:
        """A line for the model."""
        names = f" ({', '.join(self.aliases[:2])})" if self.aliases else ""
        advice = f"fixed in {', '.join(self.fixed[:3])}" if self.fixed else "no fixed version is known"
        one = self.package
        return f"- {one.name} {one.version} ({one.file}): {self.id}{names}: {self.summary}; {advice}"


@dataclass(frozen=True)
class Skipped:
    """A package that the program was given and could not look at: nothing is known of it."""

    name: str


@dataclass(frozen=True)
class Auditor:
    """One program. It gets the network, in the sandbox."""

    program: str
    """What must be installed."""
    name: str
    argv: tuple[str, ...]
    needs: tuple[str, ...]
    """Files of the project, one of which it reads; empty when it is given the versions."""
    read: Callable[[str, Sequence[Locked]], Iterator["Weakness | Skipped"]]
    """Reads what it prints. Raises ValueError and its kind when that is something else."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    codes: tuple[int, ...] = (0, 1)
    """How it ends when its report is whole; most end with 1 when they found something."""


def one_line(text: object) -> str:
    """The first line of a text that others wrote, cut."""
    return str(text or "").strip().partition("\n")[0][:_SUMMARY_CHARACTERS]


def _object_in(output: str) -> dict[str, Any]:
    """The JSON object in what a program printed, whatever else it said."""
    start = re.search(r"^\{", output, re.MULTILINE)
    if start is None:
        raise ValueError("it printed no report")
    told, _ = json.JSONDecoder().raw_decode(output, start.start())
    return told


def _named(versions: Sequence[Locked], name: str, version: str = "") -> Locked | None:
    """The package of this name that the project's files name."""
    for one in versions:
        if plain(one.name) == plain(name) and (not version or one.version.lstrip("v") == version.lstrip("v")):
            return one
    return None


def _pip_audit(output: str, versions: Sequence[Locked]) -> Iterator[Weakness | Skipped]:
    for row in _object_in(output)["dependencies"]:
        if row.get("skip_reason"):
            yield Skipped(str(row["name"]))
        for weak in row.get("vulns") or ():
            one = _named(versions, row["name"], row["version"])
            package = one or Locked("PyPI", row["name"], row["version"], "installed")
            fixed = tuple(map(str, weak.get("fix_versions") or ()))
            aliases = tuple(map(str, weak.get("aliases") or ()))
            yield Weakness(package, str(weak["id"]), aliases, one_line(weak.get("description")), fixed)


def _npm_audit(output: str, versions: Sequence[Locked]) -> Iterator[Weakness]:
    told = _object_in(output)
    if "vulnerabilities" not in told:
        raise ValueError(one_line(told.get("message") or told.get("error")) or "it printed no report")
    for name, row in told["vulnerabilities"].items():
        for weak in row.get("via") or ():
            if not isinstance(weak, dict) or weak.get("name", name) != name:
                continue  # the name of a package it depends on, which has a row of its own
            package = _named(versions, name) or Locked("npm", name, str(row.get("range", "")), "npm")
            id = str(weak.get("url", "")).rpartition("/")[2] or str(weak.get("source", ""))
            summary = f"{one_line(weak.get('title'))} ({weak.get('severity', '')}, {weak.get('range', '')})"
            yield Weakness(package, id, (), summary, _npm_fix(name, row.get("fixAvailable")))


def _npm_fix(name: str, told: object) -> tuple[str, ...]:
    if isinstance(told, dict):
        version = str(told.get("version", ""))
        return (version if told.get("name") == name else f"{told.get('name')} {version}",)
    return ("what `npm audit fix` takes",) if told is True else ()


def _cargo_audit(output: str, versions: Sequence[Locked]) -> Iterator[Weakness]:
    for row in _object_in(output)["vulnerabilities"]["list"]:
        about, package = row["advisory"], row["package"]
        one = _named(versions, package["name"], package["version"])
        one = one or Locked("crates.io", package["name"], package["version"], "Cargo.lock")
        fixed = tuple(map(str, row.get("versions", {}).get("patched") or ()))
        yield Weakness(
            one, about["id"], tuple(about.get("aliases") or ()), one_line(about.get("title")), fixed
        )


def _govulncheck(output: str, versions: Sequence[Locked]) -> Iterator[Weakness]:
    """A stream of objects; findings repeat a weakness by module, package and function."""
    known: dict[str, dict[str, Any]] = {}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for message in _stream(output):
        if isinstance(message.get("osv"), dict):
            known[message["osv"]["id"]] = message["osv"]
        elif isinstance(message.get("finding"), dict):
            finding = message["finding"]
            key = (finding["osv"], finding["trace"][0]["module"])
            if key not in found or finding["trace"][0].get("function"):
                found[key] = finding
    for (id, module), finding in found.items():
        about, frame = known.get(id, {}), finding["trace"][0]
        one = _named(versions, module) or Locked("Go", module, str(frame.get("version", "")), "go.mod")
        reached = "the code calls it" if frame.get("function") else "no call of it was found"
        summary = f"{one_line(about.get('summary') or about.get('details'))} ({reached})"
        fixed = tuple(filter(None, (str(finding.get("fixed_version") or ""),)))
        yield Weakness(one, id, tuple(about.get("aliases") or ()), summary, fixed)


def _stream(output: str) -> Iterator[dict[str, Any]]:
    decoder, at, began = json.JSONDecoder(), output.find("{"), False
    while at >= 0:
        message, end = decoder.raw_decode(output, at)
        began = began or "config" in message
        yield message
        at = output.find("{", end)
    if not began:
        raise ValueError("it printed no report")


_PIP_AUDIT = (
    f"printf '%s' \"${PINS}\" > /tmp/heddle-pins.txt && "
    'exec "$@" --requirement /tmp/heddle-pins.txt --no-deps --disable-pip --format json --progress-spinner off'
)
_GO_PLACES = {"GOMODCACHE": "/tmp/go/mod", "GOCACHE": "/tmp/go/build", "GOFLAGS": "-mod=mod"}

AUDITORS: Mapping[Ecosystem, Auditor] = MappingProxyType(
    {
        "PyPI": Auditor("pip-audit", "pip-audit", ("sh", "-c", _PIP_AUDIT, "sh"), (), _pip_audit),
        "npm": Auditor(
            "npm", "npm audit", ("audit", "--json", "--loglevel=error"), ("package-lock.json", "npm-shrinkwrap.json"),
            _npm_audit,
        ),
        "crates.io": Auditor(
            "cargo-audit", "cargo audit", ("audit", "--json"), ("Cargo.lock",), _cargo_audit,
            {"CARGO_HOME": "/tmp/cargo"},
        ),
        "Go": Auditor("govulncheck", "govulncheck", ("-json", "./..."), ("go.mod",), _govulncheck, _GO_PLACES, (0,)),
    }
)  # fmt: skip


def words_for(auditor: Auditor, program: str) -> list[str]:
    """The whole command; `program` is where the project's own one is."""
    if auditor.argv[0] == "sh":
        return [*auditor.argv, program]
    return [program, *auditor.argv]


def environment_for(auditor: Auditor, versions: Sequence[Locked]) -> dict[str, str]:
    """With the versions that the project's files name, for the program that is given them."""
    pins = "".join(f"{one.name}=={one.version}\n" for one in versions) if not auditor.needs else ""
    return {**auditor.environment, **({PINS: pins} if pins else {})}


def can_read(auditor: Auditor, tree: Path) -> bool:
    """Whether the project has what it reads."""
    return not auditor.needs or any((tree / each).is_file() for each in auditor.needs)
