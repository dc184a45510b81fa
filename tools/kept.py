"""What commands print: told while they run, kept whole beside the stage, and cut to its end for the model."""

import codecs
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.limits import limits
from core.sandbox import Ended
from core.sandbox.process import in_thread
from core.sandbox.secrecy import known_values
from core.sandbox.veil import Veil
from tools.workbench import ToolError, Workbench

OUTPUT = "@output/"
"""What the name of a kept output begins with, as the model gets it."""
_NAME = re.compile(r"@output/(\d{1,9})")
_MOST_DATA = 50_000_000
_HEAD_LINES = 8
_LINE_CHARACTERS = 1_000


@dataclass(frozen=True)
class Printed:
    """A command's end, and the name by which all that it printed is read; empty where it was little."""

    ended: Ended
    name: str
    whole: bool = True
    """All of it is kept."""


async def run_kept(
    bench: Workbench, argv: Sequence[str], *, seconds: float, environment: Mapping[str, str] = {}
) -> Printed:
    """Run a command in the node's sandbox, tell what it prints, and keep it. Raises as the sandbox does."""
    kept = _Kept(bench)

    def work(stopped: Callable[[], bool]) -> Ended:
        try:
            return bench.sandbox.run_here(argv, seconds, stopped, kept.add, environment)
        finally:
            kept.close()

    return Printed(await in_thread(work, bench.stop), kept.name, kept.whole)


async def run_whole(
    bench: Workbench, argv: Sequence[str], *, seconds: float, environment: Mapping[str, str] = {}
) -> tuple[Ended, str]:
    """Run a program that prints data for us, and give all that it printed. Raises as the sandbox does."""
    printed = bytearray()

    def tell(data: bytes) -> None:
        if len(printed) < _MOST_DATA:
            printed.extend(data)

    def work(stopped: Callable[[], bool]) -> Ended:
        return bench.sandbox.run_here(argv, seconds, stopped, tell, environment)

    ended = await in_thread(work, bench.stop)
    return ended, printed.decode("utf-8", "replace")


def is_kept(path: str) -> bool:
    """Whether a model means a kept output by this path."""
    return path.startswith(OUTPUT)


def find_kept(bench: Workbench, path: str) -> Path:
    """The file that holds a kept output. Raises `ToolError` when there is none of this name."""
    match = _NAME.fullmatch(path.strip())
    file = bench.stage.outputs / f"{match[1]}.txt" if match else None
    if file is None or not file.is_file():
        raise ToolError(
            f"There is no output “{path[:60]}”: only the latest {limits().tools.kept_outputs} are kept. Run it again."
        )
    return file


def shown(text: str, room: int, omitted: int = 0) -> str:
    """The first lines and the end of what was printed, as far as there is room: errors stand at the end.

    `omitted`: so much is left out of the middle of the text already.
    """
    text = text.rstrip("\n")
    if len(text) <= room:
        return text
    lines = text.split("\n")
    head: list[str] = []
    for line in lines[:_HEAD_LINES]:
        if sum(map(len, head)) + len(line) > room // 5:
            break
        head.append(line)
    left = room - sum(len(line) + 1 for line in head) - 60
    tail = text[-left:]
    if "\n" in tail[: left // 2]:
        tail = tail.partition("\n")[2]
    hidden = omitted + len(text) - len(tail) - sum(len(line) + 1 for line in head)
    return "\n".join([*head, f"… {hidden:,} characters left out …", tail])


def told(printed: Printed) -> str:
    """How a model gets the rest; empty where there is none."""
    if not printed.name:
        return ""
    what = "All of it" if printed.whole else f"The first {limits().tools.kept_characters:,} characters"
    return f'({what}: read_file(path="{printed.name}"), or search_files with this path.)'


class _Kept:
    """Takes a command's bytes in, in the thread that reads them."""

    def __init__(self, bench: Workbench) -> None:
        self.name = ""
        self._bench = bench
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._veil = Veil(known_values(bench.stage.tree, bench.stage.project))
        self._early: list[str] = []
        self._characters = 0
        self._file: Path | None = None

    @property
    def whole(self) -> bool:
        """Nothing was too much to be kept."""
        return self._characters <= limits().tools.kept_characters

    def add(self, data: bytes) -> None:
        """See `core.sandbox.contract.Sandbox.run_here`."""
        if self.whole:
            self._take(self._veil.add(self._decoder.decode(data)))

    def close(self) -> None:
        """The command has ended."""
        self._take(self._veil.rest())

    def _take(self, text: str) -> None:
        if not text:
            return
        self._characters += len(text)
        if self._bench.tell is not None:
            self._bench.tell(text)
        if self._file is None:
            self._early.append(text)
            if self._characters <= limits().tools.command_characters:
                return
            self._file = _new_file(self._bench.stage.outputs)
            self.name = f"{OUTPUT}{self._file.stem}"
            text = "".join(self._early)
            self._early.clear()
        if not self.whole:
            text += "\n… what was printed after this is not kept …\n"
        with self._file.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)


def _new_file(folder: Path) -> Path:
    """The next number that is free; the oldest outputs make room."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    numbers = sorted(int(each.stem) for each in folder.glob("*.txt") if each.stem.isdigit())
    for number in numbers[: max(0, len(numbers) - limits().tools.kept_outputs + 1)]:
        (folder / f"{number}.txt").unlink(missing_ok=True)
    number = numbers[-1] + 1 if numbers else 1
    while True:
        try:
            os.close(os.open(folder / f"{number}.txt", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            number += 1
        else:
            return folder / f"{number}.txt"
