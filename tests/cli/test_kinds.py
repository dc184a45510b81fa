"""Every kind of file: said for what it is by `heddle changes`, applied and undone byte for byte."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from core.commands import SubmitRequest
from core.paths import find_home
from core.prices import load_prices
from core.session import Session, Settings
from tests.support.acting import ActingTeam

LONG = b"x" * 1_000_000
What = bytes | str | None
"""A file's bytes, a link's target, or nothing there."""

# name: (before, after, mode before and after, what is said: kind, marks, binary, has hunks)
TABLE: dict[str, tuple[What, What, tuple[int, int], tuple[str, set[str], bool, bool]]] = {
    "plain": (b"one\n", b"two\n", (0o644, 0o644), ("modified", set(), False, True)),
    "new": (None, b"new\n", (0, 0o644), ("added", set(), False, False)),
    "gone": (b"gone\n", None, (0o644, 0), ("deleted", set(), False, False)),
    "binary": (b"\0\x01", b"\0\xff\xfe\r\n", (0o644, 0o644), ("modified", set(), True, False)),
    "mode": (b"#!/bin/sh\n", b"#!/bin/sh\n", (0o644, 0o755), ("modified", set(), False, False)),
    "private": (b"one\n", b"two\n", (0o600, 0o600), ("modified", set(), False, True)),
    "link": ("plain", "new", (0, 0), ("modified", {"link"}, False, False)),
    "becomes link": (b"text\n", "plain", (0o644, 0), ("modified", {"link"}, False, False)),
    "dangling": (None, "../nowhere", (0, 0), ("added", {"link"}, False, False)),
    "crlf": (b"a\r\nb\r\n", b"a\r\nc\r\n", (0o644, 0o644), ("modified", {"crlf"}, False, True)),
    "mixed": (b"a\r\nb\n", b"a\r\nc\n", (0o644, 0o644), ("modified", {"crlf and lf"}, False, True)),
    "lost crlf": (b"a\r\nb\r\n", b"a\nb\n", (0o644, 0o644), ("modified", {"was crlf"}, False, True)),
    "bom": (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfb\n", (0o644, 0o644), ("modified", {"bom"}, False, True)),
    "latin": (b"gr\xfc\xdfe\n", b"gr\xfc\xdfe!\n", (0o644, 0o644), ("modified", {"latin-1"}, False, True)),
    "not text": (b"a\x80\n", b"b\x80\n", (0o644, 0o644), ("modified", {"not utf-8"}, False, True)),
    "no end": (b"a\nb", b"a\nc", (0o644, 0o644), ("modified", {"no final newline"}, False, True)),
    "long": (LONG + b"\nb\n", LONG + b"\nc\n", (0o644, 0o644), ("modified", {"very long lines"}, False, True)),
    "long itself": (LONG, LONG + b"y", (0o644, 0o644),
                    ("modified", {"very long lines", "no final newline"}, False, True)),
    "emptied": (b"a\n", b"", (0o644, 0o644), ("modified", {"empty"}, False, True)),
    "empty": (None, b"", (0, 0o644), ("added", {"empty"}, False, False)),
    "filled": (b"", b"a\n", (0o644, 0o644), ("modified", {"was empty"}, False, True)),
    "nested/inside": (b"a\n", b"b\n", (0o644, 0o644), ("modified", {"in a nested repository"}, False, True)),
    "moved here": (None, b"moved along\n" * 9, (0, 0o644), ("renamed", set(), False, False)),
}  # fmt: skip


def put(top: Path, name: str, what: What, mode: int) -> None:
    place = top / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if isinstance(what, str):
        place.symlink_to(what)
    elif what is not None:
        place.write_bytes(what)
        place.chmod(mode)


def picture(top: Path) -> dict[str, tuple[int, bytes]]:
    found: dict[str, tuple[int, bytes]] = {}
    for folder, _, names in os.walk(top):
        for name in names:
            place = Path(folder, name)
            info = place.lstat()
            data = os.fsencode(place.readlink()) if stat.S_ISLNK(info.st_mode) else place.read_bytes()
            found[str(place.relative_to(top))] = (info.st_mode, data)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name, (before, _, (mode, _), _) in TABLE.items():
        put(folder, name, before, mode)
    put(folder, "moved away", b"moved along\n" * 9, 0o644)
    (folder / "nested/.git").mkdir()
    (folder / "nested/.git/HEAD").write_text("ref: refs/heads/main\n")
    (folder / "nested/.git/objects").mkdir()
    (folder / "nested/.git/refs").mkdir()
    return folder


@pytest.fixture
async def session(project: Path, isolated: Path) -> str:
    """A session whose node has made every change of the table in one step."""

    async def deed(actor: Any) -> None:
        def work() -> Any:
            stage = actor.run.stage
            for name, (_, after, (_, mode), _) in TABLE.items():
                put(stage.tree, name, after, mode)
            (stage.tree / "moved away").unlink()
            return stage.record([*TABLE, "moved away"], **actor.who, message="run_command")

        await actor.use_tool("", work)

    settings = Settings(home=find_home(), prices=load_prices(), allow_unconfined=True)
    opened = await Session.open(settings, project=project, team=ActingTeam(deed))
    await opened.submit(SubmitRequest(text="do it"))
    await opened.wait_idle()
    await opened.close()
    return opened.id


def test_each_is_said_for_what_it_is_and_applied_byte_for_byte(session, project, capsys):
    def heddle(*words: str) -> str:
        assert main([words[0], session, *words[1:]]) == 0, capsys.readouterr()
        return capsys.readouterr().out

    before = picture(project)
    rows = {row["path"]: row for row in json.loads(heddle("changes", "--output", "json"))}
    assert picture(project) == before
    assert set(rows) == set(TABLE)
    for name, (_, _, _, (kind, marks, binary, pieces)) in TABLE.items():
        row = rows[name]
        said = (row["kind"], set(row["marks"]), row["binary"], bool(row["hunks"]))
        assert said == (kind, marks, binary, pieces), name
    assert rows["moved here"]["old_path"] == "moved away"
    assert (rows["mode"]["old_mode"], rows["mode"]["new_mode"]) == ("100644", "100755")
    assert (rows["becomes link"]["old_mode"], rows["becomes link"]["new_mode"]) == ("100644", "120000")
    text = heddle("changes")
    assert all(f"[{', '.join(row['marks'])}]" in text for row in rows.values() if row["marks"])
    assert len(heddle("changes", "--diff")) > len(text)
    heddle("apply")
    now = picture(project)
    for name, (_, after, (_, mode), _) in TABLE.items():
        if after is None:
            assert name not in now
        else:
            expected = (stat.S_IFLNK | 0o777) if isinstance(after, str) else stat.S_IFREG | mode
            data = after.encode() if isinstance(after, str) else after
            assert now[name] == (expected, data), name
    assert "moved away" not in now
    assert {name for name in now if name not in TABLE} == {name for name in before if name not in TABLE} - {
        "moved away"
    }
    heddle("undo")
    assert picture(project) == before
