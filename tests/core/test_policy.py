"""The policy: the user widens, a project only tightens."""

import os
from pathlib import Path

import pytest

from core.config import BadConfig
from core.policy import policy_for
from core.sandbox import open_sandbox
from core.sandbox.unconfined import Unconfined
from core.stage import Stage


@pytest.fixture
def user(isolated: Path) -> Path:
    file = isolated / "heddle" / "config" / "policy.toml"
    file.parent.mkdir(parents=True)
    return file


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / ".heddle").mkdir(parents=True)
    return folder


def test_without_files_nothing_is_widened(project):
    rules = policy_for(project).rules("fast_coder")
    assert (rules.readable, rules.writable, rules.environment, rules.show, rules.hide) == ((), (), (), (), ())
    assert rules.unconfined


def test_a_role_gets_its_own_rules_beside_everyone_s(user, project):
    user.write_text(
        '[sandbox]\nenvironment = ["CI"]\n[roles.test_engineer]\nenvironment = ["DATABASE_URL"]\n'
    )
    assert policy_for(project).rules("test_engineer").environment == ("CI", "DATABASE_URL")
    assert policy_for(project).rules("fast_coder").environment == ("CI",)


def test_a_project_can_only_tighten(user, project):
    user.write_text('[sandbox]\nreadable = ["/opt/data"]\n')
    (project / ".heddle" / "policy.toml").write_text(
        '[sandbox]\nreadable = ["/"]\nwritable = ["/"]\nenvironment = ["*"]\nshow = ["*"]\nhide = ["plan.txt"]\n'
        'unconfined = false\n[roles.fast_coder]\nwritable = ["~"]\n'
    )
    policy = policy_for(project)
    for rules in (policy.rules(), policy.rules("fast_coder")):
        assert (rules.readable, rules.writable, rules.environment, rules.show) == (("/opt/data",), (), (), ())
        assert rules.hide == ("plan.txt",)
        assert not rules.unconfined
    assert len(policy.refused) == 4
    assert all("only you can" in each for each in policy.refused)


def test_a_project_cannot_allow_what_the_user_forbids(user, project):
    user.write_text("[sandbox]\nunconfined = false\n")
    (project / ".heddle" / "policy.toml").write_text("[sandbox]\nunconfined = true\n")
    assert not policy_for(project).rules().unconfined


def test_a_change_of_the_file_counts_at_once(user, project):
    user.write_text('[sandbox]\nhide = ["a"]\n')
    assert policy_for(project).rules().hide == ("a",)
    user.write_text('[sandbox]\nhide = ["a", "b"]\n')
    assert policy_for(project).rules().hide == ("a", "b")


@pytest.mark.parametrize(
    "text", ["[sandbox", "[sandbox]\nnetworks = true\n", '[sandbox]\nhide = "x"\n', "\xff"]
)
def test_a_file_that_cannot_be_used_is_said(user, project, text):
    user.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadConfig, match=r"policy\.toml cannot be used"):
        policy_for(project)


def test_a_fifo_or_a_link_is_no_policy(project):
    os.mkfifo(project / ".heddle" / "policy.toml")
    assert policy_for(project).refused == ()
    (project / ".heddle" / "policy.toml").unlink()
    (project / ".heddle" / "policy.toml").symlink_to("/dev/zero")
    assert policy_for(project).refused == ()


def test_unconfined_can_be_forbidden(user, project, tmp_path, monkeypatch):
    monkeypatch.setattr("core.sandbox.bubblewrap.PLACES", ("/no/such/bwrap",))
    stage = Stage.create(project, tmp_path / "stage")
    assert isinstance(open_sandbox(stage.tree, project, allow_unconfined=True), Unconfined)
    (project / ".heddle" / "policy.toml").write_text("[sandbox]\nunconfined = false\n")
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
    with pytest.raises(Exception, match="Nothing was run"):
        sandbox.run_here(["true"], 10, lambda: False)


def test_asking_can_be_forbidden_by_anybody_and_allowed_again_by_nobody_else(user, project):
    user.write_text("[roles.fast_coder]\nnetwork = false\n")
    (project / ".heddle" / "policy.toml").write_text(
        "[sandbox]\noutside = false\n[roles.fast_coder]\nnetwork = true\n"
    )
    policy = policy_for(project)
    assert (policy.rules("fast_coder").network, policy.rules("fast_coder").outside) == (False, False)
    assert (policy.rules("debugger").network, policy.rules("debugger").outside) == (True, False)
