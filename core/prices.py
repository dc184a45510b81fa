"""The dated price book: what one model call costs, exactly, in pico-dollars.

Prices per million tokens are written in dollars, so one dollar there is 10⁶ pico-dollars a token.
"""

import datetime
import tomllib
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from pathlib import Path
from typing import Any, cast

import msgspec

from core.money import Pico

GEO_PREFIXES = ("us-gov", "us", "eu", "apac", "jp", "au", "ca")
SHIPPED = Path(__file__).parent / "prices.toml"


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one call. `input` is the uncached part of the prompt."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    """The part of `cache_write` that is kept for an hour."""

    @property
    def prompt(self) -> int:
        """The whole prompt: its size decides the rate of models with a threshold."""
        return self.input + self.cache_read + self.cache_write


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars per million tokens, as decimal text."""

    input: str
    output: str
    cache_read: str | None = None
    """None: the model caches nothing; a read would cost as much as input."""
    cache_write: str | None = None
    cache_write_1h: str | None = None


class Above(Rates, frozen=True, kw_only=True):
    prompt_tokens: int


class Price(Rates, frozen=True, kw_only=True, forbid_unknown_fields=True):
    geo: str = "1"
    above: Above | None = None
    tiers: dict[str, str] = {}
    region: dict[str, Rates] = {}


_FREE = Price(input="0", output="0")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: dict[str, Price]
    date: datetime.date | None = None


class UnpricedModel(Exception):
    """A model has no row in the price book, so that no budget could hold."""

    def __init__(self, model: str) -> None:
        super().__init__(f"no price is known for the model {model}")
        self.model = model


class PriceBook(msgspec.Struct, frozen=True):
    """All known prices by base model id."""

    models: dict[str, Price]
    date: datetime.date | None
    bases: dict[str, str] = {}
    """Ids that are another name of a model, such as application inference profiles, and that model's id."""
    free: tuple[str, ...] = ()
    """How ids begin whose models cost nothing where no row says otherwise."""

    def cost(self, model: str, usage: Usage, *, tier: str = "default") -> Pico:
        """What a call costs; fractions of a pico-dollar are rounded up.

        Raises:
            UnpricedModel: no row for this model.
        """
        rates, factor = self._rates(model, usage.prompt, tier)
        per_token = _per_token(rates)
        short_writes = max(0, usage.cache_write - usage.cache_write_1h)
        total = (
            usage.input * per_token["input"]
            + usage.output * per_token["output"]
            + usage.cache_read * per_token["cache_read"]
            + short_writes * per_token["cache_write"]
            + min(usage.cache_write_1h, usage.cache_write) * per_token["cache_write_1h"]
        ) * factor
        return Pico(int(total.to_integral_value(ROUND_CEILING)))

    def knows(self, model: str) -> bool:
        return self._base(model) in self.models or model.startswith(self.free)

    def row(self, model: str) -> Price:
        """The row of a model, whatever its region prefix.

        Raises:
            UnpricedModel: no row for this model.
        """
        row = self.models.get(self._base(model))
        if row is None and model.startswith(self.free):
            return _FREE
        if row is None:
            raise UnpricedModel(model)
        return row

    def _base(self, model: str) -> str:
        return split_prefix(self.bases.get(model, model))[1]

    def _rates(self, model: str, prompt_tokens: int, tier: str) -> tuple[Rates, Decimal]:
        prefix, _ = split_prefix(self.bases.get(model, model))
        price = self.row(model)
        rates: Rates = price.region.get(prefix, price)
        if price.above and prompt_tokens > price.above.prompt_tokens:
            rates = price.above
        factor = Decimal(price.geo) if prefix and prefix != "global" else Decimal(1)
        return rates, factor * Decimal(price.tiers.get(tier, "1"))


def _per_token(rates: Rates) -> dict[str, Decimal]:
    """Pico-dollars a token: a dollar per million tokens is 10⁶ of them."""
    entry = Decimal(rates.input)
    write = Decimal(rates.cache_write) if rates.cache_write is not None else entry
    million = Decimal(10) ** 6
    return {
        "input": entry * million,
        "output": Decimal(rates.output) * million,
        "cache_read": (Decimal(rates.cache_read) if rates.cache_read is not None else entry) * million,
        "cache_write": write * million,
        "cache_write_1h": (Decimal(rates.cache_write_1h) if rates.cache_write_1h is not None else write)
        * million,
    }


def split_prefix(model: str) -> tuple[str, str]:
    """Split `us.amazon.nova-pro-v1:0` into its region prefix (may be empty) and the base id.

    Inference-profile ARNs of AWS end in such an id and are understood as well.
    """
    name = model.rpartition("/")[2] if model.startswith("arn:") else model
    head, dot, rest = name.partition(".")
    if dot and (head == "global" or head in GEO_PREFIXES):
        return head, rest
    return "", name


def load_prices(user_file: Path | None = None) -> PriceBook:
    """The shipped book, with the rows of the user's file over it.

    Raises:
        ValueError: the user's file is no valid price book; the message names it.
    """
    book = _read(SHIPPED)
    if user_file is None or not user_file.exists():
        return PriceBook(book.models, book.date)
    own = _read(user_file)
    return PriceBook({**book.models, **own.models}, own.date or book.date)


def _read(path: Path) -> _File:
    try:
        # A number that is written without quotes is as exact as one that is written with them.
        file = msgspec.convert(_quoted(tomllib.loads(path.read_text("utf-8"), parse_float=str)), _File)
        for model, price in file.models.items():
            _check(model, price)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError, OSError) as error:
        raise ValueError(f"{path} is no valid price book: {error}") from error
    return file


def _quoted(value: Any, name: str = "") -> Any:
    """Whole numbers as text too, where a price or a factor stands."""
    if isinstance(value, dict):
        return {key: _quoted(item, key) for key, item in cast("dict[str, Any]", value).items()}
    if type(value) is int and name != "prompt_tokens":
        return str(value)
    return value


def _check(model: str, price: Price) -> None:
    rows = [price, *price.region.values(), *([price.above] if price.above else [])]
    figures = [rate for row in rows for rate in (row.input, row.output, row.cache_read, row.cache_write)]
    figures += [row.cache_write_1h for row in rows]
    for figure in [*figures, price.geo, *price.tiers.values()]:
        if figure is not None and not is_price(figure):
            raise ValueError(f"{figure!r} in the row of {model} is no price, such as 0.80")


def is_price(figure: str) -> bool:
    """Whether a text is an amount that a price can be."""
    try:
        amount = Decimal(figure)
    except InvalidOperation:
        return False
    return amount.is_finite() and amount >= 0
