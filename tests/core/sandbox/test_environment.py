"""Which environment, PATH and tool chains a command gets."""

import sys
import tracemalloc
from pathlib import Path

import pytest

from core.sandbox.environment import clean_environment, clean_path, own_programs
from core.sandbox.hidden import hidden_folders, tool_folders
from core.sandbox.output import Ring
from core.sandbox.rules import looks_secret


def test_only_the_list_passes():
    source = {
        "AWS_ACCESS_KEY_ID": "x", "ANTHROPIC_API_KEY": "x", "LD_PRELOAD": "x", "BASH_ENV": "x", "PYTHONPATH": "x",
        "GIT_DIR": "x", "SSH_AUTH_SOCK": "x", "PYTHONHOME": "x", "LC_TIME": "de_DE", "TZ": "UTC", "PATH": "/usr/bin",
        "PYENV_ROOT": "relative", "GOROOT": "/usr/lib/go", "PYTHONHASHSEED": "0",
    }  # fmt: skip
    chosen = clean_environment(source, home="/home/me", offline=False)
    assert "x" not in chosen.values()
    assert chosen["LC_TIME"] == "de_DE"
    assert chosen["GOROOT"] == "/usr/lib/go"
    assert "PYENV_ROOT" not in chosen
    assert chosen["HOME"] == "/home/me"
    assert chosen["PATH"] == "/usr/bin"


def test_path_has_existing_absolute_folders_and_never_our_own(tmp_path, monkeypatch):
    ours = tmp_path / "ours"
    (ours / "bin").mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(ours))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    link = tmp_path / "link"
    link.symlink_to(ours / "bin")
    assert str(ours / "bin") in own_programs()
    assert clean_path(f"{ours}/bin:{link}:.:relative:/no/such:/usr/bin/:/usr/bin::/bin") == "/usr/bin:/bin"
    assert clean_path("") != ""


def test_outside_of_a_virtual_environment_nothing_is_ours(monkeypatch):
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert own_programs() == set()


@pytest.fixture
def home(isolated: Path) -> Path:
    for name in (
        ".cargo/bin",
        ".rustup",
        ".ssh",
        "tools/bin",
        ".local/bin",
        ".local/share/uv/python",
        "project",
    ):
        (isolated / name).mkdir(parents=True)
    return isolated


def folders(home: Path, path: str, **more: str) -> list[str]:
    environ = {"HOME": str(home), "PATH": path, **more}
    project = home / "project"
    found = tool_folders(environ, hidden_folders(environ, project), project)
    return [str(each.relative_to(home)) for each in found if home in each.parents]


def test_tool_chains_come_with_what_they_need(home):
    assert folders(home, f"{home}/.cargo/bin") == [".cargo", ".rustup"]
    assert folders(home, f"{home}/.local/bin") == [".local/bin", ".local/share/uv"]
    assert folders(home, f"{home}/tools/bin") == ["tools/bin"]
    assert folders(home, "/usr/bin", CARGO_HOME=f"{home}/.cargo") == [".cargo", ".rustup"]


def test_what_was_downloaded_for_a_project_is_there_wherever_its_program_is(home):
    (home / "go" / "pkg" / "mod").mkdir(parents=True)
    assert folders(home, "/usr/bin") == []
    (home / "project" / "go.mod").touch()
    assert folders(home, "/usr/bin") == ["go/pkg/mod"]
    (home / "project" / "Cargo.toml").touch()
    assert folders(home, "/usr/bin") == [".cargo", "go/pkg/mod"]


def test_neither_a_home_nor_a_key_ring_is_a_tool_chain(home):
    assert folders(home, f"{home}:{home}/.ssh:{home}/..:{home}/project") == []


def test_the_base_of_the_projects_environment_is_bound(home):
    base = home / "python-3.12"
    (base / "bin").mkdir(parents=True)
    (base / "bin" / "python3.12").touch()
    environment = home / "project" / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text("home = somewhere\n")
    (environment / "bin" / "python").symlink_to(base / "bin" / "python3.12")
    assert folders(home, "/usr/bin") == ["python-3.12"]


@pytest.mark.parametrize("name", [".env", ".env.local", "ID_RSA", "server.pem", "credentials.json", ".npmrc"])
def test_secrets_by_name(name):
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", [".env.example", "id_rsa.pub", "environment.py", "keys.py", "README.md", ".venv"]
)
def test_no_secrets_by_name(name):
    assert not looks_secret(name)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 11, 64])
def test_the_ring_keeps_head_and_tail_whatever_the_pieces(size):
    data = bytes(range(65, 91))
    ring = Ring(10)
    for at in range(0, len(data), size):
        ring.add(data[at : at + size])
    assert ring.text() == "ABCDE\n… 16 bytes left out …\nVWXYZ"
    assert ring.omitted == 16


def test_the_ring_holds_no_more_than_it_keeps():
    ring = Ring(100_000)
    tracemalloc.start()
    for _ in range(1_000):
        ring.add(bytes(50_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("size", [1, 3, 10])
def test_a_ring_that_is_not_full_leaves_nothing_out(size):
    ring = Ring(10)
    for at in range(0, 10, size):
        ring.add(b"abcdefghij"[at : at + size])
    assert ring.text() == "abcdefghij"
    assert ring.omitted == 0


def test_a_user_whom_the_system_does_not_know(tmp_path, monkeypatch):
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("core.sandbox.hidden.pwd.getpwuid", unknown)
    environ = {"PATH": "/usr/bin"}
    assert Path("/") not in hidden_folders(environ, tmp_path)
    assert tool_folders(environ, hidden_folders(environ, tmp_path), tmp_path) == []
