"""The user's `git`, so that nothing of a repository runs but its hooks, and those only where that is said.

Configuration that a repository brings can name programs: file system monitors, filters, external diffs,
signing programs. All of it is switched off for what is run here. Only hooks run, by `Git.hook` and where a
reference moves, as they do when the user himself commits.
"""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.event_base import GitAction
from core.limits import limits
from core.sandbox.process import Launch, supervise
from core.text import sanitise

_OLDEST = (2, 36)
"""The first that runs hooks by `git hook run`."""
_SECONDS = 60.0
_TOLD = 2_000
_HARD = (
    "--no-pager", "--no-optional-locks", "--literal-pathspecs",
    "-c", "core.fsmonitor=false", "-c", "core.splitIndex=false", "-c", "diff.external=",
    "-c", "safe.bareRepository=explicit", "-c", "protocol.ext.allow=never", "-c", "gpg.program=false",
    "-c", "core.sshCommand=false", "-c", "submodule.recurse=false", "-c", "i18n.commitEncoding=UTF-8",
)  # fmt: skip
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
_REDIRECTING = frozenset(
    [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
        "GIT_CONFIG",
        "GIT_EXTERNAL_DIFF",
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_INTERNAL_GETTEXT_SH",
        "GIT_QUARANTINE_PATH",
        "GIT_REFLOG_ACTION",
        "GIT_ATTR_SOURCE",
    ]
)
"""Variables that would lead git elsewhere, as when Heddle itself is started by a hook."""


class GitFailed(Exception):
    """What was wanted of git did not happen; the message is a sentence for the user."""


@dataclass
class Git:
    """The `git` program in one folder."""

    folder: Path
    stopped: Callable[[], bool] = lambda: False
    """Asked while a hook runs: true ends it."""
    _filters: tuple[str, ...] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._program = _find_git(self.folder)
        self._environment = {name: text for name, text in os.environ.items() if name not in _REDIRECTING}
        self._environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": ":"}
        self._check_version()

    def run(
        self,
        *words: str | bytes,
        data: bytes = b"",
        index: Path | None = None,
        hooks: bool = False,
        options: Sequence[str] = (),
        holding: Sequence[int] = (),
    ) -> bytes:
        """Run git; returns what it printed.

        Args:
            data: its standard input.
            index: the index that it works on; None: the repository's own.
            hooks: whether the hooks of references may run.
            options: more settings, before the command.
            holding: open files that it keeps open as long as it runs, also when we end before it.

        Raises:
            GitFailed: it ended with an error.
        """
        done = self._started(words, data, index, (*(() if hooks else _NO_HOOKS), *options), holding)
        if done.returncode:
            raise GitFailed(_said(done.stderr) or f"git {os.fsdecode(words[0])} failed.")
        return done.stdout

    def asked(self, *words: str | bytes, index: Path | None = None) -> bytes | None:
        """What git printed, without its last newline; None where it says no."""
        done = self._started(words, b"", index, _NO_HOOKS)
        return None if done.returncode else done.stdout.removesuffix(b"\n")

    def hook(self, name: str, *words: str, index: Path | None = None) -> None:
        """Run one of the user's hooks, with his own environment and without a sandbox, as git would.

        Raises:
            GitFailed: it refuses, takes too long, or was stopped.
        """
        seconds = limits().stage.hook_seconds
        launch = Launch(
            argv=[self._program, "hook", "run", "--ignore-missing", name, *(("--", *words) if words else ())],
            environment=self._with(index),
            folder=self.folder,
            shell=False,
        )
        ended = supervise(launch, seconds=seconds, stopped=self.stopped)
        if ended.reason == "timed_out":
            raise GitFailed(f"Your hook {name} took longer than {seconds:g} seconds, and was ended.")
        if ended.reason == "stopped":
            raise GitFailed(f"Your hook {name} was stopped, since the session is being closed.")
        if ended.exit_code:
            raise GitFailed(
                f"Your hook {name} refused it: {_said(ended.output.encode()) or 'it said nothing'}"
            )

    def hooks(self, action: GitAction) -> tuple[str, ...]:
        """The hooks that are there and would run for it."""
        return tuple(name for name in HOOKS[action] if os.access(self.hooks_folder / name, os.X_OK))

    @property
    def hooks_folder(self) -> Path:
        """Where the repository's hooks are, as its configuration says."""
        done = self._started(("rev-parse", "--git-path", "hooks"), b"", None, ())
        return self.folder / os.fsdecode(done.stdout.removesuffix(b"\n"))

    def _started(
        self,
        words: Sequence[str | bytes],
        data: bytes,
        index: Path | None,
        options: Sequence[str],
        holding: Sequence[int] = (),
    ) -> "subprocess.CompletedProcess[bytes]":
        argv = [self._program, *_HARD, *self._without_filters(), *options, *words]
        try:
            return subprocess.run(
                argv,
                input=data,
                cwd=self.folder,
                env=self._with(index),
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                pass_fds=holding,
            )
        except subprocess.TimeoutExpired:
            raise GitFailed(f"git {os.fsdecode(words[0])} took longer than {_SECONDS:g} seconds.") from None
        except (OSError, ValueError) as error:
            raise GitFailed(f"git could not be run: {error}.") from error

    def _with(self, index: Path | None) -> Mapping[str, str]:
        return self._environment if index is None else self._environment | {"GIT_INDEX_FILE": str(index)}

    def _without_filters(self) -> tuple[str, ...]:
        """Switches off every filter that any configuration names. Listing names runs nothing."""
        if self._filters is None:
            self._filters = ()
            done = self._started(("config", "--list", "-z", "--name-only"), b"", None, _NO_HOOKS)
            names = {_driver(os.fsdecode(name)) for name in done.stdout.split(b"\0")} - {""}
            self._filters = tuple(
                word
                for name in sorted(names)
                for setting in ("clean=", "smudge=", "process=", "required=false")
                for word in ("-c", f"filter.{name}.{setting}")
            )
        return self._filters

    def _check_version(self) -> None:
        said = self.asked("version") or b""
        found = re.search(rb"(\d+)\.(\d+)", said)
        if found is None or (int(found[1]), int(found[2])) < _OLDEST:
            oldest = ".".join(map(str, _OLDEST))
            raise GitFailed(
                f"This needs git {oldest} or newer, since older ones cannot run hooks for others."
            )


HOOKS: Mapping[GitAction, tuple[str, ...]] = {
    "commit": ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "reference-transaction"),
    "create_branch": ("post-checkout", "reference-transaction"),
}
"""The hooks that run for a commit, and for a new branch."""


def _find_git(project: Path) -> str:
    """The user's git: from absolute folders of PATH, and never out of the project."""
    top = os.path.realpath(project)
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        place = Path(folder, "git")
        outside = not f"{os.path.realpath(place)}/".startswith(f"{top}/")
        if place.is_absolute() and outside and os.access(place, os.X_OK):
            return str(place)
    raise GitFailed("The program git is not installed, so nothing can be done in your repository.")


def _driver(name: str) -> str:
    found = re.fullmatch(r"filter\.(.+)\.[^.]+", name, re.DOTALL)
    return found[1] if found else ""


def _said(output: bytes) -> str:
    """What a program printed, short, and safe to show."""
    text = sanitise(output.decode("utf-8", "replace")).strip()
    return text if len(text) <= _TOLD else f"…{text[-_TOLD:]}"
