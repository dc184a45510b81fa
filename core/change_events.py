"""What comes out of a session about the stage: differences, decisions, conflicts, its history, and Git."""

import msgspec

from core.event_base import ChangeKind, EventBase, GitAction, NodeEvent, Resolution, Verdict


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that stand together and came by one step."""

    lines: int
    step: str
    """Id of the commit of the step's `stage_committed`; empty: the project's own, or nobody knows."""


class Hunk(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of a file's difference, which can be decided by itself."""

    id: str
    """Unique in the file's difference, and the same as long as the piece stays the same."""
    old_start: int
    """Line numbers count from 1; an empty side names the line before it."""
    old_lines: int
    new_start: int
    new_lines: int
    role: str = ""
    """Who wrote the most of it; empty when nobody knows."""
    step: str = ""
    """Id of the commit that brought the most of it; empty when nobody knows."""
    written: tuple[Written, ...] = ()
    """Its new lines, top down, by the steps that brought them."""
    rejected: bool = False
    """The user rejected it, so it is not in the stage; it is listed since it can be reconsidered."""


class FileChanged(NodeEvent, frozen=True, kw_only=True):
    """A file in the stage differs from its base. Always the whole difference, not the last step."""

    path: str
    kind: ChangeKind
    added_lines: int
    removed_lines: int
    patch: str
    """Unified diff against the base, clipped at `limits.patch_characters`; empty for binary files.
    Hunks that were rejected are part of it, as long as they can be reconsidered."""
    binary: bool = False
    old_path: str | None = None
    """Where a renamed file was."""
    hunks: tuple[Hunk, ...] = ()
    """The pieces that can be decided by themselves, top down: runs of changed lines without an unchanged
    one between them. None for what is decided whole: new and deleted files, links, binary files."""
    old_mode: str = ""
    """Git's mode of the file in the project (`100644`, `100755`, `120000`, `160000`); empty when unknown or new."""
    new_mode: str = ""
    old_blob: str = ""
    """Git's id of the file's bytes in the project; empty when it is new, or unknown."""
    new_blob: str = ""
    """The same of what stands in the stage, so that what is accepted is what was seen."""
    written: tuple[Written, ...] = ()
    """All lines of a file that has no hunks, top down, by the steps that brought them."""
    marks: tuple[str, ...] = ()
    """What a reader of the lines would not see: `crlf`, `bom`, `latin-1`, `no final newline`, …"""


class ChangeWithdrawn(NodeEvent, frozen=True, kw_only=True):
    """A file is equal to its base again."""

    path: str


class ChangeDecided(EventBase, frozen=True, kw_only=True):
    path: str
    verdict: Verdict
    by: str
    hunk: str | None = None
    """Id of the hunk that was decided; None: the file as a whole."""
    comment: str = ""
    """Why, for the agents."""


class ChangeMarkedStale(EventBase, frozen=True, kw_only=True):
    """The user changed the file in the project meanwhile: it was not overwritten."""

    path: str
    reason: str
    hunk: str | None = None
    """The hunk that does not fit any more; None: the file."""


class ChangeMerged(EventBase, frozen=True, kw_only=True):
    """The user's own edits of a file and the agents' were put together, and nothing collided."""

    path: str


class ConflictFound(EventBase, frozen=True, kw_only=True):
    """User and agents changed the same lines: the user says which side stands (`ResolveConflict`)."""

    path: str
    regions: int
    """How many places collide."""
    text: str
    """The file with both sides between conflict markers, clipped."""
    version: str = ""
    """SHA-256 of the project's file that collides; empty when the user deleted it."""


class ConflictResolved(EventBase, frozen=True, kw_only=True):
    path: str
    take: Resolution
    by: str


class ProjectChanged(EventBase, frozen=True, kw_only=True):
    """The user changed files of the project while the session was open."""

    paths: tuple[str, ...]
    """The first of them."""
    count: int
    touched: tuple[str, ...] = ()
    """Those that the agents changed as well: they are merged when they are applied."""
    back: tuple[str, ...] = ()
    """Files of the agents that are what they were before the user changed them."""


class OverlapFound(NodeEvent, frozen=True, kw_only=True):
    """A node changed lines that another node of the run wrote."""

    path: str
    other_node: str
    other_role: str
    hunk: str | None = None


class StageCommitted(NodeEvent, frozen=True, kw_only=True):
    """A node's step is kept in the stage's history: a point that the stage can be rewound to."""

    commit: str
    paths: tuple[str, ...]
    message: str
    added_lines: int = 0
    """Lines that it brought, in all its files."""


class StageRewound(EventBase, frozen=True, kw_only=True):
    """The stage is what it was at an earlier point; the work after it stays reachable."""

    commit: str
    from_commit: str
    """Where the stage was, for the way back."""
    by: str


class GitProposed(NodeEvent, frozen=True, kw_only=True):
    """A node wants something done in the user's own repository: the user decides (`DecideProposal`)."""

    id: str
    action: GitAction
    branch: str = ""
    message: str = ""
    paths: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    """The user's own hooks that were there and will run, with the user's rights, once it is approved."""


class ProposalDecided(EventBase, frozen=True, kw_only=True):
    id: str
    verdict: Verdict
    by: str
    comment: str = ""


class ProposalCarriedOut(EventBase, frozen=True, kw_only=True):
    id: str
    result: str
    """The commit's id, or the branch's name."""


class ProposalFailed(EventBase, frozen=True, kw_only=True):
    """An approved proposal could not be carried out; the repository is as it was."""

    id: str
    reason: str


class ChangeApplied(EventBase, frozen=True, kw_only=True):
    path: str
    apply: str
    """Id of the apply that wrote it: its undo point."""


class ChangeUndone(EventBase, frozen=True, kw_only=True):
    path: str
    apply: str
