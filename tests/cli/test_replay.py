"""`heddle replay`: what is said before the screen opens."""

import pytest

from cli.errors import Stop
from cli.main import main
from cli.replay import read_speed
from core.paths import find_home
from tests.support import recordings as tapes
from tests.support.shelves import write_session


@pytest.mark.parametrize(
    ("given", "speed"), [("1", 1.0), ("0.5x", 0.5), ("8×", 8.0), ("instant", 0.0), ("0", 0.0)]
)
def test_speeds_are_read(given, speed):
    assert read_speed(given) == speed


@pytest.mark.parametrize("given", ["fast", "-1", "nan", "inf", "1e9"])
def test_what_is_no_speed_says_how_it_is_written(given):
    with pytest.raises(Stop, match="Write it as 1, 2, 8 or instant"):
        read_speed(given)


async def test_without_a_terminal_it_says_what_does(capsys):
    await write_session(find_home(), tapes.SESSION, tapes.empty())
    assert main(["replay", tapes.SESSION]) == 2
    assert f"heddle show {tapes.SESSION}" in capsys.readouterr().err
    assert main(["replay", "nothing-like-that"]) == 2
