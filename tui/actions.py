"""Every action once: keys, footer, palette and help are all made from this table."""

from collections.abc import Collection, Iterable, Sequence

from textual.binding import Binding, BindingType
from textual.keys import key_to_character

from tui.action import SCOPE_TITLES, Action, Scope, When
from tui.past_actions import PAST_ACTIONS

__all__ = ["ACTIONS", "SCOPE_TITLES", "Action", "Scope", "When", "bindings", "key_name", "offered"]

_PRESSING: frozenset[When] = frozenset({"ready", "written", "conflict"})
"""What makes an action likelier to be wanted next than all others of its place."""

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
    Action(
        "shell",
        ("!",),
        "command",
        "Begin with it: what follows is a command of your own, for the sandbox; its output comes into the chat",
        "prompt",
        bound=False,
    ),
    Action("next_item", ("down", "j"), "next", "Go to the next thing that can be unfolded", "chat", True),
    Action("previous_item", ("up", "k"), "previous", "Go to the one before", "chat"),
    Action(
        "toggle_item",
        ("enter", "space"),
        "unfold",
        "Unfold this one, or fold it; a click does too",
        "chat",
        True,
    ),
    Action("to_prompt", ("escape",), "prompt", "Go back to the prompt", "chat", True, "live"),
    Action("to_prompt", ("escape",), "back", "In a past session: leave it", "chat", True, "past"),
    Action("newline", ("ctrl+j", "alt+enter"), "new line", "Begin a new line", "prompt", True, bound=False),
    Action(
        "undo_typing",
        ("ctrl+underscore", "alt+z"),
        "undo",
        "Take back what was typed last",
        "prompt",
        bound=False,
    ),
    Action("redo_typing", ("ctrl+y",), "redo", "Type again what was taken back", "prompt", bound=False),
    Action("interrupt", ("escape",), "interrupt", "Stop the run; nothing is lost", footer=True, when="busy"),
    Action(
        "end_command",
        ("escape",),
        "end command",
        "End your own command",
        footer=True,
        when="shell",
        bound=False,
        follows="interrupt",
    ),
    Action(
        "reroute",
        ("f10",),
        "route",
        "While a run works: begin its work anew on another route",
        when="busy",
    ),
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
        "ready",
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
    Action(
        "search",
        ("slash",),
        "find",
        "Find a word in the names and lines of all diffs",
        "diffs",
        True,
        "files",
    ),
    Action(
        "next_match", ("N",), "next match", "Go to the next place where the word stands, in any file", "diffs"
    ),
    Action("previous_match", ("P",), "match back", "Go to the place before where it stands", "diffs"),
    Action("toggle_context", ("z",), "fold", "Fold unchanged lines, or show them", "diffs"),
    Action("toggle_authors", ("b",), "who", "Show who wrote each line", "diffs"),
    Action("keep_found", ("enter",), "keep", "Stay at what was found", "finding", True, bound=False),
    Action(
        "step_found",
        ("down", "up"),
        "next",
        "Go to the next place where it stands, or the one before",
        "finding",
        True,
        bound=False,
    ),
    Action("forget_found", ("escape",), "forget", "Look for nothing any more", "finding", True, bound=False),
    Action(
        "give_reason", ("enter",), "reject", "Reject this hunk for what is typed", "reason", True, bound=False
    ),
    Action("leave_reason", ("escape",), "leave", "Leave the hunk as it was", "reason", True, bound=False),
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
    *PAST_ACTIONS,
    Action("next_node", ("down", "right", "j"), "next", "Go to the next node", "graph", True),
    Action("previous_node", ("up", "left", "k"), "previous", "Go to the node before", "graph"),
    Action("open_node", ("enter",), "open", "Read what this node said, did, changed and cost", "graph", True),
    Action(
        "pause", ("p",), "pause", "Pause this node after its call, or let it go on", "graph", True, "busy"
    ),
    Action("stop_node", ("s",), "stop", "Stop this node; the run goes on without it", "graph", True, "busy"),
    Action("retry_node", ("t",), "again", "Let this node do its task again", "graph", True),
    Action("say", ("c",), "say", "Say something to this node, for its next turn", "graph", True, "busy"),
    Action("toggle_list", ("l",), "list", "Show the graph as a list, or as boxes", "graph"),
    Action("change_model", ("m",), "model", "Give this node another model", "graph", True, "busy"),
    Action(
        "rewind",
        ("enter",),
        "rewind",
        "Make the private copy what it was then; asks first",
        "timeline",
        bound=False,
    ),
    Action(
        "ledger", ("l", "enter"), "ledger", "List every model call, to sort, filter and export", "cost", True
    ),
    Action("explain", ("i",), "why", "Say what the comparison with one model assumes", "cost", True),
    Action("widen", ("s",), "run or session", "Add up the whole session, or the latest run", "cost", True),
    Action(
        "export_ledger",
        ("e",),
        "export",
        "Write every charge into a CSV file",
        "cost",
        True,
        word="export-ledger",
    ),
    Action(
        "next_column", ("tab",), "sort", "Sort by the next column; or click on one", "ledger", priority=True
    ),
    Action(
        "previous_column", ("shift+tab",), "sort back", "Sort by the column before", "ledger", priority=True
    ),
    Action("turn_round", ("ctrl+r",), "turn round", "Turn the order round", "ledger", priority=True),
    Action(
        "export",
        ("ctrl+e",),
        "export",
        "Write the calls that are shown into a CSV file",
        "ledger",
        priority=True,
    ),
    Action(
        "close",
        ("escape", "ctrl+c"),
        "back",
        "Take the filter away; without one, go back",
        "ledger",
        priority=True,
    ),
    Action("approve", ("a",), "approve", "Approve what is marked, or the one under the cursor", "inbox"),
    Action("refuse", ("r",), "refuse", "Refuse what is marked, or the one under the cursor", "inbox"),
    Action("mark", ("space",), "mark", "Mark this one, to decide on several at once", "inbox"),
    Action("mark_alike", ("A",), "mark alike", "Mark everything of this kind", "inbox"),
    Action("go", ("enter",), "go there", "Go to where it is decided", "inbox"),
    Action("leave", ("escape", "q", "f7"), "back", "Go back", "inbox"),
    Action(
        "retry",
        ("ctrl+t", "R"),
        "go on",
        "Go on with the run that broke off, at the node that it was in; start the engine again if it died",
        footer=True,
        when="retry",
    ),
    Action(
        "change_setting", ("enter",), "change", "Change the marked setting", "settings", True, bound=False
    ),
    Action(
        "find_setting",
        ("slash",),
        "find",
        "Find a setting by a word of its name or of what it does",
        "settings",
        True,
    ),
    Action(
        "reset_setting",
        ("backspace", "delete"),
        "as it was",
        "Take the marked setting out of the file, so that its default counts",
        "settings",
        True,
    ),
    Action(
        "connect",
        ("c",),
        "connect",
        "Connect real models: AWS, Ollama, any compatible endpoint",
        "settings",
        True,
    ),
    Action(
        "roster", ("m",), "models", "Give each role its model, with prices and abilities", "settings", True
    ),
    Action("leave_settings", ("escape", "q", "f12"), "back", "Go back", "settings", True),
    Action("recall", ("ctrl+r",), "history", "Find a request that you made, in any session"),
    Action("edit", ("ctrl+g",), "editor", "Write the request in your own editor ($VISUAL or $EDITOR)"),
    Action(
        "take_up",
        ("escape escape",),
        "take up",
        "Go back to an earlier request of this session: take up its words, and rewind the private copy to before it",
        bound=False,
        word="rewind",
        follows="interrupt",
    ),
    Action("focus_chat", ("f2",), "chat", "Go to the prompt; from there into the chat", word="chat"),
    Action("focus_graph", ("f3",), "graph", "Go to the agent graph", word="agents"),
    Action("focus_diffs", ("f4",), "diffs", "Go to the diffs", footer=True, when="open", word="diffs"),
    Action("focus_cost", ("f5",), "cost", "Go to the costs", word="cost"),
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
    Action("copy_answer", ("alt+c",), "copy", "Copy what is under the chat's cursor, or the last answer"),
    Action("copy_diff", ("alt+d",), "copy diff", "Copy the diff that is shown"),
    Action("themes", ("f9",), "theme", "Choose a theme; each is shown as you come to it", word="theme"),
    Action("settings", ("f12",), "settings", "See and change every setting", priority=True),
    Action("help", ("f1",), "help", "Show every key", footer=True),
    Action("palette", ("ctrl+p",), "palette", "Find an action by its name", footer=True, priority=True),
    Action(
        "detach",
        ("ctrl+b",),
        "leave it working",
        "Leave, and let the run go on inside its budget; `heddle --session last` shows it again",
        priority=True,
        when="busy",
    ),
    Action(
        "suspend",
        ("ctrl+z",),
        "to the shell",
        "Back to the shell; `fg` brings Heddle back, and runs go on meanwhile",
        priority=True,
    ),
    Action("interrupt_or_quit", ("ctrl+c",), "quit", "Copy what is marked; twice: quit", priority=True),
    Action(
        "quit_now",
        ("ctrl+q",),
        "quit",
        "Quit at once; a run under way is paused",
        footer=True,
        priority=True,
        word="quit",
    ),
)


def bindings(scope: Scope, names: Collection[str] = ()) -> list[BindingType]:
    """Textual's bindings for what holds a scope, or for some of its actions."""
    return [
        Binding(
            ",".join(action.keys),
            action.name,
            action.help,
            show=False,
            priority=action.priority,
            id=f"{scope}.{action.name}",
        )
        for action in ACTIONS
        if action.scope == scope and action.bound and (not names or action.name in names)
    ]


def offered(scopes: Sequence[Scope], facts: set[When], actions: Iterable[Action] = ACTIONS) -> list[Action]:
    """What the footer offers in these scopes while these facts hold; the nearest scope first, and in it what
    is likelier to be wanted next than anything else."""
    known = tuple(actions)
    found = [
        action
        for scope in scopes
        for action in known
        if action.scope == scope and action.footer and (action.when == "always" or action.when in facts)
    ]
    return sorted(found, key=lambda action: not (action.scope == scopes[0] and action.when in _PRESSING))


def key_name(key: str) -> str:
    """`ctrl+r` → `Ctrl+R`; a letter stays as it is, for `a` and `A` differ."""
    if len(key) == 1 or key == "1-9":
        return key
    names = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn"}
    names |= {"slash": "/", "plus": "+", "minus": "-", "underscore": "_"}
    if " " in key:
        return " ".join(key_name(part) for part in key.split())
    return "+".join(names.get(part) or _sign(part) or part.capitalize() for part in key.split("+"))


def _sign(name: str) -> str:
    """The sign that a key like `left_square_bracket` writes; empty where it writes none."""
    character = key_to_character(name) if "_" in name or len(name) > 1 else None
    return character if character is not None and character.isprintable() and character != " " else ""
