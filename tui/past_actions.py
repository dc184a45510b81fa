"""The actions of the list of sessions, and those of a replay."""

from tui.action import Action

PAST_ACTIONS = (
    Action("read", ("enter",), "read", "Read this session again", "sessions", True),
    Action(
        "resume",
        ("r",),
        "resume",
        "Go on with this session; a run that broke off can go on at the node that it was in",
        "sessions",
        True,
    ),
    Action("replay", ("p",), "replay", "Play this session again as it happened", "sessions", True),
    Action(
        "search",
        ("slash", "ctrl+f"),
        "search",
        "Search prompts, answers and paths as you type, by project, day and cost too",
        "sessions",
        True,
    ),
    Action("rename", ("n",), "name", "Give this session another name", "sessions", True),
    Action(
        "export", ("e",), "export", "Write this session into a file, as Markdown or JSON", "sessions", True
    ),
    Action(
        "delete",
        ("d", "delete"),
        "delete",
        "Delete this session; {sessions.put_back} takes that back",
        "sessions",
        True,
    ),
    Action(
        "put_back",
        ("u",),
        "undo",
        "Put back the session that was deleted last",
        "sessions",
        True,
        "deleted",
    ),
    Action("next_session", ("down", "j"), "next", "Go to the next session", "sessions"),
    Action("previous_session", ("up", "k"), "previous", "Go to the session before", "sessions"),
    Action("page_down", ("pagedown",), "page down", "Go a page down", "sessions"),
    Action("page_up", ("pageup",), "page up", "Go a page up", "sessions"),
    Action("first_session", ("home", "g"), "first", "Go to the first session", "sessions"),
    Action("last_session", ("end", "G"), "last", "Go to the last session", "sessions"),
    Action("leave", ("escape", "q", "f6"), "back", "Go back", "sessions", True),
    Action("play_pause", ("space",), "pause", "Stand still, or play on", "replay", True, "playing"),
    Action("play_pause", ("space",), "play", "Stand still, or play on", "replay", True, "paused"),
    Action("step_on", ("right", "l"), "step", "One step on: a record, or a whole text", "replay", True),
    Action("step_back", ("left", "h"), "step back", "One step back", "replay", True),
    Action("faster", ("plus",), "faster", "Twice as fast; at last to the end at once", "replay", True),
    Action("slower", ("minus",), "slower", "Half as fast", "replay", True),
    Action("next_decision", ("d",), "decision", "Go to the next decision", "replay", True),
    Action("last_decision", ("D",), "decision back", "Go to the decision before", "replay"),
    Action("next_failure", ("f",), "failure", "Go to the next failure", "replay", True),
    Action("last_failure", ("F",), "failure back", "Go to the failure before", "replay"),
    Action("next_handoff", ("o",), "handoff", "Go to the next handoff", "replay", True),
    Action("last_handoff", ("O",), "handoff back", "Go to the handoff before", "replay"),
    Action("next_spike", ("c",), "cost", "Go to the next spike in the cost", "replay", True),
    Action("last_spike", ("C",), "cost back", "Go to the spike in the cost before", "replay"),
    Action("begin", ("home",), "begin", "Go to the begin", "replay"),
    Action("end", ("end",), "end", "Go to the end", "replay"),
    Action(
        "go_to_part", ("0-9",), "part", "Go to so many tenths of it; a click does too", "replay", bound=False
    ),
    Action("leave_replay", ("q",), "leave", "Leave the replay; {interrupt} does too", "replay"),
)
