"""Which program adds a dependency to which project, and the words of its commands."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from tools.linting import program_of
from tools.packages.locks import plain, text_of
from tools.packages.manifests import Manifest
from tools.runners import interpreter_of
from tools.workbench import Workbench

Words = tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """The dependency that somebody asks for."""

    name: str
    version: str
    """As it was given; empty for the newest one."""
    dev: bool

    @property
    def shown(self) -> str:
        return f"{self.name} {self.version}".rstrip()


@dataclass(frozen=True)
class Way:
    """How one program does it. All of it runs in the manifest's folder, in the sandbox."""

    program: str
    propose: Words
    """Changes manifest and lock file; with pip it only says which version there is."""
    install: Words = ()
    """Puts the package where the project's own commands find it; empty when `propose` did."""
    locks: Words = ()
    """The lock files that it keeps."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    by_hand: bool = False
    """The program does not write the manifest: we do, with the version that it chose."""
    kept: bool = False
    """It keeps packages outside of the project: in the stage's own folder for them (`core.sandbox.packages`)."""


def find_way(bench: Workbench, manifest: Manifest, wanted: Wanted) -> Way | None:
    """The project's own program for a manifest; None where none is installed."""
    folder = bench.stage.tree / PurePosixPath(manifest.path).parent
    for make in _WAYS[manifest.ecosystem]:
        way = make(bench, folder, PurePosixPath(manifest.path).name, wanted)
        if way is not None and (way.by_hand or program_of(bench.stage.project, way.program)):
            return way
    return None


def _pep508(wanted: Wanted) -> str:
    version = wanted.version
    return f"{wanted.name}{version if version[:1] in '<>=!~' else '>=' + version}" if version else wanted.name


def _uv(bench: Workbench, folder: Path, name: str, wanted: Wanted) -> Way | None:
    asked_for = (folder / "uv.lock").is_file() or "[tool.uv" in text_of(folder / "pyproject.toml")
    if name != "pyproject.toml" or not asked_for:
        return None
    group = ("--dev",) if wanted.dev else ()
    return Way(
        "uv",
        ("uv", "add", "--no-sync", *group, _pep508(wanted)),
        ("uv", "sync", "--inexact"),
        ("uv.lock",),
        {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "UV_LINK_MODE": "copy"},
    )


def _poetry(bench: Workbench, folder: Path, name: str, wanted: Wanted) -> Way | None:
    asked_for = (folder / "poetry.lock").is_file() or "[tool.poetry" in text_of(folder / "pyproject.toml")
    if name != "pyproject.toml" or not asked_for:
        return None
    version = wanted.version if wanted.version[:1] in "<>=!~^" else f"^{wanted.version}"
    group = ("--group", "dev") if wanted.dev else ()
    return Way(
        "poetry",
        ("poetry", "add", "--lock", *group, f"{wanted.name}@{version if wanted.version else 'latest'}"),
        ("poetry", "install", "--no-root") if _has_environment(bench) else (),
        ("poetry.lock",),
        _POETRY,
    )


_POETRY = {
    "POETRY_VIRTUALENVS_IN_PROJECT": "true",
    "POETRY_NO_INTERACTION": "1",
    "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
}


def _has_environment(bench: Workbench) -> bool:
    return interpreter_of(bench.stage.project) != "python3"


def _pip(bench: Workbench, folder: Path, name: str, wanted: Wanted) -> Way | None:
    """Only where there is an environment to install into, and no lock file that pip does not know."""
    if not _has_environment(bench) or any(
        (folder / each).is_file() for each in ("uv.lock", "poetry.lock", "pdm.lock")
    ):
        return None  # fmt: skip
    python = interpreter_of(bench.stage.project)
    pip = (python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet")
    look = (*pip, "--dry-run", "--ignore-installed", "--no-deps", "--report", "-", _pep508(wanted))
    return Way("pip", look, (*pip, _pep508(wanted)), by_hand=True)


def _npm(bench: Workbench, folder: Path, name: str, wanted: Wanted) -> Way:
    """Without the packages' own scripts: they would run with the network that only npm was given."""
    lock = next((each for each in _NPM_LOCKS if (folder / each).is_file()), "")
    save = "--save-dev" if wanted.dev else "--save"
    spec = f"{wanted.name}@{wanted.version}" if wanted.version else wanted.name
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    only = ("--package-lock-only",) if lock else ("--no-package-lock",)
    add = ("npm", "install", save, *quiet, *only, spec)
    return Way("npm", add, ("npm", "install", *quiet) if lock else (), (lock,) if lock else ())


_NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")


def _other_node(program: str, lock: str, dev: str) -> "_Make":
    def make(bench: Workbench, folder: Path, name: str, wanted: Wanted) -> Way | None:
        if not (folder / lock).is_file():
            return None
        spec = f"{wanted.name}@{wanted.version}" if wanted.version else wanted.name
        add = (program, "add", *((dev,) if wanted.dev else ()), "--ignore-scripts", spec)
        return Way(program, add, locks=(lock,))

    return make


def _cargo(bench: Workbench, folder: Path, name: str, wanted: Wanted) -> Way:
    """The crates go to a folder of the stage: the user's own is read-only in the sandbox."""
    spec = f"{wanted.name}@{wanted.version}" if wanted.version else wanted.name
    add = ("cargo", "add", "--quiet", *(("--dev",) if wanted.dev else ()), spec)
    script = ("sh", "-c", '"$@" && exec cargo update --workspace --quiet', "sh", *add)
    return Way("cargo", script, ("cargo", "fetch", "--quiet"), ("Cargo.lock",), kept=True)


def _go(bench: Workbench, folder: Path, name: str, wanted: Wanted) -> Way:
    version = wanted.version if not wanted.version[:1].isdigit() else f"v{wanted.version}"
    spec = f"{wanted.name}@{version or 'latest'}"
    places = {"GOCACHE": "/tmp/go/build", "GOFLAGS": "-mod=mod -modcacherw"}
    return Way("go", ("go", "get", spec), ("go", "mod", "download"), ("go.sum",), places, kept=True)


_Make = Callable[[Workbench, Path, str, Wanted], Way | None]
_WAYS: Mapping[str, tuple[_Make, ...]] = MappingProxyType(
    {
        "PyPI": (_uv, _poetry, _pip),
        "npm": (
            _other_node("pnpm", "pnpm-lock.yaml", "--save-dev"),
            _other_node("yarn", "yarn.lock", "--dev"),
            _npm,
        ),
        "crates.io": (_cargo,),
        "Go": (_go,),
    }
)


def chosen_version(report: str, name: str) -> str:
    """The version that pip's report (a JSON object somewhere in a text) says of a package; else empty."""
    try:
        told, _ = json.JSONDecoder().raw_decode(report[report.index("{") :])
        found = {plain(each["metadata"]["name"]): each["metadata"]["version"] for each in told["install"]}
        return str(found.get(plain(name), ""))
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
