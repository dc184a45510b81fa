"""What all nodes of all runs share: the roster, the way to its models, and how failed calls are tried again."""

from dataclasses import dataclass, field

from agents.aws import Connection
from agents.endpoint import Endpoint
from agents.guard import Guard
from agents.model import NodeModel
from agents.providers import Access, Wanted, make_model
from agents.retry import Breaker, RetryPolicy
from agents.roster import Role, Roster
from core.history import PastNodes
from core.run import Run


@dataclass(frozen=True)
class Company:
    """The roster and the way to its models."""

    roster: Roster
    connection: Connection
    policy: RetryPolicy
    breaker: Breaker
    past: PastNodes = field(default_factory=PastNodes)
    """What nodes have cost this user before."""
    endpoint: Endpoint = field(default_factory=Endpoint)
    """Where models are that are not Bedrock's."""

    def guard(self, run: Run, node: str, role: Role) -> Guard:
        """The gate to the models of one node. Clients are made; no request is."""
        return Guard(run, node, role, self._models(run, node, role), policy=self.policy, breaker=self.breaker)

    def _models(self, run: Run, node: str, role: Role) -> list[NodeModel]:
        metadata = {"app": "heddle", "session": run.session, "run": run.id, "node": node, "role": role.name}
        access = Access(self.connection, self.endpoint)
        return [
            make_model(access, Wanted(model, self.roster.card(model), metadata, role.output_tokens))
            for model in role.models
        ]
