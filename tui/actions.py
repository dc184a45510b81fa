"""Every action once: keys, footer, palette and help are all made from this table."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec
from textual.binding import Binding, BindingType

Scope: TypeAlias = Literal[
    "anywhere", "prompt", "diffs", "question", "sessions", "inbox", "graph", "timeline"
]
When: TypeAlias = Literal[
    "always", "busy", "idle", "retry", "files", "open", "written", "live", "conflict", "waiting"
]
"""What must be true for the footer to offer it."""

SCOPE_TITLES: dict[Scope, str] = {
    "anywhere": "Anywhere",
    "prompt": "In the prompt",
    "diffs": "In the diffs",
    "question": "When a run asks",
    "sessions": "In the list of sessions",
    "inbox": "In the inbox",
    "graph": "In the agent graph",
    "timeline": "In the timeline",
}


class Action(msgspec.Struct, frozen=True):
    name: str
    """The method `action_NAME` of what holds the scope."""
    keys: tuple[str, ...]
    label: str
    """One or two words, for the footer."""
    help: str
    scope: Scope = "anywhere"
    footer: bool = False
    when: When = "always"
    priority: bool = False
    """Works even where the focused widget has the key for itself."""
    bound: bool = True
    """False where the widget itself reads the key."""


ACTIONS = (
    Action("send", ("enter",), "send", "Send the request", "prompt", True, "idle", bound=False),
    Action(
        "send",
        ("enter",),
        "queue",
        "While a run works: queue the request for afterwards",
        "prompt",
        True,
        "busy",
        bound=False,
    ),
    Action(
        "steer",
        ("ctrl+s",),
        "say now",
        "While a run works: say it to the node that works, for its next turn",
        "prompt",
        True,
        "busy",
        bound=False,
    ),
    Action("newline", ("ctrl+j", "alt+enter"), "new line", "Begin a new line", "prompt", True, bound=False),
    Action("interrupt", ("escape",), "interrupt", "Stop the run; nothing is lost", footer=True, when="busy"),
    Action("take_mine", ("m",), "keep mine", "In a conflict: your side stands", "diffs", True, "conflict"),
    Action(
        "take_theirs",
        ("t",),
        "take theirs",
        "In a conflict: the team's side stands",
        "diffs",
        True,
        "conflict",
    ),
    Action("accept", ("a",), "accept", "Accept this hunk", "diffs", True, "files"),
    Action("reject", ("r",), "reject", "Reject this hunk", "diffs", True, "files"),
    Action(
        "next_hunk", ("right_square_bracket",), "next hunk", "Go to the next hunk", "diffs", True, "files"
    ),
    Action("previous_hunk", ("left_square_bracket",), "hunk back", "Go to the hunk before", "diffs"),
    Action("accept_all", ("A",), "accept all", "Accept everything that is undecided", "diffs", True, "files"),
    Action(
        "write",
        ("w",),
        "write",
        "Write the accepted files into your project; asks first",
        "diffs",
        True,
        "files",
    ),
    Action("comment", ("c",), "why", "Reject this hunk and say why", "diffs", True, "files"),
    Action("undecide", ("u",), "undecide", "Make this hunk undecided again", "diffs", True, "files"),
    Action("next_file", ("n",), "next file", "Go to the next file", "diffs", True, "files"),
    Action("previous_file", ("p",), "file back", "Go to the file before", "diffs"),
    Action("accept_file", ("f",), "accept file", "Accept the whole file", "diffs", True, "files"),
    Action("reject_file", ("x",), "reject file", "Reject the whole file", "diffs", True, "files"),
    Action(
        "toggle_pairs",
        ("v",),
        "side by side",
        "Show before and after side by side, or in one",
        "diffs",
        True,
        "files",
    ),
    Action("toggle_context", ("z",), "fold", "Fold unchanged lines, or show them", "diffs"),
    Action("toggle_authors", ("b",), "who", "Show who wrote each line", "diffs"),
    Action("undo", ("U",), "undo", "Take back what was written last; asks first", "diffs", True, "written"),
    Action(
        "choose",
        ("enter", "1-9"),
        "answer",
        "Give the marked answer, or the one with this number",
        "question",
        True,
        bound=False,
    ),
    Action("open", ("enter",), "read", "Read the marked session again", "sessions", True, bound=False),
    Action("back", ("escape",), "back", "Go back", "sessions", True, bound=False),
    Action("next_node", ("down", "right", "j"), "next", "Go to the next node", "graph", True),
    Action("previous_node", ("up", "left", "k"), "previous", "Go to the node before", "graph"),
    Action("open_node", ("enter",), "open", "Read what this node said, did, changed and cost", "graph", True),
    Action("pause", ("p",), "pause", "Pause this node after its call, or let it go on", "graph", True),
    Action("stop_node", ("s",), "stop", "Stop this node; the run goes on without it", "graph", True),
    Action("retry_node", ("t",), "again", "Let this node do its task again", "graph", True),
    Action("change_model", ("m",), "model", "Give this node another model", "graph", True),
    Action(
        "rewind",
        ("enter",),
        "rewind",
        "Make the private copy what it was then; asks first",
        "timeline",
        bound=False,
    ),
    Action("approve", ("a",), "approve", "Approve what is marked, or the one under the cursor", "inbox"),
    Action("refuse", ("r",), "refuse", "Refuse what is marked, or the one under the cursor", "inbox"),
    Action("mark", ("space",), "mark", "Mark this one, to decide on several at once", "inbox"),
    Action("mark_alike", ("A",), "mark alike", "Mark everything of this kind", "inbox"),
    Action("go", ("enter",), "go there", "Go to where it is decided", "inbox"),
    Action("leave", ("escape", "q", "f7"), "back", "Go back", "inbox"),
    Action(
        "retry",
        ("ctrl+r", "R"),
        "try again",
        "Try the last request again; start the engine again if it died",
        footer=True,
        when="retry",
    ),
    Action("focus_chat", ("f2",), "chat", "Go to chat and prompt"),
    Action("focus_graph", ("f3",), "graph", "Go to the agent graph"),
    Action("focus_diffs", ("f4",), "diffs", "Go to the diffs", footer=True, when="open"),
    Action("focus_cost", ("f5",), "cost", "Go to the costs"),
    Action("next_pane", ("tab",), "next pane", "Go to the next pane", footer=True, priority=True),
    Action("previous_pane", ("shift+tab",), "previous pane", "Go to the previous pane", priority=True),
    Action("scroll_chat_up", ("pageup",), "scroll up", "Read further up in the chat", "prompt", bound=False),
    Action("scroll_chat_down", ("pagedown",), "scroll down", "Read further down", "prompt", bound=False),
    Action(
        "sessions",
        ("f6",),
        "sessions",
        "List past sessions and read one again",
        footer=True,
        when="live",
        priority=True,
    ),
    Action(
        "inbox",
        ("f7",),
        "inbox",
        "List everything that waits for you",
        footer=True,
        when="waiting",
        priority=True,
    ),
    Action(
        "timeline",
        ("f8",),
        "timeline",
        "List the points that the private copy can be rewound to",
        priority=True,
    ),
    Action("unfold", ("ctrl+o",), "unfold", "Show what tools gave and models thought in full, or fold it"),
    Action("toggle_theme", ("f9",), "dark or light", "Change between the dark and the light theme"),
    Action("help", ("f1",), "help", "Show every key", footer=True),
    Action("palette", ("ctrl+p",), "palette", "Find an action by its name", footer=True, priority=True),
    Action("interrupt_or_quit", ("ctrl+c",), "quit", "Copy what is marked; twice: quit", priority=True),
    Action(
        "quit_now", ("ctrl+q",), "quit", "Quit at once; a run under way is paused", footer=True, priority=True
    ),
)


def bindings(scope: Scope) -> list[BindingType]:
    """Textual's bindings for what holds a scope."""
    return [
        Binding(",".join(action.keys), action.name, action.help, show=False, priority=action.priority)
        for action in ACTIONS
        if action.scope == scope and action.bound
    ]


def offered(scopes: Iterable[Scope], facts: set[When]) -> list[Action]:
    """What the footer offers in these scopes while these facts hold; the nearest scope first."""
    return [
        action
        for scope in scopes
        for action in ACTIONS
        if action.scope == scope and action.footer and (action.when == "always" or action.when in facts)
    ]


def key_name(key: str) -> str:
    """`ctrl+r` → `Ctrl+R`; a letter stays as it is, for `a` and `A` differ."""
    if len(key) == 1 or key == "1-9":
        return key
    names = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn"}
    names |= {"left_square_bracket": "[", "right_square_bracket": "]"}
    return "+".join(names.get(part, part.capitalize()) for part in key.split("+"))
