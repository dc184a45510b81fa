"""The locks pin everything by hash, agree with each other and with pyproject.toml, and name no place."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(
    r"^(?P<name>[a-z0-9.-]+)==(?P<version>\S+)(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M
)


def _pins(lock: Path) -> dict[str, str]:
    return {match["name"]: match["version"] for match in PIN.finditer(lock.read_text())}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_with_hashes_or_says_why(lock: str, root: Path) -> None:
    rest = PIN.sub("", (root / lock).read_text())
    assert [line for line in rest.splitlines() if line and not line.lstrip().startswith("#")] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_place(lock: str, root: Path) -> None:
    assert re.findall(r".*(?:://|\s/|^-).*", (root / lock).read_text(), re.M) == []


def test_the_locks_agree(root: Path) -> None:
    needed, developed = (_pins(root / lock) for lock in LOCKS)
    assert needed.items() <= developed.items()


def test_the_locks_hold_what_the_project_asks_for(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    asked = {
        "requirements.lock": project["project"]["dependencies"] + project["build-system"]["requires"],
        "requirements-dev.lock": project["project"]["optional-dependencies"]["dev"],
    }
    for lock, requirements in asked.items():
        pins = _pins(root / lock)
        for requirement in map(Requirement, requirements):
            version = pins.get(canonicalize_name(requirement.name))
            assert version and requirement.specifier.contains(version), f"{requirement} in {lock}: {version}"
