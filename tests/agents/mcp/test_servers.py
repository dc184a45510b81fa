"""Which servers there are, what they are asked for, and what they look like to a model."""

import json
import re

import pytest

from agents.mcp.servers import Definition, Server, filled_in, find_servers, is_trusted, keep_trust
from agents.mcp.shape import flat_schema, safe_name, unpacked
from core.config import BadConfig
from core.paths import find_home


@pytest.fixture
def home():
    home = find_home()
    home.config.mkdir(parents=True)
    return home


def write(tmp_path, home, project=None, user=""):
    if project is not None:
        text = project if isinstance(project, str) else json.dumps(project)
        (tmp_path / ".mcp.json").write_text(text)
    (home.config / "mcp.toml").write_text(user)


def test_the_projects_and_the_users_own(tmp_path, home):
    write(
        tmp_path,
        home,
        {
            "mcpServers": {
                "both": {"command": "theirs"},
                "web": {"type": "http", "url": "https://example.org/mcp", "headers": {"X": "1"}, "other": 5},
                "off": {"command": "x", "disabled": True},
            }
        },
        '[servers.both]\ncommand = "mine"\nargs = ["-y", "x y"]\n[servers.old]\ntype = "sse"\nurl = "https://example.org/sse"\n',
    )
    found = find_servers(tmp_path, home)
    assert [(each.name, each.origin, each.transport, each.target) for each in found] == [
        ("both", "user", "stdio", "mine -y x y"),
        ("old", "user", "sse", "https://example.org/sse"),
        ("web", "project", "http", "https://example.org/mcp"),
    ]
    assert find_servers(tmp_path / "elsewhere", home)[0].origin == "user"


@pytest.mark.parametrize(
    "text",
    [
        "{", "[" * 100_000, '{"mcpServers": []}', '{"mcpServers": {"a": {}}}', '{"mcpServers": {"a b": {"command": "x"}}}',
        '{"mcpServers": {"a": {"command": "x", "url": "https://x"}}}', '{"mcpServers": {"a": {"command": 5}}}',
        '{"mcpServers": {"a": {"url": "file:///etc/passwd"}}}', '{"mcpServers": {"../a": {"command": "x"}}}',
    ],
)  # fmt: skip
def test_files_that_are_not_valid(tmp_path, home, text):
    write(tmp_path, home, text)
    with pytest.raises(BadConfig):
        find_servers(tmp_path, home)


def test_files_that_say_nothing(tmp_path, home):
    for text in ("{}", "[]", '{"mcpServers": {}}', '{"mcpServers": null}'):
        write(tmp_path, home, text)
        assert find_servers(tmp_path, home) == []


def test_trust_is_for_exactly_this_definition(tmp_path, home):
    one = Server("a", "project", Definition(command="x"))
    assert is_trusted(one, tmp_path, home) is None
    keep_trust(one, tmp_path, home, trusted=True)
    assert is_trusted(one, tmp_path, home) is True
    assert is_trusted(one, tmp_path / "other", home) is None
    for changed in (
        Definition(command="y"),
        Definition(command="x", args=("z",)),
        Definition(command="x", env={"A": "1"}),
    ):
        assert is_trusted(Server("a", "project", changed), tmp_path, home) is None
    keep_trust(one, tmp_path, home, trusted=False)
    assert is_trusted(one, tmp_path, home) is False
    assert is_trusted(Server("a", "user", one.definition), tmp_path, home) is True
    (home.state / "mcp-trust.json").write_text("{broken")
    assert is_trusted(one, tmp_path, home) is None


def test_variables_are_filled_in():
    told = Definition(
        command="${A}", args=("${B:-b} ${C:-}",), env={"K": "${A}"}, headers={"H": "Bearer ${A}"}
    )
    found = filled_in(told, {"A": "1"})
    assert (found.command, found.args, found.env, found.headers) == (
        "1",
        ("b ",),
        {"K": "1"},
        {"H": "Bearer 1"},
    )
    with pytest.raises(BadConfig, match="environment variable A"):
        filled_in(told, {})


@pytest.mark.parametrize(
    ("server", "tool", "name"),
    [
        ("github", "createIssue", "mcp_github_create_issue"),
        ("my.server", "do-it now!", "mcp_my_server_do_it_now"),
        ("a", "HTTPGet", "mcp_a_httpget"),
        ("ä", "日本", "mcp_x_x"),
    ],
)
def test_names(server, tool, name):
    assert safe_name(server, tool, ()) == name


def test_names_are_short_and_no_others():
    taken: set[str] = set()
    for number in range(20):
        taken.add(safe_name("server", "x" * 100 + str(number), taken))
    taken |= {safe_name("a", "b-c", taken)}
    taken |= {safe_name("a", "b_c", taken)}
    assert len(taken) == 22
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,63}", each) for each in taken)


def test_schemas_are_flat():
    schema = {
        "$schema": "x", "title": "T", "additionalProperties": False, "type": "object",
        "$defs": {
            "Item": {"type": "object", "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/Item"}}},
            "Kind": {"enum": ["a", "b"]},
        },
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}, "title": "Items"},
            "kind": {"allOf": [{"$ref": "#/$defs/Kind"}], "description": "Which"},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "integer"}], "default": None},
            "either": {"type": ["null", "number"]}, "fixed": {"const": 5}, "any": {}, "lost": {"$ref": "https://x/y"},
            "list": {"type": "array"},
        },
        "required": ["items", "gone"],
    }  # fmt: skip
    flat = flat_schema(schema)
    assert set(flat) == {"type", "properties", "required"}
    assert flat["required"] == ["items"]
    assert flat["properties"]["kind"] == {"type": "string", "enum": ["a", "b"], "description": "Which"}
    assert flat["properties"]["maybe"] == {"type": "integer"}
    assert flat["properties"]["either"] == {"type": "number"}
    assert flat["properties"]["list"] == {"type": "array", "items": {"type": "string"}}
    assert flat["properties"]["items"]["items"]["properties"]["name"] == {"type": "string"}
    assert not re.search(r"\$ref|anyOf|allOf|title|additional", json.dumps(flat))


@pytest.mark.parametrize(
    "schema", [None, 5, [], {}, {"type": "object", "properties": 5}, {"$ref": "#"}, {"anyOf": []}]
)
def test_schemas_of_servers_that_cannot_write_them(schema):
    assert flat_schema(schema) == {"type": "object", "properties": {}, "required": []}


def test_arguments_in_other_clothes():
    schema = flat_schema(
        {
            "properties": {
                "list": {"type": "array"},
                "thing": {"type": "object"},
                "n": {"type": "integer"},
                "text": {"type": "string"},
            }
        }
    )
    given = {"list": "[1]", "thing": '{"a": 1}', "n": "5", "text": "[1]", "more": "x", "none": None}
    assert unpacked(given, schema) == {"list": [1], "thing": {"a": 1}, "n": 5, "text": "[1]", "more": "x"}
    assert unpacked({"list": "no [", "n": "five"}, schema) == {"list": "no [", "n": "five"}
