"""What the tree looked like at a moment, to tell what a command changed."""

import hashlib
import time
from dataclasses import dataclass

from core.stage.survey import Check, Rules, Seen, Walk, unchecked
from core.stage.tree import Tree


@dataclass(frozen=True, slots=True)
class Mark:
    """Every file of the tree as `lstat` saw it; with a digest where the timestamp is too fresh to tell."""

    files: dict[str, Seen]
    digests: dict[str, bytes]

    def differs_from(self, before: "Mark") -> list[str]:
        """Paths that are different here, new or gone."""
        either = self.files.keys() | before.files.keys()
        return sorted(path for path in either if self._differs(before, path))

    def _differs(self, before: "Mark", path: str) -> bool:
        if self.files.get(path) != before.files.get(path):
            return True
        digest = before.digests.get(path)
        return digest is not None and self.digests.get(path, digest) != digest


def take_mark(tree: Tree, rules: Rules, check: Check = unchecked) -> Mark:
    """Look at every file of the tree that does not count as ignored."""
    now = time.time_ns()
    files = Walk(tree.folder, rules, guarded=True, check=check).run().files
    digests: dict[str, bytes] = {}
    for path, seen in files.items():
        if not seen.settled(now):
            check()
            digests[path] = _digest(tree, path)
    return Mark(files, digests)


def _digest(tree: Tree, path: str) -> bytes:
    content = tree.content(path)
    return hashlib.sha256(b"" if content is None else content[1]).digest()
