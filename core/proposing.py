"""Decisions on proposals: what is approved is made in the user's repository, exactly as it was accepted."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.commands import ApplyChanges, DecideProposal
from core.decisions import Decisions, Emit
from core.events import GitProposed, ProposalCarriedOut, ProposalDecided, ProposalFailed
from core.git.applied import Trail, find_trails, in_project
from core.git.branching import check_branch, create_branch
from core.git.committing import Committed, Content, check, commit
from core.git.program import GitFailed
from core.git.repository import Repository, named
from core.past import Past
from core.proposals import Proposed
from core.refusal import Refusal
from core.sandbox.masking import mask
from core.sandbox.secrecy import own_secrets
from core.spelling import real
from core.stage import Change, Stage, StageError
from core.staging import Staging

_BROKEN_OFF = (
    "Heddle ended while it was being made. Look with `git log` and `git status` whether it is there, before "
    "you approve it again."
)


@dataclass
class Proposing:
    """The proposals of one session. The session calls one of these at a time."""

    staging: Staging
    past: Past
    emit: Emit
    decisions: Decisions
    busy: Callable[[], bool]
    """Whether a run is at work."""
    closing: Callable[[], bool]
    """Whether the session is being closed: hooks are ended then."""
    _stage: Stage = field(init=False)

    async def catch_up(self) -> None:
        """Say of what was under way when the engine died that nobody knows how far it came."""
        found = self.past.proposals.under_way
        if found:
            await self.emit(*(ProposalFailed(id=one.event.id, reason=_BROKEN_OFF) for one in found))

    async def decide(self, command: DecideProposal) -> None:
        """Approve or refuse a proposal.

        Raises:
            Refusal: it cannot be decided, or made as it is; nothing was changed.
        """
        proposed = self._open(command.id)
        comment = mask(command.comment.strip(), own_secrets()).text
        decided = ProposalDecided(id=command.id, verdict=command.verdict, by=command.by, comment=comment)
        match command.verdict:
            case "undecided":
                raise Refusal("A proposal is approved or refused.")
            case "rejected":
                await self.emit(decided)
                if self.busy():
                    self.decisions.tell(_refused(proposed.event, comment))
            case "accepted":
                await self._approve(proposed.event, decided)

    def _open(self, id: str) -> Proposed:
        proposed = self.past.proposals.known.get(id)
        if proposed is None:
            raise Refusal(f"There is no proposal {id}. `heddle proposals` lists those that there are.")
        if not proposed.waits:
            raise Refusal(f"The proposal {id} does not wait any more: it is {proposed.state}.")
        return proposed

    async def _approve(self, event: GitProposed, decided: ProposalDecided) -> None:
        if self.busy():
            raise Refusal(
                "A run is at work: approve its proposals when it is finished, or interrupt it first."
            )
        try:
            match event.action:
                case "create_branch":
                    repository = await asyncio.to_thread(self._repository)
                    await asyncio.to_thread(check_branch, repository, event.branch)
                    await self._carry_out(event, decided, lambda: create_branch(repository, event.branch))
                case "commit":
                    await self._approve_commit(event, decided)
        except GitFailed as error:
            raise Refusal(str(error)) from error

    async def _carry_out(self, event: GitProposed, decided: ProposalDecided, work: Callable[[], str]) -> None:
        """Put the decision on record, do it, and put on record what came of it."""
        await self.emit(decided)
        try:
            await self._apply(event)
            result = await asyncio.to_thread(work)
        except (GitFailed, Refusal, StageError, OSError) as error:
            await self.emit(ProposalFailed(id=event.id, reason=str(error)))
        else:
            await self.emit(ProposalCarriedOut(id=event.id, result=result))

    def _repository(self) -> Repository:
        return Repository(self.staging.project, self.closing)

    # -- commits ---------------------------------------------------------------------------------

    async def _approve_commit(self, event: GitProposed, decided: ProposalDecided) -> None:
        await self.decisions.carry_out()
        self._check_decided(event)
        self._stage = await self.staging.stage()
        await asyncio.to_thread(self._check, event)
        await self._carry_out(event, decided, lambda: self._commit(event))

    def _check_decided(self, event: GitProposed) -> None:
        """Raises `Refusal` for files that wait for a decision: only what is accepted is committed."""
        waiting = self.past.waiting
        mine = self._waiting(event)
        undecided = [path for path in mine if waiting.decided[path].verdict == "undecided"]
        if undecided:
            raise Refusal(
                f"The commit would hold {named(undecided)}, which you have not decided on: accept or reject that first."
            )
        collide = [path for path in mine if path in waiting.conflicts]
        if collide:
            raise Refusal(f"{named(collide)} is in conflict with edits of yours: decide that first.")

    def _waiting(self, event: GitProposed) -> list[str]:
        """Paths of changes that wait and belong to a proposal, also by their old names."""
        paths = set(event.paths)
        return [path for path, change in self.past.changes.items() if {path, change.old_path} & paths]

    def _accepted(self, event: GitProposed) -> tuple[str, ...]:
        decided = self.past.waiting.decided
        return tuple(path for path in self._waiting(event) if decided[path].is_accepted)

    async def _apply(self, event: GitProposed) -> None:
        """What is accepted is applied first: a commit of what the project does not hold would undo it there."""
        paths = self._accepted(event) if event.action == "commit" else ()
        if paths:
            await self.decisions.write(ApplyChanges(paths=paths))
        left = [path for path in paths if path in self.past.changes and path in self._accepted(event)]
        if left:
            raise GitFailed(f"{named(left)} could not be applied, so nothing was committed.")

    def _check(self, event: GitProposed) -> None:
        """Raises `GitFailed` when the commit would hold anything but what was accepted."""
        repository = self._repository()
        if event.branch and repository.branch != event.branch and not self._is_refused(event.branch):
            raise GitFailed(
                f"The commit is meant for the branch {event.branch}, and you are on {repository.branch or 'none'}: "
                f"approve the branch first, or change to it (git switch)."
            )
        trails, changes = self._trails(event), self._stage_changes(event)
        before: dict[str, list[Content | None]] = {}
        for change in changes:
            for place in change.paths:
                before[place] = [_content(change, place)]
        waiting = set(before)
        applied = in_project(self._stage, {place: trails[place] for place in trails if place not in waiting})
        for place, trail in trails.items():
            now = [] if place in waiting else [applied[place]]
            before.setdefault(place, []).extend([*now, *trail.before])
        if not before:
            raise GitFailed("Nothing of this was accepted, so there is nothing to commit.")
        check(repository, *_by_place(repository, before))

    def _stage_changes(self, event: GitProposed) -> list[Change]:
        """What is accepted and not applied yet."""
        found = (self._stage.change(real(path)) for path in self._accepted(event))
        return [change for change in found if change is not None]

    def _is_refused(self, branch: str) -> bool:
        """Whether the user did not want the branch that a commit is meant for: then it is for any."""
        known = [one for one in self.past.proposals.known.values() if one.event.action == "create_branch"]
        return any(one.state == "refused" and one.event.branch == branch for one in known)

    def _trails(self, event: GitProposed) -> Mapping[str, Trail]:
        return find_trails(self.staging.journals, self.past.applies, set(event.paths))

    def _commit(self, event: GitProposed) -> str:
        repository, trails = self._repository(), self._trails(event)
        contents = in_project(self._stage, trails)
        files = [
            Committed(repository.place(place), contents[place], (contents[place], *trail.before))
            for place, trail in trails.items()
        ]
        return commit(repository, files, event.message)


def _content(change: Change, place: str) -> Content | None:
    """What is at a place in the project while a change waits."""
    if place != (change.old_path or change.path) or change.old is None:
        return None
    return Content(change.old_mode or 0, change.old)


def _by_place(
    repository: Repository, before: Mapping[str, Sequence[Content | None]]
) -> tuple[list[bytes], dict[bytes, Sequence[Content | None]]]:
    found = {repository.place(place): contents for place, contents in before.items()}
    return list(found), found


def _refused(event: GitProposed, comment: str) -> str:
    what = f"the branch {event.branch}" if event.action == "create_branch" else "your commit"
    return f"The user does not want {what}." + (f" Why: {comment}" if comment else "")
