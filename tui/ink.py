"""What an ink is: a colour of the theme and attributes. Panes name inks, themes give the colours."""

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style

_INKS: dict[str, tuple[str, str]] = {
    # ink: (theme variable, attributes)
    "": ("", ""),
    "bold": ("", "bold"),
    "italic": ("", "italic"),
    "strike": ("", "strike"),
    "reverse": ("", "reverse"),
    "dim": ("ink-dim", ""),
    "faint": ("ink-faint", ""),
    "accent": ("accent", ""),
    "key": ("accent", "bold"),
    "link": ("primary", "underline"),
    "good": ("ink-good", ""),
    "bad": ("ink-bad", ""),
    "warn": ("ink-warn", ""),
    "busy": ("primary", ""),
    "heading": ("primary", "bold"),
    "code": ("ink-code", ""),
    "lit": ("accent", "bold"),
    "added": ("ink-added", ""),
    "removed": ("ink-removed", ""),
    "hunk": ("ink-hunk", ""),
    "edge": ("edge", ""),
    "syn-keyword": ("ink-keyword", ""),
    "syn-name": ("ink-name", ""),
    "syn-builtin": ("ink-builtin", ""),
    "syn-string": ("ink-string", ""),
    "syn-number": ("ink-number", ""),
    "syn-comment": ("ink-comment", "italic"),
    "architect": ("ink-architect", ""),
    "orchestrator": ("ink-orchestrator", ""),
    "senior_coder": ("ink-senior-coder", ""),
    "fast_coder": ("ink-fast-coder", ""),
    "test_engineer": ("ink-test-engineer", ""),
    "code_reviewer": ("ink-code-reviewer", ""),
    "debugger": ("ink-debugger", ""),
    "documenter": ("ink-documenter", ""),
    "researcher": ("ink-researcher", ""),
    "infrastructure": ("ink-infrastructure", ""),
    "router": ("ink-router", ""),
}
_GROUNDS = {
    "on-code": "ground-code",
    "on-added": "ground-added",
    "on-removed": "ground-removed",
    "on-added-word": "ground-added-word",
    "on-removed-word": "ground-removed-word",
    "on-request": "ground-request",
    "on-cursor": "ground-cursor",
    "on-badge": "ground-badge",
}


def role_ink(role: str) -> str:
    """The ink of a role; one that is not known gets the plain one."""
    return role if role in _INKS else "bold"


class Palette:
    """The inks in the colours of one theme."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.style = lru_cache(maxsize=512)(self._style)

    def _style(self, inks: str) -> Style:
        names = inks.split()
        plain = any(name in _GROUNDS and self._attribute(name) == "reverse" for name in names)
        style = Style.null()
        for name in names:
            style += self._ground(name) if name in _GROUNDS else self._ink(name)
        return style.without_color + Style(reverse=True) if plain else style

    def _ink(self, name: str) -> Style:
        variable, attributes = _INKS[name]
        colour = _rich(self._variables.get(variable, "")) if variable else ""
        parts = (attributes, colour, self._attribute(name))
        return Style.parse(" ".join(part for part in parts if part) or "none")

    def _ground(self, name: str) -> Style:
        if attribute := self._attribute(name):
            return Style.parse(attribute)
        colour = _rich(self._variables.get(_GROUNDS[name], ""))
        return Style.parse(f"on {colour}") if colour else Style.null()

    def _attribute(self, name: str) -> str:
        """What a theme without colours of its own does instead, such as `reverse`."""
        return self._variables.get(f"attribute-{name}", "") if name else ""


def _rich(colour: str) -> str:
    """A colour as Rich calls it; the terminal's own ones have no prefix there."""
    return colour.removeprefix("ansi_")
