"""`heddle models` without a call: what AWS says of the account for nothing, over a loopback control plane."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

YES = {
    "agreementAvailability": {"status": "AVAILABLE"},
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}


class Control:
    """Bedrock's control plane: what it says of each model, by a part of its id."""

    def __init__(self):
        self.asked = []
        self.answers = {}
        """Instead of yes: changes of the answer, an error as (status, code, message), or an event to wait for."""
        control = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                model = unquote(self.path.rpartition("/")[2])
                control.asked.append((model, self.headers.get("Authorization", "")))
                found = next((each for part, each in control.answers.items() if part in model), {})
                if isinstance(found, threading.Event):
                    self.trickle(found)
                    return
                status, body, code = 200, {"modelId": model, **YES}, ""
                if isinstance(found, tuple):
                    status, code, body = found[0], found[1], {"message": found[2]}
                else:
                    body |= found
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                if code:
                    self.send_header("x-amzn-ErrorType", code)
                self.end_headers()
                self.wfile.write(data)

            def trickle(self, enough):
                """A little of an answer now and then, so that no read takes long."""
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                with contextlib.suppress(OSError):
                    while not enough.wait(0.2):
                        self.wfile.write(b" ")

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def control(heddle):
    with Control() as server:
        heddle.settings |= {
            "AWS_ENDPOINT_URL_BEDROCK": server.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
        }
        yield server


def accounts(heddle, *args):
    result = heddle("models", *args, "--output", "json")
    assert result.code == 0, result.err
    return {
        line["model"].rpartition("/")[2].split(".")[-1]: line["account"] for line in json.loads(result.out)
    }


def test_every_model_is_asked_about_once_and_called_never(heddle, control):
    known = accounts(heddle)
    assert all(account == {"able": True, "reason": ""} for account in known.values())
    asked = [model for model, _ in control.asked]
    assert len(asked) == len(set(asked)) == len(known) == 6
    assert "anthropic.claude-sonnet-5-5" in asked, "by its own id, without the region's prefix"
    assert all("AWS4-HMAC-SHA256" in signed for _, signed in control.asked)
    text = heddle("models").out
    assert "This account can call 6 of 6 models" in text
    assert text.count("ok for this account") > 6
    assert "heddle models --check" in text


@pytest.mark.parametrize(
    ("answer", "able", "reason"),
    [
        ({"agreementAvailability": {"status": "NOT_AVAILABLE"}}, False, "agreement is not accepted"),
        ({"agreementAvailability": {"status": "PENDING"}}, False, "agreement is under way"),
        ({"agreementAvailability": {"status": "ERROR", "errorMessage": "no card"}}, None, "no card"),
        ({"authorizationStatus": "NOT_AUTHORIZED"}, False, "not authorised"),
        ({"entitlementAvailability": "NOT_AVAILABLE"}, False, "is not granted"),
        ({"regionAvailability": "NOT_AVAILABLE"}, None, "the profile may reach a region"),
        ((404, "ResourceNotFoundException", "no such model"), False, "knows no such model in us-east-1"),
        ((403, "AccessDeniedException", "no"), None, "bedrock:GetFoundationModelAvailability"),
        ((429, "ThrottlingException", "slow down"), None, ""),
        (
            (403, "ExpiredTokenException", "The security token included in the request is expired"),
            None,
            "expired",
        ),
    ],
)
def test_what_the_answer_means(answer, able, reason, heddle, control):
    control.answers["opus"] = answer
    known = accounts(heddle)
    opus = known.pop("claude-opus-5-5")
    assert opus["able"] is able
    assert reason in opus["reason"] and opus["reason"]
    assert all(account["able"] for account in known.values())


def test_a_model_of_one_region_that_this_one_lacks_cannot_be_called(heddle, control, config):
    names = [line["role"] for line in json.loads(heddle("models", "--offline", "--output", "json").out)]
    roles = "".join(f'{role} = ["vendor.plain-v1:0"]\n' for role in dict.fromkeys(names))
    config('title = "M"\n[roles]\n' + roles, "rosters/mine.toml")
    control.answers["plain"] = {"regionAvailability": "NOT_AVAILABLE"}
    (account,) = accounts(heddle, "--roster", "mine").values()
    assert account == {"able": False, "reason": "us-east-1 does not have it"}


def test_an_answer_that_does_not_come_is_not_waited_for_and_holds_up_no_other(heddle, control):
    slow = threading.Event()
    control.answers["opus"] = slow
    try:
        result = heddle("models")
    finally:
        slow.set()
    assert result.code == 0
    assert "This account can call 5 of 5 models" in result.out
    assert "not known: AWS did not answer within 4 seconds (global.anthropic.claude-opus-5-5)" in result.out
    assert "account: not known" in result.out


def test_reasons_stand_below_once_with_their_models(heddle, control):
    control.answers |= {"nova": {"entitlementAvailability": "NOT_AVAILABLE"}}
    text = heddle("models").out
    assert text.count("access to it is not granted") == 1
    assert "NOT FOR THIS ACCOUNT" in text
    assert "This account can call 3 of 6 models" in text


def test_without_credentials_nobody_is_asked(heddle, control):
    heddle.settings["AWS_ACCESS_KEY_ID"] = heddle.settings["AWS_SECRET_ACCESS_KEY"] = ""
    text = heddle("models").out
    assert "not known: no AWS credentials are set up here (all of them)" in text
    assert "This account can call" not in text
    assert control.asked == []


def test_an_endpoint_of_ones_own_has_no_account(heddle, control):
    """What AWS would say is about AWS: nobody is asked with the keys that are for another endpoint."""
    del heddle.settings["AWS_ENDPOINT_URL_BEDROCK"]
    heddle.settings["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = control.url
    text = heddle("models").out
    assert f"not known: calls go to {control.url}, and what AWS says holds for AWS only (all of them)" in text
    assert control.asked == []


def test_models_that_are_not_bedrocks_and_profiles_that_hide_theirs(heddle, control, config):
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12"
    names = [line["role"] for line in json.loads(heddle("models", "--offline", "--output", "json").out)]
    roles = "".join(f'{role} = ["{arn}", "openai:qwen3-coder:30b"]\n' for role in dict.fromkeys(names))
    config('title = "M"\n[roles]\n' + roles, "rosters/mine.toml")
    hidden = accounts(heddle, "--roster", "mine")
    assert {account["able"] for account in hidden.values()} == {None}
    assert "name that under [profiles]" in hidden["ab12"]["reason"]
    assert control.asked == []
    config(f'[profiles]\n"{arn}" = "us.amazon.nova-pro-v1:0"\n')
    assert accounts(heddle, "--roster", "mine")["ab12"]["able"] is True
    assert [model for model, _ in control.asked] == ["amazon.nova-pro-v1:0"]


def test_offline_asks_nobody(heddle, control):
    assert set(map(str, accounts(heddle, "--offline").values())) == {"None"}
    assert control.asked == []
