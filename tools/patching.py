"""Applying patches to several files: all of it, or nothing."""

import stat
from dataclasses import dataclass, field

from core.limits import limits
from core.sandbox.masking import MARK
from core.sandbox.secrecy import hidden_files
from core.stage.change import StageError
from tools import textfile
from tools.nearby import explain_missing
from tools.patch_fit import Fit, Fitting, joined, rows_of
from tools.patch_text import FilePatch, Hunk, read_patch
from tools.spelling import meant
from tools.textfile import TextFormat
from tools.workbench import ToolError, ToolResult, Workbench

_MOST_CHARACTERS = 2_000_000
_MOST_FILES = 200


def apply_patch(bench: Workbench, patch: str) -> ToolResult:
    """Change several places of several files at once: all of it, or nothing. Takes a unified diff or this form:

    *** Begin Patch, then *** Update File: path, hunks that begin with @@, lines that begin with -, + or a
    space, and *** End Patch. *** Add File: and *** Delete File: work too.

    Args:
        patch: The whole patch. Old lines must be as they are in the file; small differences are reported.
    """
    if len(patch) > _MOST_CHARACTERS:
        raise ToolError(f"The patch is longer than {_MOST_CHARACTERS:,} characters. Send smaller ones.")
    textfile.require_text(patch, "patch")
    files = read_patch(patch, bench.check)
    if len(files) > _MOST_FILES:
        raise ToolError(f"The patch changes {len(files)} files, more than {_MOST_FILES}. Send smaller ones.")
    draft = _Draft(bench)
    for file in files:
        draft.add(file)
    if draft.faults:
        raise ToolError("\n".join(["Nothing was changed:", *draft.faults]))
    changed = draft.write()
    if not changed:
        return ToolResult(True, "The files are already as the patch wants them; nothing was changed.")
    return ToolResult(True, "\n".join(["Applied:", *draft.said]), tuple(changed))


@dataclass
class _Draft:
    """The files as they will be. Nothing is written before every hunk has its place."""

    bench: Workbench
    before: dict[str, bytes | None] = field(default_factory=dict[str, bytes | None])
    after: dict[str, bytes | None] = field(default_factory=dict[str, bytes | None])
    said: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])

    def add(self, file: FilePatch) -> None:
        """Work a file's patch out; what does not work is kept in `faults`."""
        try:
            self._add(file)
        except (ToolError, StageError) as error:
            self.faults.append(f"{file.new or file.old}: {error}")

    def _add(self, file: FilePatch) -> None:
        if any(MARK in line.text for hunk in file.hunks for line in hunk.lines if line.tag == "+"):
            raise ToolError(f"a new line holds {MARK}, which stands for a secret that you were not shown")
        if file.kind == "add":
            self._create(file)
            return
        old = self._existing(file)
        if old is None and _only_adds(file):
            self._create(file)
        elif old is None:
            raise ToolError(explain_missing(self.bench.stage, self._locate(file.old)))
        elif file.kind == "delete":
            self._delete(file, old)
        else:
            self._update(file, old)

    # -- one file --------------------------------------------------------------------------------

    def _create(self, file: FilePatch) -> None:
        place = self._locate(file.new)
        if self._now(place) is not None:
            raise ToolError("it exists already. Update it, or delete it in the same patch before.")
        lines = [line for hunk in file.hunks for line in hunk.lines if line.tag == "+"]
        text = "".join(line.text + ("\n" if line.ends else "") for line in lines)
        self._put(place, TextFormat().encode(text))
        self.said.append(f"{place}: created, {len(lines)} lines")

    def _delete(self, file: FilePatch, place: str) -> None:
        if file.hunks:
            rest, _ = self._fitted(place, file.hunks)
            if rest:
                raise ToolError("the patch deletes it, but it has lines that the patch does not know")
        self._put(place, None)
        self.said.append(f"{place}: deleted")

    def _update(self, file: FilePatch, place: str) -> None:
        moves = file.old != file.new
        target = self._locate(file.new) if moves else place
        if not file.hunks and not moves:
            raise ToolError("the patch has no hunk for it (a change of mode alone cannot be applied)")
        if moves and target != place and self._now(target) is not None:
            raise ToolError(f"it cannot be moved to {target}, which exists already")
        content, fits = self._fitted(place, file.hunks) if file.hunks else (self._now(place), [])
        if moves and not file.copy:
            self._put(place, None)
        self._put(target, content)
        self.said.append(_sentence(place, target, file, fits))

    def _fitted(self, place: str, hunks: list[Hunk]) -> tuple[bytes, list[Fit]]:
        """The file with the hunks in it. Raises `ToolError` that names the hunks that do not fit."""
        data = self._now(place) or b""
        if textfile.is_binary(data):
            raise ToolError("it is a binary file; only text can be patched")
        spelled = textfile.format_of(data)
        fitting = Fitting(rows_of(spelled.decode(data), self.bench.check), self.bench.check)
        fits: list[Fit] = []
        faults: list[str] = []
        for number, hunk in enumerate(hunks, 1):
            try:
                fits.append(fitting.put(hunk))
            except ToolError as error:
                faults.append(f"hunk {number} of {len(hunks)}: {error}")
        if faults:
            raise ToolError("; ".join(faults[:5]) + ".")
        return spelled.encode(joined(fitting.rows())), fits

    # -- places ----------------------------------------------------------------------------------

    def _existing(self, file: FilePatch) -> str | None:
        """The file that is meant, also with another number of leading folders."""
        names = [file.old, file.new] if file.old == file.new or file.kind != "update" else [file.old]
        if file.prefixed:
            names += [f"a/{file.old}", f"b/{file.new}"]
        names += [name.partition("/")[2] for name in (file.old, file.new) if "/" in name.lstrip("/")]
        for name in dict.fromkeys(names):
            try:
                place = self._locate(name)
            except (StageError, ToolError):
                if name == file.old:
                    raise
                continue
            if self._now(place) is not None:
                return place
        return None

    def _locate(self, name: str) -> str:
        if not name.strip():
            raise ToolError("the patch does not name the file")
        place = self.bench.stage.locate(meant(self.bench.stage, name))
        if place in hidden_files(self.bench.stage.tree, self.bench.stage.project).files:
            raise ToolError("it is hidden, since it holds secrets; work without it")
        return place

    def _now(self, place: str) -> bytes | None:
        """The content as the patch has made it so far; None when there is no file."""
        if place in self.after:
            return self.after[place]
        target = self.bench.stage.tree / place
        try:
            info = target.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(info.st_mode):
            raise ToolError(f"{place} is a folder or no ordinary file")
        if info.st_size > limits().tools.file_bytes:
            raise ToolError(f"{place} has {info.st_size:,} bytes, too many to patch")
        data = self.bench.stage.read(place)
        self.before[place] = data
        return data

    def _put(self, place: str, content: bytes | None) -> None:
        if content is not None and len(content) > limits().tools.file_bytes:
            raise ToolError("it would get too large")
        self.before.setdefault(place, None)
        self.after[place] = content

    # -- writing ---------------------------------------------------------------------------------

    def write(self) -> list[str]:
        """Write all; when one cannot be written, put back those before it. Returns the changed paths."""
        changed = [place for place, content in self.after.items() if content != self.before[place]]
        done: list[str] = []
        try:
            for place in sorted(changed, key=lambda place: self.after[place] is not None):
                done.append(place)
                self._set(place, self.after[place])
        except (OSError, StageError) as error:
            for place in reversed(done):
                self._restore(place)
            raise ToolError(f"Nothing was changed: {done[-1]} could not be written ({error}).") from None
        return changed

    def _set(self, place: str, content: bytes | None) -> None:
        if content is None:
            self.bench.stage.delete(place)
        else:
            self.bench.stage.write(place, content)

    def _restore(self, place: str) -> None:
        try:
            self._set(place, self.before[place])
        except (OSError, StageError):
            return  # it was not written in the first place


def _only_adds(file: FilePatch) -> bool:
    """Whether a patch without /dev/null (of bzr, svn, …) makes a new file."""
    return (
        file.kind == "update"
        and len(file.hunks) == 1
        and not file.hunks[0].old
        and file.hunks[0].start <= 1
        and bool(file.hunks[0].lines)
        and not file.hunks[0].headings
    )


def _sentence(place: str, target: str, file: FilePatch, fits: list[Fit]) -> str:
    added = sum(line.tag == "+" for hunk in file.hunks for line in hunk.lines)
    removed = sum(line.tag == "-" for hunk in file.hunks for line in hunk.lines)
    verb = f" {'copied' if file.copy else 'moved'} to {target}," if target != place else ""
    lines = ", ".join(str(fit.line) for fit in fits[:20])
    where = f" at line {lines}" if fits else ""
    said = f"{place}:{verb} +{added} -{removed}{where}"
    notes = [f"hunk {number}: {'; '.join(fit.notes)}" for number, fit in enumerate(fits, 1) if fit.notes]
    return said + (f" (not exact; {', '.join(notes)})" if notes else "")
