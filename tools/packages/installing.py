"""Adding a dependency with the project's own package manager: manifest and lock file change in the stage."""

import contextlib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.config import BadConfig
from core.limits import limits
from core.paths import make_private
from core.policy import policy_for
from core.sandbox import Ended
from core.sandbox.grant import Grant
from core.sandbox.packages import homes_in, packages_of
from core.stage.change import StageError
from core.stage.location import parent_of
from core.text import clip
from tools.consent import COMMAND_CHOICES, Wish, require
from tools.exclusive import exclusively
from tools.packages.installers import Wanted, Way, chosen_version
from tools.packages.locks import known_versions
from tools.packages.manifests import Manifest, added, split_extras
from tools.workbench import ToolError, ToolResult, Workbench

_NETWORK = Grant(network=True)
_IN_FOLDER = ("sh", "-c", 'cd "$1" && shift && exec "$@"', "sh")
_MOST_NAMES = 30


class NotInstalled(ToolError):
    """Nobody allowed it, or it cannot be run here; what was asked for may still be proposed by hand."""


@dataclass(frozen=True)
class _Work:
    """What is to be done, and in which folder of the project."""

    manifest: Manifest
    wanted: Wanted
    way: Way

    @property
    def folder(self) -> str:
        return str(PurePosixPath(self.manifest.path).parent)

    @property
    def files(self) -> list[str]:
        """What the package manager keeps, relative to the project."""
        names = (PurePosixPath(self.manifest.path).name, *self.way.locks)
        return [str(PurePosixPath(self.folder) / each) for each in names]


async def install(bench: Workbench, manifest: Manifest, wanted: Wanted, way: Way) -> ToolResult:
    """Ask, change manifest and lock file, and install into what the run's commands use.

    Raises:
        NotInstalled: the user does not want it, or nobody is there to ask.
        ToolError: the package manager could not; its files are as they were.
    """
    work = _Work(manifest, wanted, way)
    try:
        allowed = policy_for(bench.stage.project).rules(bench.role).network
    except BadConfig as error:
        raise NotInstalled(str(error)) from None
    if not allowed:
        raise NotInstalled(f"The policy gives commands of the {bench.role} no network.")
    try:
        await require(bench, _wish(bench, work))
    except ToolError as error:
        raise NotInstalled(str(error)) from None
    return await exclusively(bench, _carry_out, {"work": work})


def _wish(bench: Workbench, work: _Work) -> Wish:
    commands = "\n".join(shlex.join(each) for each in (work.way.propose, work.way.install) if each)
    what = f"{work.wanted.shown} to {work.manifest.path}"
    return Wish(
        key=f"install {work.manifest.path} {commands}",
        question=f"The {bench.role} wants to add {what} with {work.way.program}, which gets the network (the internet"
        f" and this machine's own servers) for it, in the sandbox:\n\n{commands}\n\nAllow it?",
        choices=COMMAND_CHOICES,
        kind="install",
        detail=commands,
        nobody="Installing needs the network, which the user must allow, and nobody is here to ask.",
        refused="The user does not allow it to be installed.",
    )


async def _carry_out(bench: Workbench, work: _Work) -> ToolResult:
    tree = bench.stage.tree
    kept = {path: bench.stage.read(path) if (tree / path).is_file() else None for path in work.files}
    before = set(known_versions(tree, bench.check))
    try:
        await _propose(bench, work)
    except BaseException:
        _put_back(bench, kept)
        raise
    if not any(_bytes(bench, path) != data for path, data in kept.items()):
        raise ToolError(f"{work.manifest.path} asks for {work.wanted.shown} already.")
    parts = [f"Added {work.wanted.shown} to {work.manifest.path} with {work.way.program}."]
    fresh = [f"{each.name} {each.version}" for each in sorted(set(known_versions(tree)) - before)]
    if fresh:
        more = f" and {len(fresh) - _MOST_NAMES} more" if len(fresh) > _MOST_NAMES else ""
        parts.append(f"Exact versions: {', '.join(fresh[:_MOST_NAMES])}{more}.")
    parts.append(await _put_in_place(bench, work))
    return ToolResult(True, "\n".join(parts))


async def _propose(bench: Workbench, work: _Work) -> None:
    way, wanted, path = work.way, work.wanted, work.manifest.path
    ended = await _run(bench, work, way.propose)
    if ended.exit_code != 0:
        raise ToolError(
            f"{way.program} could not add {wanted.shown}, and {path} is as it was: {_told(ended)}"
        )
    if not way.by_hand:
        return
    version = wanted.version or chosen_version(ended.output, split_extras(wanted.name)[0])
    if not version:
        raise ToolError(f"{way.program} did not say which version of {wanted.name} it takes. Give a version.")
    old = bench.stage.read(path).decode("utf-8")
    new = added(work.manifest, old, wanted.name, version, dev=wanted.dev)
    bench.stage.write(path, new.encode("utf-8"))


async def _put_in_place(bench: Workbench, work: _Work) -> str:
    """Install what was proposed where the run's own commands find it: never in the user's project."""
    later = "The user installs it for the project itself after applying."
    if bench.sandbox.confinement == "unconfined" and not work.way.kept:
        return f"It is not installed for this run's commands. {later}"
    if not work.way.install:
        return f"This run's commands find it. {later}"
    ended = await _run(bench, work, work.way.install)
    if ended.exit_code != 0:
        return f"It is not installed for this run's commands: {_told(ended)}\n{later}"
    return f"This run's commands find it. {later}"


async def _run(bench: Workbench, work: _Work, words: tuple[str, ...]) -> Ended:
    argv = [*_IN_FOLDER, work.folder, *words]
    packages = packages_of(bench.stage.tree)
    grant, homes = _NETWORK, {}
    if work.way.kept:
        make_private(packages)
        _copy_settings(packages)
        grant, homes = Grant(network=True, writable=(packages,)), homes_in(packages)
    environment = {**homes, **work.way.environment}
    seconds = limits().tools.install_seconds
    return await bench.sandbox.granting(grant).run(
        argv, seconds=seconds, stop=bench.stop, environment=environment
    )


def _copy_settings(packages: Path) -> None:
    """The user's own settings of cargo (mirrors, linkers), unless they hold a token: the other home has none.

    What an earlier installation left there is not written through.
    """
    own = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "config.toml"
    with contextlib.suppress(OSError, StageError):
        data = own.read_bytes()
        if b"token" in data:
            return
        with parent_of(os.fspath(packages), "cargo/config.toml", create=True) as (folder, name):
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
            with os.fdopen(file, "wb") as sink:
                sink.write(data)


def _told(ended: Ended) -> str:
    match ended.reason:
        case "exited":
            return clip(ended.output.strip(), 2_000) or f"it ended with {ended.exit_code} and said nothing."
        case "timed_out":
            return f"it did not end within {limits().tools.install_seconds:g} seconds."
        case "stopped":
            return "the work was stopped."


def _bytes(bench: Workbench, path: str) -> bytes | None:
    return bench.stage.read(path) if (bench.stage.tree / path).is_file() else None


def _put_back(bench: Workbench, kept: dict[str, bytes | None]) -> None:
    for path, data in kept.items():
        if data is None and (bench.stage.tree / path).is_file():
            bench.stage.delete(path)
        elif data is not None and _bytes(bench, path) != data:
            bench.stage.write(path, data)
