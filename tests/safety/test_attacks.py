"""The battery: every attack is denied in the sandbox, and works without it (so that it is an attack)."""

import os
from collections.abc import Iterator

import pytest

from core.sandbox import Probe, open_sandbox, probe
from core.sandbox.battery import Ground, Outcome, attack, prepared
from core.sandbox.battery_worker import ATTACKS
from core.sandbox.unconfined import Unconfined
from tests.support.sandboxed import require_bubblewrap

NAMES = [each.__name__ for each in ATTACKS]
NEEDS_MORE = {
    "write_by_root": "looking into the first process takes its rights",
    "devices": "only a superuser makes devices",
    "mounting": "only a superuser mounts",
    "kernel_settings": "only a superuser changes them",
    "kernel_programs": "kernels may forbid them to everyone",
    "kernel_events": "kernels may forbid them to everyone",
    "io_uring": "kernels may forbid it to everyone",
    "user_namespace": "systems may forbid them to everyone",
    "clone_namespace": "systems may forbid them to everyone",
    "terminal_input": "kernels may forbid it to everyone",
    "network_routes": "the machine may have no network",
    "socket_vsock": "kernels may lack it",
}
"""Attacks that need not work everywhere without a sandbox."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("HOME", str(home))
        patch.setenv("HEDDLE_HOME", str(home / "heddle"))
        with prepared(tmp_path_factory.mktemp("ground")) as made:
            patch.setenv("AWS_SECRET_ACCESS_KEY", made.secret)
            yield made


@pytest.fixture(scope="module")
def in_sandbox(ground: Ground, needs_bubblewrap: None) -> Outcome:
    return attack(ground, open_sandbox(ground.stage.tree, ground.project, allow_unconfined=False))


@pytest.fixture(scope="module")
def without(in_sandbox: Outcome, ground: Ground) -> Outcome:
    """The same attacks by an ordinary process in the project, after those in the sandbox."""
    bare = Unconfined(ground.project, allowed=True, reason="a control run")
    return attack(ground, bare, environment={"AWS_SECRET_ACCESS_KEY": ground.secret})


@pytest.mark.parametrize("name", NAMES)
def test_denied(in_sandbox: Outcome, name: str) -> None:
    assert in_sandbox.failure == ""
    assert in_sandbox.achieved[name] == ""


def test_nothing_was_done_to_the_ground(in_sandbox: Outcome) -> None:
    """Whatever the attacks themselves believe."""
    assert in_sandbox.allowed == []
    assert set(in_sandbox.achieved) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_an_attack(without: Outcome, name: str) -> None:
    """Without protection it works."""
    assert without.failure == ""
    if not without.achieved[name] and name in NEEDS_MORE:
        pytest.skip(NEEDS_MORE[name])
    assert without.achieved[name]


def test_damage_is_seen(without: Outcome) -> None:
    """The look at the ground finds what the attacks did, so that it could have found it before."""
    seen = {"write_outside", "write_hook", "write_git_config", "network_tcp", "network_dns"}
    assert seen | {"write_submodule", "write_nested_repository"} <= set(without.allowed)


def test_bubblewrap_is_there_in_ci() -> None:
    """CI must not pass because everything was skipped."""
    if os.environ.get("CI") == "true":
        assert probe().ok, probe().reason
        assert probe().filtered


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_a_sandbox_its_tests_are_skipped_with_the_reason_and_fail_in_ci(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("tests.support.sandboxed.probe", lambda: Probe(False, "bwrap is broken here"))
    with pytest.raises(outcome, match="broken here"):
        require_bubblewrap()
