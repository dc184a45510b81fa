"""Reading patches: unified diffs of any tool, and the `*** Begin Patch` form."""

import re
from dataclasses import dataclass, field
from typing import Literal

from tools.likeness import Check
from tools.workbench import ToolError

Tag = Literal[" ", "-", "+"]
Kind = Literal["add", "delete", "update"]

_HUNK = re.compile(r"@@+ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@+ ?(.*)")
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}
_BINARY = re.compile(r"GIT binary patch|Binary files .* differ")
_LINK_MODE = re.compile(r"(?:new file|deleted file|new|old) mode 1[26]0000|index \S+ 1[26]0000")
NOTHING = "/dev/null"


@dataclass
class Line:
    """One line of a hunk. `text` has no line feed, but a CR at its end if it was written with one."""

    tag: Tag
    text: str
    ends: bool = True
    """False when the line is the last one and has no line end."""


@dataclass
class Hunk:
    """One place that changes."""

    lines: list[Line]
    start: int = 0
    """First old line, counted from 1; 0 when the patch does not say."""
    headings: list[str] = field(default_factory=list)
    """Lines above the place (`@@ class A`), of the `*** Begin Patch` form."""
    at_end: bool = False

    @property
    def old(self) -> list[Line]:
        return [line for line in self.lines if line.tag != "+"]


@dataclass
class FilePatch:
    """What happens to one file."""

    kind: Kind
    old: str
    new: str
    """The same as `old`, unless it is moved."""
    hunks: list[Hunk] = field(default_factory=list)
    copy: bool = False
    prefixed: bool = False
    """The names came with `a/` and `b/`, which were taken off."""


def read_patch(text: str, check: Check = lambda: None) -> list[FilePatch]:
    """The files of a patch, in order. `check` is called meanwhile, and what it raises ends the reading.

    Raises:
        ToolError: it is no patch, or holds what cannot be applied (binary files, links).
    """
    lines = _unwrapped(text)
    if any(line.startswith(("*** Begin Patch", *_MARKS)) for line in lines):
        found = _Marked(lines).read(check)
    else:
        found = _Unified(lines).read(check)
    if not found:
        raise ToolError(
            "The patch changes no file. Send a unified diff (---, +++, @@ lines) or *** Begin Patch …"
            " *** Update File: path … *** End Patch."
        )
    return found


def _unwrapped(text: str) -> list[str]:
    """The lines, also of a patch in a code fence or with its line ends escaped."""
    if "\n" not in text.strip() and "\\n" in text:
        text = text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    lines = text.split("\n")
    fences = [number for number, line in enumerate(lines) if line.startswith("```")]
    if fences and not any(line.startswith(("---", "***", "diff ")) for line in lines[: fences[0]]):
        lines = lines[fences[0] + 1 : fences[-1] if len(fences) > 1 else None]
    return lines[:-1] if lines and lines[-1] == "" else lines


# -- unified diffs -----------------------------------------------------------------------------------


class _Unified:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._found: list[FilePatch] = []
        self._git: FilePatch | None = None

    def read(self, check: Check) -> list[FilePatch]:
        while self._at < len(self._lines):
            check()
            line = self._lines[self._at]
            if _BINARY.match(line):
                raise ToolError(
                    "The patch holds a binary file, which cannot be applied. Nothing was changed."
                )
            if _LINK_MODE.match(line):
                raise ToolError("The patch makes or changes a symbolic link or submodule; that is refused.")
            if line.startswith("diff --git "):
                self._begin_git(line)
            elif self._is_header():
                self._begin_file()
            elif self._git is not None and line and not line.startswith("@@"):
                self._note_git(line)
            if line.startswith("@@") and not self._found:
                raise ToolError("The patch has a hunk before any file name. Put --- and +++ lines above it.")
            if line.startswith("@@"):
                self._found[-1].hunks.append(self._hunk())
            else:
                self._at += 1
        return [each for each in self._found if each.old or each.new]

    def _is_header(self) -> bool:
        following = self._lines[self._at + 1 : self._at + 2]
        return (
            self._lines[self._at].startswith("--- ") and bool(following) and following[0].startswith("+++ ")
        )

    def _begin_git(self, line: str) -> None:
        names = _git_names(line.removeprefix("diff --git ").rstrip("\r"))
        self._git = FilePatch("update", *names, prefixed=names != ("", ""))
        self._found.append(self._git)

    def _note_git(self, line: str) -> None:
        git = self._git
        assert git is not None
        word, _, rest = line.rstrip("\r").partition(" ")
        if line.startswith("new file mode"):
            git.kind = "add"
        elif line.startswith("deleted file mode"):
            git.kind = "delete"
        elif word in ("rename", "copy"):
            side, _, name = rest.partition(" ")
            git.copy = word == "copy"
            if side == "from":
                git.old = _name(name)
            elif side == "to":
                git.new = _name(name)

    def _begin_file(self) -> None:
        old, new = _name(self._lines[self._at][4:]), _name(self._lines[self._at + 1][4:])
        self._at += 1
        prefixed = all(name == NOTHING or name.startswith(mark) for name, mark in ((old, "a/"), (new, "b/")))
        if prefixed:
            old, new = (name if name == NOTHING else name[2:] for name in (old, new))
        git, self._git = self._git, None
        file = git if git is not None and not git.hunks else FilePatch("update", "", "")
        if file is not git:
            self._found.append(file)
        file.kind = "add" if old == NOTHING else "delete" if new == NOTHING else file.kind
        if not (file.copy or (git is not None and git.old != git.new and git.old and git.new)):
            file.old, file.new = (new if old == NOTHING else old), (old if new == NOTHING else new)
        file.prefixed = prefixed

    def _hunk(self) -> Hunk:
        head = _HUNK.match(self._lines[self._at])
        self._at += 1
        if head is None:
            return Hunk(self._loose())
        old_count, new_count = (int(head[n]) if head[n] is not None else 1 for n in (2, 4))
        start = int(head[1]) + (1 if old_count == 0 else 0)
        begin = self._at
        lines = self._counted(old_count, new_count)
        if lines is None:
            self._at = begin
            lines = self._loose()
        return Hunk(lines, start)

    def _counted(self, old: int, new: int) -> list[Line] | None:
        """The lines that the numbers of the hunk ask for; None when the numbers are wrong."""
        lines: list[Line] = []
        while old > 0 or new > 0 or self._here().startswith("\\"):
            if self._at >= len(self._lines):
                return None
            tag = self._take(lines)
            old -= tag in (" ", "-")
            new -= tag in (" ", "+")
            if tag == "?" or old < 0 or new < 0:
                return None
        after = self._here()
        return None if after[:1] in (" ", "+", "-") and not self._is_header() and after != "-- " else lines

    def _loose(self) -> list[Line]:
        """The lines up to what cannot belong to the hunk."""
        lines: list[Line] = []
        while self._at < len(self._lines):
            line = self._here()
            if line.startswith(("@@", "diff ", "Index: ", "=== ")) or self._is_header():
                break
            if self._take(lines) == "?":
                break
        while lines and lines[-1].tag == " " and not lines[-1].text.strip():
            lines.pop()
        return lines

    def _here(self) -> str:
        return self._lines[self._at] if self._at < len(self._lines) else ""

    def _take(self, lines: list[Line]) -> str:
        """Take one line; returns its tag, `\\` or `?` for what is none."""
        line = self._here()
        tag = line[:1] or " "
        if tag == "\\" and lines:
            lines[-1].ends = False
        elif tag in (" ", "+", "-"):
            lines.append(Line(tag, line[1:]))  # type: ignore[arg-type]
        elif line == "\r":
            lines.append(Line(" ", "\r"))
            tag = " "
        else:
            return "?"
        self._at += 1
        return tag


def _git_names(text: str) -> tuple[str, str]:
    """The two names of a `diff --git` line; empty where only the lines below can tell."""
    match = re.fullmatch(r'("?)a/(.*)\1 ("?)b/(.*)\3', text)
    if match:
        old, new = _name(f"{match[1]}{match[2]}{match[1]}"), _name(f"{match[3]}{match[4]}{match[3]}")
        return old, new
    half = len(text) // 2
    return (text[:half], text[half + 1 :]) if text[:half] == text[half + 1 :] else ("", "")


def _name(text: str) -> str:
    """A file's name without time stamps, unquoted as Git quotes."""
    text = text.rstrip("\r")
    if text.startswith('"'):
        inner = text[1 : text.rfind('"')] if text.count('"') > 1 else text[1:]
        return _unquoted(inner)
    name = text.partition("\t")[0]
    name = re.sub(r" +\(revision \d+\)$| +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*$", "", name)
    return name.strip()


def _unquoted(text: str) -> str:
    def plain(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8) & 255]) if code.isdigit() else _ESCAPES.get(code, code)

    return _ESCAPE.sub(plain, text.encode("utf-8")).decode("utf-8", "replace")


# -- *** Begin Patch ---------------------------------------------------------------------------------

_MARKS = ("*** Add File:", "*** Delete File:", "*** Update File:")


class _Marked:
    def __init__(self, lines: list[str]) -> None:
        self._lines = [line.rstrip("\r") if line.startswith("*** ") else line for line in lines]
        self._found: list[FilePatch] = []
        self._hunk: Hunk | None = None

    def read(self, check: Check) -> list[FilePatch]:
        for line in self._lines:
            check()
            if line.startswith("*** End Patch"):
                break
            if line.startswith(_MARKS):
                self._begin(line)
            elif self._found and not self._mark(line):
                self._add(line)
        for file in self._found:
            file.hunks = [hunk for hunk in file.hunks if hunk.lines]
        return self._found

    def _begin(self, line: str) -> None:
        word, _, name = line[4:].partition(" File:")
        kinds: dict[str, Kind] = {"Add": "add", "Delete": "delete", "Update": "update"}
        path = name.strip()
        if not path:
            raise ToolError(f"“{line[:80]}” names no file.")
        self._found.append(FilePatch(kinds[word], path, path))
        self._hunk = None

    def _mark(self, line: str) -> bool:
        file = self._found[-1]
        if line.startswith("*** Move to:"):
            file.new = line.partition(":")[2].strip()
        elif line.startswith("*** End of File"):
            if self._hunk is not None:
                self._hunk.at_end = True
        elif line.startswith("@@") and file.kind == "update":
            self._open(line)
        else:
            return line.startswith("*** Begin Patch")
        return True

    def _open(self, line: str) -> None:
        numbers = _HUNK.match(line)
        heading = "" if numbers else line.strip().strip("@").strip()
        if self._hunk is None or self._hunk.lines:
            self._hunk = Hunk([])
            self._found[-1].hunks.append(self._hunk)
        if heading:
            self._hunk.headings.append(heading)
        if numbers:
            self._hunk.start = int(numbers[1])

    def _add(self, line: str) -> None:
        file = self._found[-1]
        if file.kind == "delete":
            return
        if self._hunk is None:
            self._hunk = Hunk([])
            file.hunks.append(self._hunk)
        tag = line[:1]
        if file.kind == "add":
            self._hunk.lines.append(Line("+", line[1:] if tag == "+" else line))
        elif tag in (" ", "-", "+"):
            self._hunk.lines.append(Line(tag, line[1:]))  # type: ignore[arg-type]
        elif tag == "\\" and self._hunk.lines:
            self._hunk.lines[-1].ends = False
        else:
            self._hunk.lines.append(Line(" ", line))
