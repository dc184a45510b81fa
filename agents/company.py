"""What all nodes of all runs share: the roster, the way to its models, and how failed calls are tried again."""

from dataclasses import dataclass, field

from agents.aws import Connection
from agents.cheaper import find_cheaper
from agents.endpoint import Endpoint
from agents.guard import Guard, Ways
from agents.meter import Prompt
from agents.model import NodeModel
from agents.providers import Access, Wanted, make_model
from agents.retry import Breaker, RetryPolicy
from agents.roster import Role, Roster
from core.history import PastNodes
from core.money import Pico
from core.overrun import Cheaper
from core.refusal import Refusal
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

        def make(model: str) -> NodeModel:
            return self._model(run, node, role, model)

        def cheaper(model: str, prompt: Prompt, left: Pico) -> Cheaper | None:
            return find_cheaper(self.roster, role, run.prices, model=model, prompt=prompt, left=left)

        models = [make(model) for model in role.models]
        ways = Ways(make, cheaper, self.policy, self.breaker)
        return Guard(run, node, role, models, ways)

    def _model(self, run: Run, node: str, role: Role, model: str) -> NodeModel:
        metadata = {"app": "heddle", "session": run.session, "run": run.id, "node": node, "role": role.name}
        access = Access(self.connection, self.endpoint)
        return make_model(access, Wanted(model, self.roster.card(model), metadata, role.output_tokens))

    def find_model(self, name: str) -> str:
        """The whole id of a model that a user names: by its id, with or without its region, or by its title.

        Raises:
            Refusal: neither the roster nor the catalog has it.
        """
        found = self.roster.find_model(name.strip(), self.connection.region)
        if found is None:
            raise Refusal(f"There is no model {name}. `heddle models` lists those that the roster has.")
        return found
