"""What the user says to a run that works, and to one of its nodes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from core.commands import ChangeModel, PauseNode, ResumeNode, RetryNode, SendMessage, StopNode
from core.control import NodeControl, NodeRestarted, NodeStopped
from core.events import GraphPlanned, MessageSent, NodePaused, NodeResumed
from core.prices import PriceBook
from core.refusal import Refusal
from core.run import Interrupted, Run, Team
from core.sandbox.masking import mask
from core.sandbox.secrecy import own_secrets

SteeringCommand: TypeAlias = SendMessage | PauseNode | ResumeNode | StopNode | RetryNode | ChangeModel
BY_YOU = "You paused it."


@dataclass(frozen=True)
class Steering:
    """Carries out what concerns the run that works. Nothing here waits for its turn."""

    team: Team | None
    prices: PriceBook
    running: Callable[[], Run | None]
    plan: Callable[[], GraphPlanned | None]
    """The graph of the run that works, or worked last."""

    async def carry_out(self, command: SteeringCommand) -> None:
        """Do what is wanted.

        Raises:
            Refusal: it cannot be done; nothing was changed.
        """
        run = self.running()
        if run is None:
            raise Refusal(_idle(command))
        try:
            await self._steer(run, command)
        except Interrupted:
            raise Refusal("The run has just come to its end.") from None

    async def _steer(self, run: Run, command: SteeringCommand) -> None:
        match command:
            case SendMessage():
                await self._send(run, command)
            case PauseNode():
                await self._pause(run, self._node(run, command.node))
            case ResumeNode():
                await self._resume(run, self._node(run, command.node))
            case StopNode():
                self._node(run, command.node).end(NodeStopped)
            case RetryNode():
                self._retry(run, command)
            case ChangeModel():
                if not self._planned(command.node):  # one that has not begun yet begins with it
                    self._node(run, command.node)
                run.controls.models[command.node] = self.model(command.model)
            case _:
                assert_never(command)

    async def _send(self, run: Run, command: SendMessage) -> None:
        text = command.text.strip()
        if not text:
            raise Refusal("The message is empty: say what the agents should know.")
        if command.node is not None and not self._planned(command.node):
            self._node(run, command.node)
        masked = mask(text, own_secrets())
        message = MessageSent(
            run=run.id, id=f"m{run.number()}", text=masked.text, node=command.node, by=command.by
        )
        await run.emit(message)
        await run.note_masked(masked.counts)
        run.controls.send(message)

    async def _pause(self, run: Run, control: NodeControl) -> None:
        if control.paused:
            raise Refusal(f"{control.node} is paused already.")
        control.pause()
        await run.emit(NodePaused(run=run.id, node=control.node, role=control.role, reason=BY_YOU))

    async def _resume(self, run: Run, control: NodeControl) -> None:
        if not control.paused:
            raise Refusal(f"{control.node} is not paused.")
        await run.emit(NodeResumed(run=run.id, node=control.node, role=control.role))
        control.resume()

    def _retry(self, run: Run, command: RetryNode) -> None:
        control = self._node(run, command.node)
        if command.model is not None:
            run.controls.models[command.node] = self.model(command.model)
        control.end(NodeRestarted)

    def _node(self, run: Run, node: str) -> NodeControl:
        """The control of a node that works.

        Raises:
            Refusal: it does not.
        """
        control = run.controls.working(node)
        if control is not None:
            return control
        known = run.controls.at_work
        at_work = f"At work: {', '.join(known)}." if known else "No node is at work at this moment."
        if self._planned(node):
            raise Refusal(f"{node} does not work at this moment. {at_work}")
        raise Refusal(f"There is no node {node} in this run. {at_work}")

    def _planned(self, node: str) -> bool:
        plan = self.plan()
        return plan is not None and any(planned.node == node for planned in plan.nodes)

    def model(self, name: str) -> str:
        """The whole id of a model that the user names.

        Raises:
            Refusal: there is no such model, or nobody knows what it costs.
        """
        if self.team is None:
            raise Refusal("This session was opened for decisions only.")
        model = self.team.find_model(name)
        if not self.prices.knows(model):
            raise Refusal(
                f"No price is known for {model}, so that no budget could hold. Add it to prices.toml first."
            )
        return model


def _idle(command: SteeringCommand) -> str:
    if isinstance(command, SendMessage):
        return "No run is at work. Send it as a request."
    return "No run is at work."
