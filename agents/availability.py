"""What AWS says of an account and a model, for nothing: Bedrock's own answer about agreements, rights and regions.

It is what the account may do. Whether a call really comes through is known only once it was made (`agents/probing.py`).
"""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from agents.aws import Connection
from agents.faults import understand
from agents.providers import split_provider
from agents.roster import Roster
from core.limits import limits
from core.prices import split_prefix
from core.rosters import Account

NO_CREDENTIALS = "no AWS credentials are set up here"
ELSEWHERE = "it is not a model of Bedrock's, and its endpoint knows no accounts"
_OWN_ENDPOINT = "calls go to {}, and what AWS says holds for AWS only"
_HIDDEN = "the profile hides its model: name that under [profiles] in config.toml"
_REFUSED = "these credentials may not ask (the permission is bedrock:GetFoundationModelAvailability)"
_SLOW = "AWS did not answer within {:g} seconds"
_CONTROL = ("AWS_ENDPOINT_URL_BEDROCK", "AWS_ENDPOINT_URL")
_AGREEMENTS = {
    "NOT_AVAILABLE": Account(
        False, "its agreement is not accepted: ask for access to the model in the console"
    ),
    "PENDING": Account(False, "its agreement is under way: try again in some minutes"),
}


def ask_account(
    models: Iterable[str],
    roster: Roster,
    connection: Connection | None,
    environ: Mapping[str, str],
    *,
    why: str = NO_CREDENTIALS,
) -> dict[str, Account]:
    """What is known of each model, all asked side by side, in `limits().model.account_seconds` at the most.

    Args:
        connection: the way to AWS; None where there is none.
        why: there is none.
    """
    found: dict[str, Account] = {}
    asking: dict[str, str] = {}
    for model in models:
        base = split_prefix(roster.catalog.base(model))[1]
        if split_provider(model)[0] != "bedrock":
            found[model] = Account(None, ELSEWHERE)
        elif connection is None:
            found[model] = Account(None, why)
        elif connection.endpoint and not any(environ.get(name) for name in _CONTROL):
            found[model] = Account(None, _OWN_ENDPOINT.format(connection.endpoint))
        elif base.count(".") != 1 and base not in roster.catalog.cards:
            found[model] = Account(None, _HIDDEN)
        else:
            asking[model] = base
    return {**found, **(_ask_all(asking, connection) if connection is not None and asking else {})}


def _ask_all(asking: Mapping[str, str], connection: Connection) -> dict[str, Account]:
    """In threads that nobody waits for any longer than the limit: they end with the process."""
    seconds = limits().model.account_seconds
    until = time.monotonic() + seconds
    answers: dict[str, Account] = {}
    ended = threading.Semaphore(0)

    def ask(model: str) -> None:
        answers[model] = _ask(connection, seconds, model, asking[model])
        ended.release()

    for model in asking:
        threading.Thread(target=ask, args=(model,), daemon=True).start()
    for _ in asking:
        if not ended.acquire(timeout=max(0.0, until - time.monotonic())):
            break
    slow = Account(None, _SLOW.format(seconds))
    return {model: answers.get(model, slow) for model in asking}


def _ask(connection: Connection, seconds: float, model: str, base: str) -> Account:
    try:
        client = connection.session.control(seconds)
        return _read(client.get_foundation_model_availability(modelId=base), model, connection.region)
    except (ReadTimeoutError, ConnectTimeoutError):
        return Account(None, _SLOW.format(seconds))
    except (BotoCoreError, ClientError) as error:
        return _failed(error, model, connection.region)


def _failed(error: Exception, model: str, region: str) -> Account:
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else ""
    if code == "ResourceNotFoundException":
        return Account(False, f"AWS knows no such model in {region}")
    if code == "AccessDeniedException":
        return Account(None, _REFUSED)
    return Account(None, understand(error, model=model, region=region).message.rstrip("."))


def _read(answer: Mapping[str, Any], model: str, region: str) -> Account:
    """What the four answers together mean."""
    agreement = answer.get("agreementAvailability") or {}
    status = str(agreement.get("status", ""))
    if status in _AGREEMENTS:
        return _AGREEMENTS[status]
    if answer.get("authorizationStatus") == "NOT_AUTHORIZED":
        return Account(False, "the account is not authorised for it")
    if answer.get("entitlementAvailability") == "NOT_AVAILABLE":
        return Account(False, "access to it is not granted: ask for it in the console")
    if answer.get("regionAvailability") == "NOT_AVAILABLE":
        return _outside(model, region)
    if status != "AVAILABLE":
        return Account(None, str(agreement.get("errorMessage") or "AWS could not tell about its agreement"))
    return Account(True)


def _outside(model: str, region: str) -> Account:
    """A region that does not have it: a profile may reach other regions."""
    if split_prefix(model)[0]:
        return Account(
            None, f"{region} itself does not have it, and the profile may reach a region that does"
        )
    return Account(False, f"{region} does not have it")
