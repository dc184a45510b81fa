"""What can be completed in the prompt: `@` names a file or a role, `/` a command. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from core.text import sanitise_line
from core.wish import WORDS
from tui.actions import ACTIONS, SCOPE_TITLES, Action, key_name
from tui.fuzzy import places, weigh

Sign: TypeAlias = Literal["@", "/"]

REQUEST_WORDS: Mapping[str, str] = {word.removeprefix("/"): does for word, does in WORDS.items()}
"""Words that begin a request and belong to it; the session reads them."""
_MENTION = re.compile(r"(?:^|[\s(\[\"'])@([^\s@\"']*)$")
_COMMAND = re.compile(r"^/([A-Za-z-]*)$")
_SLASH = re.compile(r"/([A-Za-z][A-Za-z-]*)(?:\s+(.*))?\Z", re.DOTALL)


class Choice(msgspec.Struct, frozen=True):
    text: str
    """Exactly what goes into the prompt."""
    label: str
    """The same, safe to draw."""
    note: str = ""
    hint: str = ""
    """Shown at the end of the row, such as its key."""
    marked: tuple[int, ...] = ()
    """Letters of the label that were typed."""
    ink: str = ""


class Typed(NamedTuple):
    """The beginning of a name, in front of the cursor."""

    sign: Sign
    word: str
    """What follows the sign."""
    start: int
    """Column of the sign."""


def typed_name(line: str, column: int, row: int) -> Typed | None:
    """What is being named at the cursor; None for plain words."""
    before = line[:column]
    if row == 0 and (found := _COMMAND.search(before)):
        return Typed("/", found[1], 0)
    if found := _MENTION.search(before):
        return Typed("@", found[1], column - len(found[1]) - 1)
    return None


def slash_of(text: str) -> tuple[str, str] | None:
    """The word of a command and what stands after it; None when the text is no command, as a path is none."""
    found = _SLASH.match(text)
    return (found[1].lower(), (found[2] or "").strip()) if found else None


def slash_actions(actions: Iterable[Action] = ACTIONS) -> dict[str, Action]:
    """Every action that can be told in the prompt, by its word."""
    told = (action for action in actions if action.palette)
    return {action.slash: action for action in told}


def command_choices(word: str, actions: Iterable[Action] = ACTIONS) -> list[Choice]:
    """Commands that the word may mean, the likeliest first."""
    known = {name: (f"{action.help}", _keys(action)) for name, action in slash_actions(actions).items()}
    known |= {name: (help_, "") for name, help_ in REQUEST_WORDS.items()}
    low = word.lower()
    hits = [name for name in known if places(name, low) or not low]
    if low:
        hits.sort(key=lambda name: -weigh(name, low) if set(low) <= set(name) else 0)
    return [Choice(f"/{name} ", f"/{name}", *known[name], marked=_shift(places(name, low))) for name in hits]


def _keys(action: Action) -> str:
    scope = "" if action.scope == "anywhere" else f" {SCOPE_TITLES[action.scope].lower()}"
    return f"{key_name(action.keys[0])}{scope}"


def role_choices(word: str, roles: Mapping[str, str]) -> list[Choice]:
    """Roles whose name begins with the word, or with one part of it."""
    low = word.lower()
    hits = [role for role in roles if any(part.startswith(low) for part in (role, *role.split("_")))]
    return [
        Choice(f"@{role} ", f"@{role}", roles[role], marked=_shift(places(role, low)), ink=role)
        for role in hits
    ]


def file_choices(word: str, paths: Iterable[str]) -> list[Choice]:
    """Files to mention; a path with a space in it is put into quotes."""
    return [
        Choice(mention(path), f"@{sanitise_line(path)}", marked=_shift(places(sanitise_line(path), word)))
        for path in paths
    ]


def mention(path: str) -> str:
    """How a file is named in a request."""
    return f'@"{path}" ' if re.search(r"[\s\"']", path) else f"@{path} "


def _shift(found: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(place + 1 for place in found)
