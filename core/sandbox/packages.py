"""What a run installed for package managers that keep nothing in the project: one folder beside the stage.

Commands see it read-only at its own path, and are told of it by the environment; only the command that
installs may write there. It goes with the stage's tree.
"""

import os
from pathlib import Path

_HOMES = {"CARGO_HOME": "cargo", "GOMODCACHE": "go"}
"""The variable by which a program finds its part of the folder."""


def packages_of(tree: Path) -> Path:
    """The real path of the folder for the stage at `tree`; it may not exist."""
    return Path(os.path.realpath(tree)).parent / "packages"


def homes_in(folder: Path) -> dict[str, str]:
    """The variables of all programs, for the command that installs."""
    return {name: str(folder / part) for name, part in _HOMES.items()}


def package_environment(tree: Path) -> dict[str, str]:
    """The variables of the programs for which something was installed."""
    return {name: path for name, path in homes_in(packages_of(tree)).items() if os.path.isdir(path)}  # noqa: PTH112
