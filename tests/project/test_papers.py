"""The project's papers are true: links resolve, paths exist, the contract names everything that is on the wire."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from core import commands, events

FOLDERS = (
    ".ci",
    "agents",
    "bench",
    "cli",
    "core",
    "docs",
    "scripts",
    "snapshots",
    "styles",
    "tests",
    "tools",
    "tui",
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(rf"`((?:{'|'.join(map(re.escape, FOLDERS))})/[\w./-]*)`")
"""A path of ours in running text; NAME in it is a place-holder."""

MACHINE = re.compile(
    "|".join(["(?:^|[^A-Za-z0-9_])/(?:wo" + "rk|fa" + "rm)/", "/ro" + "ot/", "/opt/py" + "pi"])
)
INDEX = re.compile(
    "|".join(["index" + "-url", r"registry\.np" + "mjs", r"pypi\.org/si" + "mple", r"deb\.deb" + "ian"])
)


@pytest.fixture(scope="session")
def papers(root: Path, project_files: list[str]) -> dict[str, str]:
    names = [name for name in project_files if name.endswith(".md") and not name.startswith("agents/")]
    return {name: (root / name).read_text("utf-8") for name in names}


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_resolve(root: Path, papers: dict[str, str]) -> None:
    broken = []
    for name, text in papers.items():
        for link in LINK.findall(text):
            target, _, anchor = link.partition("#")
            if "://" in link or link.startswith("mailto:"):
                continue
            file = (root / name).parent / target if target else root / name
            if not file.exists() or (anchor and anchor not in _anchors(file.read_text("utf-8"))):
                broken.append(f"{name}: {link}")
    assert broken == []


def test_paths_in_the_text_exist(root: Path, papers: dict[str, str]) -> None:
    named = [
        (name, path) for name, text in papers.items() for path in PATH.findall(text) if "NAME" not in path
    ]
    assert [f"{name}: {path}" for name, path in named if not (root / path).exists()] == []


def test_make_targets_in_the_text_exist(root: Path, papers: dict[str, str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.M))
    named = {
        target
        for text in papers.values()
        for target in re.findall(r"`make ([a-z-]+)|^    make ([a-z-]+)", text, re.M)
    }
    assert {target for pair in named for target in pair if target} <= targets


def test_the_layout_names_every_folder(root: Path, project_files: list[str]) -> None:
    rows = re.findall(r"^\| `([\w.]+)/` \|", (root / "AGENTS.md").read_text("utf-8"), re.M)
    assert set(rows) == {name.partition("/")[0] for name in project_files if "/" in name}


def _rows(text: str) -> dict[str, set[str]]:
    """The tables of the contract whose first cell is one name and whose second lists fields."""
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", text, re.M)
    return {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in rows}


def _wire(union: object, shared: set[str]) -> dict[str, set[str]]:
    types = {str(one.__struct_config__.tag): one for one in get_args(union)}
    return {tag: {f.encode_name for f in msgspec.structs.fields(one)} - shared for tag, one in types.items()}


def test_the_contract_names_every_event_with_its_fields(root: Path) -> None:
    """`run`, `node` and `role` stand before the event's own fields and are said once."""
    text = (root / "docs/contract.md").read_text("utf-8")
    part = text.partition("\n## Events")[2].partition("\n## ")[0]
    assert _rows(part) == _wire(events.Event, {"run", "node", "role"})


def test_the_contract_names_every_command_with_its_fields(root: Path) -> None:
    text = (root / "docs/contract.md").read_text("utf-8")
    part = text.partition("\n## Commands")[2].partition("\n## ")[0]
    assert _rows(part) == _wire(commands.Command, set())


def test_no_file_names_this_machine_or_an_index(root: Path, project_files: list[str]) -> None:
    found = []
    for name in project_files:
        data = (root / name).read_bytes()
        if b"\0" in data or name.endswith(".svg"):
            continue
        lines = enumerate(data.decode("utf-8", "replace").splitlines(), 1)
        found += [
            f"{name}:{number}: {line}" for number, line in lines if MACHINE.search(line) or INDEX.search(line)
        ]
    assert found == []
