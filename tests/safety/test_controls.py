"""What the attacks outside of the battery do where nothing protects: each is seen to succeed, so that it is one."""

import os
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from tests.safety.test_files import OUT

HANGS = 1.0
"""Seconds after which a program counts as hanging; the same program ends in hundredths where nothing attacks."""


def hangs(code: str, *words: str) -> bool:
    try:
        subprocess.run([sys.executable, "-c", code, *words], timeout=HANGS, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        return True
    return False


@pytest.mark.parametrize("path", OUT)
def test_paths_lead_out_of_a_folder_that_nobody_guards(project, tmp_path, path, monkeypatch):
    outside = tmp_path / "outside.txt"
    outside.write_text("canary outside\n")
    (project / "link").symlink_to(outside)
    (project / "folder").symlink_to(tmp_path)
    (project / "sub").mkdir()
    monkeypatch.chdir(project)
    place = project / path.format(outside=outside)
    place.write_text("evil")
    assert outside.read_text() == "evil"


def test_a_file_that_is_swapped_leads_out_whoever_checks_first(project, tmp_path):
    """Look, then read: between the two there is room for a link."""
    outside = tmp_path / "outside.txt"
    outside.write_text("canary outside\n")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (project / "new").symlink_to(outside)
            (project / "new").replace(project / "app.py")
            (project / "plain").write_text("plain\n")
            (project / "plain").replace(project / "app.py")

    racer = threading.Thread(target=swap)
    racer.start()
    try:
        seen = set()
        for _ in range(200_000):
            if not (project / "app.py").is_symlink():
                seen.add((project / "app.py").read_text())
            if "canary outside\n" in seen:
                break
    finally:
        done.set()
        racer.join()
    assert "canary outside\n" in seen


def test_a_hard_link_changes_both_names(project, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("canary")
    os.link(outside, project / "hard")
    (project / "hard").write_text("evil")
    assert outside.read_text() == "evil"


def test_a_fifo_and_a_device_keep_a_reader_waiting(project):
    os.mkfifo(project / "pipe")
    assert hangs("import sys; open(sys.argv[1]).read()", str(project / "pipe"))
    assert hangs("import sys\nfile = open(sys.argv[1], 'rb')\nwhile file.read(65536): pass", "/dev/zero")


def test_an_archive_grows_a_thousandfold(project):
    with zipfile.ZipFile(project / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", b"\0" * 20_000_000)
    with zipfile.ZipFile(project / "bomb.zip") as bomb:
        assert len(bomb.read("zeros")) > 500 * (project / "bomb.zip").stat().st_size


def test_a_pattern_never_ends():
    assert hangs("import re; re.search('(a+)+$', 'a' * 40 + '!')")
    assert re.search("(a+)+$", "a" * 40)


def test_a_process_survives_the_shell_that_started_it(tmp_path):
    note = tmp_path / "pid"
    subprocess.run(["sh", "-c", f"setsid sleep 600 >/dev/null 2>&1 & echo $! > '{note}'"], check=True)
    pid = int(note.read_text())
    try:
        while (
            "sleep" not in Path(f"/proc/{pid}/comm").read_text()
        ):  # its shell's copy, then setsid, then itself
            os.kill(pid, 0)
            os.sched_yield()
    finally:
        os.kill(pid, 9)
