"""The first frame of other terminal agents in the same terminal, beside ours and a bare Textual application.

`python bench/peers.py --install` installs each from its registry by its name into a temporary folder, which takes
a minute or two, starts it with keys that are none, and lets it reach no network while it is measured. Without
`--install` nothing is fetched. What cannot be installed here is said and left out.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from _terminal import PRIORITY, Terminal, bare_app, exact_cpu_seconds, heddle, median, pss_mb

RUNS = 5
NO_KEYS = dict.fromkeys(("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "MISTRAL_API_KEY"), "none")
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Peer:
    """Another agent."""

    name: str
    registry: str
    """`pip` or `npm`."""
    program: str
    prompt: str
    """What it paints where the first thing can be typed."""

    def install(self, folder: Path) -> Path | None:
        """Into a folder of its own; gives the program, None if that cannot be had here."""
        if self.registry == "npm":
            steps = [["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), self.name]]
            found = folder / "node_modules" / ".bin" / self.program
        else:
            steps = [[sys.executable, "-m", "venv", str(folder)]]
            steps += [[str(folder / "bin" / "pip"), "install", "--quiet", self.name]]
            found = folder / "bin" / self.program
        try:
            for step in steps:
                subprocess.run(step, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return found if found.exists() else None


PEERS = (
    Peer("deepagents-code", "pip", "deepagents-code", "What should Deep Agents call you"),
    Peer("opencode-ai", "npm", "opencode", "Ask anything"),
)


def main() -> None:
    if "--install" not in sys.argv:
        print("Give --install to have the other agents installed into a temporary folder and measured.")
        return
    print(PRIORITY)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        floor = _measured(bare_app(), "usable prompt", root / "bare")
        _say("bare Textual", floor, floor)
        _say("heddle", _measured(heddle(), "Type a request", root / "heddle"), floor)
        for peer in PEERS:
            program = peer.install(root / peer.name)
            if program is None:
                print(f"{peer.name}: cannot be installed here")
                continue
            try:
                _say(peer.name, _measured([str(program)], peer.prompt, root / f"{peer.name}-home"), floor)
            except TimeoutError:
                print(f"{peer.name}: painted no prompt within a minute")


def _measured(command: list[str], prompt: str, home: Path) -> tuple[float, float, float]:
    """Seconds to the first prompt, processor seconds of its process until then, and its memory; medians."""
    runs = [_once(command, prompt, home / str(number)) for number in range(RUNS + 1)][1:]
    wall, used, memory = (median([run[which] for run in runs]) for which in range(3))
    return wall, used, memory


def _once(command: list[str], prompt: str, home: Path) -> tuple[float, float, float]:
    """A new user each time, since some ask something first and remember the answer."""
    home.mkdir(parents=True)
    own = {name: str(home / name) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}
    own |= {"XDG_CACHE_HOME": str(home.parent / "cache"), "HOME": str(home), "HEDDLE_HOME": ""}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE)
    terminal = Terminal(command, own | proxies | NO_KEYS, cwd=home)
    try:
        seconds = terminal.until(prompt)
        return seconds, exact_cpu_seconds(terminal.pid), pss_mb(terminal.pid)
    finally:
        terminal.end()


def _say(name: str, found: tuple[float, float, float], floor: tuple[float, float, float]) -> None:
    wall, used, memory = found
    print(f"{name}: first prompt after {wall:.2f} s, {wall / floor[0]:.1f} × bare Textual", end="; ")
    print(f"processor time of its process {used:.2f} s; memory then {memory:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
