"""The keys that steer nodes and the stage: what each opens, and which command comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.commands import ChangeModel, Command, KeepWorking, OverrideRoute, RewindStage, SendMessage
from tui.going import Going
from tui.panes import GraphPane
from tui.wording import short_model

if TYPE_CHECKING:
    from core.view.nodes import Node


DETACHED = -1
"""The screen's return code when it has left a run at work."""


class Steering(Going, part=True):
    """A board whose nodes can be steered."""

    async def send(self, command: Command) -> None:
        """Send a command, or say why it cannot be."""
        raise NotImplementedError

    async def on_graph_pane_steered(self, event: GraphPane.Steered) -> None:
        await self.send(event.command)

    def on_graph_pane_opened(self, event: GraphPane.Opened) -> None:
        from tui.node import NodeScreen

        self.app.push_screen(NodeScreen(self.view, event.node, self._clock))

    def on_graph_pane_remodelled(self, event: GraphPane.Remodelled) -> None:
        if not self.view.head.busy:
            self.tell("No run works whose node could have another model.")
            return
        from core.prices import load_prices
        from tui.remodelling import ModelScreen

        rosters = self.app.sources.rosters  # type: ignore[attr-defined]
        read = rosters.models if rosters is not None else None
        screen = ModelScreen(event.node, self._models(), load_prices(), read)
        self.app.push_screen(
            screen, lambda place: self._remodel(event.node, None if place is None else screen.models[place])
        )

    def on_graph_pane_told(self, event: GraphPane.Told) -> None:
        """Ask for the words, and send them to this node."""
        from tui.picking import AskScreen

        if self.view.head.busy:
            asked = AskScreen(f"say to {event.node.label}", "It reads it with its next turn.")
            self.app.push_screen(asked, lambda words: self._say(event.node, words))
        else:
            self.tell("No run works that could hear it.")

    def _say(self, node: Node, words: str | None) -> None:
        if words:
            self.run_worker(self.send(SendMessage(text=words, node=node.name)))

    async def action_detach(self) -> None:
        """Leave the run at work: the engine stays until it has ended."""
        if self.view.head.busy:
            await self.send(KeepWorking())
            self.app.exit(return_code=DETACHED)
        else:
            self.tell(self.keymap.fill("No run works that could go on. {quit_now} quits."))

    def _models(self) -> list[str]:
        """Every model that this session knows of, in the order of its nodes."""
        nodes = [node.model for node in self.view.graph.nodes.values()]
        return list(dict.fromkeys([*nodes, *self.view.costs.session.by_model]))

    def _remodel(self, node: Node, model: str | None) -> None:
        if model is not None and model != node.model:
            self.run_worker(self.send(ChangeModel(node=node.name, model=model)))
            self.tell(f"{node.label} has {short_model(model)} from its next call on.")

    def action_reroute(self) -> None:
        """Choose another route for the run that works, or that waits at its route card."""
        if self.view.head.busy:
            from tui.rerouting import RoutesScreen

            roles = self.app.sources.roles()  # type: ignore[attr-defined]
            self.app.push_screen(RoutesScreen(roles), self._reroute)

    def _reroute(self, command: OverrideRoute | None) -> None:
        if command is not None:
            self.run_worker(self.send(command))

    def action_timeline(self) -> None:
        from tui.timeline import TimelineScreen

        self.app.push_screen(TimelineScreen(self.view.timeline), self._rewind)

    def _rewind(self, commit: str | None) -> None:
        if commit:
            self.run_worker(self.send(RewindStage(commit=commit)))
