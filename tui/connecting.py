"""Connecting real models: choose a way, have it tried, read in plain words what came of it, keep it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from textual import events
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from core.prices import is_price
from core.ways import OLLAMA, Profile, Tried, Way, wrong_url, wrong_variable
from tui.canvas import border_words
from tui.picking import AskScreen, PickList, PickScreen, Row, Words
from tui.wording import LEFT

if TYPE_CHECKING:
    from tui.sources import Ways

_TITLE = "connect real models"
_NOT_YET = "The rehearsal needs no account: its models' words come from a script, and nothing is billed."
_AWS = (
    "Each model of the roster is asked for one token, which costs less than a cent. "
    "Credentials stay where AWS keeps them: Heddle writes down the profile's name and the region."
)
_LOCAL = "Models on this machine: no account, nothing is billed, nothing leaves it. Ollama must run."
_OTHER = (
    "OpenRouter, OpenAI, vLLM, llama.cpp, LiteLLM … A key is read from an environment variable, and only that "
    "variable's name is written down."
)


class TryScreen(ModalScreen[bool]):
    """Says that something is asked, then what came of it; True when it is to be kept.

    Args:
        work: what is tried; it may be tried again.
        keep: what the row that keeps it is called.
    """

    def __init__(self, title: str, work: Callable[[], Awaitable[Tried]], keep: str) -> None:
        super().__init__()
        self._title = title
        self._work = work
        self._keep = keep
        self.tried: Tried | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="trying", classes="pane dialog") as box:
            box.border_title = border_words(self._title)
            box.border_subtitle = "Esc goes back"
            yield Words(id="words")
            yield PickList([], id="picks")

    def on_mount(self) -> None:
        self.query_one(PickList).focus()
        self._ask()

    def _ask(self) -> None:
        self.tried = None
        self.query_one(Words).say("One moment …")
        self.query_one(PickList).show([])
        self.run_worker(self._hear(), exclusive=True)

    async def _hear(self) -> None:
        tried = await self._work()
        self.tried = tried
        mark = "✓" if tried.ok else "✗"
        cost = f" Asking cost ${tried.cost_usd}." if tried.cost_usd not in ("", "0.00") else ""
        words = f"{mark} {tried.said}{cost}" + (f"\n\n{tried.advice}" if tried.advice else "")
        self.query_one(Words).say(words, bad=not tried.ok)
        rows = [Row(self._keep)] if tried.ok else []
        self.query_one(PickList).show([*rows, Row("Try again"), Row("Go back")])
        self.query_one(PickList).go(0)

    def on_pick_list_picked(self, event: PickList.Picked) -> None:
        if self.tried is None:
            return
        match event.index - (0 if self.tried.ok else -1):
            case 0:
                self.dismiss(True)
            case 1:
                self._ask()
            case _:
                self.dismiss(False)

    def on_key(self, event: events.Key) -> None:
        if event.key in ("escape", "ctrl+c"):
            event.stop()
            self.dismiss(False)


class Connecting:
    """The dialogue: one question after the other, each of which can be gone back from.

    Args:
        project: where the work begins when it begins anew.
    """

    def __init__(self, app: App[None], ways: Ways, project: str) -> None:
        self._app = app
        self._ways = ways
        self._project = project or "this folder"

    async def run(self) -> bool:
        """Whether something was connected and is to be begun with now."""
        while True:
            profiles = self._ways.profiles()
            place = await self._choose(_TITLE, *self._places(profiles))
            if place is None or place == len(profiles) + 5:
                return False
            way = await self._way(place, profiles)
            if way is not None and await self._try(way):
                return await self._keep(way)

    def _places(self, profiles: Sequence[Profile]) -> tuple[list[Row], Callable[[int], str]]:
        rows = [Row("AWS Bedrock", heading=True)]
        rows += [Row(f"profile {each.name}", each.how, each.region) for each in profiles]
        rows += [
            Row("what the environment says", "AWS_PROFILE, keys, an instance's role"),
            Row("Without AWS", heading=True),
            Row("Ollama", "models on this machine"),
            Row("another endpoint", "whatever speaks OpenAI's chat completions"),
        ]
        rows.append(Row("stay in the rehearsal", "no account needed"))
        last = len(profiles)
        words = {last + 3: _LOCAL, last + 4: _OTHER, last + 5: _NOT_YET}
        return rows, lambda index: words.get(index, _AWS)

    async def _way(self, place: int, profiles: Sequence[Profile]) -> Way | None:
        """The way that was chosen, complete; None: gone back."""
        chosen = place - len(profiles)
        if chosen <= 1:
            profile = profiles[place - 1] if chosen <= 0 else Profile("", "", "nothing yet")
            return await self._aws(profile)
        if chosen == 3:
            return await self._local(Way("ollama", url=OLLAMA, free=True))
        return await self._other()

    # -- AWS -------------------------------------------------------------------------------------

    async def _aws(self, profile: Profile) -> Way | None:
        about = "Where models are called. Claude and Nova are in us-east-1, us-west-2, eu-west-1 and others."
        region = await self._ask("region", about, profile.region or "us-east-1", _no_region)
        return None if region is None else Way("aws", profile=profile.name, region=region)

    # -- endpoints -------------------------------------------------------------------------------

    async def _local(self, way: Way) -> Way | None:
        tried = await self._offers(way)
        return None if tried is None else await self._with_model(way, tried.models)

    async def _other(self) -> Way | None:
        where = "The endpoint's address, up to and with /v1, such as https://openrouter.ai/api/v1."
        url = await self._ask("address", where, "", wrong_url)
        if url is None:
            return None
        about = (
            "The environment variable that holds the key, such as OPENROUTER_API_KEY. Empty: it needs none. "
            "Never the key itself: it is written down nowhere."
        )
        variable = await self._ask("key", about, "", _no_variable)
        if variable is None:
            return None
        way = Way("endpoint", url=url, key_variable=variable)
        tried = await self._offers(way)
        named = None if tried is None else await self._with_model(way, tried.models)
        return None if named is None else await self._with_price(named)

    async def _offers(self, way: Way) -> Tried | None:
        screen = TryScreen(way.url, lambda: self._ways.try_way(way), "Choose a model")
        return screen.tried if await self._app.push_screen_wait(screen) else None

    async def _with_model(self, way: Way, models: Sequence[str]) -> Way | None:
        if models:
            rows = [Row(model) for model in models]
            place = await self._choose("the model for every role", rows, lambda index: _MODEL)
            model = None if place is None else models[place]
        else:
            about = f"The name by which the endpoint knows the model. {_MODEL}"
            model = await self._ask("model", about, "", lambda text: "" if text else "Give its name.")
        return None if model is None else msgspec.structs.replace(way, model=model)

    async def _with_price(self, way: Way) -> Way | None:
        rows = [Row("it bills nothing"), Row("it bills", "dollars per million tokens come next")]
        place = await self._choose("what it costs", rows, lambda index: _PRICE)
        if place is None:
            return None
        if place == 0:
            return msgspec.structs.replace(way, free=True)
        about = f"What a million tokens cost in dollars: in, then out, such as 0.30 1.20. {_PRICE}"
        text = await self._ask("price", about, "", _no_prices)
        if text is None:
            return None
        entry, answer = text.split()
        return msgspec.structs.replace(way, price=(entry, answer))

    # -- trying and keeping ----------------------------------------------------------------------

    async def _try(self, way: Way) -> bool:
        name = (way.profile and f"profile {way.profile}") or way.model or "the environment's credentials"
        tries = TryScreen(name, lambda: self._ways.try_way(way), "Use it")
        return bool(await self._app.push_screen_wait(tries))

    async def _keep(self, way: Way) -> bool:
        """Remember it; whether the user wants to begin with it now."""
        kept = await self._ways.save_way(way)
        if not kept.ok:
            await self._choose("it could not be remembered", [Row("Go back")], lambda index: kept.said)
            return False
        rows = [Row(f"Begin in {self._project} now"), Row("Later", "it counts from the next start")]
        left = self._app.keymap.fill(LEFT)  # type: ignore[attr-defined]
        said = f"{kept.said} {left}"
        return await self._choose("connected", rows, lambda index: said if index == 0 else kept.said) == 0

    async def _choose(self, title: str, rows: list[Row], moved: Callable[[int], str]) -> int | None:
        return await self._app.push_screen_wait(PickScreen(title, rows, moved=moved))

    async def _ask(self, title: str, about: str, value: str, check: Callable[[str], str]) -> str | None:
        return await self._app.push_screen_wait(AskScreen(title, about, value=value, check=check))


_MODEL = "One model does the work of every role to begin with; the roster editor gives each its own."
_PRICE = "A model whose price is not known is never called, since no budget could hold."


def _no_region(text: str) -> str:
    return "" if text.count("-") >= 2 and text.isascii() else "A region is written like us-east-1."


def _no_variable(text: str) -> str:
    return wrong_variable(text) if text else ""


def _no_prices(text: str) -> str:
    parts = text.split()
    good = len(parts) == 2 and all(map(is_price, parts))
    return "" if good else "Two amounts, such as 0.30 1.20."
