"""One acyclic Strands graph of layers: nodes of a layer work side by side, and layers come one after the other."""

from collections.abc import Callable, Sequence
from contextlib import aclosing

from strands.multiagent import GraphBuilder

from agents.board import Board
from agents.node import NodeAgent

Layer = Sequence[NodeAgent]
Absence = Callable[[str], str | None]
"""Why a node has nothing to do; None: it has. Asked once, when its turn comes. Nothing is put on record where
there is no word: it may still get its turn."""


def _nobody(_node: str) -> str | None:
    return None


async def run_layers(board: Board, layers: Sequence[Layer], absence: Absence = _nobody) -> None:
    """Run the layers as one Strands graph; a layer that nobody joins is passed over.

    All nodes of the first layer work. Every node composes its own prompt, so the order of Strands' edges,
    which is a set's, decides nothing.

    Raises:
        Fault, BudgetReached, Interrupted: what a node ended with; those beside it are stopped then.
    """
    agenda = _Agenda(board, layers, absence)
    builder = GraphBuilder()
    for node in (node for layer in layers for node in layer):
        builder.add_node(node, node.name)
    for node in layers[0]:
        builder.set_entry_point(node.name)
    for index, layer in enumerate(layers):
        for target in (node for later in layers[index + 1 :] for node in later):
            for source in layer:
                builder.add_edge(source.name, target.name, agenda.condition(index, target.name))
    builder.set_max_node_executions(sum(map(len, layers)))
    stream = builder.build().stream_async(board.run.request)
    async with aclosing(stream) as events:  # type: ignore[type-var]
        async for _ in events:
            pass
    agenda.close()
    await board.tell_left_out()


def joining(board: Board, layer: Layer, absence: Absence) -> list[NodeAgent]:
    """The nodes of a layer that have something to do; of the others the board knows why they have not."""
    found: list[NodeAgent] = []
    for node in layer:
        why = absence(node.name)
        if why is None:
            found.append(node)
        elif why:
            board.leave_out(node.name, node.role.name, why)
    return found


class _Agenda:
    """Who comes after whom in one graph. Every layer's end is looked at once, whatever edges lead on from it."""

    def __init__(self, board: Board, layers: Sequence[Layer], absence: Absence) -> None:
        self._board = board
        self._layers = layers
        self._absence = absence
        self._working = frozenset(node.name for node in layers[0])
        self._next: dict[int, frozenset[str]] = {}

    def condition(self, index: int, target: str) -> Callable[[object], bool]:
        """Whether a node follows the end of a layer, as Strands asks for it."""
        return lambda _state: target in self._after(index)

    def _after(self, index: int) -> frozenset[str]:
        if index not in self._next:
            self.close()
            self._next[index] = self._joining(index)
            self._working = self._next[index] or self._working
        return self._next[index]

    def _joining(self, index: int) -> frozenset[str]:
        if self._board.run.stop.is_set():
            return frozenset()
        for layer in self._layers[index + 1 :]:
            found = joining(self._board, layer, self._absence)
            if found:
                return frozenset(node.name for node in found)
        return frozenset()

    def close(self) -> None:
        """Those who work hand over to whoever comes next."""
        nodes = (node for layer in self._layers for node in layer if node.name in self._working)
        self._board.finished(*((node.name, node.role.name) for node in nodes))
