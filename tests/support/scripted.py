"""Models of the rehearsal that say what a test has them say, and the environment that leads to them."""

from pathlib import Path

from agents.rehearsal import Script, load_script

ROUTED = """
[[turn]]
role = "router"
answer = { complexity = "SIMPLE", pattern = "graph", confidence = 0.9, reason = "One file." }
"""
APPROVED = """
[[turn]]
role = "code_reviewer"
answer = { approved = true, must_fix = [] }
"""


def simple(turns: str) -> str:
    """The turns of a request that one coder does and the reviewer approves; TOML."""
    return f"{ROUTED}{turns}{APPROVED}"


def script_in(folder: Path, turns: str) -> Script:
    """A script out of its turns in TOML, for the request `Do it`."""
    path = folder / "script.toml"
    path.write_text(f'name = "mine"\ntitle = "Mine"\nrequest = "Do it"\n{turns}', "utf-8")
    return load_script(path)


def bedrock_at(url: str) -> dict[str, str]:
    """What the environment holds of somebody whose Bedrock is at this address."""
    return {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
