"""The history of the private copy from the command line."""

import json

import pytest

from tests.cli.conftest import HEALTH


@pytest.fixture
def run(served, sample):
    heddle = served()
    return heddle, heddle("run", HEALTH, "--output", "stream-json").session


def test_the_stage_goes_back_and_forward_again(run):
    heddle, session = run

    def changes() -> dict[str, str]:
        return {
            row["path"]: row["patch"]
            for row in json.loads(heddle("changes", session, "--output", "json").out)
        }

    last = changes()
    points = json.loads(heddle("rewind", session, "--output", "json").out)
    assert len(points) > 1 and [point["here"] for point in points] == [False] * (len(points) - 1) + [True]
    listed = heddle("rewind", session).out.splitlines()
    assert listed[0].split()[0] == "start" and listed[-1].startswith(f"* {points[-1]['commit'][:12]}")
    done = heddle("rewind", session, points[0]["commit"][:8])
    assert done.code == 0 and set(changes()) == set(points[0]["paths"]) != set(last), done.err
    back = done.out.split()[-1]
    assert heddle("rewind", session, "start").code == 0 and changes() == {}
    assert heddle("rewind", session, back).code == 0 and changes() == last
    refused = heddle("rewind", session, "nowhere")
    assert (refused.code, "There is no point nowhere" in refused.err) == (1, True)
