"""A budget as it is typed."""

from cli.errors import usage
from core.money import to_pico


def read_budget(dollars: str | None) -> str | None:
    """A budget as it was typed.

    Raises:
        Stop: it is no amount above 0.
    """
    if dollars is None:
        return None
    try:
        amount = to_pico(dollars.removeprefix("$"))
    except ValueError as error:
        raise usage(f"The budget {error}.") from error
    if amount <= 0:
        raise usage("The budget must be more than 0 dollars, such as 0.50.")
    return dollars.removeprefix("$")
