"""What `heddle` alone stands for, without the parser: building that takes as long as half of the screen's modules."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import argparse

PLAIN: dict[str, Any] = {
    "version": False,
    "project": None,
    "session": None,
    "continue_": False,
    "roster": None,
    "budget": None,
    "unconfined": False,
    "command": None,
    "scenario": None,
    "output": "text",
    "apply": "none",
    "speed": 1.0,
    "screen": True,
}
"""The parser's result for an empty command line; a test compares them."""


def plain_arguments() -> "argparse.Namespace":
    """The arguments of `heddle` alone."""
    return cast("argparse.Namespace", SimpleNamespace(**PLAIN))
