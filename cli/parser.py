"""The arguments of every command."""

import argparse

from cli.leading import keep_leading_options

_EXITS = (
    "exit codes: 0 done, 1 failed, 2 usage, 3 budget reached, 4 needs a decision, 75 try again, "
    "77 credentials or model access, 78 configuration, 130 interrupted"
)


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="heddle",
        description="A team of models works on a private copy of your project; nothing is written before you say so.",
        epilog="Without a command: full screen on this folder. Without a terminal: the first rehearsal, printed. "
        + _EXITS,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    _screen_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_run(commands)
    _add_resume(commands)
    _add_sessions(commands)
    _add_cost(commands)
    _add_decisions(commands)
    _add_resolve(commands)
    _add_rewind(commands)
    _add_proposals(commands)
    _add_blame(commands)
    _add_rehearse(commands)
    _add_checks(commands)
    _add_connect(commands)
    _add_keys(commands)
    _add_tools(commands)
    _add_mcp(commands)
    _add_sandbox(commands)
    _add_engine(commands)
    keep_leading_options(parser)
    return parser


def _screen_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", metavar="DIR", help="the project's folder (default: this one)")
    parser.add_argument("--session", metavar="ID", help="go on with a session")
    parser.add_argument(
        "--continue", dest="continue_", action="store_true", help="go on with the last session here"
    )
    _team_options(parser)
    parser.set_defaults(scenario=None, output="text", apply="none", speed=1.0, screen=True)


def _team_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--roster", metavar="NAME", help="which models do the work (see `heddle models`)")
    parser.add_argument("--budget", metavar="USD", help="the most that a run may cost, such as 0.50")
    parser.add_argument(
        "--unconfined", action="store_true", help="let commands run without a sandbox when there is none"
    )


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run", help="one request, without a screen", epilog=_EXITS, allow_abbrev=False
    )
    parser.add_argument(
        "request", metavar="REQUEST", help="what should be done; - reads it from standard input"
    )
    parser.add_argument("--project", metavar="DIR", help="the project's folder (default: this one)")
    parser.add_argument("--output", choices=("text", "json", "stream-json"), default="text")
    parser.add_argument(
        "--apply", choices=("none", "all"), default="none", help="write the changes when done"
    )
    parser.add_argument("--pattern", choices=("auto", "graph", "swarm"), default="auto")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--session", metavar="ID", help="go on with a session")
    which.add_argument(
        "--continue", dest="continue_", action="store_true", help="go on with the last session here"
    )
    _team_options(parser)


def _add_resume(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "resume",
        help="go on with a run that broke off, at the node it was in",
        epilog=_EXITS,
        allow_abbrev=False,
    )
    parser.add_argument(
        "session",
        nargs="?",
        metavar="SESSION",
        help="id, the start of one, or `last` (default: the last here)",
    )
    parser.add_argument(
        "--project", metavar="DIR", help="without SESSION: the project (default: this folder)"
    )
    parser.add_argument("--answer", metavar="ANSWER", help="to the question that the run ended at")
    parser.add_argument("--output", choices=("text", "json", "stream-json"), default="text")
    parser.add_argument(
        "--apply", choices=("none", "all"), default="none", help="write the changes when done"
    )
    _team_options(parser)


def _add_sessions(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "sessions", help="list, search, rename, export, delete past sessions", allow_abbrev=False
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="words in requests, answers or paths; or: rename SESSION TITLE, export SESSION, "
        "delete SESSION, restore SESSION",
    )
    parser.add_argument("--search", metavar="WORDS", help="the same, also for words such as delete")
    parser.add_argument("--project", metavar="DIR", help="only sessions about this folder")
    parser.add_argument("--since", metavar="DAY", help="only those used on this day (UTC) or later")
    parser.add_argument("--until", metavar="DAY", help="only those used on this day or earlier")
    parser.add_argument("--over", metavar="USD", help="only those that cost at least this much")
    parser.add_argument("--format", choices=("markdown", "json"), default="markdown", help="of an export")
    parser.add_argument("--file", metavar="FILE", help="where an export goes (default: standard output)")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser = commands.add_parser("replay", help="play a session again, full screen", allow_abbrev=False)
    parser.add_argument("session", metavar="SESSION", help="id, the start of one, or `last`")
    parser.add_argument(
        "--speed", metavar="N", default="1", help="how many times as fast as it was; instant: its end"
    )
    parser.set_defaults(project=None, continue_=False, roster=None, budget=None, unconfined=False)
    parser = commands.add_parser("show", help="read a session again", allow_abbrev=False)
    parser.add_argument("session", metavar="SESSION", help="id, the start of one, or `last`")
    parser.add_argument("--output", choices=("text", "stream-json"), default="text")


def _add_cost(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "cost", help="what was spent, and what one model would have cost", allow_abbrev=False
    )
    parser.add_argument("--by", choices=("role", "model", "day", "month", "session", "project"))
    parser.add_argument("--project", metavar="DIR", help="only sessions about this folder")
    parser.add_argument("--session", metavar="ID", help="one session: its id, the start of one, or `last`")
    parser.add_argument(
        "--against",
        metavar="MODEL",
        help="with --session: the one model to compare with (default: the senior coder's)",
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser = commands.add_parser(
        "routes", help="how routes were decided: by which rule, the router or you", allow_abbrev=False
    )
    parser.add_argument("--project", metavar="DIR", help="only sessions about this folder")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _add_decisions(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    helps = {
        "changes": "list the changes that wait, with files: their diffs",
        "accept": "accept changes (default: all undecided ones)",
        "reject": "reject changes: they leave the stage",
        "apply": "accept what is undecided and write it (with files: only those)",
        "undo": "restore what was there before the last apply",
    }
    for name, text in helps.items():
        parser = commands.add_parser(name, help=text, allow_abbrev=False)
        parser.add_argument("session", metavar="SESSION", help="id, the start of one, or `last`")
        hunks = name in ("accept", "reject")
        parser.add_argument("files", metavar="FILE[#HUNK]" if hunks else "FILE", nargs="*")
        if hunks:
            parser.add_argument("--comment", metavar="TEXT", default="", help="why, for the agents")
        if name == "changes":
            parser.add_argument("--diff", action="store_true", help="print the diffs")
            parser.add_argument("--output", choices=("text", "json"), default="text")


def _add_resolve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("resolve", help="say which side of a conflict stands", allow_abbrev=False)
    parser.add_argument("session", metavar="SESSION", help="id, the start of one, or `last`")
    parser.add_argument("file", metavar="FILE")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--ours", dest="take", action="store_const", const="project", help="your lines")
    which.add_argument("--theirs", dest="take", action="store_const", const="stage", help="the team's lines")
    which.add_argument("--merged", metavar="PATH", help="the whole file as you merged it")


def _add_rewind(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "rewind",
        help="make the private copy what it was at an earlier point (default: list the points)",
        allow_abbrev=False,
    )
    parser.add_argument("session", metavar="SESSION", help="id, the start of one, or `last`")
    parser.add_argument(
        "point", nargs="?", metavar="POINT", help="a commit's id or the start of one, or `start`"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _add_proposals(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "proposals", help="branches and commits that agents propose (default: list them)", allow_abbrev=False
    )
    parser.add_argument("session", metavar="SESSION", help="id, the start of one, or `last`")
    parser.add_argument("id", nargs="?", metavar="ID", help="one of them, with its whole message and files")
    which = parser.add_mutually_exclusive_group()
    for name, verdict, text in (
        ("approve", "accepted", "make it in your repository, with your hooks"),
        ("refuse", "rejected", "do not make it"),
    ):
        which.add_argument(f"--{name}", dest="verdict", action="store_const", const=verdict, help=text)
    parser.add_argument("--comment", metavar="TEXT", default="", help="why, for the agents")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _add_blame(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "blame", help="who wrote each line of a file: role, model, run, cost, approved by", allow_abbrev=False
    )
    parser.add_argument("session", metavar="SESSION", help="id, the start of one, or `last`")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _add_rehearse(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "rehearse", help="play a scenario on a sample project, without AWS", allow_abbrev=False
    )
    parser.add_argument(
        "scenario", nargs="?", metavar="SCENARIO", help="its name, or a .toml script of your own"
    )
    parser.add_argument("--output", choices=("text", "json", "stream-json"), default="text")
    parser.add_argument(
        "--apply", choices=("none", "all"), default="none", help="write the changes when done"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="how fast models answer; 0: at once")
    parser.add_argument("--roster", metavar="NAME", help="which models are played")
    parser.add_argument("--screen", action="store_true", help="open it full screen instead of printing it")
    parser.set_defaults(project=None, session=None, continue_=False, budget=None, unconfined=False)


def _add_checks(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("models", help="every role with its models and prices", allow_abbrev=False)
    parser.add_argument("--roster", metavar="NAME")
    parser.add_argument("--all", action="store_true", help="every model that a role could have")
    parser.add_argument(
        "--check", action="store_true", help="ask each model for one token; says what that costs"
    )
    parser.add_argument("--offline", action="store_true", help="make no request, not even a free one")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    _add_roster(commands)
    parser = commands.add_parser("doctor", help="check what a run needs", allow_abbrev=False)
    parser.add_argument("--project", metavar="DIR")
    parser.add_argument("--roster", metavar="NAME")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _add_roster(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "roster", help="what each role gets: models, prompt, tools, limits", allow_abbrev=False
    )
    parser.set_defaults(action="list", output="text", project=None)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    action = actions.add_parser("list", help="the rosters that there are", allow_abbrev=False)
    action.add_argument("--output", choices=("text", "json"), default="text")
    action = actions.add_parser("show", help="one roster, role by role", allow_abbrev=False)
    action.add_argument("name", nargs="?", metavar="NAME", help="default: the configured one")
    action.add_argument("--role", metavar="ROLE", help="one role, with its whole prompt")
    action.add_argument("--project", metavar="DIR", help="the project's folder (default: this one)")
    action.add_argument("--output", choices=("text", "json"), default="text")
    action = actions.add_parser("set", help="keep a roster of your own", allow_abbrev=False)
    action.add_argument("name", metavar="NAME", help="letters, digits, - and _")
    action.add_argument("changes", nargs="*", metavar="ROLE=MODEL[,MODEL…]", help="the first one works")
    action.add_argument("--from", dest="base", metavar="NAME", help="for all other roles (default: NAME)")
    action.add_argument("--use", action="store_true", help="use it from the next start on")
    action.add_argument("--output", choices=("text", "json"), default="text")
    action = actions.add_parser(
        "trust", help="let the project's prompts be used as they are written now", allow_abbrev=False
    )
    action.add_argument("roles", nargs="*", metavar="ROLE", help="default: all that it brings")
    action.add_argument("--project", metavar="DIR", help="the project's folder (default: this one)")
    action.add_argument("--never", action="store_true", help="never use them, and do not speak of it again")


def _add_sandbox(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "sandbox", help="run a command on a private copy, confined as an agent's is", allow_abbrev=False
    )
    parser.add_argument("--project", metavar="DIR", help="the project's folder (default: this one)")
    parser.add_argument("--role", metavar="NAME", help="under the policy of this role")
    parser.add_argument("--seconds", type=float, metavar="N", help="the most that it may take")
    parser.add_argument("--network", action="store_true", help="ask you to give it network")
    for name, does in (("read", "read"), ("write", "change")):
        text = f"ask you to let it {does} this file or folder outside; can be given again"
        parser.add_argument(f"--{name}", metavar="PATH", action="append", default=[], help=text)
    parser.add_argument(
        "--unconfined", action="store_true", help="run it without a sandbox when there is none"
    )
    parser.add_argument("words", metavar="COMMAND", nargs="*", help="the program and its arguments, after --")


def _add_tools(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("tools", help="every tool that agents have", allow_abbrev=False)
    parser.add_argument("name", nargs="?", metavar="NAME", help="one tool, with its whole manual")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _add_connect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "connect", help="try a way to real models, and remember it", allow_abbrev=False
    )
    parser.add_argument(
        "way", nargs="?", choices=("aws", "ollama", "endpoint"), help="without: the ways that there are"
    )
    parser.add_argument("--profile", metavar="NAME", help="aws: a profile of ~/.aws/config")
    parser.add_argument("--region", metavar="REGION", help="aws: where models are called")
    parser.add_argument("--url", metavar="URL", help="ollama, endpoint: its address, up to /v1")
    parser.add_argument(
        "--key-variable", metavar="NAME", help="endpoint: the environment variable that holds the key"
    )
    parser.add_argument("--model", metavar="MODEL", help="ollama, endpoint: the model that does the work")
    parser.add_argument("--free", action="store_true", help="endpoint: it bills nothing")
    parser.add_argument(
        "--price", nargs=2, metavar=("IN", "OUT"), help="endpoint: dollars per million tokens"
    )
    parser.add_argument("--save", action="store_true", help="write it into the configuration when it works")
    parser.add_argument("--untried", action="store_true", help="with --save: write it without trying it")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _add_keys(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "keys", help="every action of the screen, its key, and its name in [keys]", allow_abbrev=False
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")


def _add_mcp(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("mcp", help="MCP servers, whose tools agents can use", allow_abbrev=False)
    parser.set_defaults(action="list", output="text", project=None)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    helps = {
        "list": "the servers of this project and your own",
        "add": "add a server of your own",
        "test": "start a server and list its tools",
        "trust": "let the project's server run as it is written now",
    }
    for name, text in helps.items():
        action = actions.add_parser(name, help=text, allow_abbrev=False)
        action.add_argument("--project", metavar="DIR", help="the project's folder (default: this one)")
        if name != "list":
            action.add_argument("name", metavar="NAME")
        if name in ("list", "test"):
            action.add_argument("--output", choices=("text", "json"), default="text")
        if name == "trust":
            action.add_argument("--never", action="store_true", help="never use it, and do not ask again")
        if name == "add":
            action.add_argument("--url", help="where it is, when it is not a command")
            action.add_argument("--env", metavar="NAME=VALUE", action="append", default=[])
            action.add_argument(
                "--to-project", action="store_true", help="write it into the project's .mcp.json"
            )
            action.add_argument(
                "words", metavar="COMMAND", nargs="*", help="the command and its arguments, after --"
            )


def _add_engine(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("engine", allow_abbrev=False)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--project")
    parser.add_argument("--session")
    parser.add_argument("--rehearse", nargs="?", const="", default=None)
    parser.add_argument("--speed", type=float, default=1.0)
    _team_options(parser)
