"""`heddle tools` and `heddle mcp`, in process."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from agents.roster import role_names
from cli.main import main
from core.paths import find_home
from tools.registry import FAMILIES, TOOLS

ROOT = Path(__file__).parents[2]
PROGRAM = str(ROOT / "tests" / "support" / "mcp_server.py")


@pytest.fixture
def run(capsys):
    def carry_out(*words):
        code = main(words)
        told = capsys.readouterr()
        return code, told.out, told.err

    return carry_out


def test_every_tool_is_in_one_family():
    named = [name for names in FAMILIES.values() for name in names]
    assert sorted(named) == sorted(TOOLS)


def test_all_tools_for_programs(run):
    code, out, _ = run("tools", "--output", "json")
    rows = json.loads(out)
    assert code == 0
    assert {row["name"] for row in rows} == set(TOOLS)
    for row in rows:
        assert row["roles"], f"no role has {row['name']}"
        assert set(row["roles"]) <= set(role_names())
        assert row["manual"]
        assert row["asks"] == TOOLS[row["name"]].asks
    search = next(row for row in rows if row["name"] == "search_files")
    assert search["arguments"][0] == {
        "name": "pattern", "type": "string", "required": True, "description": search["arguments"][0]["description"],
    }  # fmt: skip


def test_all_tools_and_one_for_people(run):
    code, out, _ = run("tools")
    assert code == 0
    assert all(f"  {name} " in out for name in TOOLS)
    assert "  web_search            asks  Search the web\n" in out
    code, out, _ = run("tools", "web_search")
    assert out.startswith("web_search (Search and research)\n\nSearch the web.")
    assert "Roles: researcher" in out
    code, _, err = run("tools", "no_such_tool")
    assert code == 2
    assert "There is no tool no_such_tool" in err


def test_the_paper_is_current():
    """Mend it with `python scripts/tools.py`."""
    spec = importlib.util.spec_from_file_location("scripts_tools", ROOT / "scripts" / "tools.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "tools.md").read_text("utf-8") == module.page()


def test_a_server_is_added_listed_and_tried(run):
    code, out, _ = run("mcp")
    assert (code, out[:15]) == (0, "No MCP servers.")
    code, out, err = run("mcp", "add", "--env", "A=${B:-}", "small", "--", sys.executable, PROGRAM, "-x")
    assert code == 0, err
    code, out, _ = run("mcp", "list", "--output", "json")
    assert json.loads(out) == [
        {
            "name": "small", "origin": "user", "transport": "stdio", "trusted": True,
            "target": f"{sys.executable} {PROGRAM} -x",
        }
    ]  # fmt: skip
    path = find_home().config / "mcp.toml"
    assert path.stat().st_mode & 0o077 == 0
    code, out, err = run("mcp", "test", "small")
    assert code == 0, err
    assert "small works. It has 8 tools:" in out
    assert "  mcp_small_add_numbers: Add two numbers.\n" in out
    code, _, err = run("mcp", "add", "small", "x")
    assert code == 2
    assert "There is a server small" in err


def test_a_projects_server_must_be_trusted(run):
    code, _, err = run("mcp", "add", "--to-project", "theirs", "--", "no-such-program")
    assert code == 0, err
    assert json.loads(Path(".mcp.json").read_text()) == {
        "mcpServers": {"theirs": {"command": "no-such-program", "args": []}}
    }
    assert "not trusted yet" in run("mcp", "list")[1]
    code, _, err = run("mcp", "test", "theirs")
    assert code == 1
    assert "`heddle mcp trust theirs`" in err
    assert "is trusted as it is written now: no-such-program" in run("mcp", "trust", "theirs")[1]
    code, _, err = run("mcp", "test", "theirs")
    assert code == 1
    assert "could not be started" in err
    run("mcp", "trust", "theirs", "--never")
    assert "not to be used" in run("mcp", "list")[1]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "x"), 2, "Give either a command"),
        (("add", "--url", "https://a", "x", "cmd"), 2, "Give either a command"),
        (("add", "--env", "novalue", "x", "cmd"), 2, "NAME=VALUE"),
        (("add", "a b", "cmd"), 78, "use letters, digits"),
        (("add", "x", "--url", "ftp://a"), 78, "must begin with http"),
        (("test", "nowhere"), 2, "There is no MCP server nowhere here. There are: none."),
        (("list", "--project", "/nowhere/at/all"), 2, "There is no folder"),
    ],
)
def test_wrong_words(run, words, code, said):
    given, _, err = run("mcp", *words)
    assert (given, said in err) == (code, True), err
    assert not (find_home().config / "mcp.toml").exists()


def test_a_name_that_cannot_be_used_gets_into_no_file(run):
    code, _, err = run("mcp", "add", "--to-project", "a b", "cmd")
    assert code == 78
    assert "use letters, digits" in err
    assert not Path(".mcp.json").exists()
    run("mcp", "add", "--to-project", "good", "cmd")
    before = Path(".mcp.json").read_bytes()
    assert run("mcp", "add", "--to-project", "a b", "cmd")[0] == 78
    assert Path(".mcp.json").read_bytes() == before


def test_an_address_is_no_command(run):
    run("mcp", "add", "far", "https://example.org/mcp")
    rows = {row["name"]: row for row in json.loads(run("mcp", "list", "--output", "json")[1])}
    assert rows["far"]["transport"] == "http"


def test_files_that_are_broken(run):
    Path(".mcp.json").write_text("{")
    code, _, err = run("mcp", "list")
    assert code == 78
    assert "cannot be read" in err
    assert run("mcp", "add", "--to-project", "x", "cmd")[0] == 78
    assert Path(".mcp.json").read_text() == "{"


def test_what_servers_say_of_themselves_is_not_obeyed(run):
    Path(".mcp.json").write_text(json.dumps({"mcpServers": {"x": {"command": "a\x1b]0;title\x07b\nc"}}}))
    out = run("mcp", "list")[1]
    assert "\x1b" not in out
    assert out.count("\n") == 1
