"""Running commands in the sandbox."""

from core.limits import limits
from core.sandbox import Ended
from tools.kept import Printed, run_kept, shown, told
from tools.workbench import ToolError, ToolResult, Workbench

_COMMAND_BYTES = 100_000
"""The system passes 128 KiB in one argument."""
_NO_NETWORK = (
    "There is no network here, so nothing can be downloaded or installed. A command that cannot do without can be"
    " asked for with run_command_outside, where that tool is there."
)
_HINTS = (
    (
        ("Could not resolve host", "Temporary failure in name resolution", "Name or service not known",
         "Network is unreachable", "getaddrinfo EAI_AGAIN", "Could not resolve"),
        _NO_NETWORK,
    ),
    (
        ("MemoryError", "annot allocate memory", "std::bad_alloc", "heap out of memory", "out of memory"),
        f"A command gets {limits().sandbox.memory_bytes / 1e9:g} GB of memory at most.",
    ),
    (
        ("No space left on device",),
        f"/tmp and the home folder hold {limits().sandbox.tmp_bytes / 1e9:g} GB at most in here, in memory.",
    ),
    (
        ("File size limit exceeded", "File too large"),
        f"A file may have {limits().sandbox.file_bytes / 1e9:g} GB at most in here.",
    ),
    (
        ("Resource temporarily unavailable", "Cannot fork", "can't start new thread"),
        f"A command gets {limits().sandbox.processes} processes and threads at most.",
    ),
)  # fmt: skip


async def run_command(bench: Workbench, command: str) -> ToolResult:
    """Run a shell command in the project's folder. There is no network, no input and no terminal.

    Of a long output you get the first lines and the end, and the name by which all of it can be read.

    Args:
        command: The command, for `sh -c`; what it starts in the background ends with it.
    """
    check_command(command)
    seconds = limits().tools.command_seconds
    printed = await run_kept(bench, ["sh", "-c", command], seconds=seconds)
    return ToolResult(printed.ended.exit_code == 0, describe(printed, seconds))


def check_command(command: str) -> None:
    """Raises `ToolError` for what no shell can be given."""
    if not command.strip():
        raise ToolError("The command is empty.")
    if "\0" in command or not _can_be_passed(command):
        raise ToolError("The command holds a character that no command can hold (NUL or half a surrogate).")
    if len(command.encode()) > _COMMAND_BYTES:
        raise ToolError(
            f"The command is longer than {_COMMAND_BYTES:,} bytes. Write a script with write_file, and run that."
        )


def _can_be_passed(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def describe(printed: Printed, seconds: float, *, network: bool = False) -> str:
    """How a command ended, and the end of what it printed, for the model. `network`: it had that."""
    ended = printed.ended
    match ended.reason:
        case "exited":
            head = f"Exit code {ended.exit_code}." if not ended.excess else f"{ended.excess} It was killed."
        case "timed_out":
            head = f"Ended by force after {seconds:g} seconds."
        case "stopped":
            head = "Stopped before it was done."
    output = shown(ended.output, limits().tools.command_characters, ended.omitted_bytes)
    rest = told(printed)
    hints = [each for each in hints_for(ended) if each != _NO_NETWORK or not network]
    return "\n".join([head, *hints, *([rest] if rest else []), output or "It printed nothing."])


def hints_for(ended: Ended) -> list[str]:
    """What the sandbox itself may have to do with a command's failure."""
    if not ended.exit_code or ended.excess:
        return []
    found = [_read_only(ended)] if "Read-only file system" in ended.output else []
    return found + [text for marks, text in _HINTS if any(mark in ended.output for mark in marks)]


def _read_only(ended: Ended) -> str:
    where = "Only the project's own files, /tmp and the home folder can be written here"
    if not ended.read_only:
        return f"{where}, and the project's ignored files that are no links to elsewhere."
    return f"{where}; ignored files that the project had are read-only, since {ended.read_only}."
