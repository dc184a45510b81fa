"""Dependencies: proposals that keep the file as it is, newer versions, and known weaknesses."""

# ruff: noqa: E501

import asyncio
import json
import shutil

import pytest

from core.paths import find_home
from tools.consent import NO
from tools.packages.locks import known_versions
from tools.packages.manifests import Manifest, added, asked_for
from tools.workbench import ToolError

PYPI = {
    "info": {"name": "Requests", "version": "2.32.3", "summary": "HTTP for Humans."},
    "releases": {"2.31.0": [{"yanked": False}], "2.32.3": [{"yanked": False}], "2.32.0": [{"yanked": True}]},
}
PYPROJECT = """\
# The project.
[project]
name = "x"  # its name
dependencies = [
    "httpx>=0.28",  # the web
    "requests>=2",
]

[dependency-groups]
dev = ["pytest"]
"""


async def text(use, path):
    result = await use("read_file", path=path)
    return "\n".join(line.partition("\t")[2] for line in result.text.split("\n"))


async def test_a_proposal_changes_the_manifest_only(use, web, reply, put, user):
    put("pyproject.toml", PYPROJECT)
    put("uv.lock", "version = 1\n")
    web.pages["/pypi/attrs/json"] = reply(
        {"info": {"name": "attrs", "version": "25.1.0", "summary": "Classes"}}
    )
    user.answers["install"] = NO
    result = await use("install_dependency", name="attrs")
    assert result.ok, result.text
    assert result.changed == ("pyproject.toml",)
    first, *others = result.text.split("\n")
    assert (
        first
        == "Proposed attrs 25.1.0 in pyproject.toml. It is not installed: the user does that after applying."
    )
    assert others[-2:] == [
        "Newest there: attrs 25.1.0: Classes",
        "uv.lock does not hold it yet: `uv lock` after applying brings it up to date.",
    ]
    assert await text(use, "pyproject.toml") == PYPROJECT.replace(
        '    "requests>=2",\n', '    "requests>=2",\n    "attrs>=25.1.0",\n'
    ).rstrip("\n")
    assert "look up the package attrs for pyproject.toml" in user.questions[-1]


async def test_a_version_that_is_not_there_and_a_name_that_nobody_knows(use, web, reply, put):
    put("requirements.txt", "flask==3.0\n")
    web.pages["/pypi/requests/json"] = reply(PYPI)
    for version in ("9.9.9", "2.32.0"):
        wrong = await use("install_dependency", name="requests", version=version)
        assert not wrong.ok
        assert wrong.text == f"Requests has no version {version}; the newest is 2.32.3."
    guessed = await use("install_dependency", name="reqeusts-toolbelt-pro", version="1.0")
    assert not guessed.ok
    assert "PyPI knows no package “reqeusts-toolbelt-pro”" in guessed.text
    assert await text(use, "requirements.txt") == "flask==3.0"
    right = await use("install_dependency", name="requests", version="2.31.0")
    assert right.ok, right.text
    assert await text(use, "requirements.txt") == "flask==3.0\nrequests==2.31.0"


async def test_without_consent_the_version_must_be_given_and_doubt_is_said(use, web, put, user):
    user.answer = NO
    put("requirements.txt", "")
    assert "give the version" in (await use("install_dependency", name="requests")).text
    result = await use("install_dependency", name="requests", version=">=2,<3")
    assert result.ok
    assert "It was not looked up, so check that it exists: The user does not allow" in result.text
    assert await text(use, "requirements.txt") == "requests>=2,<3"
    assert web.seen == []


async def test_of_npm_cargo_and_go(use, web, reply, put, user):
    user.answers["install"] = NO
    put(
        "package.json",
        '{\n\t"name": "x",\n\t"files": ["a", "b"],\n\t"dependencies": {\n\t\t"zod": "^3"\n\t}\n}\n',
    )
    put(
        "Cargo.toml",
        '[package]\nname = "x" # me\n\n[dependencies]\nserde = { version = "1", features = ["derive"] }\n',
    )
    put("go.mod", "module x\n\ngo 1.22\n\nrequire (\n\tgolang.org/x/text v0.3.0\n)\n")
    assert (
        "Which file? Give manifest as one of: package.json, Cargo.toml, go.mod."
        in (await use("install_dependency", name="serde")).text
    )
    web.pages["/npm/@types%2Fnode"] = web.pages["/npm/@types/node"] = reply(
        {"dist-tags": {"latest": "22.1.0"}, "versions": {"22.1.0": {}}, "description": "Types"}
    )
    web.pages["/crates/crates/serde"] = reply(
        {
            "crate": {"id": "serde", "max_stable_version": "1.0.210"},
            "versions": [{"num": "1.0.210", "yanked": False}],
        }
    )
    web.pages["/go/github.com/!azure/x/@latest"] = reply(
        {"Version": "v1.2.3", "Time": "2025-01-01T00:00:00Z"}
    )
    for name, manifest in (
        ("@types/node", "package.json"),
        ("serde", "Cargo.toml"),
        ("github.com/Azure/x", "go.mod"),
    ):
        result = await use("install_dependency", name=name, manifest=manifest, dev=name == "@types/node")
        assert result.ok, result.text
    assert await text(use, "package.json") == (
        '{\n\t"name": "x",\n\t"files": ["a", "b"],\n\t"dependencies": {\n\t\t"zod": "^3"\n\t},\n'
        '\t"devDependencies": {\n\t\t"@types/node": "^22.1.0"\n\t}\n}'
    )
    assert 'name = "x" # me\n' in await text(use, "Cargo.toml")
    assert 'serde = { version = "1.0.210", features = ["derive"] }' in await text(use, "Cargo.toml")
    assert "require (\n\tgithub.com/Azure/x v1.2.3\n\tgolang.org/x/text v0.3.0\n)" in await text(
        use, "go.mod"
    )


@pytest.mark.parametrize(
    ("path", "old", "name", "new"),
    [
        ("requirements.txt", "a[x]==1; python_version < '4'\n", "a", "a[x]==2.0; python_version < '4'\n"),
        ("requirements.txt", "a[x]>=1\n", "a[y]", "a[y]>=2.0\n"),
        ("requirements.txt", "a.b>=1\n", "a-b", "a-b>=2.0\n"),
        ("pyproject.toml", '[project]\ndependencies = ["a[x]>=1"]\n', "a", '[project]\ndependencies = ["a[x]>=2.0"]\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\n', "a[x,y]",
         '[tool.poetry.dependencies]\na = {version = "^2.0", extras = ["x", "y"]}\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\na = {version = "^1", extras = ["x"]}\n', "a",
         '[tool.poetry.dependencies]\na = {version = "^2.0", extras = ["x"]}\n'),
    ],
)  # fmt: skip
def test_extras_and_markers_stay(path, old, name, new):
    assert added(Manifest(path, "PyPI"), old, name, "2.0", dev=False) == new


@pytest.mark.parametrize(
    ("path", "old", "dev", "new"),
    [
        ("pyproject.toml", '[project]\nname = "x"\n', False, '[project]\nname = "x"\ndependencies = ["a>=1.0"]\n'),
        ("pyproject.toml", '[project]\ndependencies = ["b", "A<1"]\n', False, '[project]\ndependencies = ["b", "a>=1.0"]\n'),
        ("pyproject.toml", '[project]\nname = "x"\n', True, '[project]\nname = "x"\n[dependency-groups]\ndev = ["a>=1.0"]\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\nb = "1"\n', False, '[tool.poetry.dependencies]\nb = "1"\na = "^1.0"\n'),
        ("requirements.txt", "b\n", False, "b\na>=1.0\n"),
        ("requirements.txt", "b", False, "b\na>=1.0\n"),
        ("requirements.txt", "A_b==3\na==0.9 \n", False, "A_b==3\na==1.0\n"),
        ("package.json", '{"name":"x"}', False, '{"name":"x",\n  "dependencies": {\n    "a": "^1.0"\n  }\n}'),
        ("package.json", "{}", False, '{\n  "dependencies": {\n    "a": "^1.0"\n  }\n}'),
        ("package.json", '{"x": {"dependencies": {}}, "dependencies": {"b": "1"}}', False,
         '{"x": {"dependencies": {}}, "dependencies": {\n    "a": "^1.0",\n    "b": "1"\n  }}'),
        ("Cargo.toml", '[package]\nname = "x"\n', True, '[package]\nname = "x"\n[dev-dependencies]\na = "1.0"\n'),
        ("go.mod", "module x\n", False, "module x\n\nrequire a v1.0\n"),
        ("go.mod", "module x\n\nrequire a v0.1\n", False, "module x\n\nrequire a v1.0\n"),
    ],
)  # fmt: skip
def test_the_rest_of_the_file_stays(path, old, dev, new):
    kinds = {
        "pyproject.toml": "PyPI",
        "requirements.txt": "PyPI",
        "package.json": "npm",
        "Cargo.toml": "crates.io",
        "go.mod": "Go",
    }
    found = added(Manifest(path, kinds[path]), old, "a", "1.0", dev=dev)
    assert [line for line in found.split("\n") if line] == [line for line in new.split("\n") if line]


@pytest.mark.parametrize(
    ("path", "broken"),
    [
        ("pyproject.toml", "x = [1"),
        ("pyproject.toml", ""),
        ("package.json", "{"),
        ("package.json", "[]"),
        ("Cargo.toml", "="),
    ],
)
def test_broken_manifests(path, broken):
    kind = {"pyproject.toml": "PyPI", "package.json": "npm", "Cargo.toml": "crates.io"}[path]
    with pytest.raises(ToolError):
        added(Manifest(path, kind), broken, "a", "1.0", dev=False)


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "requests=="}, {"name": "a b"}, {"name": "-r x"}, {"name": "../x"}, {"name": ""},
        {"name": "a", "version": "1; rm"}, {"name": "a", "manifest": "README.md"}, {"name": "a", "manifest": "../x"},
        {"name": "https://example.org/x.whl"},
    ],
)  # fmt: skip
async def test_wrong_calls(use, web, put, arguments):
    put("requirements.txt", "b\n")
    result = await use("install_dependency", **arguments)
    assert not result.ok
    assert result.text.endswith(".")
    assert web.seen == []


async def test_no_manifest(use, web):
    assert "has no file that names dependencies" in (await use("install_dependency", name="a")).text
    assert "names no dependencies" in (await use("check_updates")).text
    assert "there is nothing to look up" in (await use("audit_security")).text


async def test_updates(use, web, reply, put, user):
    put("requirements.txt", "requests==2.31.0\nsame==1.0\nopen>=1\nlost<2\n")
    for name, newest in (("requests", "2.32.3"), ("same", "1.0"), ("open", "3.0")):
        web.pages[f"/pypi/{name}/json"] = reply({"info": {"name": name, "version": newest}})
    result = await use("check_updates")
    assert result.text.split("\n") == [
        "2 of 4 direct dependencies have newer versions or could not be looked up.",
        "- lost (requirements.txt): not looked up: PyPI knows no package “lost”. Check the name: it is not installed"
        " under a guessed one.",
        "- requests (requirements.txt): has 2.31.0, newest is 2.32.3",
    ]
    assert len(user.questions) == 1


WEAK = {
    "id": "GHSA-9wx4-h78v-vm56", "summary": "Requests keeps `verify=False`", "aliases": ["CVE-2024-35195"],
    "affected": [{"package": {"name": "requests", "ecosystem": "PyPI"},
                  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.32.0"}]},
                             {"type": "GIT", "events": [{"fixed": "c0ffee"}]}]}],
}  # fmt: skip


async def test_known_weaknesses(use, web, reply, put, user):
    user.answers["network"] = NO  # for programs that are installed here
    put("requirements.txt", "requests==2.31.0\nsame==1.0\n")
    put(
        "package-lock.json",
        json.dumps({"packages": {"": {}, "node_modules/a/node_modules/@b/c": {"version": "1.0.0"}}}),
    )
    web.pages["/osv/querybatch"] = reply(
        {"results": [{}, {"vulns": [{"id": WEAK["id"], "modified": "x"}]}, {}]}
    )
    web.pages[f"/osv/vulns/{WEAK['id']}"] = reply(WEAK)
    result = await use("audit_security")
    assert result.ok, result.text
    assert web.seen[0].body["queries"] == [
        {"package": {"name": "requests", "ecosystem": "PyPI"}, "version": "2.31.0"},
        {"package": {"name": "same", "ecosystem": "PyPI"}, "version": "1.0"},
        {"package": {"name": "@b/c", "ecosystem": "npm"}, "version": "1.0.0"},
    ]
    first, _, row, *_ = result.text.split("\n")
    assert first.endswith("in OSV: 1 of them have known weaknesses.")
    assert row == (
        "- same 1.0 (requirements.txt): GHSA-9wx4-h78v-vm56 (CVE-2024-35195): Requests keeps `verify=False`;"
        " no fixed version is known"
    )
    web.pages["/osv/querybatch"] = reply({"results": [{"vulns": [{"id": WEAK["id"]}]}, {}, {}]})
    assert "requests 2.31.0" in (again := (await use("audit_security")).text)
    assert "fixed in 2.32.0" in again
    assert [each["kind"] for each in user.about if each["kind"] == "host"] == ["host"]


async def test_what_is_installed_counts_where_no_lock_file_is(use, web, reply, put, user):
    user.answers["network"] = NO
    put("requirements.txt", "requests>=2\n")
    web.pages["/osv/querybatch"] = reply({"results": []})
    result = await use("audit_security")
    if not result.ok:
        pytest.skip("PATH's Python has nothing installed")
    assert "(installed) in OSV: 0 of them" in result.text


def test_lock_files(tmp_path):
    files = {
        "uv.lock": '[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "x" }\n'
        '[[package]]\nname = "me"\nversion = "0"\nsource = { editable = "." }\n',
        "poetry.lock": '[[package]]\nname = "B_b"\nversion = "2"\n',
        "Cargo.lock": '[[package]]\nname = "c"\nversion = "3"\nsource = "registry+x"\n[[package]]\nname = "me"\nversion = "0"\n',
        "go.mod": "module example.org/me\nrequire (\n\texample.org/d v1.0.0 // indirect\n\texample.org/e/v2 v2.1.0\n)\n",
        "package-lock.json": '{"packages": {"": {"version": "9"}, "node_modules/f": {"version": "4"}, "node_modules/g": {"link": true, "version": "1"}}}',
        "requirements-dev.txt": "h[x] == 5.0 ; python_version > '3'\n-e .\ni>=1\n",
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert [(each.ecosystem, each.name, each.version) for each in known_versions(tmp_path)] == [
        ("Go", "example.org/d", "v1.0.0"), ("Go", "example.org/e/v2", "v2.1.0"), ("PyPI", "a", "1"),
        ("PyPI", "b-b", "2"), ("PyPI", "h", "5.0"), ("crates.io", "c", "3"), ("npm", "f", "4"),
    ]  # fmt: skip
    assert [each.name for each in asked_for(tmp_path)] == ["example.org/e/v2", "h", "i"]
    for name in files:
        (tmp_path / name).write_text("[[[{{{ broken \0")
    assert known_versions(tmp_path) == asked_for(tmp_path) == []


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed here")
async def test_npm_says_itself_where_packages_are(use, web, reply, put, settings, user):
    user.answers["install"] = NO
    path = find_home().config / "research.toml"
    path.write_text(path.read_text().replace(f'npm = "{web.url}/npm"', 'npm = ""'))
    put("package.json", "{}")
    put(".npmrc", f"registry={web.url}/own/\n")
    web.pages["/own/zod"] = reply({"dist-tags": {"latest": "4.0.0"}, "versions": {"4.0.0": {}}})
    result = await use("install_dependency", name="zod")
    assert result.ok, result.text
    assert "Proposed zod 4.0.0 in package.json" in result.text


async def test_two_at_once_keep_both(use, web, reply, put):
    put("requirements.txt", "")
    for name in ("one", "two"):
        web.pages[f"/pypi/{name}/json"] = reply({"info": {"name": name, "version": "1.0"}})
    await asyncio.gather(*(use("install_dependency", name=name) for name in ("one", "two")))
    assert sorted((await text(use, "requirements.txt")).split("\n")) == ["one>=1.0", "two>=1.0"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"name": "requests==2.31.0"}, "requests==2.31.0"),
        ({"name": "requests >= 2.31, <3"}, "requests>= 2.31, <3"),
        ({"name": "requests@2.31.0"}, "requests>=2.31.0"),
        ({"name": " requests ", "version": "latest"}, "requests>=2.32.3"),
        ({"name": "requests", "version": ""}, "requests>=2.32.3"),
        ({"name": "requests@latest", "version": "2.31.0"}, None),
        ({"name": "requests[socks]"}, "requests[socks]>=2.32.3"),
        ({"name": "requests [socks, security] == 2.31.0"}, "requests[socks,security]== 2.31.0"),
        ({"name": "requests[socks"}, None),
    ],
)
async def test_name_and_version_in_one_and_words_for_the_newest(use, web, reply, put, user, arguments, line):
    user.answers["install"] = NO
    put("requirements.txt", "")
    web.pages["/pypi/requests/json"] = reply(PYPI)
    result = await use("install_dependency", **arguments)
    assert result.ok == (line is not None), result.text
    assert await text(use, "requirements.txt") == (line or "")


async def test_where_dependencies_are_named_elsewhere_that_is_said(use, put):
    put("setup.cfg", "[options]\ninstall_requires =\n    idna\n")
    result = await use("install_dependency", name="requests")
    assert result.text == "The project names its dependencies in setup.cfg: add it there with edit_file."


async def test_manifests_in_parts_of_the_project_are_named(use, put, user):
    user.answer = NO
    put("web/package.json", "{}")
    put("api/pyproject.toml", "[project]\n")
    result = await use("install_dependency", name="zod", version="3.0.0")
    assert result.text == "Which file? Give manifest as one of: api/pyproject.toml, web/package.json."
    right = await use("install_dependency", name="zod", version="3.0.0", manifest="web/package.json")
    assert right.changed == ("web/package.json",), right.text


def test_a_workspace_of_crates_is_none():
    with pytest.raises(ToolError, match="of a workspace and no crate"):
        added(Manifest("Cargo.toml", "crates.io"), '[workspace]\nmembers = ["a"]\n', "serde", "1", dev=False)


async def test_what_only_developers_need_goes_to_their_requirements(use, put, user):
    user.answer = NO
    put("requirements.txt", "flask\n")
    put("requirements-dev.txt", "pytest\n")
    result = await use("install_dependency", name="ruff", version="0.9", dev=True)
    assert result.changed == ("requirements-dev.txt",), result.text
    assert (await use("install_dependency", name="jinja2", version="3")).changed == ("requirements.txt",)
