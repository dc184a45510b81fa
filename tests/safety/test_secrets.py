"""Secrets: hidden files, masked texts, and what a model cannot get by any tool."""

import re
import time

import pytest

from core.applying import conflict
from core.sandbox.masking import MARK, mask
from core.stage import Stage
from core.stage.meeting import meeting_of
from core.stage.told import told
from core.verdicts import lines_of

TOKEN = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
AWS_KEY = "AKIA" + "2OGYBAH6STMMNXWQ"
LINE = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9"
PRIVATE = f"-----BEGIN OPENSSH PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n{LINE * 8}\n-----END OPENSSH PRIVATE KEY-----"
REAL = {
    "a GitHub token": TOKEN,
    "an AWS access key": AWS_KEY,
    "an AWS secret key": "aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzQ19Kd83ab",
    "a private key": PRIVATE,
    "a GitLab token": "glpat-" + "x9Yk2LmN4pQr6StU8vWz",
    "a Slack token": "xoxb-" + "284719305527-kLmNoPqRsT9827364510",
    "a Google API key": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "a Stripe key": "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dcAb",
    "an API key of a model provider": "sk-proj-" + "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz3Ab4C",
    "a package registry's token": "npm_" + "a1B2c3D4e5" * 3 + "f6G7h8",
    "a signed web token": "eyJ"
    + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "a password in an address": "postgres://app:h7Gk29dLs@db.internal.example-corp.com/shop",
    "a secret in an assignment": 'API_TOKEN = "k9fQ2xT7vLm3Zp8RwY4nBc6DaE5"',
}
HARMLESS = [
    "AKIAIOSFODNN7EXAMPLE",
    "sk-learn-is-the-name-of-a-package-with-a-long-name-here",
    'password = os.environ["DATABASE_PASSWORD"]',
    "token: ${{ secrets.GITHUB_TOKEN }}",
    'API_KEY = "your-api-key-goes-here-please-change"',
    'secret_name = "correct_horse_battery_staple_again"',
    'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    "postgres://postgres:postgres1@localhost:5432/test",
    "postgresql://user:pa55word@db:5432/test",
    "https://example.com/path@2x.png",
    "def test_token_is_refreshed_when_it_has_expired(): pass",
    "-----BEGIN CERTIFICATE-----\nMIIBkTCB+wIJAL\n-----END CERTIFICATE-----",
    "ghp_tooshort",
    'tokenizer = "bert-base-multilingual-uncased-v2"',
    "commit 1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b",
]


@pytest.mark.parametrize("kind", REAL)
def test_a_secret_in_a_file_is_masked_and_said(use, project, kind):
    (project / "notes.py").write_text(f"# before\n{REAL[kind]}\n# after\n")
    result = use("read_file", path="notes.py")
    hidden = re.findall(
        r"[A-Za-z0-9+/_-]{16,}", REAL[kind].split("://")[-1].split("= ")[-1].split("-----\n")[-1]
    )
    assert result.ok
    assert MARK in result.text and kind in result.text
    assert not any(each in result.text for each in hidden if each != "aws_secret_access_key")
    assert "# before" in result.text and "# after" in result.text


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text):
    assert mask(text).text == text


def test_no_naughty_string_and_none_of_our_own_code_is_taken_for_a_secret(root):
    files = [*(root / "core").rglob("*.py"), *(root / "agents").rglob("*.py"), *(root / "docs").glob("*.md")]
    assert len(files) > 50
    assert {
        str(each): mask(each.read_text("utf-8")).kinds
        for each in files
        if mask(each.read_text("utf-8")).kinds
    } == {}


@pytest.mark.parametrize("text", [
    "-----BEGIN PRIVATE KEY-----" * 4_000, "eyJ" + "a" * 90_000, "://a:" * 20_000, "secret" * 15_000,
    "token='" + "a" * 90_000, "eyJaaaaaaaaaaa." * 6_000, "password" + " " * 90_000, "AKIA" * 25_000,
])  # fmt: skip
def test_no_text_takes_long_to_look_through(text):
    began = time.process_time()
    mask(text)
    assert time.process_time() - began < 2.0


def test_a_hidden_file_cannot_be_had_by_any_tool(needs_bubblewrap, use, project):
    (project / ".env").write_text("DEBUG=1\nDB_PASSWORD=hunter2hunter2\n")
    (project / "app.py").write_text("URL = 'x'  # hunter2hunter2 is in here too\n")
    (project / "again").symlink_to(".env")
    refused = [use("read_file", path=path) for path in (".env", "./.env", "again")]
    assert all(not each.ok and "hidden" in each.text and "show" in each.text for each in refused)
    tried = [
        use("search_files", pattern="hunter|PASSWORD"),
        use("run_command", command="cat .env again; cp .env copy; cat copy; base64 .env; grep -r hunter ."),
        use("edit_file", path=".env", old="DEBUG=1", new="DEBUG=2"),
        use("write_file", path=".env", content="DEBUG=2\n"),
        use("git_diff"),
        use("read_file", path="app.py"),
    ]
    assert not [each.text for each in tried if "hunter2" in each.text]
    assert use("run_command", command="cat .env again | wc -c").text.split()[-1] == "0"
    assert MARK in tried[-1].text
    assert (project / ".env").read_text() == "DEBUG=1\nDB_PASSWORD=hunter2hunter2\n"


def test_a_name_alone_hides_nothing(use, project):
    files = {
        ".env": "DEBUG=1\nPORT=8080\nTOKEN=\nAPI_KEY=changeme\n",
        "secrets.py": 'def read_secret(name: str) -> str: return ""\n',
        "server.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        ".npmrc": "registry=https://registry.example.org\n",
        "credentials.md": "How credentials work\n",
    }
    for name, text in files.items():
        (project / name).write_text(text)
    (project / "tests").mkdir()
    (project / "tests" / "server.key").write_text(PRIVATE)
    for name, text in files.items():
        assert text.splitlines()[0] in use("read_file", path=name).text
    assert use("run_command", command="cat .env | wc -l").text.split()[-1] == "4"
    assert "BEGIN OPENSSH" in use("read_file", path="tests/server.key").text
    assert LINE not in use("read_file", path="tests/server.key").text


def test_the_user_can_show_and_hide_files(needs_bubblewrap, use, project, policy):
    (project / ".env").write_text("DB_PASSWORD=hunter2hunter2\n")
    (project / "plan.txt").write_text("internal words\n")
    policy('[sandbox]\nshow = [".env"]\nhide = ["plan.*"]\n')
    assert use("read_file", path=".env").ok
    assert "hidden" in use("read_file", path="plan.txt").text
    assert "internal" not in use("run_command", command="cat plan.txt").text


def test_the_mark_is_never_written_over_a_secret(use, project):
    (project / "settings.py").write_text(f"TOKEN = '{TOKEN}'\nPORT = 1\n")
    assert MARK in use("read_file", path="settings.py").text
    refused = use("write_file", path="settings.py", content=f"TOKEN = '{MARK}'\nPORT = 2\n")
    assert not refused.ok and "destroy" in refused.text
    assert use("edit_file", path="settings.py", old="PORT = 1", new="PORT = 2").ok
    assert use("run_command", command=f"grep -c {TOKEN[:12]} settings.py").text.split()[-1] == "1"


def test_a_secret_of_our_own_environment_is_masked_wherever_it_turns_up(use, project, monkeypatch):
    monkeypatch.setenv("SOME_SERVICE_TOKEN", "zebra-quartz-1492-lantern")
    (project / "log.txt").write_text("called with zebra-quartz-1492-lantern today\n")
    assert "zebra" not in use("read_file", path="log.txt").text


@pytest.mark.parametrize("kind", REAL)
def test_a_diff_goes_on_record_without_secrets_and_is_applied_with_them(kind, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    secret = REAL[kind]
    lines = [line for line in secret.split("\n") if len(line) > 12 and not line.startswith("-----")]
    old = f"one\n{secret}\nthree\n"
    new = f"{secret}\none\n{secret}\nTHREE\n"
    (project / "a.txt").write_text(old)
    stage = Stage.create(project, tmp_path / "stage")
    stage.write("a.txt", new.encode())
    stage.write("new.txt", new.encode())
    stage.record(["a.txt", "new.txt"], run="r1", node="n", role="n", message="m")
    author = {"run": "r1", "node": "n", "role": "n"}
    for path in ("a.txt", "new.txt"):
        event, plain = told(stage, path, author), stage.change(path)
        assert MARK in event.patch and "secrets masked" in event.marks
        assert not [line for line in lines if line in event.patch]
        assert event.patch.count("\n") == plain.patch.count("\n")
        for hunk in event.hunks:
            assert len(lines_of(event.patch, hunk)) == hunk.old_lines + hunk.new_lines
    assert stage.change("a.txt").new == new.encode() and stage.change("new.txt").new == new.encode()
    (project / "a.txt").write_text(old.replace("three", "drei"))
    found, *_ = conflict(stage, "a.txt", meeting_of(stage, stage.change("a.txt")))
    assert MARK in found.text and not [line for line in lines if line in found.text]
    assert found.text.count("<<<<<<<") == found.text.count(">>>>>>>") == found.regions
