"""What a user asks of a route: in the words of a request (`/swarm`, `/complex`, `@debugger`), or once it is decided.

One parser for every front: a session reads each request with it before it begins or is queued.
"""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

import msgspec

from core.commands import OverrideRoute, SubmitRequest
from core.events import Complexity, Pattern, RequestQueued, RequestSubmitted, RouteDecided
from core.refusal import Refusal

PATTERNS: dict[str, Pattern] = {"/graph": "graph", "/swarm": "swarm"}
CLASSES: dict[str, Complexity] = {
    "/simple": "SIMPLE",
    "/medium": "MEDIUM",
    "/complex": "COMPLEX",
    "/critical": "CRITICAL",
}
WORDS: Mapping[str, str] = {
    "/graph": "Have this request done by a graph: one role after another",
    "/swarm": "Have this request done by a swarm: roles hand the work to each other",
    "/simple": "Treat this request as SIMPLE: a fast coder and its checks",
    "/medium": "Treat this request as MEDIUM: a senior coder and its checks",
    "/complex": "Treat this request as COMPLEX: planned and designed before it is built",
    "/critical": "Treat this request as CRITICAL: you approve the plan, and two reviewers must agree",
}
"""What a request can begin with, besides a role, and what it does."""
_LEADING = re.compile(r"\s*(\S+)(?=\s|$)")
_ROLE = re.compile(r"@([a-z][a-z_]*)")
_MENTION = re.compile(r"(?<![\w@./-])@([a-z][a-z_]*)\b(?![/.]\w)(?!\()")
_ALIKE = 0.8
"""How much a word must be like one of ours to be taken for a slip of it."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asks of a route. None: as the router decides."""

    complexity: Complexity | None = None
    pattern: Pattern | None = None
    role: str | None = None
    """The role that is to work alone."""

    def __bool__(self) -> bool:
        return self != Wish()


class Asked(msgspec.Struct, frozen=True):
    """A request without the words that ask for a route."""

    text: str
    wish: Wish
    hint: str = ""
    """What the user should know of how the request was read; empty when there is nothing."""


def read_request(text: str, roles: Collection[str]) -> Asked:
    """Read what a request asks of its route: words at its start, or one role that is named in it.

    Args:
        roles: the roles that can be asked for.

    Raises:
        Refusal: it names a role that does not exist, asks for two things at once, or for no work.
    """
    rest, wish, found = text, Wish(), False
    while match := _LEADING.match(rest):
        asked = _leading(match.group(1), roles)
        if asked is None:
            break
        wish, found = _joined(wish, asked), True
        rest = rest[match.end() :]
    if found and not rest.strip():
        raise Refusal(f"{text.strip()} asks for no work: say after it what should be done. {_exists(roles)}")
    mentioned = [name for name in dict.fromkeys(_MENTION.findall(rest)) if name in roles]
    if mentioned and wish.role is None and wish.pattern != "swarm":
        if len(mentioned) == 1:
            return Asked(rest.strip(), _joined(wish, Wish(role=mentioned[0])))
        named = ", ".join(f"@{name}" for name in mentioned)
        return Asked(rest.strip(), wish, f"Several roles are named ({named}), so none of them works alone.")
    return Asked(rest.strip(), wish, "" if found else _slip(rest))


def wish_of(command: SubmitRequest) -> Wish:
    """What a request asks of its route, once it was read."""
    pattern: Pattern | None = None if command.pattern == "auto" else command.pattern
    return Wish(complexity=command.complexity, pattern=pattern, role=command.asked_role)


def as_asked(command: SubmitRequest, roles: Collection[str]) -> tuple[SubmitRequest, str]:
    """A request with what its words ask for in its fields, and the hint for its user.

    Raises:
        Refusal: see `read_request`; or words and fields ask for different things.
    """
    asked = read_request(command.text, roles)
    wish = _joined(wish_of(command), asked.wish)
    if wish.role is not None:
        check_role(wish.role, roles)
    return with_wish(msgspec.structs.replace(command, text=asked.text), wish), asked.hint


def with_wish(command: SubmitRequest, wish: Wish) -> SubmitRequest:
    """A request that asks for this route."""
    return msgspec.structs.replace(
        command, complexity=wish.complexity, pattern=wish.pattern or "auto", asked_role=wish.role
    )


def check_role(role: str, roles: Collection[str]) -> None:
    """Raises: Refusal: there is no such role to ask for."""
    if role not in roles:
        raise Refusal(
            f"There is no role @{role}. {_exists(roles)} A word that is no role can stand later in the request."
        )


def overridden(
    wish: Wish, route: RouteDecided | None, command: OverrideRoute, roles: Collection[str]
) -> Wish:
    """What is asked of the route once the user overrides it: None is as it was, and a role of no name nobody alone.

    Raises:
        Refusal: nothing would change, or it asks for two things at once.
    """
    if command.asked_role:
        check_role(command.asked_role, roles)
    role = wish.role if command.asked_role is None else command.asked_role or None
    if command.asked_role is None and (command.pattern or command.complexity):
        role = None  # a class or a pattern is a team's
    complexity = command.complexity or (route.complexity if route else wish.complexity)
    pattern = command.pattern or (route.pattern if route else wish.pattern)
    if role is not None and command.pattern is None:
        pattern = None
    wanted = _joined(Wish(complexity=complexity, pattern=pattern), Wish(role=role))
    now = wish
    if route is not None:
        shown = None if wish.role else route.pattern
        now = Wish(complexity=route.complexity, pattern=shown, role=wish.role)
    if wanted == now:
        raise Refusal(f"The work is on that route already. {_exists(roles)}")
    return wanted


def words_of(wish: Wish) -> str:
    """The wish as a user types it; empty when there is none."""
    words = [word for word, pattern in PATTERNS.items() if pattern == wish.pattern]
    words += [word for word, complexity in CLASSES.items() if complexity == wish.complexity]
    words += [f"@{wish.role}"] if wish.role else []
    return " ".join(words)


def as_typed(event: RequestSubmitted | RequestQueued) -> str:
    """A request as its user types it, with what it asks of the route."""
    pattern: Pattern | None = None if event.pattern == "auto" else event.pattern
    role = None if f"@{event.asked_role}" in event.text else event.asked_role
    words = words_of(Wish(complexity=event.complexity, pattern=pattern, role=role))
    return f"{words} {event.text}" if words else event.text


def _leading(word: str, roles: Collection[str]) -> Wish | None:
    """What one word at a request's start asks for; None when it is a word like any other."""
    lower = word.lower()
    if lower in PATTERNS:
        return Wish(pattern=PATTERNS[lower])
    if lower in CLASSES:
        return Wish(complexity=CLASSES[lower])
    match = _ROLE.fullmatch(word.rstrip(":,"))
    if match is None:
        return None
    check_role(match.group(1), roles)
    return Wish(role=match.group(1))


def _joined(one: Wish, other: Wish) -> Wish:
    """Both wishes together.

    Raises:
        Refusal: they contradict each other.
    """
    fields: dict[str, str | None] = {}
    for name in ("complexity", "pattern", "role"):
        first, second = getattr(one, name), getattr(other, name)
        if first and second and first != second:
            raise Refusal(f"{first} and {second} cannot both be: leave one of them out.")
        fields[name] = first or second
    if fields["role"] and fields["pattern"] == "swarm":
        raise Refusal(f"@{fields['role']} works alone, and a swarm is a team: leave one of them out.")
    return msgspec.convert(fields, Wish)


def _slip(text: str) -> str:
    """What to say of a first word that was probably meant as one of ours."""
    word = text.split(maxsplit=1)[0].lower() if text.strip() else ""
    like = get_close_matches(word, WORDS, 1, _ALIKE) if word.startswith("/") else []
    return f"“{word}” was read as a part of the request. Did you mean {like[0]}?" if like else ""


def _exists(roles: Collection[str]) -> str:
    return f"There are {', '.join(WORDS)} and {', '.join(f'@{role}' for role in sorted(roles))}."
