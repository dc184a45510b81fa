"""The roster editor, over the commands that it really asks."""

import os
import tomllib
from pathlib import Path

from cli.asking import ask_models, ask_roles, keep_roster
from core.rosters import ModelLine
from tests.support import recordings as tapes
from tui.sources import Rosters


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


async def until(pilot, condition):
    for _ in range(3000):
        await pilot.pause(0.01)
        if condition():
            return
    raise AssertionError("the screen never got there")


def row(stage, words):
    return next(line for line in texts(stage).split("\n") if words in line)


async def test_a_role_gets_another_model_and_the_roster_is_kept(stage_of, caught_up):
    stage = stage_of(tapes.empty(), sources={"rosters": Rosters(ask_roles, ask_models, keep_roster)})
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        stage.screen.action_roster()
        await until(pilot, lambda: "roster current" in texts(stage) and "documenter" in texts(stage))
        assert "0.06 / 0.24" in row(stage, "documenter") and "Nova Lite" in row(stage, "documenter")
        assert "Nothing is changed yet" in texts(stage)
        await pilot.press("home", "enter")
        await until(pilot, lambda: "a model for router" in texts(stage))
        await pilot.press("up")
        title = stage.screen.list.rows[stage.screen.list.current].label
        await pilot.press("enter")
        await until(pilot, lambda: "● " + title in texts(stage) and "Keep it, with 1 changed" in texts(stage))
        await pilot.press("end", "enter")
        await until(pilot, lambda: bool(stage.screen.query("#typed")))
        assert stage.screen.query_one("#typed").value == "mine"
        await pilot.press("enter")
        await until(pilot, lambda: "the roster is kept" in texts(stage))
        config = Path(os.environ["HEDDLE_HOME"]) / "config"
        kept = tomllib.loads((config / "rosters" / "mine.toml").read_text())
        assert kept["roles"]["router"] != ["amazon.nova-micro-v1:0"]
        assert kept["roles"]["architect"] == ["anthropic.claude-sonnet-5-5", "anthropic.claude-haiku-5-5"]
        assert kept["rungs"]["architect"][0] == "anthropic.claude-opus-5-5"
        assert tomllib.loads((config / "config.toml").read_text()) == {"roster": "mine"}


def line(role, model, price):
    return ModelLine(
        role, model, model.title(), 1, price, price, 32_000, False, None, 4_000, False, True, False
    )


async def test_a_model_without_a_price_is_refused_and_said(stage_of, caught_up):
    async def roles(roster):
        return [line("router", "known", "1.00")]

    async def models():
        return [line("", "known", "1.00"), line("", "strange", None)]

    async def save(base, name, changed):
        raise AssertionError("nothing was changed")

    stage = stage_of(tapes.empty(), sources={"rosters": Rosters(roles, models, save)})
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await caught_up(pilot, stage)
        stage.screen.action_roster()
        await until(pilot, lambda: "Nothing is changed yet" in texts(stage))
        await pilot.press("enter")
        await until(pilot, lambda: "a model for router" in texts(stage))
        assert "no price" in row(stage, "Strange")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "Go back" in texts(stage))
        assert "no budget could hold" in " ".join(texts(stage).split())
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing is changed yet" in texts(stage))
        await pilot.press("end", "enter")
        await until(pilot, lambda: "Nothing is changed yet" in texts(stage))
        await pilot.press("escape")
        await until(pilot, lambda: bool(stage.screen.query("#prompt")))
