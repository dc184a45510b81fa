"""A commit in the user's repository that holds exactly what was accepted of some files, and nothing else.

It is made from an index of its own. The user's index keeps all that he has staged; the files of the commit
are brought up to date in it, as `git commit -- FILES` does, or they would look as if he had staged them back.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.git.locking import locked
from core.git.program import GitFailed
from core.git.repository import Entry, Repository, named, scratch
from core.stage import progress
from core.stage.change import EXECUTABLE, FILE, LINK

_SIGNERS = {
    "gpg.openpgp.program": (("gpg.openpgp.program", "gpg.program"), "gpg"),
    "gpg.ssh.program": (("gpg.ssh.program",), "ssh-keygen"),
    "gpg.x509.program": (("gpg.x509.program",), "gpgsm"),
}
"""The settings that name who signs: by which of them the user's own configuration does, and what is usual."""
_OWN_SCOPES = ("global", "system")
_LINE = "\n"
_SET = frozenset({"set", "unset", "unspecified"})


class Content(NamedTuple):
    """A file or link: Git's mode, and its bytes or target."""

    mode: int
    data: bytes


@dataclass(frozen=True)
class Committed:
    """One file of a commit."""

    place: bytes
    """As the repository calls it."""
    now: Content | None
    """What the commit is to hold; None: the file goes."""
    before: tuple[Content | None, ...]
    """What it was at each point since which only accepted changes came: the last commit has to hold one of these."""


def check(
    repository: Repository, places: Sequence[bytes], before: Mapping[bytes, Sequence[Content | None]]
) -> None:
    """Find out, before anything is written, whether a commit of these files would hold only what was accepted.

    Raises:
        GitFailed: it would not, or cannot be made.
    """
    repository.check_quiet()
    if repository.git.asked("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT") is None:
        raise GitFailed("Git does not know who you are: set user.name and user.email (git config --global).")
    _check_places(repository, places)
    staged = [place for place in places if repository.staged.get(place) != repository.committed.get(place)]
    if staged:
        raise GitFailed(f"You have staged changes of {named(staged)}: commit or unstage them first.")
    _check_filters(repository, places)
    mixed = [place for place in places if not _holds(repository, place, before[place])]
    if mixed:
        raise GitFailed(
            f"Your last commit does not hold what the work on {named(mixed)} began from, so that the commit would "
            "hold edits of your own, too: commit or stash those first, or commit these files yourself."
        )


def _check_places(repository: Repository, places: Sequence[bytes]) -> None:
    """Raises `GitFailed` for what is beyond a link, or in a repository of its own."""
    for place in places:
        parts = place.split(b"/")
        for folder in (b"/".join(parts[:count]) for count in range(1, len(parts))):
            inner = repository.top / os.fsdecode(folder) / ".git"
            if (folder in repository.committed and folder not in places) or os.path.lexists(inner):
                raise GitFailed(f"{named([place])} is not in this repository itself: commit it where it is.")


def _check_filters(repository: Repository, places: Sequence[bytes]) -> None:
    """Raises `GitFailed` for files that a program would have to convert, as Git LFS does."""
    data = b"".join(place + b"\0" for place in places)
    said = repository.git.run("check-attr", "--stdin", "-z", "filter", data=data).split(b"\0")
    found = [place for place, value in zip(said[::3], said[2::3], strict=False) if value.decode() not in _SET]
    if found:
        raise GitFailed(f"{named(found)} is converted by a program when it is committed: commit it yourself.")


def _holds(repository: Repository, place: bytes, before: Sequence[Content | None]) -> bool:
    """Whether the last commit has the file as it was at one of these times."""
    committed = repository.committed.get(place)
    return any(_entry(repository, place, content, keep=False) == committed for content in before)


def _entry(repository: Repository, place: bytes, content: Content | None, *, keep: bool) -> Entry | None:
    """A file as a commit has it, line ends as the repository wants them; with `keep` its bytes are put there."""
    if content is None:
        return None
    way = ("--no-filters",) if content.mode == LINK else (b"--path=" + place,)
    words = ("hash-object", *(("-w",) if keep else ()), "--stdin", *way)
    oid = repository.git.run(*words, data=content.data).decode().strip()
    return Entry(_mode(repository, place, content.mode), oid)


def _mode(repository: Repository, place: bytes, mode: int) -> int:
    """Where the file system knows no modes, the one that is committed counts."""
    committed = repository.committed.get(place)
    plain = mode in (FILE, EXECUTABLE) and committed is not None and committed.mode in (FILE, EXECUTABLE)
    if plain and repository.git.asked("config", "--type=bool", "core.fileMode") == b"false":
        assert committed is not None
        return committed.mode
    return mode


def commit(repository: Repository, files: Sequence[Committed], message: str) -> str:
    """Commit these files onto what is checked out; returns the commit's id.

    Raises:
        GitFailed: it cannot be, or a hook refuses it; the repository is as it was.
    """
    check(repository, [file.place for file in files], {file.place: file.before for file in files})
    entries = {file.place: _entry(repository, file.place, file.now, keep=True) for file in files}
    if all(repository.committed.get(place) == entry for place, entry in entries.items()):
        raise GitFailed("There is nothing to commit: your last commit holds all of it.")
    with scratch() as folder:
        index = repository.index_of_head(folder / "index")
        _put(repository, index, entries)
        made = _with_hooks(repository, index, message)
        _move(repository, made, message, entries, folder)
    repository.git.hook("post-commit")
    return made


def _put(repository: Repository, index: Path, entries: Mapping[bytes, Entry | None]) -> None:
    """Put files into an index, or out of it; those that go make room first."""
    rows = sorted(entries.items(), key=lambda pair: pair[1] is not None)
    none = "0" * len(repository.no_commit)
    data = b"".join(
        (f"{entry.mode:o} {entry.oid}" if entry else f"0 {none}").encode() + b"\t" + place + b"\0"
        for place, entry in rows
    )
    repository.git.run("update-index", "-z", "--replace", "--index-info", data=data, index=index)


def _with_hooks(repository: Repository, index: Path, message: str) -> str:
    """Make the commit's object as the user's hooks let it be; no branch has it yet."""
    git, tree = repository.git, _tree(repository, index)
    git.hook("pre-commit", index=index)
    if _tree(repository, index) != tree:
        raise GitFailed(
            "Your hook pre-commit changed what would be committed: run it on the files yourself, and commit them."
        )
    file = repository.folder / "COMMIT_EDITMSG"
    file.write_text(f"{message.strip()}\n", "utf-8")
    git.hook("prepare-commit-msg", str(file), "message", index=index)
    git.hook("commit-msg", str(file), index=index)
    text = git.run("stripspace", data=file.read_bytes())
    if not text:
        raise GitFailed("The commit's message is empty.")
    if _tree(repository, index) != tree:
        raise GitFailed("Your hooks changed what would be committed, so nothing was.")
    parents = ("-p", repository.head) if repository.head else ()
    signing, options = _signing(repository)
    words = ("commit-tree", tree, *parents, *signing, "-F", "-")
    return git.run(*words, data=text, options=("-c", "user.useConfigOnly=true", *options)).decode().strip()


def _tree(repository: Repository, index: Path) -> str:
    return repository.git.run("write-tree", index=index).decode().strip()


def _signing(repository: Repository) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sign where the user's configuration says so, with a program that no repository names."""
    git = repository.git
    if git.asked("config", "--type=bool", "commit.gpgSign") != b"true":
        return (), ()
    options = ["-c", "gpg.ssh.defaultKeyCommand="]
    for key, (names, usual) in _SIGNERS.items():
        own = next((found for name in names if (found := _own(repository, name))), usual)
        options += ["-c", f"{key}={own}"]
    return ("-S",), tuple(options)


def _own(repository: Repository, name: str) -> str:
    """A setting of the user's own configuration, or the system's; empty where they do not have it."""
    said = repository.git.asked("config", "--show-scope", "--get-all", name) or b""
    rows = [row.split("\t", 1) for row in os.fsdecode(said).split("\n") if "\t" in row]
    return next((value for scope, value in reversed(rows) if scope in _OWN_SCOPES), "")


def _move(
    repository: Repository, made: str, message: str, entries: Mapping[bytes, Entry | None], folder: Path
) -> None:
    """Let the branch have the commit, and the user's index know its files, while nobody else changes that index."""
    index = repository.index
    kind = "commit" if repository.head else "commit (initial)"
    said = f"{kind}: {message.strip().partition(_LINE)[0]}"
    with locked(index, made) as held:
        new = _brought_up(repository, folder / "staged", entries)
        held.file.write(new.read_bytes())
        held.file.flush()
        os.fsync(held.file.fileno())
        if index.exists():
            shutil.copymode(index, held.lock)
        old = repository.head or repository.no_commit
        progress.step("move the branch")
        words = ("update-ref", "-m", said, "HEAD", made, old)
        repository.git.run(*words, hooks=True, holding=(held.file.fileno(),))
        held.take_place()


def _brought_up(repository: Repository, new: Path, entries: Mapping[bytes, Entry | None]) -> Path:
    """A copy of the user's index in which these files are as they were committed."""
    if repository.index.exists():
        shutil.copy2(repository.index, new)
        listed = repository.listed(new)
        if any(listed.get(place) != repository.committed.get(place) for place in entries):
            raise GitFailed("You staged changes of these files meanwhile: commit or unstage them first.")
    _put(repository, new, entries)
    return new
