"""What a project asks for: finding its manifests, reading them, and adding to them without touching the rest."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tools.packages.locks import Ecosystem, json_of, text_of, toml_of
from tools.workbench import ToolError

_PEP508 = re.compile(r"^([A-Za-z0-9][\w.\-]*)\s*(?:\[[^\]]*\])?\s*(.*)$")


@dataclass(frozen=True)
class Manifest:
    """One file that names dependencies."""

    path: str
    ecosystem: Ecosystem


@dataclass(frozen=True, order=True)
class Asked:
    """A dependency that a manifest names."""

    ecosystem: Ecosystem
    name: str
    wanted: str
    """The version that it asks for, as written there."""
    file: str


_NAMES: dict[str, Ecosystem] = {
    "pyproject.toml": "PyPI",
    "requirements.txt": "PyPI",
    "requirements-dev.txt": "PyPI",
    "package.json": "npm",
    "Cargo.toml": "crates.io",
    "go.mod": "Go",
}

LOCKS = {
    "uv.lock": "uv lock", "poetry.lock": "poetry lock", "pdm.lock": "pdm lock",
    "package-lock.json": "npm install", "yarn.lock": "yarn install", "pnpm-lock.yaml": "pnpm install",
    "Cargo.lock": "cargo update --workspace", "go.sum": "go mod tidy",
}  # fmt: skip
"""Lock files, and the command that brings each up to date."""


def manifests(tree: Path) -> list[Manifest]:
    """Those in the project's folder itself."""
    return [Manifest(name, kind) for name, kind in _NAMES.items() if (tree / name).is_file()]


def is_manifest(path: str) -> bool:
    """Whether a file of this name names dependencies."""
    return PurePosixPath(path).name in _NAMES


def manifest_at(tree: Path, path: str) -> Manifest:
    """The manifest at a path of the stage. Raises `ToolError` when it is none."""
    name = PurePosixPath(path).name
    kind = "PyPI" if re.fullmatch(r"requirements[\w.\-]*\.(txt|in)", name) else _NAMES.get(name)
    if kind is None or not (tree / path).is_file():
        raise ToolError(f"{path} is no file that names dependencies. Known are: {', '.join(_NAMES)}.")
    return Manifest(path, kind)


def asked_for(tree: Path) -> list[Asked]:
    """Every direct dependency that the manifests name, each once."""
    found: dict[tuple[str, str], Asked] = {}
    for manifest in manifests(tree):
        for name, wanted in _READ[manifest.ecosystem](tree / manifest.path):
            found.setdefault(
                (manifest.ecosystem, name), Asked(manifest.ecosystem, name, wanted, manifest.path)
            )
    return sorted(found.values())


def _python(path: Path) -> Iterator[tuple[str, str]]:
    if path.name != "pyproject.toml":
        yield from _specs(line.partition("#")[0].strip() for line in text_of(path).splitlines())
        return
    told = toml_of(path)
    project = _table(told, "project")
    yield from _specs(project.get("dependencies"))
    for group in [
        *_table(project, "optional-dependencies").values(),
        *_table(told, "dependency-groups").values(),
    ]:
        yield from _specs(group)
    for name, wanted in _table(told, "tool", "poetry", "dependencies").items():
        if name != "python":
            yield name, wanted if isinstance(wanted, str) else str(_of(wanted, "version"))


def _specs(rows: Any) -> Iterator[tuple[str, str]]:
    for row in rows or ():
        match = _PEP508.match(row) if isinstance(row, str) else None
        if match:
            yield match[1], match[2].partition(";")[0].strip()


def _table(told: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        told = told.get(key) if isinstance(told, dict) else None
    return told if isinstance(told, dict) else {}


def _of(value: Any, key: str) -> Any:
    return value.get(key, "") if isinstance(value, dict) else ""


def _node(path: Path) -> Iterator[tuple[str, str]]:
    for key in ("dependencies", "devDependencies"):
        for name, wanted in _table(json_of(path), key).items():
            if isinstance(wanted, str) and not re.match(r"(file|link|git|https?|workspace):", wanted):
                yield name, wanted


def _cargo(path: Path) -> Iterator[tuple[str, str]]:
    for key in ("dependencies", "dev-dependencies", "build-dependencies"):
        for name, wanted in _table(toml_of(path), key).items():
            version = wanted if isinstance(wanted, str) else _of(wanted, "version")
            if version:
                yield str(_of(wanted, "package") or name), str(version)


def _go(path: Path) -> Iterator[tuple[str, str]]:
    for line in text_of(path).splitlines():
        match = re.match(r"\s*(?:require\s+)?([\w.\-]+\.[\w.\-]+/\S+)\s+(v\S+)", line)
        if match and "// indirect" not in line:
            yield match[1], match[2]


_READ: dict[Ecosystem, Callable[[Path], Iterator[tuple[str, str]]]] = {
    "PyPI": _python,
    "npm": _node,
    "crates.io": _cargo,
    "Go": _go,
}


# -- adding ---------------------------------------------------------------------------------------


def added(manifest: Manifest, text: str, name: str, version: str, *, dev: bool) -> str:
    """The manifest's text with a dependency put in, or with its version changed.

    Raises:
        ToolError: the file is not valid, or has no place for dependencies.
    """
    file = PurePosixPath(manifest.path).name
    try:
        if file == "pyproject.toml":
            return _add_pyproject(text, name, version, dev=dev)
        match manifest.ecosystem:
            case "PyPI":
                return _add_requirement(text, name, version)
            case "npm":
                return _add_package_json(text, name, version, dev=dev)
            case "crates.io":
                return _add_cargo(text, name, version, dev=dev)
            case "Go":
                return _add_go(text, name, version)
    except ValueError as error:  # tomlkit's and json's errors are some
        raise ToolError(f"{manifest.path} is not valid, so nothing was added: {str(error)[:300]}.") from None


def _spec(name: str, version: str) -> str:
    return f"{name}{version}" if re.match(r"[<>=!~]", version) else f"{name}>={version}"


def split_extras(name: str) -> tuple[str, str]:
    """`uvicorn` and `[standard]` of a name of PyPI's with extras; the second is empty where it has none."""
    bare, bracket, rest = name.partition("[")
    return bare, bracket + rest


def _same(spec: object, name: str) -> bool:
    match = _PEP508.match(str(spec))
    plain = re.sub(r"[-_.]+", "-", split_extras(name)[0]).lower()
    return bool(match) and re.sub(r"[-_.]+", "-", match[1]).lower() == plain


def _instead_of(old: object, spec: str) -> str:
    """The new requirement in the place of another, whose extras and marker it keeps where it has none itself."""
    had, name = re.match(r"[\w.\-]+\s*(\[[^\]]*\])", str(old)), re.match(r"[\w.\-]+", spec)
    if had and name and "[" not in spec:
        spec = name[0] + had[1] + spec[name.end() :]
    _, mark, marker = str(old).partition(";")
    return f"{spec}{mark}{marker}"


def _add_pyproject(text: str, name: str, version: str, *, dev: bool) -> str:
    import tomlkit

    told: Any = tomlkit.parse(text)
    poetry = _table(told, "tool", "poetry")
    if "project" not in told and poetry:
        key = ("group", "dev", "dependencies") if dev else ("dependencies",)
        _put_poetry(_descend(told["tool"]["poetry"], key), name, version)
        return tomlkit.dumps(told)
    if "project" not in told:
        raise ToolError("pyproject.toml has no [project] table, so there is no place for dependencies.")
    if dev:
        extras = told["project"].get("optional-dependencies", {})
        where = (
            told["project"]["optional-dependencies"]
            if "dev" in extras
            else _descend(told, ("dependency-groups",))
        )
        key = "dev"
    else:
        where, key = told["project"], "dependencies"
    if key not in where:
        where[key] = tomlkit.array()
    _put(where[key], name, _spec(name, version))
    return tomlkit.dumps(told)


def _put_poetry(table: Any, name: str, version: str) -> None:
    """Into Poetry's own table, where a dependency with extras is a table again."""
    import tomlkit

    bare, extras = split_extras(name)
    wanted = version if re.match(r"[<>=!~^]", version) else f"^{version}"
    if not extras:
        if isinstance(table.get(bare), dict):
            table[bare]["version"] = wanted
        else:
            table[bare] = wanted
        return
    entry = tomlkit.inline_table()
    entry.update({"version": wanted, "extras": extras.strip("[]").split(",")})
    table[bare] = entry


def _descend(told: Any, keys: tuple[str, ...]) -> Any:
    import tomlkit

    for key in keys:
        if key not in told:
            told[key] = tomlkit.table()
        told = told[key]
    return told


def _put(specs: Any, name: str, spec: str) -> None:
    """Into a TOML array: in the place of the one that is there, else at the end, laid out like the others."""
    for number, each in enumerate(specs):
        if _same(each, name):
            specs[number] = _instead_of(each, spec)
            return
    lines = specs.as_string().split("\n")
    if len(lines) > 2:
        indent = re.match(r"\s*", lines[1])
        specs.add_line(spec, indent=indent[0] if indent else "    ")
    else:
        specs.append(spec)


def _add_requirement(text: str, name: str, version: str) -> str:
    lines = text.splitlines(keepends=True)
    pinned = sum("==" in line for line in lines) * 2 > len(
        [line for line in lines if line.strip()[:1] not in ("", "#")]
    )
    spec = f"{name}=={version}" if pinned and version[:1].isdigit() else _spec(name, version)
    for number, line in enumerate(lines):
        if _same(line.strip(), name):
            lines[number] = _instead_of(line.strip(), spec) + "\n"
            return "".join(lines)
    head = "".join(lines)
    return f"{head}{'' if not head or head.endswith(chr(10)) else chr(10)}{spec}\n"


def _add_cargo(text: str, name: str, version: str, *, dev: bool) -> str:
    import tomlkit

    told: Any = tomlkit.parse(text)
    if "package" not in told:
        raise ToolError(
            "This Cargo.toml is of a workspace and no crate. Give the manifest of one of its crates."
        )
    table = _descend(told, ("dev-dependencies" if dev else "dependencies",))
    if isinstance(table.get(name), dict):
        table[name]["version"] = version
    else:
        table[name] = version
    return tomlkit.dumps(told)


def _add_go(text: str, name: str, version: str) -> str:
    line = f"{name} {version if version.startswith('v') else 'v' + version}"
    old = re.compile(rf"^(\s*(?:require\s+)?){re.escape(name)}\s+v\S+", re.MULTILINE)
    if old.search(text):
        return old.sub(lambda match: match[1] + line, text, count=1)
    block = re.search(r"^require \(\n", text, re.MULTILINE)
    if block:
        return f"{text[: block.end()]}\t{line}\n{text[block.end() :]}"
    return f"{text.rstrip()}\n\nrequire {line}\n"


def _add_package_json(text: str, name: str, version: str, *, dev: bool) -> str:
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ToolError("package.json holds no object, so there is no place for dependencies.")
    key = "devDependencies" if dev else "dependencies"
    wanted = version if not version[:1].isdigit() else f"^{version}"
    entries = dict(sorted({**_table(told, key), name: wanted}.items()))
    found = re.search(r"^([ \t]+)\"", text, re.MULTILINE)
    indent = found[1] if found else "  "
    body = ",\n".join(f"{indent * 2}{json.dumps(one)}: {json.dumps(value)}" for one, value in entries.items())
    block = f"{{\n{body}\n{indent}}}"
    place = _place_of(text, key)
    if place:
        return text[: place[0]] + block + text[place[1] :]
    end = text.rindex("}")
    comma = "," if told else ""
    return f"{text[:end].rstrip()}{comma}\n{indent}{json.dumps(key)}: {block}\n{text[end:]}"


def _place_of(text: str, key: str) -> tuple[int, int] | None:
    """Where the value of a key of the outermost object stands."""
    decoder = json.JSONDecoder()
    at = text.index("{") + 1
    while match := re.compile(r'[\s,]*(?=")').match(text, at):
        name, at = decoder.raw_decode(text, match.end())
        at = text.index(":", at) + 1
        at += len(text[at:]) - len(text[at:].lstrip())
        _, end = decoder.raw_decode(text, at)
        if name == key:
            return at, end
        at = end
    return None
