"""Branches and commits that agents propose: what is approved is made exactly so, and nothing else is touched."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.commands import ApplyChanges, DecideChanges, DecideProposal, SubmitRequest, UndoApply
from core.events import (
    ChangeApplied,
    CommandRefused,
    GitProposed,
    ProposalCarriedOut,
    ProposalDecided,
    ProposalFailed,
)
from core.git.program import Git
from core.git.repository import hooks_of
from core.view.session import SessionView

NAME, MAIL = "Ada Lovelace", "ada@example.org"


@pytest.fixture
def home(isolated: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user with a Git identity of their own."""
    folder = tmp_path / "git-home"
    folder.mkdir()
    (folder / ".gitconfig").write_text(f"[user]\n\tname = {NAME}\n\temail = {MAIL}\n")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return folder


class Repo:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self("init", "-q", "-b", "main")
        (folder / "mine.txt").write_text("mine\n")
        self("add", "-A")
        self("commit", "-qm", "first")

    def __call__(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(["git", *words], cwd=self.folder, check=check, capture_output=True)
        return done.stdout.decode("utf-8", "surrogateescape")

    def hook(self, name: str, text: str) -> None:
        place = self.folder / ".git/hooks" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/sh\n{text}\n")
        place.chmod(0o755)

    @property
    def state(self) -> tuple[str, str, bytes]:
        """What must not change when nothing is made."""
        index = (self.folder / ".git/index").read_bytes()
        return self("rev-parse", "HEAD"), self("for-each-ref"), index


@pytest.fixture
def repo(project: Path, home: Path) -> Repo:
    return Repo(project)


def proposing(action: str = "commit", *paths: str, **fields: Any) -> Any:
    """A deed: the node writes files, and proposes something."""
    files = fields.pop("files", {})

    async def deed(actor: Any) -> None:
        for path, data in files.items():
            await actor.write(path, data)
        names = paths or tuple(sorted(files))
        event = GitProposed(**actor.who, id=f"g{actor.run.number()}", action=action, paths=names, **fields)
        await actor.run.emit(event)

    return deed


async def run(hand: Any, *deeds: Any) -> Any:
    session, _ = await hand.start(*deeds)
    for _ in deeds:
        await session.submit(SubmitRequest(text="do it"))
        await session.wait_idle()
    return session


async def ids(hand: Any, session: Any) -> list[str]:
    return [event.id for event in await hand.events(session, GitProposed)]


async def approve(hand: Any, session: Any, which: int = -1, verdict: Any = "accepted") -> Any:
    """Decide on a proposal; gives what came of it."""
    after = session.last
    await session.submit(DecideProposal(id=(await ids(hand, session))[which], verdict=verdict))
    kinds = (ProposalCarriedOut, ProposalFailed, CommandRefused, ProposalDecided)
    return (await hand.events(session, *kinds, after=after))[-1]


async def test_a_commit_holds_what_was_accepted_and_what_is_staged_stays(hand, repo, project):
    (project / "mine.txt").write_text("staged\n")
    repo("add", "mine.txt")
    (project / "mine.txt").write_text("and not staged\n")
    (project / "loose.txt").write_text("untracked\n")
    staged = repo("ls-files", "-s", "mine.txt")
    for name in ("pre-commit", "commit-msg", "post-commit"):
        repo.hook(name, f'echo ran >> "{project.parent}/{name}.ran"')
    files = {"a.txt": b"by agents\n", "new.txt": b"new\n"}
    session = await run(hand, proposing(files=files, message="Say more\n\nBecause it was too short."))
    await session.submit(DecideChanges(verdict="accepted"))
    made = await approve(hand, session)
    assert isinstance(made, ProposalCarriedOut), made
    assert made.result == repo("rev-parse", "HEAD").strip()
    assert repo("show", "--stat", "--format=%an %ae|%cn|%B", "HEAD").startswith(
        f"{NAME} {MAIL}|{NAME}|Say more\n\nBecause it was too short.\n"
    )
    assert repo("diff", "--name-only", "HEAD~", "HEAD").split() == ["a.txt", "new.txt"]
    assert repo("show", "HEAD:a.txt") == "by agents\n" and hand.file("new.txt") == b"new\n"
    assert repo("ls-files", "-s", "mine.txt") == staged
    assert (project / "mine.txt").read_text() == "and not staged\n"
    assert repo("status", "--porcelain").splitlines() == ["MM mine.txt", "?? loose.txt"]
    ran = sorted(place.stem for place in project.parent.glob("*.ran"))
    assert ran == ["commit-msg", "post-commit", "pre-commit"]
    assert not session._past.proposals.waiting
    await session.submit(UndoApply())
    assert repo("log", "--format=%s", "-1").strip() == "Say more" and hand.file("new.txt") is None


async def test_only_the_accepted_pieces_are_committed(hand, repo, project):
    lines = [b"line %d\n" % number for number in range(30)]
    (project / "long.txt").write_bytes(b"".join(lines))
    repo("add", "-A")
    repo("commit", "-qm", "long")
    new = [b"first\n", *lines[1:-1], b"last\n"]
    session = await run(hand, proposing(files={"long.txt": b"".join(new)}, message="m"))
    first, second = session._past.changes["long.txt"].hunks
    await session.submit(DecideChanges(verdict="accepted", paths=("long.txt",), hunks=(first.id,)))
    assert isinstance(await approve(hand, session), CommandRefused)
    await session.submit(DecideChanges(verdict="rejected", paths=("long.txt",), hunks=(second.id,)))
    assert isinstance(await approve(hand, session), ProposalCarriedOut)
    assert repo("show", "HEAD:long.txt").encode() == b"".join([b"first\n", *lines[1:]])


async def test_every_kind_of_file_is_committed_as_it_is(hand, repo, project):
    (project / ".gitattributes").write_text("*.crlf text eol=crlf\n*.raw -text\n")
    (project / "ends.crlf").write_bytes(b"one\r\n")
    (project / "old name.txt").write_bytes(b"moved along\n" * 5)
    (project / "run.sh").write_bytes(b"#!/bin/sh\n")
    (project / "link").symlink_to("a.txt")
    repo("add", "-A")
    repo("commit", "-qm", "kinds")

    async def deed(actor: Any) -> None:
        stage = actor.run.stage
        files = {
            "ends.crlf": b"one\r\ntwo\r\n", "bytes.raw": b"\0\xff\r\n", "empty": b"", "wei\nrd \"'.txt": b"x",
            "new name.txt": b"moved along\n" * 5, "gr\xfc\xdfe.txt": b"latin \xfc\n", "\udcff": b"no utf-8",
        }  # fmt: skip

        def work() -> Any:
            for path, data in files.items():
                stage.write(path, data)
            stage.delete("old name.txt")
            stage.delete("b.txt")
            (stage.tree / "run.sh").chmod(0o755)
            (stage.tree / "link").unlink()
            (stage.tree / "link").symlink_to("elsewhere")
            names = [*files, "old name.txt", "b.txt", "run.sh", "link"]
            return stage.record(names, **actor.who, message="m")

        await actor.use_tool("", work)
        paths = tuple(sorted(change.path for change in actor.run.files.values()))
        await actor.run.emit(GitProposed(**actor.who, id="g1", action="commit", message="m", paths=paths))

    session = await run(hand, deed)
    await session.submit(DecideChanges(verdict="accepted"))
    made = await approve(hand, session)
    assert isinstance(made, ProposalCarriedOut), made
    assert repo("status", "--porcelain") == ""
    shown = repo(
        "-c", "core.quotePath=false", "diff", "--summary", "--name-status", "-z", "-M", "HEAD~", "HEAD"
    )
    assert sorted(shown.split("\0")) == sorted(
        "\0".join(
            ["M", "ends.crlf", "A", "bytes.raw", "A", "empty", "A", "wei\nrd \"'.txt", "R100", "old name.txt",
             "new name.txt", "A", "gr\xfc\xdfe.txt", "A", "\udcff", "D", "b.txt", "M", "run.sh", "M", "link", ""]
        ).split("\0")
    )  # fmt: skip
    tree = dict(row.split("\t")[::-1] for row in repo("ls-tree", "-z", "HEAD").split("\0") if row)
    assert tree["run.sh"].startswith("100755") and tree["link"].startswith("120000")
    assert repo("cat-file", "blob", "HEAD:ends.crlf") == "one\ntwo\n"
    raw = subprocess.run(
        ["git", "cat-file", "blob", "HEAD:bytes.raw"], cwd=project, capture_output=True, check=True
    )
    assert raw.stdout == b"\0\xff\r\n"


async def test_a_project_that_is_a_part_of_a_repository(hand, home, project):
    outer = Repo(project.parent)
    session = await run(hand, proposing(files={"a.txt": b"inside\n"}, message="m"))
    await session.submit(DecideChanges(verdict="accepted"))
    assert isinstance(await approve(hand, session), ProposalCarriedOut)
    assert outer("diff", "--name-only", "HEAD~", "HEAD").strip() == "project/a.txt"


async def test_the_first_commit_of_a_repository(hand, home, project):
    for words in (["init", "-q", "-b", "main"],):
        subprocess.run(["git", *words], cwd=project, check=True)
    session = await run(hand, proposing(files={"new.txt": b"new\n"}, message="m"))
    await session.submit(DecideChanges(verdict="accepted"))
    assert isinstance(await approve(hand, session), ProposalCarriedOut)
    done = subprocess.run(["git", "ls-files"], cwd=project, capture_output=True, check=True)
    assert done.stdout.split() == [b"new.txt"]


def staged(project: Path, repo: Repo) -> None:
    (project / "a.txt").write_text("one\nmine\n")
    repo("add", "a.txt")
    (project / "a.txt").write_text("one\n")


def own_edit(project: Path, repo: Repo) -> None:
    (project / "a.txt").write_text("uncommitted\n")


def merging(project: Path, repo: Repo) -> None:
    (project / ".git/MERGE_HEAD").write_text(repo("rev-parse", "HEAD"))


def filtered(project: Path, repo: Repo) -> None:
    (project / ".git/info").mkdir(exist_ok=True)
    (project / ".git/info/attributes").write_text("*.txt filter=lfs\n")


def nobody(project: Path, repo: Repo) -> None:
    (project.parent / "git-home/.gitconfig").write_text("")


def locked(project: Path, repo: Repo) -> None:
    (project / ".git/index.lock").write_text("")


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (staged, "You have staged changes of a.txt"),
        (own_edit, "edits of your own"),
        (merging, "a merge is under way"),
        (filtered, "converted by a program"),
        (nobody, "Git does not know who you are"),
        (locked, "Another git works in your repository"),
    ],
)
async def test_what_would_hold_more_than_was_accepted_is_not_made(hand, repo, project, trouble, says):
    if trouble is own_edit:
        trouble(project, repo)
    session = await run(hand, proposing(files={"a.txt": b"by agents\n"}, message="m"))
    if trouble is not own_edit:
        trouble(project, repo)
    await session.submit(DecideChanges(verdict="accepted"))
    before = repo.state
    came = await approve(hand, session)
    assert isinstance(came, ProposalFailed if trouble is locked else CommandRefused)
    assert says in came.reason
    assert repo.state == before and session._past.proposals.waiting


async def test_what_the_user_changed_since_it_was_applied_is_not_committed(hand, repo, project):
    session = await run(hand, proposing(files={"a.txt": b"by agents\n"}, message="m"))
    await session.submit(DecideChanges(verdict="accepted"))
    await session.submit(ApplyChanges())
    (project / "a.txt").write_text("by agents\nand me\n")
    before = repo.state
    came = await approve(hand, session)
    assert isinstance(came, CommandRefused) and "You changed a.txt since it was applied" in came.reason
    assert repo.state == before
    (project / "a.txt").write_text("by agents\n")
    assert isinstance(await approve(hand, session), ProposalCarriedOut)


async def apply_all(session: Any) -> None:
    await session.submit(DecideChanges(verdict="accepted"))
    await session.submit(ApplyChanges())


async def test_several_applies_become_one_commit(hand, repo, project):
    deeds = [proposing(files={"a.txt": data}, message="m") for data in (b"once\n", b"twice\n", b"thrice\n")]
    session, _ = await hand.start(*deeds)
    for _ in deeds[:2]:
        await session.submit(SubmitRequest(text="do it"))
        await session.wait_idle()
        await apply_all(session)
    assert isinstance(await approve(hand, session, 0), ProposalCarriedOut)
    assert repo("show", "HEAD:a.txt") == "twice\n"
    came = await approve(hand, session, 1)
    assert isinstance(came, ProposalFailed) and "nothing to commit" in came.reason
    (project / "a.txt").write_text("mine\n")
    await session.submit(SubmitRequest(text="do it"))
    await session.wait_idle()
    await apply_all(session)
    came = await approve(hand, session, 2)
    assert isinstance(came, CommandRefused) and "edits of your own" in came.reason


@pytest.mark.parametrize(
    ("hook", "text", "says"),
    [
        ("pre-commit", "echo not like that >&2; exit 1", "Your hook pre-commit refused it: not like that"),
        ("commit-msg", "exit 3", "Your hook commit-msg refused it"),
        ("pre-commit", "echo more > a.txt; git add a.txt", "Your hook pre-commit changed what would be"),
        ("reference-transaction", "test $1 != prepared", ""),
    ],
)
async def test_a_hook_that_refuses_leaves_the_repository_as_it_was(hand, repo, project, hook, text, says):
    session = await run(hand, proposing(files={"a.txt": b"by agents\n"}, message="m"))
    await session.submit(DecideChanges(verdict="accepted"))
    repo.hook(hook, text)
    before = repo.state
    came = await approve(hand, session)
    assert isinstance(came, ProposalFailed) and says in came.reason
    assert repo.state == before and not (project / ".git/index.lock").exists()
    assert await hand.events(session, ChangeApplied)
    (project / ".git/hooks" / hook).unlink()
    (project / "a.txt").write_text("by agents\n")
    assert isinstance(await approve(hand, session), ProposalCarriedOut)


async def test_hooks_may_word_the_message(hand, repo):
    repo.hook("commit-msg", 'echo "Change-Id: I1" >> "$1"')
    session = await run(hand, proposing(files={"a.txt": b"by agents\n"}, message="m"))
    await session.submit(DecideChanges(verdict="accepted"))
    assert isinstance(await approve(hand, session), ProposalCarriedOut)
    assert repo("log", "-1", "--format=%B").split() == ["m", "Change-Id:", "I1"]


async def test_nothing_else_of_the_repository_runs(hand, repo, project):
    canary = project.parent / "canary"
    tell = f"touch {canary}; cat"
    for setting in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "diff.external", "gpg.program", "core.pager",
                    "core.editor", "core.sshCommand", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand"):  # fmt: skip
        repo("config", setting, tell)
    (project / ".git/info").mkdir(exist_ok=True)
    (project / ".git/info/attributes").write_text("mine.txt filter=x diff=x\n")
    repo.hook("post-index-change", tell)
    session = await run(hand, proposing(files={"a.txt": b"by agents\n"}, message="m"))
    await session.submit(DecideChanges(verdict="accepted"))
    os.utime(project / ".git/index", (1, 1))  # so that git must look into files to know what changed
    made = await approve(hand, session)
    assert isinstance(made, ProposalCarriedOut), made
    assert not canary.exists()
    (project / "mine.txt").write_text("mine\nand more\n")
    repo("add", "mine.txt", check=False)
    assert canary.exists()


def signer(folder: Path, name: str) -> Path:
    """A program that signs as gpg does: says on descriptor 2 that it did, and prints a signature of its own name."""
    place = folder / name
    said = "printf '\\n[GNUPG:] SIG_CREATED D 1 8 00 1 KEY\\n' >&2"
    text = f"-----BEGIN PGP SIGNATURE-----\n{name}\n-----END PGP SIGNATURE-----"
    place.write_text(f"#!/bin/sh\ncat > '{folder}/{name}.signed'\n{said}\nprintf '%s\\n' '{text}'\n")
    place.chmod(0o755)
    return place


@pytest.mark.parametrize("wanted", ["true", "false"])
async def test_a_commit_is_signed_where_and_how_the_users_own_configuration_says(
    hand, repo, project, home, tmp_path, wanted
):
    """By the program of the user's own configuration, and never by one that the repository names."""
    own, other = signer(tmp_path, "own"), signer(tmp_path, "other")
    with (home / ".gitconfig").open("a") as file:
        file.write(f"[commit]\n\tgpgSign = {wanted}\n[gpg]\n\tprogram = {own}\n")
    repo("config", "gpg.program", str(other))
    repo("config", "gpg.openpgp.program", str(other))
    session = await run(hand, proposing(files={"a.txt": b"by agents\n"}, message="m"))
    await session.submit(DecideChanges(verdict="accepted"))
    made = await approve(hand, session)
    assert isinstance(made, ProposalCarriedOut), made
    raw = repo("cat-file", "commit", "HEAD")
    assert ("gpgsig -----BEGIN PGP SIGNATURE-----\n own\n" in raw) is (wanted == "true")
    assert (tmp_path / "own.signed").exists() is (wanted == "true")
    assert not (tmp_path / "other.signed").exists()


async def test_a_commit_that_cannot_be_signed_is_not_made(hand, repo, home, tmp_path):
    with (home / ".gitconfig").open("a") as file:
        file.write("[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n")
    session = await run(hand, proposing(files={"a.txt": b"by agents\n"}, message="m"))
    await session.submit(DecideChanges(verdict="accepted"))
    before = repo.state
    came = await approve(hand, session)
    assert isinstance(came, ProposalFailed) and "sign" in came.reason
    assert repo.state == before


async def test_a_branch_is_made_and_commits_are_meant_for_it(hand, repo, project):
    (project / "mine.txt").write_text("staged\n")
    repo("add", "mine.txt")
    index = (project / ".git/index").read_bytes()
    repo.hook("post-checkout", f'echo "$3" > "{project.parent}/checkout"')
    session = await run(
        hand,
        proposing("create_branch", branch="feature/x"),
        proposing(files={"a.txt": b"by agents\n"}, message="m", branch="feature/x"),
    )
    await session.submit(DecideChanges(verdict="accepted"))
    came = await approve(hand, session, 1)
    assert isinstance(came, CommandRefused) and "approve the branch first" in came.reason
    made = await approve(hand, session, 0)
    assert made == ProposalCarriedOut(id=made.id, result="feature/x")
    assert repo("symbolic-ref", "--short", "HEAD").strip() == "feature/x"
    assert (project / ".git/index").read_bytes() == index
    assert (project.parent / "checkout").read_text() == "1\n"
    main = repo("rev-parse", "main")
    assert isinstance(await approve(hand, session, 1), ProposalCarriedOut)
    assert repo("rev-parse", "main") == main and repo("log", "--format=%s", "-1").strip() == "m"
    assert isinstance(await approve(hand, session, 0), CommandRefused)


@pytest.mark.parametrize("name", ["main", "-x", "a..b", "x\x1b[31m", "@{-1}"])
async def test_a_branch_that_cannot_be_is_refused(hand, repo, name):
    session = await run(hand, proposing("create_branch", branch=name))
    before = repo.state
    assert isinstance(await approve(hand, session), CommandRefused)
    assert repo.state == before


async def test_what_is_refused_is_told_to_the_nodes_that_work(hand, repo):
    proposed, decided = asyncio.Event(), asyncio.Event()

    async def deed(actor: Any) -> None:
        await proposing("create_branch", branch="x")(actor)
        proposed.set()
        await decided.wait()
        await actor.write("a.txt", b"on\n")

    session, team = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    await proposed.wait()
    came = await approve(hand, session)
    assert isinstance(came, CommandRefused) and "A run is at work" in came.reason
    await session.submit(DecideProposal(id=(await ids(hand, session))[0], verdict="rejected", comment="no"))
    decided.set()
    await session.wait_idle()
    assert team.actors[0].heard == ["The user does not want the branch x. Why: no"]
    assert isinstance(await approve(hand, session), CommandRefused)


async def test_what_was_broken_off_is_said_and_can_be_approved_again(hand, repo):
    session = await run(hand, proposing("create_branch", branch="x"))
    (id,) = await ids(hand, session)
    await session._emit(ProposalDecided(id=id, verdict="accepted", by="user"))
    again = await hand.again(session)
    assert "Heddle ended while" in (await hand.events(again, ProposalFailed))[0].reason
    assert isinstance(await approve(hand, again), ProposalCarriedOut)


async def test_the_inbox_says_all_of_it(hand, repo):
    session = await run(
        hand, proposing(files={"a.txt": b"by agents\n"}, message="Say\x1b[31m it", hooks=("pre-commit",))
    )
    view = SessionView()
    for record in await hand.records(session):
        view.apply(record)
    (entry,) = [entry for entry in view.inbox if entry.kind == "proposal"]
    assert entry.title == "Commit to your repository" and "\x1b" not in entry.detail
    assert "Files: a.txt" in entry.detail and "pre-commit" in entry.detail
    repo.hook("pre-commit", "exit 1")
    await session.submit(DecideChanges(verdict="accepted"))
    await approve(hand, session)
    for record in await hand.records(session, view.last):
        view.apply(record)
    (entry,) = [entry for entry in view.inbox if entry.kind == "proposal"]
    assert entry.detail.startswith("It failed: Your hook pre-commit refused it")


def test_git_is_never_taken_out_of_the_project(project, monkeypatch):
    (project / "git").write_text("#!/bin/sh\necho git version 9.9\n")
    (project / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{project}:.:/usr/bin:/bin")
    assert b"9.9" not in Git(project).run("version")


def test_the_hooks_that_would_run_are_named(repo, project):
    for name in ("pre-commit", "post-checkout", "pre-push"):
        repo.hook(name, "true")
    (project / ".git/hooks/commit-msg").write_text("not executable")
    assert hooks_of(project, "commit") == ("pre-commit",)
    assert hooks_of(project, "create_branch") == ("post-checkout",)
    (project / "hooks").mkdir()
    repo("config", "core.hooksPath", "hooks")
    assert hooks_of(project, "commit") == ()
    assert hooks_of(project.parent, "commit") == ()
