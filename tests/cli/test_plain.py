"""`heddle` alone: the screen as soon as possible."""

import gc
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cli.garbage import look_for_garbage
from cli.parser import make_parser
from cli.plain import plain_arguments
from cli.scripts import SHIPPED, script_requests

ROOT = Path(__file__).parents[2]
NOT_NEEDED = ("argparse", "sqlite3", "aiosqlite", "pygit2", "core.session", "core.log", "core.link")


def test_it_stands_for_what_the_parser_says_of_nothing() -> None:
    assert vars(plain_arguments()) == vars(make_parser().parse_args([]))


def test_it_loads_nothing_that_the_first_frame_does_not_need() -> None:
    code = "import sys, cli.main, cli.plain, cli.world, cli.screen, cli.front, tui.app; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {name for name in NOT_NEEDED if name in set(found.stdout.split())}


@pytest.fixture
def put_off():
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


def test_garbage_is_looked_for_once_everything_is_loaded(put_off: None) -> None:
    look_for_garbage()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_the_requests_of_the_shipped_scripts_are_found_without_a_parser(tmp_path: Path) -> None:
    whole = [tomllib.loads(path.read_text("utf-8"))["request"] for path in SHIPPED.glob("*.toml")]
    assert sorted(script_requests(tmp_path)) == sorted(whole)


def test_a_request_is_found_before_the_turns_and_where_a_text_looks_like_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        'title = """\n[[turn]]\n"""\nrequest = "Odd one"\n[[turn]]\nrole = "x"\n'
    )
    (tmp_path / "b.toml").write_text('request = "Torn off\n')
    found = script_requests(tmp_path)
    assert found[0] == "Odd one"
    assert len(found) == 1 + len(list(SHIPPED.glob("*.toml")))
