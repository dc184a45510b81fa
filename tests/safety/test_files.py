"""Files by tools and by commands: nothing outside, nothing that hangs, nothing that turns up between check and use."""

import os
import socket
import threading
import zipfile

import pytest

from core.sandbox.layer import Way

OUT = (
    "../outside.txt",
    "{outside}",
    "sub/../../outside.txt",
    "link",
    "folder/outside.txt",
    "/proc/self/cwd/../outside.txt",
)


@pytest.fixture
def outside(tmp_path, project):
    """A file beside the project, and links to it in the project."""
    file = tmp_path / "outside.txt"
    file.write_text("canary outside\n")
    (project / "link").symlink_to(file)
    (project / "folder").symlink_to(tmp_path)
    return file


@pytest.mark.parametrize("path", OUT)
def test_no_tool_reads_or_writes_outside(use, outside, path):
    place = path.format(outside=outside)
    for name, arguments in (
        ("read_file", {}),
        ("write_file", {"content": "evil"}),
        ("edit_file", {"old": "canary", "new": "evil"}),
        ("search_files", {"pattern": "canary"}),
        ("list_directory", {}),
        ("git_blame", {}),
    ):
        result = use(name, path=place, **arguments)
        assert not result.ok
        assert "canary outside" not in result.text
    assert outside.read_text() == "canary outside\n"


@pytest.mark.parametrize("path", OUT)
def test_no_command_reads_or_writes_outside(confined, shell, outside, path):
    place = path.format(outside=outside)
    ended = shell(confined, f"cat '{place}'; echo evil > '{place}'")
    assert "canary outside" not in ended.output
    assert outside.read_text() == "canary outside\n"


def test_a_link_that_a_command_made_leads_no_tool_out(needs_bubblewrap, use, outside):
    assert use("run_command", command=f"rm app.py; ln -s '{outside}' app.py; ln '{outside}' hard; ls").text
    for path in ("app.py", "hard"):
        assert not use("read_file", path=path).ok
    assert not use("write_file", path="app.py", content="evil").ok
    assert outside.read_text() == "canary outside\n"


def test_devices_fifos_and_archives_do_no_harm(use, project):
    os.mkfifo(project / "pipe")
    (project / "zero").symlink_to("/dev/zero")
    with (project / "sparse.txt").open("wb") as file:
        file.truncate(90_000_000)
    with zipfile.ZipFile(project / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", b"\0" * 20_000_000)
    for path in ("pipe", "zero", "sparse.txt", "bomb.zip"):
        assert not use("read_file", path=path).ok
    use("run_command", command="mkfifo made; ln -s /dev/zero more")
    for path in ("made", "more"):
        assert not use("read_file", path=path).ok
    assert use("search_files", pattern="hello").ok


def serve_at(path) -> socket.socket:
    """A server at a path that may be longer than sockets allow."""
    folder = os.open(path.parent, os.O_PATH)
    try:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path)) if len(str(path)) < 100 else listener.bind(
            f"/proc/self/fd/{folder}/{path.name}"
        )
        listener.listen()
    finally:
        os.close(folder)
    return listener


KNOCK = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('local/x.sock'); print('connected')"


@pytest.mark.parametrize("protected", [True, False])
def test_a_socket_in_an_ignored_folder_cannot_be_reached(request, project, shell, monkeypatch, protected):
    """A read-only folder does not stop it: without the cover it works. (A layer does, by accident: there is none here.)"""
    monkeypatch.setattr("core.sandbox.layer.find_way", lambda _: Way(reason="not in this test"))
    (project / ".gitignore").write_text("local/\n")
    (project / "local").mkdir()
    (project / "local" / "data").write_text("visible\n")
    if not protected:
        monkeypatch.setattr("core.sandbox.mounts.listening", list)
    with serve_at(project / "local" / "x.sock"):
        sandbox = request.getfixturevalue("confined")
        ended = shell(sandbox, f'cat local/data; python3 -c "{KNOCK}"')
    assert ended.output.startswith("visible\n")
    assert ("connected" in ended.output) is not protected


def test_a_granted_folder_can_be_read_or_written_as_granted(
    project, request, shell, tmp_path, policy, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", "sqlite://")
    for name in ("data", "cache", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    policy(
        f'[sandbox]\nreadable = ["{tmp_path}/data"]\n'
        f'[roles.test_engineer]\nwritable = ["{tmp_path}/cache"]\nenvironment = ["DATABASE_*"]\n'
    )
    confined = request.getfixturevalue("confined")
    words = "; ".join(
        f"cat {tmp_path}/{name}/file; echo x > {tmp_path}/{name}/new" for name in ("data", "cache", "other")
    )
    everyone = shell(confined, words + "; env")
    tester = shell(confined.of("test_engineer"), words + "; env")
    assert everyone.output.startswith("data") and "cache" not in everyone.output.split("PATH")[0].replace(
        "/cache", ""
    )
    assert "DATABASE_URL" not in everyone.output and "DATABASE_URL=sqlite://" in tester.output
    assert [(tmp_path / name / "new").exists() for name in ("data", "cache", "other")] == [False, True, False]


def test_a_file_that_changes_between_check_and_use_never_leads_out(use, project, outside):
    """One thread swaps a file for a link to the outside and back while a tool reads it."""
    assert use("list_directory").ok
    tree = next(project.parent.glob("stage/tree"), None) or next(project.parent.glob("stage/*/app.py")).parent
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (tree / "new").unlink(missing_ok=True)
            (tree / "new").symlink_to(outside)
            (tree / "new").replace(tree / "app.py")
            (tree / "plain").write_text("plain\n")
            (tree / "plain").replace(tree / "app.py")

    racer = threading.Thread(target=swap)
    racer.start()
    try:
        said = [use("read_file", path="app.py").text for _ in range(60)]
        for _ in range(30):
            use("write_file", path="app.py", content="evil")
    finally:
        done.set()
        racer.join()
    assert not [each for each in said if "canary" in each]
    assert any("plain" in each for each in said)
    assert outside.read_text() == "canary outside\n"
