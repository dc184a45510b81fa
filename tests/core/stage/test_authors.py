"""Who wrote which line, over renames, decisions, applies, deletions, and names that are not text."""

import os
from pathlib import Path
from typing import Any

import pytest

from core.stage import Stage
from core.stage.authors import Authors

THIRTY = b"".join(b"line %d\n" % n for n in range(30))


def step(stage: Stage, role: str, *, run: str = "r1", **files: bytes | None) -> str:
    """A node's step that writes (None: deletes) files; `src__app` means `src/app.py`."""
    paths = [name.replace("__", "/") + ".py" for name in files]
    for path, data in zip(paths, files.values(), strict=True):
        if data is None:
            stage.delete(path)
        else:
            stage.write(path, data)
    stage.record(paths, run=run, node=role, role=role, message="write_file")
    return stage.head


def told(authors: Authors) -> list[tuple[int, int, str]]:
    return [(span.first, span.lines, span.origin.role if span.origin else "") for span in authors.spans]


def test_lines_belong_to_who_wrote_them_and_the_rest_to_the_project(stage: Stage):
    commit = step(stage, "coder", src__util=THIRTY.replace(b"line 3\n", b"three\n3 1/2\n"))
    step(
        stage,
        "tester",
        src__util=THIRTY.replace(b"line 3\n", b"three\n3 1/2\n").replace(b"line 9\n", b"nine\n"),
    )
    authors = stage.authors("src/util.py")
    assert told(authors) == [(1, 3, ""), (4, 2, "coder"), (6, 5, ""), (11, 1, "tester"), (12, 20, "")]
    origin = authors.spans[1].origin
    assert origin is not None
    assert (origin.commit, origin.run, origin.node) == (commit, "r1", "coder")
    assert [(span.first, span.lines, span.origin and span.origin.role) for span in authors.removed] == [
        (4, 1, "coder"),
        (10, 1, "tester"),
    ]


def test_a_line_written_over_belongs_to_the_last_who_did(stage: Stage):
    step(stage, "coder", src__app=b"def app():\n    return 2\n")
    step(stage, "reviewer", src__app=b"def app():\n    return 3\n")
    assert told(stage.authors("src/app.py")) == [(1, 1, ""), (2, 1, "reviewer")]


def test_hunks_belong_to_who_wrote_the_most_of_them(stage: Stage):
    step(stage, "coder", src__util=THIRTY.replace(b"line 3\nline 4\n", b"a\nb\nc\n"))
    step(
        stage,
        "tester",
        src__util=THIRTY.replace(b"line 3\nline 4\n", b"a\nB\nc\n").replace(b"line 20\n", b""),
    )
    authors = stage.authors("src/util.py")
    mixed, cut = authors.of((4, 2), (4, 3)), authors.of((21, 1), (21, 0))
    assert mixed is not None
    assert mixed.role == "coder"
    assert cut is not None
    assert cut.role == "tester"


@pytest.mark.parametrize("at_once", [True, False])
def test_a_renamed_file_keeps_the_authors_of_its_lines(stage: Stage, at_once: bool):
    changed = THIRTY.replace(b"line 3\n", b"three\n")
    if at_once:
        step(stage, "coder", src__util=changed)
        step(stage, "mover", src__util=None, lib=changed)
    else:  # the new file is there before the old one goes
        step(stage, "mover", lib=THIRTY)
        step(stage, "mover", src__util=None)
        step(stage, "coder", lib=changed)
    assert told(stage.authors("lib.py")) == [(1, 3, ""), (4, 1, "coder"), (5, 26, "")]


def test_what_was_rejected_and_reconsidered_keeps_its_first_author(stage: Stage):
    step(stage, "coder", src__app=b"def app():\n    return 2\n")
    stage.revert("src/app.py")
    assert told(stage.authors("src/app.py")) == [(1, 2, "")]
    stage.restore("src/app.py", by="coder")
    assert told(stage.authors("src/app.py")) == [(1, 1, ""), (2, 1, "coder")]
    assert (origin := stage.authors("src/app.py").spans[1].origin) is not None
    assert origin.run == "r1"


def test_a_file_made_again_as_it_was_keeps_its_authors(stage: Stage):
    step(stage, "coder", src__util=THIRTY + b"mine\n")
    step(stage, "cleaner", src__util=None)
    assert stage.authors("src/util.py").spans == ()
    assert {span.origin.role for span in stage.authors("src/util.py").removed if span.origin} == {"cleaner"}
    step(stage, "tester", src__util=THIRTY + b"mine\nnew\n")
    assert told(stage.authors("src/util.py")) == [(1, 30, ""), (31, 1, "coder"), (32, 1, "tester")]


def test_applied_lines_keep_their_authors_and_the_users_own_are_the_projects(stage: Stage, project: Path):
    step(stage, "coder", src__util=THIRTY.replace(b"line 3\n", b"three\n"))
    (project / "src/util.py").write_bytes(stage.read("src/util.py"))
    stage.rebase(["src/util.py"])
    (project / "src/util.py").write_bytes(b"user's own\n" + stage.read("src/util.py"))
    stage.refresh()
    step(stage, "tester", src__util=stage.read("src/util.py") + b"end\n")
    assert told(stage.authors("src/util.py")) == [
        (1, 4, ""), (5, 1, "coder"), (6, 26, ""), (32, 1, "tester"),
    ]  # fmt: skip


def test_what_has_no_lines_belongs_to_who_touched_it_last(stage: Stage, project: Path):
    stage.write("pic.bin", b"\0\1\2")
    stage.record(["pic.bin"], run="r1", node="coder", role="coder", message="m")
    authors = stage.authors("pic.bin")
    assert authors.spans == ()
    assert authors.last is not None
    assert authors.last.role == "coder"


def test_a_file_without_a_final_newline_and_one_that_nobody_touched(stage: Stage):
    step(stage, "coder", src__app=b"def app():\n    return 1")
    assert told(stage.authors("src/app.py")) == [(1, 1, ""), (2, 1, "coder")]
    assert stage.authors("new.txt").spans == ()
    assert stage.authors("not there") == Authors("not there")


def test_names_that_are_not_text(project: Path, tmp_path: Path):
    name = os.fsdecode(b"gr\xfc\xdfe.txt")
    (project / name).write_bytes(b"a\n")
    stage = Stage.create(project, tmp_path / "stages" / "s")
    stage.write(name, b"a\nb\n")
    stage.record([name], run="r1", node="coder", role="coder", message="m")
    assert told(stage.authors(name)) == [(1, 1, ""), (2, 1, "coder")]


def test_every_line_is_in_one_span(stage: Stage, tmp_path: Path):
    import random

    dice = random.Random(7)
    lines: list[bytes] = [b"%d\n" % n for n in range(40)]
    model: list[tuple[bytes, str]] = [(line, "") for line in lines]
    (stage.project / "f.py").write_bytes(b"".join(lines))
    stage.refresh()
    for number in range(40):
        role = f"role{number % 5}"
        at = dice.randrange(len(model) + 1)
        if dice.random() < 0.4 and at < len(model):
            del model[at]
        else:
            model.insert(at, (b"step %d\n" % number, role))
        step(stage, role, f=b"".join(line for line, _ in model))
    found: list[Any] = [None] * len(model)
    for span in stage.authors("f.py").spans:
        for line in range(span.first, span.first + span.lines):
            assert found[line - 1] is None
            found[line - 1] = span.origin.role if span.origin else ""
    assert found == [role for _, role in model]
