"""What becomes of a run when no front is there any more: its calls finish, and it waits."""

import asyncio

from core.control import NodeControl
from core.limits import limits
from core.past import Past
from core.recorder import Recorder
from core.run import Run
from core.runs import Runs

_LOOK_SECONDS = 0.05


class Winding:
    """Winds the run that works down, and lets it go on where somebody comes back meanwhile."""

    def __init__(self, runs: Runs, past: Past, recorder: Recorder) -> None:
        self._runs = runs
        self._past = past
        self._recorder = recorder
        self._held: list[NodeControl] = []
        """Nodes that were paused only since no front was there."""

    async def down(self) -> None:
        """Let the calls under way finish, for a while: what was paid for is not thrown away. No node makes a further one.

        Whoever gives up waiting for this calls `up`.
        """
        run = self._runs.running
        if run is None:
            return
        end = asyncio.get_running_loop().time() + limits().link.wind_down_seconds
        while self._runs.running is run and asyncio.get_running_loop().time() < end:
            self._hold(run)
            await self._recorder.settle()  # a call that has just gone out is in the past only then
            if not self._past.open_calls:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _hold(self, run: Run) -> None:
        """Pause what works and is not paused, and remember it."""
        working = [run.controls.of(node) for node in run.controls.at_work]
        fresh = [control for control in working if not control.paused]
        for control in fresh:
            control.pause()
        self._held += fresh

    def up(self) -> None:
        """Somebody is there again: what the winding down has paused goes on."""
        for control in self._held:
            control.resume()
        self._held.clear()
