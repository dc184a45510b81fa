"""A rehearsal to talk to, and the real clients to talk with."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from strands.models import BedrockModel

from agents.rehearsal import Rehearsal, Script
from agents.rehearsal.script import parse_script

CLAUDE = "us.anthropic.claude-sonnet-4-6"

HEAD = """
name = "greet"
title = "Greet"
request = "Greet the user"
"""


@pytest.fixture
def script() -> Callable[[str], Script]:
    """Make a script of turns in TOML."""
    return lambda turns: parse_script(HEAD + turns, "greet.toml")


@pytest.fixture
def play(script: Callable[[str], Script]) -> Iterator[Callable[..., Rehearsal]]:
    """Start a rehearsal of some turns; it ends with the test."""
    with ExitStack() as stack:

        def start(turns: str, *more: Script, speed: float = 0) -> Rehearsal:
            return stack.enter_context(Rehearsal([script(turns), *more], speed=speed))

        yield start


def settings(**more: Any) -> Config:
    return Config(
        retries={"total_max_attempts": 1},
        signature_version="v4",
        max_pool_connections=40,
        connect_timeout=5,
        **{"read_timeout": 20, **more},
    )


@cache
def session() -> boto3.Session:
    """One for all tests: reading the service's model takes longer than most of them."""
    return boto3.Session(
        aws_access_key_id="rehearsal", aws_secret_access_key="rehearsal", region_name="us-east-1"
    )


@pytest.fixture
def bedrock() -> Callable[..., Any]:
    """A boto3 client for a rehearsal."""
    return lambda rehearsal, **more: session().client(
        "bedrock-runtime", endpoint_url=rehearsal.url, config=settings(**more)
    )


@pytest.fixture
def strands_model() -> Callable[..., BedrockModel]:
    """Strands' own Bedrock model for a rehearsal, as a role of a run."""

    def make(
        rehearsal: Rehearsal, role: str = "fast_coder", model: str = CLAUDE, seconds: float = 20, **more: Any
    ) -> BedrockModel:
        return BedrockModel(
            boto_session=session(),
            boto_client_config=settings(read_timeout=seconds),
            endpoint_url=rehearsal.url,
            model_id=model,
            max_tokens=4000,
            additional_args={"requestMetadata": metadata(role)},
            **more,
        )

    return make


def metadata(role: str = "fast_coder", **more: str) -> dict[str, str]:
    base = {"app": "heddle", "session": "s1", "run": "r1", "node": role, "role": role, "round": "1"}
    return base | more


@pytest.fixture
def ask() -> Callable[..., dict[str, Any]]:
    """The arguments of a Converse call that a role makes."""

    def make(*messages: Any, role: str = "fast_coder", model: str = CLAUDE, **more: Any) -> dict[str, Any]:
        about = more.pop("metadata", metadata(role, **more.pop("about", {})))
        call: dict[str, Any] = {"modelId": model, "messages": [user("Greet the user"), *messages]}
        call["inferenceConfig"] = {"maxTokens": 4000}
        return call | ({"requestMetadata": about} if about else {}) | more

    return make


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


@pytest.fixture
def say() -> Callable[[str], dict[str, Any]]:
    """A user's message."""
    return user


@pytest.fixture
def exchange() -> Callable[..., list[dict[str, Any]]]:
    """One tool call of the model and its result."""

    def make(result: str = "done", name: str = "t1") -> list[dict[str, Any]]:
        use = {"toolUse": {"toolUseId": name, "name": "look", "input": {}}}
        given = {"toolResult": {"toolUseId": name, "content": [{"text": result}]}}
        return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [given]}]

    return make


@pytest.fixture
def tools() -> Callable[..., dict[str, Any]]:
    """A toolConfig of tools by name, each with the properties that it takes."""

    def make(choice: dict[str, Any] | None = None, **named: dict[str, Any]) -> dict[str, Any]:
        specs = [
            {
                "toolSpec": {
                    "name": name,
                    "description": name,
                    "inputSchema": {"json": {"type": "object", "properties": properties}},
                }
            }
            for name, properties in ({"look": {}} | named).items()
        ]
        return {"tools": specs} | ({"toolChoice": choice} if choice else {})

    return make


@pytest.fixture
def docs(request: pytest.FixtureRequest) -> str:
    """The page that tells users how to write a script."""
    return (Path(request.config.rootpath) / "docs/rehearsal.md").read_text("utf-8")
