"""The user's own keys: the `[keys]` table of `config.toml` over the registry of actions.

    [keys]
    help = "f11"
    diffs.accept = ["y", "enter"]

A name that several places have is told with its place in front. What would take a key from something else, or
could never be pressed, is refused with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast, get_args

import msgspec
from textual.keys import Keys, _character_to_key
from textual.widgets import TextArea

from core.config import BadConfig
from tui.actions import ACTIONS, Action, Scope, When, key_name, offered
from tui.paint import Line, Span

Table: TypeAlias = "Mapping[str, str | list[str] | dict[str, str | list[str]]]"

_READ: frozenset[Scope] = frozenset({"prompt"})
"""Places that read their keys themselves and ask here what a key stands for."""
_NAMED = {key.value for key in Keys} | {"alt+enter", "shift+enter", "ctrl+enter"}
_SAME = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace"}
_SAME |= {"alt+f": "ctrl+right", "alt+b": "ctrl+left", "alt+backspace": "ctrl+w"}
"""What a terminal sends for both."""
_TYPED = re.compile(r"alt\+(.+)")
_MEANT = re.compile(r"\{(?:([a-z]+)\.)?([a-z_]+)\}")
"""An action in a sentence, whose key is to stand there: `{focus_diffs}`, `{diffs.accept}`."""


class Keymap:
    """Every action with the keys that it has here.

    Args:
        own: keys by place and name of the action.
    """

    def __init__(self, own: Mapping[tuple[Scope, str], tuple[str, ...]] | None = None) -> None:
        self._own = dict(own or {})
        self.actions: tuple[Action, ...] = tuple(self._here(action) for action in ACTIONS)
        told = (msgspec.structs.replace(action, help=self.fill(action.help)) for action in self.actions)
        self.actions = tuple(told)

    def _here(self, action: Action) -> Action:
        """An action with its keys; one that follows another is pressed as often as it is shipped."""
        keys = self._own.get((action.scope, action.follows or action.name))
        if keys is None:
            return action
        if action.follows:
            keys = tuple(" ".join([key] * len(action.keys[0].split())) for key in keys)
        return msgspec.structs.replace(action, keys=keys)

    @property
    def bindings(self) -> dict[str, str]:
        """What Textual's own table is to say instead, by the binding's id."""
        return {f"{scope}.{name}": ",".join(keys) for (scope, name), keys in self._own.items()}

    def offered(self, scopes: Sequence[Scope], facts: set[When]) -> list[Action]:
        """What the footer offers now."""
        return offered(scopes, facts, self.actions)

    def key(self, name: str, scope: Scope = "anywhere") -> str:
        """The first key of an action, as people write it."""
        return key_name(self.keys(name, scope)[0])

    def keys(self, name: str, scope: Scope = "anywhere") -> tuple[str, ...]:
        """The keys of an action, as Textual calls them.

        Raises:
            KeyError: there is no such action.
        """
        for action in self.actions:
            if (action.scope, action.name) == (scope, name):
                return action.keys
        raise KeyError(f"{scope}.{name}")

    def fill(self, sentence: str) -> str:
        """A sentence with the keys of the actions that it means: `{focus_diffs} reads the changes`."""
        return "".join(span.text for span in self.line(sentence))

    def line(self, sentence: str, ink: str = "") -> Line:
        """The same in this ink, with its keys drawn as keys are."""
        spans: Line = []
        end = 0
        for found in _MEANT.finditer(sentence):
            spans.append(Span(sentence[end : found.start()], ink))
            spans.append(Span(self.key(found[2], cast("Scope", found[1] or "anywhere")), "key"))
            end = found.end()
        return [span for span in (*spans, Span(sentence[end:], ink)) if span.text]

    def standing(self, scope: Scope, key: str) -> str:
        """The key that one stands for where a widget reads keys itself; empty when it has lost its meaning."""
        for (place, name), keys in self._own.items():
            if place == scope and key in keys:
                return _shipped(scope, name).keys[0]
        for (place, name), _ in self._own.items():
            if place == scope and key in _shipped(scope, name).keys:
                return ""
        return key


def read_keys(table: Table) -> Keymap:
    """The keys that the configuration asks for.

    Raises:
        BadConfig: a name, a key, or two things for one key; the sentence says which and what to do.
    """
    own: dict[tuple[Scope, str], tuple[str, ...]] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            for inner, keys in value.items():
                action = _named(inner, name)
                own[action.scope, action.name] = _keys(f"{name}.{inner}", keys)
        else:
            action = _named(name, "")
            own[action.scope, action.name] = _keys(name, value)
    keymap = Keymap(own)
    for place, name in own:
        _check_free(place, name, keymap.actions)
    return keymap


def _shipped(scope: Scope, name: str) -> Action:
    return next(action for action in ACTIONS if (action.scope, action.name) == (scope, name))


# -- names -----------------------------------------------------------------------------------------


def _named(name: str, place: str) -> Action:
    """The action that the configuration means."""
    if place and place not in get_args(Scope):
        raise _bad(f"there is no place called {place}", f"There are: {', '.join(sorted(get_args(Scope)))}.")
    found = {action.scope: action for action in ACTIONS if name in (action.name, action.word)}
    if place:
        found = {scope: action for scope, action in found.items() if scope == place}
    if not found:
        where = f" in {place}" if place else ""
        raise _bad(f"there is no action called {name}{where}", "`heddle keys` lists them all.")
    if len(found) > 1:
        names = " or ".join(f"{scope}.{name}" for scope in found)
        raise _bad(f"several places have an action called {name}", f"Write {names}.")
    (action,) = found.values()
    if not can_change(action):
        raise _bad(f"the key of {action.scope}.{action.name} cannot be changed", "Take that line out.")
    return action


def can_change(action: Action) -> bool:
    """Whether an action may have another key."""
    if any(" " in key or key == "1-9" for key in action.keys):
        return False
    return action.bound or action.scope in _READ


def _bad(what: str, advice: str) -> BadConfig:
    return BadConfig(f"The [keys] in config.toml cannot be used: {what}. {advice}")


# -- keys ------------------------------------------------------------------------------------------


def _keys(name: str, value: str | list[str]) -> tuple[str, ...]:
    keys = [value] if isinstance(value, str) else value
    if not keys:
        raise _bad(f"{name} has no key", "Give it one, or take the line out.")
    return tuple(_key(name, key) for key in keys)


def _key(name: str, text: str) -> str:
    """A key as Textual calls it, out of what people write: `Ctrl+R`, `F5`, `[`, `y`."""
    text = text.strip()
    key = _character_to_key(text) if len(text) == 1 else _plain(text)
    if key in _SAME:
        raise _bad(
            f"{name} is {text}, which terminals send for {key_name(_SAME[key])} too", "Choose another."
        )
    if len(text) == 1 or key in _NAMED or _is_alt(key):
        return key
    raise _bad(
        f"{name} is {text!r}, which is no key", 'Write it like "ctrl+r", "alt+x", "f5", "space" or "y".'
    )


def _plain(text: str) -> str:
    *held, last = text.split("+") if not text.endswith("++") else [*text[:-2].split("+"), "+"]
    if len(last) > 1 or "ctrl" in text.lower():
        last = last.lower()
    last = _character_to_key(last) if len(last) == 1 else last
    last = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "return": "enter"}.get(
        last, last
    )
    return "+".join([*(part.strip().lower() for part in held), last])


def _is_alt(key: str) -> bool:
    found = _TYPED.fullmatch(key)
    return found is not None and (len(key_name(found[1])) == 1 or found[1] in _NAMED)


def _check_free(place: Scope, name: str, actions: Sequence[Action]) -> None:
    """Whether the keys of an action are nothing else's where it counts."""
    mine = next(action for action in actions if (action.scope, action.name) == (place, name))
    others = [other for other in actions if (other.scope, other.name) != (place, name) and not other.follows]
    for key in mine.keys:
        if place in ("anywhere", "prompt") and (len(key) == 1 or key in _writing(place)):
            raise _bad(
                f"{key_name(key)} is what the prompt writes or edits with, so it cannot be {name}",
                "Choose a key with Ctrl or Alt, or one of F1 to F24.",
            )
        for other in others:
            near = other.scope == place or "anywhere" in (other.scope, place)
            if near and key in other.keys and not _shared(mine, other, key):
                raise _bad(
                    f"{key_name(key)} would be both {place}.{name} and {other.scope}.{other.name}",
                    "Give one of them another key.",
                )


def _shared(mine: Action, other: Action, key: str) -> bool:
    """Whether both have the key as shipped, which is then meant."""
    return all(key in _shipped(action.scope, action.name).keys for action in (mine, other))


def _writing(place: Scope) -> set[str]:
    """Keys that a text area has for itself, where they must reach it."""
    keys = {key for binding in TextArea.BINDINGS for key in binding.key.split(",")}  # pyright: ignore
    keys |= {"enter", "space", "backspace"}
    read = {key for action in ACTIONS if action.scope == place == "prompt" for key in action.keys}
    return keys - read
