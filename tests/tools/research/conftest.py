"""The public services, played on loopback as they really answer, and a user who says what may be contacted."""

import gzip
import json
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.paths import find_home
from core.sandbox import open_sandbox
from core.stage import Stage
from tools.consent import THIS_PROJECT
from tools.registry import call


@dataclass
class Reply:
    """What a path is answered with."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    gzipped: bool = False
    hold: threading.Event | None = None

    def data(self) -> tuple[bytes, dict[str, str]]:
        headers = dict(self.headers)
        if isinstance(self.body, bytes):
            data = self.body
        elif isinstance(self.body, str):
            data = self.body.encode()
            headers.setdefault("Content-Type", "text/html; charset=utf-8")
        else:
            data = json.dumps(self.body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self.gzipped:
            data = gzip.compress(data)
            headers["Content-Encoding"] = "gzip"
        return data, headers


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


class Web:
    """A server whose pages a test writes."""

    def __init__(self) -> None:
        self.pages: dict[str, Reply] = {}
        self.seen: list[Seen] = []
        web = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.answer(self)

            do_POST = do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.seen.append(
            Seen(
                request.command,
                parts.path,
                parse_qs(parts.query),
                headers,
                json.loads(body) if body else None,
            )
        )
        reply = self.pages.get(parts.path, Reply({"error": "not found"}, 404))
        if reply.hold is not None:
            reply.hold.wait(30)
        data, more = reply.data()
        try:
            request.send_response(reply.status)
            for name, value in {"Content-Length": str(len(data)), **more}.items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(b"" if request.command == "HEAD" else data)
        except OSError:
            pass  # who asked has gone

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def make_web():
    made: list[Web] = []

    def make() -> Web:
        made.append(Web())
        return made[-1]

    yield make
    for each in made:
        for reply in each.pages.values():
            if reply.hold is not None:
                reply.hold.set()
        each.close()


@pytest.fixture
def web(make_web, settings) -> Web:
    """All services are here, and may be contacted although it is loopback."""
    one = make_web()
    settings(one)
    for name in list(os.environ):
        assert not name.startswith(("TAVILY", "BRAVE"))
    return one


@pytest.fixture
def settings(monkeypatch):
    """Write the user's research.toml."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("TAVILY_API_KEY", "BRAVE_API_KEY", "BRAVE_SEARCH_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def write(*webs: Web, more: str = "") -> None:
        folder = find_home().config
        folder.mkdir(parents=True, exist_ok=True)
        services = (
            "tavily",
            "brave",
            "searxng",
            "stackexchange",
            "pypi",
            "npm",
            "crates",
            "go",
            "docs_rs",
            "pkg_go",
            "osv",
        )
        hosts = "\n".join(f'{name} = "{webs[0].url}/{name}"' for name in services) if webs else ""
        private = json.dumps([each.host for each in webs])
        text = f"{more}\nprivate = {private}\n[hosts]\n{hosts}\n"
        Path(folder / "research.toml").write_text(text)

    return write


@dataclass
class User:
    """Answers questions, and remembers them."""

    answer: str = THIS_PROJECT
    answers: dict[str, str] = field(default_factory=dict)
    """Other answers to some kinds of questions."""
    questions: list[str] = field(default_factory=list)
    about: list[dict[str, Any]] = field(default_factory=list)

    async def ask(self, text: str, choices: tuple[str, ...], **about: Any) -> str:
        answer = self.answers.get(about.get("kind", ""), self.answer)
        assert answer in choices
        self.questions.append(text)
        self.about.append(about)
        return answer


@pytest.fixture
def user() -> User:
    return User()


@pytest.fixture
def bench(bench, user):
    return replace(bench, ask=user.ask)


@pytest.fixture
def use_as(bench):
    """Call a tool in another run or role, or with nobody to ask."""

    def make(**changes: Any):
        other = replace(bench, **changes)

        async def carry_out(name: str, /, **arguments: Any):
            return await call(name, arguments, other)

        return carry_out

    return make


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def needs(monkeypatch):
    """Skip unless a program is here; one below /tmp is made readable for commands, as a user would."""

    def check(name: str) -> str:
        found = shutil.which(name)
        if not found or subprocess.run([found, "--version"], capture_output=True, check=False).returncode:
            pytest.skip(f"{name} is not installed here")
        real = Path(found)
        if real.is_relative_to("/tmp"):
            policy = find_home().config / "policy.toml"
            policy.parent.mkdir(parents=True, exist_ok=True)
            policy.write_text(f"[sandbox]\nreadable = [{json.dumps(str(real.parents[1]))}]\n")
        return found

    return check


@pytest.fixture
def index(web, reply, monkeypatch):
    """All package managers ask the test's own server."""
    settings = {
        "PIP_INDEX_URL": f"{web.url}/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": "",
        "UV_DEFAULT_INDEX": f"{web.url}/simple", "npm_config_registry": web.url, "GOPROXY": f"{web.url}/go",
        "GOSUMDB": "off",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def publish(pages: dict[str, bytes]) -> None:
        for path, body in pages.items():
            kind = "text/html" if path.startswith("/simple") else "application/octet-stream"
            web.pages[path] = reply(body, headers={"Content-Type": kind})

    return publish


@pytest.fixture
def again(bench, project, tmp_path):
    """A workbench over the project as it is by then."""

    def make():
        stage = Stage.create(project, tmp_path / "stage2")
        sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
        return replace(bench, stage=stage, sandbox=sandbox)

    return make
