"""The arguments of every command."""

import argparse

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
    _add_sessions(commands)
    _add_cost(commands)
    _add_decisions(commands)
    _add_rehearse(commands)
    _add_checks(commands)
    _add_tools(commands)
    _add_mcp(commands)
    _add_sandbox(commands)
    _add_engine(commands)
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


def _add_sessions(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("sessions", help="list past sessions", allow_abbrev=False)
    parser.add_argument("query", nargs="?", help="words in requests, answers or paths")
    parser.add_argument("--project", metavar="DIR", help="only sessions about this folder")
    parser.add_argument("--output", choices=("text", "json"), default="text")
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
        parser.add_argument("files", metavar="FILE", nargs="*")
        if name == "changes":
            parser.add_argument("--diff", action="store_true", help="print the diffs")
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
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser = commands.add_parser("doctor", help="check what a run needs", allow_abbrev=False)
    parser.add_argument("--project", metavar="DIR")
    parser.add_argument("--roster", metavar="NAME")
    parser.add_argument("--output", choices=("text", "json"), default="text")


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
