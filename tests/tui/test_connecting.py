"""Connecting from the screen: each way is really asked over loopback, by what the command itself does."""

import os

import pytest

from cli.connect import save_way, try_way
from cli.world import World
from core.config import load_config
from core.paths import find_home
from core.ways import Tried, read_profiles
from tests.support import recordings as tapes
from tests.support.foreign_openai import ForeignOpenAI
from tui.preferring import BEGIN_ANEW
from tui.sources import Ways


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


@pytest.fixture
def openai():
    with ForeignOpenAI() as found:
        yield found


@pytest.fixture
def connecting(stage_of):
    """A screen whose ways are those of `heddle connect`, in this process."""
    home = find_home()

    async def save(way):
        world = World(home, load_config(home.config, {}), os.environ)
        return save_way(world, way, Tried(True, ""))

    async def attempt(way):
        found = await try_way(World(home, load_config(home.config, {}), os.environ), way)
        stage.tried.append(way)
        return found

    ways = Ways(lambda: read_profiles(os.environ), attempt, save)
    stage = stage_of(tapes.empty(), sources={"ways": ways})
    stage.tried = []
    return stage


def written():
    return load_config(find_home().config, {})


async def until(pilot, condition):
    """Wait for a condition; asking takes as long as a slow machine needs."""
    for _ in range(3000):
        await pilot.pause(0.01)
        if condition():
            return
    raise AssertionError("the screen never got there")


async def test_another_endpoint_from_its_address_to_the_new_beginning(connecting, caught_up, openai):
    stage = connecting
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        stage.screen.action_connect()
        await until(pilot, lambda: "connect real models" in texts(stage))
        await pilot.press("down", "down")
        await until(pilot, lambda: "▸ another endpoint" in texts(stage))
        assert "only that variable's name is written down" in " ".join(texts(stage).replace("│", " ").split())
        await pilot.press("enter")
        await until(pilot, lambda: bool(stage.screen.query("#typed")))
        await pilot.press("enter")
        await until(pilot, lambda: "begins with http" in texts(stage))
        stage.screen.query_one("#typed").value = openai.base_url
        await pilot.press("enter")
        await until(pilot, lambda: "that holds the key" in texts(stage))
        await pilot.press(*"sk-123", "enter")
        await until(pilot, lambda: "is no variable's name" in texts(stage))
        stage.screen.query_one("#typed").value = ""
        await pilot.press("enter")
        await until(pilot, lambda: "offers 2 models" in texts(stage))
        await pilot.press("enter")
        await until(pilot, lambda: "the model for every role" in texts(stage))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "what it costs" in texts(stage))
        await pilot.press("enter")
        await until(pilot, lambda: "✓ qwen3:8b at 127.0.0.1" in texts(stage))
        assert written().roster == "current"
        await pilot.press("enter")
        await until(pilot, lambda: "Remembered in" in texts(stage))
        assert (written().roster, written().openai.base_url) == ("endpoint", openai.base_url)
        assert "Begin in tasks-api now" in texts(stage)
        await pilot.press("enter")
        await until(pilot, lambda: stage.app.return_code == BEGIN_ANEW)


async def test_what_does_not_answer_is_said_and_can_be_tried_again(connecting, caught_up, monkeypatch):
    import tui.connecting

    monkeypatch.setattr(tui.connecting, "OLLAMA", "http://127.0.0.1:9/v1")
    stage = connecting
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        stage.screen.action_connect()
        await until(pilot, lambda: "connect real models" in texts(stage))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "✗ The endpoint 127.0.0.1:9 cannot be reached" in texts(stage))
        assert "ollama serve" in texts(stage)
        await pilot.press("enter")
        await until(pilot, lambda: len(stage.tried) == 2 and "✗" in texts(stage))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "connect real models" in texts(stage))
        await pilot.press("end", "enter")
        await until(pilot, lambda: bool(stage.screen.query("#prompt")))
        assert not (find_home().config / "config.toml").exists()


async def test_an_expired_single_sign_on_is_told_with_its_command(
    connecting, caught_up, monkeypatch, tmp_path
):
    (tmp_path / "aws").write_text(
        "[profile corp]\nregion = eu-west-1\nsso_start_url = https://corp.example\nsso_region = eu-west-1\n"
        "sso_account_id = 1\nsso_role_name = dev\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("AWS_PROFILE", "")
    monkeypatch.setenv("AWS_REGION", "")
    stage = connecting
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        stage.screen.action_connect()
        await until(pilot, lambda: "profile corp" in texts(stage))
        assert "single sign-on" in texts(stage)
        await pilot.press("enter")
        await until(pilot, lambda: bool(stage.screen.query("#typed")))
        assert stage.screen.query_one("#typed").value == "eu-west-1"
        await pilot.press("enter")
        await until(pilot, lambda: "aws sso login --profile corp" in texts(stage))
