"""Where commands run: confined by bubblewrap, or unconfined, which is always said and never by surprise."""

from pathlib import Path

from core.policy import policy_for
from core.sandbox.bubblewrap import Confined, Probe, probe
from core.sandbox.contract import NotAllowed, Sandbox, SandboxFailed
from core.sandbox.process import Ended
from core.sandbox.service import Service, ServiceFailed, Services
from core.sandbox.unconfined import Unconfined

__all__ = [
    "Ended",
    "NotAllowed",
    "Probe",
    "Sandbox",
    "SandboxFailed",
    "Service",
    "ServiceFailed",
    "Services",
    "open_sandbox",
    "probe",
]


def open_sandbox(tree: Path, project: Path, *, allow_unconfined: bool) -> Sandbox:
    """A sandbox for the stage at `tree`, mounted at `project`; confined wherever that works.

    Where it does not, `run` raises `NotAllowed` unless `allow_unconfined` and the policy lets it.
    """
    found = probe()
    if found.ok:
        return Confined(tree, project, found)
    allowed = allow_unconfined and policy_for(project).rules().unconfined
    return Unconfined(tree, allowed=allowed, reason=found.reason)
