"""Options before the command: `heddle --budget 0.50 run …` has its budget."""

import pytest

from cli.leading import parse
from cli.parser import make_parser

BEHIND = {
    "run": (["run"], ["x"]),
    "resume": (["resume"], []),
    "sandbox": (["sandbox"], ["--", "true"]),
    "cost": (["cost"], []),
    "roster show": (["roster", "show"], []),
    "mcp list": (["mcp", "list"], []),
}
OPTIONS = [
    ["--project", "/p"],
    ["--session", "s1"],
    ["--continue"],
    ["--roster", "local"],
    ["--budget", "0.50"],
    ["--unconfined"],
]


def takes(command, option):
    try:
        make_parser().parse_args([*BEHIND[command][0], *option, *BEHIND[command][1]])
    except SystemExit:
        return False
    return True


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option[0])
@pytest.mark.parametrize("command", BEHIND)
def test_an_option_before_the_command_counts_as_behind_it_or_is_refused(command, option, capsys):
    words, rest = BEHIND[command]
    if takes(command, option):
        behind = parse(make_parser(), [*words, *option, *rest])
        assert vars(parse(make_parser(), [*option, *words, *rest])) == vars(behind)
    elif (command, option[0]) == ("resume", "--session"):
        assert parse(make_parser(), [*option, *words]).session == "s1"
    else:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            parse(make_parser(), [*option, *words, *rest])
        assert left.value.code == 2
        assert f"{option[0]} says nothing to `heddle {words[0]}`" in capsys.readouterr().err


def test_what_stands_behind_the_command_wins():
    args = parse(make_parser(), ["--budget", "1", "--roster", "local", "run", "--budget", "0.50", "x"])
    assert (args.budget, args.roster) == ("0.50", "local")


def test_without_any_option_nothing_is_missing():
    for words, rest in BEHIND.values():
        args = parse(make_parser(), [*words, *rest])
        assert (args.project, args.session, args.budget, args.unconfined) == (None, None, None, False)
