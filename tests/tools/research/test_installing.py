"""Adding a dependency with real package managers, against indexes that are played on loopback."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.paths import find_home
from tests.support import registries
from tests.support.waiting import SOON
from tools.consent import NO
from tools.registry import call

PYPROJECT = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = []\n'


USING_RUST = "pub fn five() -> i64 {\n    tinyadd::add(2, 3)\n}\n"


def make_environment(project: Path) -> None:
    """A virtual environment that uses pip of the Python below: making one with its own takes seconds."""
    words = ("-m", "venv", "--without-pip", "--system-site-packages")
    subprocess.run([sys._base_executable, *words, project / ".venv"], check=True)
    found = subprocess.run(
        [project / ".venv/bin/python", "-m", "pip", "--version"], capture_output=True, check=False
    )
    if found.returncode:
        pytest.skip("the Python below has no pip")


async def test_npm_changes_manifest_and_lock_and_the_runs_commands_find_it(
    needs, index, web, again, project, user
):
    needs("npm")
    (project / ".gitignore").write_text("node_modules\n")
    (project / "package.json").write_text('{\n  "name": "x",\n  "version": "1.0.0"\n}\n')
    lock = {
        "name": "x",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": {"name": "x", "version": "1.0.0"}},
    }
    (project / "package-lock.json").write_text(json.dumps(lock))
    bench = again()
    index(registries.npm(web.url, "tinyadd", "1.0.0", "1.2.0"))
    result = await call("install_dependency", {"name": "tinyadd"}, bench)
    assert result.ok, result.text
    assert set(result.changed) == {"package.json", "package-lock.json"}
    assert "Added tinyadd to package.json with npm.\nExact versions: tinyadd 1.2.0." in result.text
    assert json.loads((bench.stage.tree / "package.json").read_text())["dependencies"] == {
        "tinyadd": "^1.2.0"
    }
    assert [about["kind"] for about in user.about] == ["install"]
    assert "npm install --save" in user.about[0]["detail"]
    used = await call(
        "execute_code", {"language": "javascript", "code": "console.log(require('tinyadd').add(2, 3))"}, bench
    )
    assert used.text.strip().endswith("5"), used.text
    assert not (project / "node_modules").exists(), "the user's project is as it was"
    assert json.loads((project / "package.json").read_text()) == {"name": "x", "version": "1.0.0"}
    assert not list(bench.stage.tree.rglob("ran")), "no script of a package ran"
    repeated = await call("install_dependency", {"name": "tinyadd"}, bench)
    assert not repeated.ok
    assert "asks for tinyadd already" in repeated.text


async def test_npm_without_a_lock_file_makes_none(needs, index, web, again, project):
    needs("npm")
    (project / ".gitignore").write_text("node_modules\n")
    (project / "package.json").write_text('{"name": "x"}')
    index(registries.npm(web.url, "tinyadd", "1.0.0", "1.2.0"))
    bench = again()
    result = await call("install_dependency", {"name": "tinyadd", "version": "1.0.0", "dev": True}, bench)
    assert result.changed == ("package.json",), result.text
    assert json.loads((bench.stage.tree / "package.json").read_text())["devDependencies"] == {
        "tinyadd": "^1.0.0"
    }


PNPM = """\
lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .: {}
"""


@pytest.mark.parametrize(
    ("program", "lock", "text"),
    [("pnpm", "pnpm-lock.yaml", PNPM), ("yarn", "yarn.lock", "# yarn lockfile v1\n\n\n")],
)
async def test_pnpm_and_yarn_are_taken_where_their_lock_is(
    needs, index, web, again, project, program, lock, text
):
    needs(program)
    (project / ".gitignore").write_text("node_modules\n")
    (project / "package.json").write_text('{\n  "name": "x",\n  "version": "1.0.0"\n}\n')
    (project / ".npmrc").write_text(f"registry={web.url}/\n")
    (project / lock).write_text(text)
    index(registries.npm(web.url, "tinyadd", "1.0.0", "1.2.0"))
    bench = again()
    result = await call("install_dependency", {"name": "tinyadd@1.0.0"}, bench)
    assert result.ok, result.text
    assert set(result.changed) == {"package.json", lock}
    assert f"Added tinyadd 1.0.0 to package.json with {program}." in result.text
    assert "tinyadd@1.0.0" in (bench.stage.tree / lock).read_text()
    code = "console.log(require('tinyadd').add(2, 3))"
    used = await call("execute_code", {"language": "javascript", "code": code}, bench)
    assert used.text == "Exit code 0.\n5", used.text


async def test_what_no_index_has_leaves_every_file_as_it_was(needs, index, web, again, project):
    needs("npm")
    (project / "package.json").write_text('{"name": "x"}')
    bench = again()
    result = await call("install_dependency", {"name": "tinyaddd"}, bench)
    assert not result.ok
    assert "npm could not add tinyaddd, and package.json is as it was: " in result.text
    assert "404" in result.text
    assert result.changed == ()
    assert (bench.stage.tree / "package.json").read_text() == '{"name": "x"}'


async def test_pip_installs_into_the_runs_environment_only(index, again, project, needs):
    needs("python3")
    make_environment(project)
    (project / "requirements.txt").write_text("# all of it\n")
    index(registries.pypi("tiny-add", "1.0.0", "1.2.0"))
    bench = again()
    result = await call("install_dependency", {"name": "Tiny_Add"}, bench)
    assert result.ok, result.text
    assert result.changed == ("requirements.txt",)
    assert (bench.stage.tree / "requirements.txt").read_text() == "# all of it\nTiny_Add>=1.2.0\n"
    assert "Added Tiny_Add to requirements.txt with pip." in result.text
    if bench.sandbox.confinement == "confined":
        used = await call(
            "execute_code",
            {"language": "python", "code": "import tiny_add; print(tiny_add.add(2, 3))"},
            bench,
        )
        assert used.text == "Exit code 0.\n5"
        documented = await call("docs_search", {"name": "tiny_add"}, bench)
        assert "tiny_add 1.2.0, installed for this project's Python" in documented.text
    assert not list((project / ".venv").rglob("tiny_add"))


async def test_uv_changes_manifest_and_lock(needs, index, again, project):
    needs("uv")
    make_environment(project)
    (project / "pyproject.toml").write_text(PYPROJECT + "[tool.uv]\npackage = false\n")
    index(registries.pypi("tiny-add", "1.0.0", "1.2.0"))
    bench = again()
    result = await call("install_dependency", {"name": "tiny-add", "version": "<1.2"}, bench)
    assert result.ok, result.text
    assert set(result.changed) == {"pyproject.toml", "uv.lock"}
    assert "Exact versions: tiny-add 1.0.0." in result.text
    assert '"tiny-add<1.2"' in (bench.stage.tree / "pyproject.toml").read_text()
    used = await call(
        "execute_code", {"language": "python", "code": "import tiny_add; print(tiny_add.add(2, 3))"}, bench
    )
    assert used.text == "Exit code 0.\n5", result.text + used.text


async def test_poetry_changes_manifest_and_lock(needs, index, web, again, project):
    needs("poetry")
    source = f'[[tool.poetry.source]]\nname = "test"\nurl = "{web.url}/simple/"\npriority = "primary"\n'
    (project / "pyproject.toml").write_text(PYPROJECT + "[tool.poetry]\npackage-mode = false\n" + source)
    index(registries.pypi("tiny-add", "1.0.0", "1.2.0"))
    bench = again()
    result = await call("install_dependency", {"name": "tiny-add"}, bench)
    assert result.ok, result.text
    assert set(result.changed) == {"pyproject.toml", "poetry.lock"}
    assert "Exact versions: tiny-add 1.2.0." in result.text


async def test_cargo_changes_manifest_and_lock(needs, index, web, again, project, rust):
    needs("cargo")
    (project / "Cargo.toml").write_text('[package]\nname = "x" # me\nversion = "0.1.0"\nedition = "2021"\n')
    (project / "src" / "lib.rs").write_text("pub fn nothing() {}\n")
    (project / ".cargo").mkdir()
    (project / ".cargo" / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "test"\n[source.test]\nregistry = "sparse+{web.url}/index/"\n'
    )
    index(registries.crates(web.url, "tinyadd", "1.0.0", "1.2.0"))
    bench = again()
    result = await call("install_dependency", {"name": "tinyadd", "manifest": "Cargo.toml"}, bench)
    assert result.ok, result.text
    assert set(result.changed) == {"Cargo.toml", "Cargo.lock"}
    assert "Exact versions: tinyadd 1.2.0." in result.text
    text = (bench.stage.tree / "Cargo.toml").read_text()
    assert 'name = "x" # me' in text
    assert 'tinyadd = "1.2.0"' in text
    assert "This run's commands find it." in result.text
    await call("write_file", {"path": "src/lib.rs", "content": USING_RUST}, bench)
    used = await call("run_command", {"command": "cargo check --quiet && touch $CARGO_HOME/x"}, bench)
    assert "Read-only file system" in used.text, "it compiled, and commands cannot change what was installed"
    assert "error" not in used.text


async def test_go_changes_manifest_and_sums(needs, index, again, project):
    needs("gofmt") if not shutil.which("go") else None
    (project / "go.mod").write_text("module example.org/x\n\ngo 1.17\n")
    index(registries.go("example.org/tiny/add", "v1.0.0", "v1.2.0"))
    bench = again()
    result = await call("install_dependency", {"name": "example.org/tiny/add", "version": "1.0.0"}, bench)
    assert result.ok, result.text
    assert set(result.changed) == {"go.mod", "go.sum"}
    assert "example.org/tiny/add v1.0.0" in (bench.stage.tree / "go.mod").read_text()
    used = await call("run_command", {"command": "go list -f '{{.Dir}}' example.org/tiny/add"}, bench)
    assert used.ok, used.text
    assert "packages/go/example.org/tiny/add@v1.0.0" in used.text


async def test_it_is_asked_once_for_each_package_and_no_means_the_manifest_alone(
    needs, index, web, again, project, user, reply
):
    needs("npm")
    (project / "package.json").write_text('{"name": "x"}')
    index(registries.npm(web.url, "tinyadd", "1.0.0"))
    web.pages["/npm/tinyadd"] = reply({"dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {}}})
    user.answers["install"] = NO
    bench = again()
    result = await call("install_dependency", {"name": "tinyadd"}, bench)
    assert result.ok, result.text
    assert "Proposed tinyadd 1.0.0 in package.json. It is not installed" in result.text
    assert "The user does not allow it to be installed." in result.text
    assert result.changed == ("package.json",)
    assert [about["kind"] for about in user.about] == ["install", "host"]


async def test_nobody_to_ask_and_a_policy_that_forbids(needs, index, web, again, project, reply):
    needs("npm")
    (project / "package.json").write_text('{"name": "x"}')
    bench = replace(again(), ask=None)
    result = await call("install_dependency", {"name": "tinyadd", "version": "1.0.0"}, bench)
    assert result.ok
    assert "nobody is here to ask" in result.text
    policy = find_home().config / "policy.toml"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text("[sandbox]\nnetwork = false\n")
    result = await call("install_dependency", {"name": "otheradd", "version": "1.0.0"}, bench)
    assert "The policy gives commands of the fast_coder no network." in result.text
    assert web.seen == []


async def test_stop_ends_an_installation_at_once_and_puts_the_files_back(
    needs, index, web, again, project, reply
):
    import asyncio
    import threading
    import time

    needs("npm")
    (project / "package.json").write_text('{"name": "x"}')
    web.pages["/tinyadd"] = reply(b"{}", hold=threading.Event())
    bench = again()
    work = asyncio.ensure_future(call("install_dependency", {"name": "tinyadd"}, bench))
    while not web.seen:
        await asyncio.sleep(0.01)
    started = time.monotonic()
    bench.stop.set()
    result = await work
    assert time.monotonic() - started < SOON
    assert not result.ok
    assert "stopped" in result.text
    assert (bench.stage.tree / "package.json").read_text() == '{"name": "x"}'
