"""What every test gets: a home, a folder and an environment of its own, so that nothing leaks in or out."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

_FOREIGN = (
    "AWS_",
    "OPENAI_",
    "HEDDLE_",
    "STRANDS_",
    "GIT_",
    "PYTHON",
    "OTEL_",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLORTERM",
)


def pytest_collection_finish() -> None:
    """What is imported by now stays: looking through it for garbage again and again took a sixth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Home, cwd, locale, time zone and AWS settings belong to the test; returns the home folder."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            monkeypatch.delenv(name)
    settings = {
        "HOME": str(home),
        "HEDDLE_HOME": str(home / "heddle"),
        "XDG_RUNTIME_DIR": "",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(home / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws-credentials"),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHONHASHSEED": "0",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path_factory.mktemp("cwd")
    monkeypatch.chdir(folder)
    return home


@pytest.fixture(scope="session")
def needs_bubblewrap() -> None:
    """Skips where bubblewrap does not work; in CI that is a failure."""
    from tests.support.sandboxed import require_bubblewrap

    require_bubblewrap()


@pytest.fixture
def heard() -> Iterator[None]:
    """What a test starts hears every signal, though who started the tests ignores some: `nohup`, a shell's `&`."""
    ignored = [
        n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
