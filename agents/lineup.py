"""Who works in one graph, in which layers, and how the graph is put on record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from agents.roster import Role, Roster
from agents.specialists import CODERS, DESIGN_REVIEW, SECOND_REVIEWER, SYNTHESIS, of_two_families
from core.events import Edge, GraphPlanned, PlannedNode

_SECOND_PLACES = {
    SECOND_REVIEWER: "code_reviewer",
    DESIGN_REVIEW: "code_reviewer",
    SYNTHESIS: "orchestrator",
}
"""The roles of nodes that have another name."""


@dataclass(frozen=True)
class Lineup:
    """The places of one graph."""

    worker: str
    """The role in the coder's place."""
    checks: tuple[str, ...] = ()
    """Roles that come after it."""
    plans: bool = False
    """The orchestrator plans before and writes the answer after it; designs are reviewed."""
    designs: bool = False
    twice: bool = False
    """Two reviewers must agree."""
    documents_first: bool = False
    """The documents were asked for: they are written beside the tests, and reviewed."""
    climbed: bool = False
    """The worker has taken over from a lower role."""

    @classmethod
    def of(cls, roles: Sequence[str], *, twice: bool, documents_first: bool) -> "Lineup":
        """Read the roles of a request, which come in order (`agents.router.roles_for`)."""
        rest = list(roles)
        plans = rest[0] == "orchestrator" and bool(rest.pop(0))
        designs = len(rest) > 1 and rest[0] == "architect" and bool(rest.pop(0))
        return cls(rest[0], tuple(rest[1:]), plans, designs, twice, documents_first)

    @classmethod
    def read(cls, plan: GraphPlanned, *, documents_first: bool) -> "Lineup":
        """The lineup of a graph that is on record."""
        names = [node.node for node in plan.nodes]
        own = [name for name in names if name not in ("orchestrator", *_SECOND_PLACES)]
        designs = own[0] == "architect" and len(own) > 1 and own[1] in CODERS
        worker, *checks = own[1:] if designs else own
        return cls(
            worker, tuple(checks), SYNTHESIS in names, designs, SECOND_REVIEWER in names, documents_first
        )

    def led_by(self, worker: str) -> "Lineup":
        """The same with another role in the coder's place."""
        designs = self.designs and worker != "architect"
        return replace(self, worker=worker, designs=designs, climbed=True)

    def check_layers(self) -> list[tuple[str, ...]]:
        """The nodes after the coder's, in layers."""
        layers: list[tuple[str, ...]] = []
        tests = "test_engineer" in self.checks
        documents = "documenter" in self.checks
        beside = ("documenter",) if documents and self.documents_first else ()
        if tests or beside:
            layers.append((*(("test_engineer",) if tests else ()), *beside))
        if "code_reviewer" in self.checks:
            layers.append(("code_reviewer", SECOND_REVIEWER) if self.twice else ("code_reviewer",))
        if documents and not beside:
            layers.append(("documenter",))
        return layers

    def layers(self) -> list[tuple[str, ...]]:
        """All nodes, in layers."""
        before: list[tuple[str, ...]] = []
        if self.plans:
            before.append(("orchestrator",))
        if self.designs:
            before.append(("architect",))
        if self.plans and self.designs:
            before.append((DESIGN_REVIEW,))
        after: list[tuple[str, ...]] = [(SYNTHESIS,)] if self.plans else []
        return [*before, (self.worker,), *self.check_layers(), *after]

    def planned(self, run: str, roster: Roster) -> GraphPlanned:
        """The graph for the record: the nodes that may work, and the ways back from the reviewers."""
        layers = self.layers()
        names = [name for layer in layers for name in layer]
        nodes = tuple(
            PlannedNode(node=name, role=role_of(name), model=self._model(name, roster)) for name in names
        )
        edges = [Edge(source=a, target=b) for one, next_ in pairwise(layers) for a in one for b in next_]
        back = [(name, self.worker) for name in ("code_reviewer", SECOND_REVIEWER) if name in names]
        back += [(DESIGN_REVIEW, "architect")] if DESIGN_REVIEW in names else []
        edges += [Edge(source=source, target=target, feedback=True) for source, target in back]
        return GraphPlanned(run=run, nodes=nodes, edges=tuple(edges))

    def _model(self, name: str, roster: Roster) -> str:
        role: Role = roster[role_of(name)]
        if name == self.worker and self.climbed:
            return role.taking_over.model
        second = of_two_families(role, roster)[1] if name == SECOND_REVIEWER else role
        return (second if second.models else role).model


def role_of(node: str) -> str:
    """The role of a node."""
    return _SECOND_PLACES.get(node, node)
