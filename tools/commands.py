"""Running commands in the sandbox."""

from core.limits import limits
from core.sandbox import Ended
from core.text import clip
from tools.workbench import ToolError, ToolResult, Workbench

_HINTS = (
    (
        ("Read-only file system",),
        "Only the project's own files, /tmp and the home folder can be written here; ignored files that the"
        " project had (such as a virtual environment) are read-only.",
    ),
    (
        ("Could not resolve host", "Temporary failure in name resolution", "Name or service not known",
         "Network is unreachable", "getaddrinfo EAI_AGAIN", "Could not resolve"),
        "There is no network here, so nothing can be downloaded or installed.",
    ),
)  # fmt: skip


async def run_command(bench: Workbench, command: str) -> ToolResult:
    """Run a shell command in the project's folder. There is no network, no input and no terminal.

    Args:
        command: The command, for `sh -c`; what it starts in the background ends with it.
    """
    if not command.strip():
        raise ToolError("The command is empty.")
    if "\0" in command or not _can_be_passed(command):
        raise ToolError("The command holds a character that no command can hold (NUL or half a surrogate).")
    seconds = limits().tools.command_seconds
    ended = await bench.sandbox.run(["sh", "-c", command], seconds=seconds, stop=bench.stop)
    return ToolResult(ended.exit_code == 0, describe(ended, seconds))


def _can_be_passed(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def describe(ended: Ended, seconds: float) -> str:
    """How a command ended, and what it printed, for the model."""
    match ended.reason:
        case "exited":
            head = f"Exit code {ended.exit_code}."
        case "timed_out":
            head = f"Ended by force after {seconds:g} seconds."
        case "stopped":
            head = "Stopped before it was done."
    output = clip(ended.output, limits().tools.output_characters - 1_000).rstrip("\n")
    return "\n".join([head, *hints_for(ended), output or "It printed nothing."])


def hints_for(ended: Ended) -> list[str]:
    """What the sandbox itself may have to do with a command's failure."""
    if not ended.exit_code:
        return []
    return [text for marks, text in _HINTS if any(mark in ended.output for mark in marks)]
