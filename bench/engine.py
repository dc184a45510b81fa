"""The engine's own work: the processor time of one node's loop of 50 turns, every record durable, against a bare
Strands agent with the same prompt, the same tools and the same answers.

The endpoint runs in a process of its own, and each side in a fresh one: only its own time is counted, from the
request to the answer. `--profile` prints where ours goes.
"""

import asyncio
import cProfile
import json
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from _terminal import ROOT, median

sys.path.insert(0, str(ROOT))

TURNS = 50
RUNS = 5
ROLE = "researcher"
REQUEST = "What does this project do"
LINES = 60
"""Of the file that each turn reads: some 3 KB."""
WORDS = (
    "The shuttle carries the weft through the shed and the reed beats it up to the fell of the cloth. " * 3
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "loop.toml"
        script.write_text(_script())
        with subprocess.Popen(
            [sys.executable, __file__, "serve", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            times: dict[str, list[float]] = {"bare": [], "ours": []}
            for number in range(RUNS):
                for side, found in times.items():
                    found.append(_measure(side, url, Path(folder) / f"{side}{number}"))
            server.terminate()
    bare, ours = median(times["bare"]), median(times["ours"])
    print(
        f"{TURNS} turns with durable records: {ours * 1000:.0f} ms of processor time; bare Strands agent "
        f"{bare * 1000:.0f} ms; ratio {ours / bare:.2f} (aim 1.5)"
    )


def _measure(side: str, url: str, home: Path) -> float:
    project = home / "project"
    project.mkdir(parents=True)
    (project / "app.py").write_text("".join(f"VALUE_{n} = {n}  # {WORDS[:40]}\n" for n in range(LINES)))
    command = [sys.executable, __file__, side, url, str(project)]
    profile = ["--profile"] if "--profile" in sys.argv and side == "ours" else []
    done = subprocess.run(
        [*command, *profile], capture_output=True, text=True, check=True, env=_environment(home)
    )
    if profile:
        print(done.stderr)
    return float(done.stdout.splitlines()[-1])


def _environment(home: Path) -> dict[str, str]:
    import os

    settings = {"HEDDLE_HOME": str(home), "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    return {**os.environ, **settings, "PYTHONHASHSEED": "0"}


def _script() -> str:
    turn = f'[[turn]]\nrole = "{ROLE}"\nlatency_ms = 0\ntext = "{WORDS.strip()}"\n'
    reads = '[[turn.call]]\nname = "read_file"\narguments = {path = "app.py"}\n'
    turns = (turn + reads) * (TURNS - 1) + turn
    return f'name = "loop"\ntitle = "A loop"\nrequest = "{REQUEST}"\n{turns}'


def serve(script: str) -> None:
    """Play the script until we are ended."""
    from agents.rehearsal import Rehearsal, load_script

    with Rehearsal([load_script(Path(script))], speed=0) as server:
        print(server.url, flush=True)
        sys.stdin.read()


# -- the two sides -----------------------------------------------------------------------------------


async def bare(url: str, project: Path) -> Callable[[], Awaitable[None]]:
    """A Strands agent with the same prompt and tools."""
    from strands import Agent
    from strands.agent.conversation_manager import NullConversationManager
    from strands.models import BedrockModel

    from agents.aws import connect_rehearsal
    from agents.roster import load_roster
    from core.paths import find_home

    role = load_roster("current", config=find_home().config, region="us-east-1", scope="global")[ROLE]
    connection = connect_rehearsal(url)
    model = BedrockModel(
        boto_session=connection.session,
        boto_client_config=connection.client_config(),
        endpoint_url=url,
        model_id=role.model,
        max_tokens=role.output_tokens,
        additional_args={"requestMetadata": {"app": "heddle", "role": ROLE, "run": "r", "node": "n"}},
    )
    agent = Agent(
        model=model,
        system_prompt=role.prompt,
        tools=[_plain_tool(name, project) for name in role.tools],
        callback_handler=None,
        retry_strategy=None,
        conversation_manager=NullConversationManager(),
    )

    async def work() -> None:
        turns = 0
        async for event in agent.stream_async(f"# The request\n\n{REQUEST}"):
            turns += "messageStop" in event.get("event", {})
        assert turns == TURNS, turns

    return work


def _plain_tool(name: str, project: Path) -> Any:
    from strands.tools import PythonAgentTool

    from tools.registry import TOOLS, manual_of, schema_of

    def use(tool_use: Any, **_: Any) -> Any:
        text = (project / tool_use["input"]["path"]).read_text()
        return {"toolUseId": tool_use["toolUseId"], "status": "success", "content": [{"text": text}]}

    tool = TOOLS[name]
    spec = {"name": name, "description": manual_of(tool), "inputSchema": {"json": schema_of(tool)}}
    return PythonAgentTool(name, spec, use)  # type: ignore[arg-type]


async def ours(url: str, project: Path) -> Callable[[], Awaitable[None]]:
    """A session of Heddle, as the engine runs it."""
    from strands.models import BedrockModel

    from agents.aws import connect_rehearsal
    from agents.conductor import Conductor
    from agents.roster import load_roster
    from core.commands import SubmitRequest
    from core.events import ModelCalled, RunFinished
    from core.paths import find_home
    from core.prices import load_prices
    from core.session import Session, Settings

    home = find_home()
    roster = load_roster("current", config=home.config, region="us-east-1", scope="global")
    connection = connect_rehearsal(url)
    BedrockModel(  # makes the one client of all nodes, as the other side has its own before the request
        boto_session=connection.session,
        boto_client_config=connection.client_config(),
        endpoint_url=connection.endpoint,
        model_id=roster[ROLE].model,
    )
    team = Conductor(roster, connection, ask_above_usd="1000")
    settings = Settings(home=home, prices=load_prices(), allow_unconfined=True, interactive=True)
    session = await Session.open(settings, project=project, team=team)

    async def work() -> None:
        await session.submit(SubmitRequest(text=REQUEST))
        calls = 0
        async for record in session.records():
            calls += isinstance(record.event, ModelCalled)
            if isinstance(record.event, RunFinished):
                assert (record.event.status, calls) == ("done", TURNS), (record.event, calls)
                break
        await session.close()

    return work


async def _one(side: str, url: str, project: Path) -> float:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))
    work = await {"bare": bare, "ours": ours}[side](url, project)
    started = time.process_time()
    await work()
    return time.process_time() - started


def _profiled(side: str, url: str, project: Path) -> float:
    profile = cProfile.Profile()
    profile.enable()
    took = asyncio.run(_one(side, url, project))
    profile.disable()
    pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)
    pstats.Stats(profile, stream=sys.stderr).sort_stats("cumtime").print_stats(60)
    return took


if __name__ == "__main__":
    match [each for each in sys.argv[1:] if each != "--profile"]:
        case ["serve", path]:
            serve(path)
        case [which, address, place]:
            run = _profiled if "--profile" in sys.argv else lambda *given: asyncio.run(_one(*given))
            print(json.dumps(run(which, address, Path(place))))
        case _:
            main()
