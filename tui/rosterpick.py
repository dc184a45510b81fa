"""The roster editor: each role's model with its price and what it can do, another one chosen, the whole kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import App

from tui.picking import AskScreen, PickScreen, Row
from tui.wording import LEFT

if TYPE_CHECKING:
    from core.rosters import ModelLine
    from tui.sources import Rosters

_SHIPPED = ("current", "design-2025", "local")
NO_PRICE = "no price"
_WHY_NOT = "No price is known for it, so that no budget could hold: give it a row in prices.toml first."
_FILE = "The first model of a role does the work; those that stand in for it stay as they are."


class RosterEditor:
    """The dialogue.

    Args:
        roster: the name of the roster that the session works with.
    """

    def __init__(self, app: App[None], rosters: Rosters, roster: str) -> None:
        self._app = app
        self._rosters = rosters
        self._roster = roster
        self._chosen: dict[str, ModelLine] = {}

    async def run(self) -> bool:
        """Whether a roster was kept and is to be begun with now."""
        lines, models = await asyncio.gather(self._rosters.roles(self._roster), self._rosters.models())
        if not lines:
            await self._say("the roster cannot be read", "`heddle models` says why.")
            return False
        roles = list(dict.fromkeys(line.role for line in lines))
        at = 0
        while True:
            place = await self._roles(roles, lines, at)
            if place is None:
                return False
            at = place
            if place < len(roles):
                await self._change(roles[place], lines, models)
            elif self._chosen and await self._keep(lines):
                return await self._begin()

    # -- roles -----------------------------------------------------------------------------------

    async def _roles(self, roles: Sequence[str], lines: Sequence[ModelLine], at: int) -> int | None:
        rows = [self._role(role, lines) for role in roles]
        count = len(self._chosen)
        kept = f"Keep it, with {count} changed" if count else "Nothing is changed yet"
        rows.append(Row(kept, "as a roster of your own" if count else ""))
        title = f"roster {self._roster} · dollars per million tokens, in / out"
        told = [about(self._first(role, lines)) for role in roles]
        screen = PickScreen(
            title,
            rows,
            current=at,
            help="Enter gives a role another model · Esc leaves it as it was",
            moved=lambda index: told[index] if index < len(told) else _FILE,
        )
        return await self._app.push_screen_wait(screen)

    def _first(self, role: str, lines: Sequence[ModelLine]) -> ModelLine:
        """The model that does a role's work."""
        return self._chosen.get(role) or next(line for line in lines if line.role == role)

    def _role(self, role: str, lines: Sequence[ModelLine]) -> Row:
        line = self._first(role, lines)
        mark = "● " if role in self._chosen else ""
        others = [each.title for each in lines if each.role == role and each.position > 1]
        then = f", then {', '.join(others)}" if others else ""
        return Row(role, f"{mark}{line.title}{then}", price(line) or NO_PRICE)

    async def _change(self, role: str, lines: Sequence[ModelLine], models: Sequence[ModelLine]) -> None:
        now = self._first(role, lines).model
        names = [model.model for model in models]
        rows = [
            Row(model.title, able(model), price(model) or NO_PRICE, "" if model.input_usd else "bad")
            for model in models
        ]
        screen = PickScreen(
            f"a model for {role}",
            rows,
            current=names.index(now) if now in names else 0,
            moved=lambda index: about(models[index]),
        )
        place = await self._app.push_screen_wait(screen)
        if place is None or models[place].model == now:
            return
        if models[place].input_usd is None:
            await self._say(models[place].title, _WHY_NOT)
            return
        self._chosen[role] = models[place]

    # -- keeping ---------------------------------------------------------------------------------

    async def _keep(self, lines: Sequence[ModelLine]) -> bool:
        about = "The roster's name: letters, digits, - and _. It is a file of yours, beside config.toml in rosters/."
        name = "mine" if self._roster in _SHIPPED else self._roster
        screen = AskScreen("keep the roster", about, value=name, check=_no_name)
        chosen = await self._app.push_screen_wait(screen)
        if chosen is None:
            return False
        roles = {role: self._models(role, lines) for role in self._chosen}
        wrong = await self._rosters.save(self._roster, chosen, roles)
        if wrong:
            await self._say("it was not kept", wrong)
        return not wrong

    def _models(self, role: str, lines: Sequence[ModelLine]) -> list[str]:
        """The chosen model, then those that stood in before."""
        others = [line.model for line in lines if line.role == role and line.position > 1]
        return list(dict.fromkeys([self._chosen[role].model, *others]))

    async def _begin(self) -> bool:
        rows = [Row("Begin with it now"), Row("Later", "it counts from the next start")]
        said = self._app.keymap.fill(LEFT)  # type: ignore[attr-defined]
        screen = PickScreen("the roster is kept", rows, moved=lambda index: said if index == 0 else "")
        return await self._app.push_screen_wait(screen) == 0

    async def _say(self, title: str, text: str) -> None:
        await self._app.push_screen_wait(PickScreen(title, [Row("Go back")], moved=lambda index: text))


def price(line: ModelLine) -> str:
    """Dollars per million tokens, in and out; empty where it has none."""
    return f"{line.input_usd} / {line.output_usd}" if line.input_usd else ""


def able(line: ModelLine) -> str:
    """What it takes and can do, in a few words."""
    words = [f"{_tokens(line.window)} in, {_tokens(line.output)} out"]
    words += ["cache"] if line.cache else []
    words += [] if line.stream_tools else ["no streaming with tools"]
    words += ["Legacy"] if line.legacy else []
    return ", ".join(words)


def about(line: ModelLine) -> str:
    """What the model is, in sentences."""
    said = f"{line.title} ({line.model}): {able(line)}."
    if line.legacy:
        said += " Legacy: closed to new accounts."
    if line.end_of_life:
        said += f" It ends on {line.end_of_life}."
    return said if line.input_usd else f"{said} {_WHY_NOT}"


def _tokens(count: int) -> str:
    return f"{count / 1_000_000:g}M" if count >= 1_000_000 else f"{count / 1000:.0f}K"


def _no_name(text: str) -> str:
    plain = text.replace("-", "").replace("_", "")
    if text in _SHIPPED:
        return f"{text} is a roster that Heddle brings: choose another name."
    return (
        "" if plain.isalnum() and plain.isascii() and text[0].isalnum() else "Letters, digits, - and _ only."
    )
