"""How Bedrock is reached: region, credentials and endpoint by the standard AWS settings, or the rehearsal.

Only this module makes boto3 sessions. Every client tries once: retries are ours and on record.
"""

import os
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import msgspec
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, PartialCredentialsError, ProfileNotFound

from agents.stopping import watch_connections
from core.events import Backend
from core.faults import Fault
from core.limits import limits

ENDPOINT = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
BEARER = "AWS_BEARER_TOKEN_BEDROCK"
REHEARSAL_REGION = "us-east-1"
POOL = 64
"""Connections kept open, as many as the engine has threads for streams."""


class Connection(msgspec.Struct, frozen=True):
    """Everything a Bedrock client needs."""

    session: "OneClient"
    region: str
    backend: Backend
    endpoint: str | None = None
    api_key: str | None = None
    """Set where a bearer token must go to an endpoint without TLS, which botocore itself refuses."""

    def client_config(self) -> Config:
        """Settings of every client: one attempt, generous silence, many connections."""
        model = limits().model
        signing: dict[str, Any] = {"signature_version": "v4"} if self.backend == "rehearsal" else {}
        if self.api_key:
            signing = {"signature_version": UNSIGNED}
        return Config(
            connect_timeout=model.connect_seconds,
            read_timeout=model.first_byte_seconds,
            max_pool_connections=POOL,
            retries={"total_max_attempts": 1, "mode": "standard"},
            tcp_keepalive=True,
            **signing,
        )


class OneClient:
    """A `boto3.Session` for models: it makes one client, which serves all nodes of all runs.

    A client costs a tenth of a second to make, may be used by many threads, and keeps its connections.
    """

    def __init__(self, session: boto3.Session, api_key: str | None = None) -> None:
        self._session = session
        self._api_key = api_key
        self._client: Any = None
        self._turn = threading.Lock()

    @property
    def region_name(self) -> str:
        return str(self._session.region_name)

    def client(self, service_name: str, **settings: Any) -> Any:
        """The client for Bedrock Runtime. The first call's settings count."""
        with self._turn:
            if self._client is None:
                self._client = self._session.client(service_name, **settings)
                watch_connections(self._client)
                if self._api_key:
                    self._client.meta.events.register(f"before-send.{service_name}.*", self._sign)
            return self._client

    def control(self, seconds: float) -> Any:
        """A client for what Bedrock says of models and accounts, each of whose requests ends after so long."""
        config = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
        with self._turn:
            return self._session.client("bedrock", config=config)

    def _sign(self, request: Any, **_: Any) -> None:
        request.headers["Authorization"] = f"Bearer {self._api_key}"


def connect(environ: Mapping[str, str] = os.environ) -> Connection:
    """Connect through the standard AWS chain. No request is made.

    Raises:
        Fault: no_region, bad_profile.
    """
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    try:
        session = boto3.Session(region_name=region)
    except ProfileNotFound as error:
        raise Fault("bad_profile", str(error)) from error
    if not session.region_name:
        raise Fault("no_region")
    endpoint = environ.get(ENDPOINT) or environ.get("AWS_ENDPOINT_URL") or None
    plain = endpoint is not None and urlsplit(endpoint).scheme == "http"
    api_key = environ.get(BEARER) if plain else None
    return Connection(
        session=OneClient(session, api_key),
        region=session.region_name,
        backend="endpoint" if endpoint else "bedrock",
        endpoint=endpoint,
        api_key=api_key,
    )


def connect_nowhere() -> Connection:
    """No way to Bedrock: for a roster whose models are all elsewhere. AWS settings are not looked at."""
    fixed = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
    inner = botocore.session.Session(session_vars=fixed)
    session = boto3.Session(botocore_session=inner, region_name=REHEARSAL_REGION)
    return Connection(session=OneClient(session), region=REHEARSAL_REGION, backend="endpoint")


def connect_rehearsal(url: str) -> Connection:
    """Connect to the rehearsal with dummy keys; the user's AWS settings are not looked at."""
    fixed = {
        "profile": (None, None, None, None),
        "region": (None, None, REHEARSAL_REGION, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
        "ignore_configured_endpoint_urls": (None, None, True, None),
    }
    inner = botocore.session.Session(session_vars=fixed)
    inner.set_credentials("rehearsal", "rehearsal")
    session = boto3.Session(botocore_session=inner, region_name=REHEARSAL_REGION)
    return Connection(session=OneClient(session), region=REHEARSAL_REGION, backend="rehearsal", endpoint=url)


def find_credentials(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether any credentials are configured, valid or not. Asks the instance's metadata service last.

    Raises:
        Fault: bad_profile.
    """
    if environ.get(BEARER):
        return True
    try:
        return boto3.Session().get_credentials() is not None
    except ProfileNotFound as error:
        raise Fault("bad_profile", str(error)) from error
    except PartialCredentialsError as error:
        raise Fault("bad_credentials", str(error)) from error
    except BotoCoreError:
        return True
