"""The difference of two trees of the shadow repository, as changes that people and `patch` can read."""

import pygit2
from pygit2.enums import DeltaStatus

from core.events import ChangeKind
from core.limits import limits
from core.spelling import quoted
from core.stage.change import Change
from core.stage.marks import readable
from core.stage.shadow import Item, Shadow
from core.stage.survey import Check, unchecked
from core.text import clip


def changes_between(shadow: Shadow, old: str, new: str, check: Check = unchecked) -> list[Change]:
    """Every file that differs between two trees, by path."""
    if old == new:
        return []
    found: list[Change] = []
    for patch in shadow.compare(old, new):
        check()
        if patch is not None:
            found.append(_change(shadow, patch))
    return sorted(found, key=lambda change: change.path)


def _change(shadow: Shadow, patch: pygit2.Patch) -> Change:
    delta = patch.delta
    kind = _kind(delta.status)
    before = None if kind == "added" else _item(delta.old_file)
    after = None if kind == "deleted" else _item(delta.new_file)
    path = delta.old_file.path if after is None else delta.new_file.path
    old_path = delta.old_file.path if kind == "renamed" else None
    _, added, removed = patch.line_stats
    binary = bool(delta.is_binary)
    head = head_lines(old_path or path, path, before, after)
    old = shadow.bytes_of(before.oid) if before else None
    new = shadow.bytes_of(after.oid) if after else None
    body = readable(_body(patch, old_path or path, path, binary), old, new)
    return Change(
        path=path,
        kind=kind,
        old=old,
        new=new,
        old_mode=before.mode if before else None,
        new_mode=after.mode if after else None,
        added_lines=added,
        removed_lines=removed,
        patch=clip(head + body, limits().record.patch_characters),
        binary=binary,
        old_path=old_path,
    )


def _kind(status: DeltaStatus) -> ChangeKind:
    if status == DeltaStatus.ADDED:
        return "added"
    if status == DeltaStatus.DELETED:
        return "deleted"
    return "renamed" if status == DeltaStatus.RENAMED else "modified"


def _item(file: pygit2.DiffFile) -> Item:
    return Item(int(file.mode), str(file.id))


def head_lines(old_path: str, path: str, before: Item | None, after: Item | None) -> str:
    """What stands above a file's diff: its names, and what became of it and its mode."""
    lines = [f"diff --git {quoted('a/' + old_path)} {quoted('b/' + path)}"]
    if before is None and after is not None:
        lines.append(f"new file mode {after.mode:o}")
    elif after is None and before is not None:
        lines.append(f"deleted file mode {before.mode:o}")
    elif before is not None and after is not None and before.mode != after.mode:
        lines += [f"old mode {before.mode:o}", f"new mode {after.mode:o}"]
    if old_path != path:
        lines += [f"rename from {quoted(old_path)}", f"rename to {quoted(path)}"]
    return "\n".join(lines) + "\n"


def name_lines(kind: ChangeKind, old_path: str, path: str) -> str:
    """The two lines above the first hunk."""
    old_name = "/dev/null" if kind == "added" else quoted("a/" + old_path)
    new_name = "/dev/null" if kind == "deleted" else quoted("b/" + path)
    return f"--- {old_name}\n+++ {new_name}\n"


def _body(patch: pygit2.Patch, old_path: str, path: str, binary: bool) -> bytes:
    names = name_lines(_kind(patch.delta.status), old_path, path)
    if binary:
        old_name, new_name = (line[4:] for line in names.splitlines())
        return f"Binary files {old_name} and {new_name} differ\n".encode()
    data = patch.data
    start = 0 if data.startswith(b"@@") else data.find(b"\n@@") + 1
    if start == 0 and not data.startswith(b"@@"):
        return b""
    return names.encode() + data[start:]
