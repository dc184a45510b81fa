"""The keys that steer nodes and the stage: what each opens, and which command comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.commands import ChangeModel, Command, RewindStage
from tui.going import Going
from tui.panes import GraphPane

if TYPE_CHECKING:
    from core.view.graph import Node


class Steering(Going):
    """A board whose nodes can be steered."""

    async def send(self, command: Command) -> None:
        """Send a command, or say why it cannot be."""
        raise NotImplementedError

    async def on_graph_pane_steered(self, event: GraphPane.Steered) -> None:
        await self.send(event.command)

    def on_graph_pane_opened(self, event: GraphPane.Opened) -> None:
        from tui.node import NodeScreen

        self.app.push_screen(NodeScreen(self.view, event.node))

    def on_graph_pane_remodelled(self, event: GraphPane.Remodelled) -> None:
        from core.prices import load_prices
        from tui.node import ModelsScreen

        screen = ModelsScreen(self._models(), event.node.model, load_prices())
        self.app.push_screen(screen, lambda model: self._remodel(event.node, model))

    def _models(self) -> list[str]:
        """Every model that this session knows of, in the order of its nodes."""
        nodes = [node.model for node in self.view.graph.nodes.values()]
        return list(dict.fromkeys([*nodes, *self.view.costs.session.by_model]))

    def _remodel(self, node: Node, model: str | None) -> None:
        if model is not None and model != node.model:
            self.run_worker(self.send(ChangeModel(node=node.name, model=model)))

    def action_timeline(self) -> None:
        from tui.timeline import TimelineScreen

        self.app.push_screen(TimelineScreen(self.view.timeline), self._rewind)

    def _rewind(self, commit: str | None) -> None:
        if commit:
            self.run_worker(self.send(RewindStage(commit=commit)))
