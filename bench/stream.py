"""One reply of 4,000 tokens, as fast as the endpoint can: the last token on Heddle's screen, against a bare
Strands agent that reads the same stream."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from _terminal import ROOT, Terminal, heddle, median

sys.path.insert(0, str(ROOT))

WORDS_IN_ALL = 2_850
"""About 4,000 tokens as the rehearsal counts them: four bytes each."""
RUNS = 3
REQUEST = "What does this project do"
WORDS = "the shuttle carries the weft through the shed and the reed beats it up to the fell of the cloth "


def script() -> str:
    text = (WORDS * (WORDS_IN_ALL // len(WORDS.split()) + 1)).split()[:WORDS_IN_ALL]
    lines = "\n\n".join(" ".join(text[start : start + 60]) for start in range(0, WORDS_IN_ALL, 60))
    return (
        f'name = "long"\ntitle = "A long reply"\nrequest = "{REQUEST}"\n[[turn]]\nrole = "researcher"\n'
        f"latency_ms = 0\ntext = '''\n{lines} lasttoken.'''\n"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "long.toml"
        path.write_text(script())
        floor = median([_bare(path) for _ in range(RUNS)])
        ours = median([_screen(path, home) for _ in range(RUNS)])
        print(
            f"4,000 tokens: last one on the screen after {ours:.2f} s; bare Strands {floor:.2f} s", end="; "
        )
        print(f"ratio {ours / floor:.2f} (aim 2)")


def _bare(path: Path) -> float:
    from strands import Agent
    from strands.models import BedrockModel

    from agents.aws import connect_rehearsal
    from agents.rehearsal import Rehearsal, load_script

    with Rehearsal([load_script(path)], speed=0) as server:
        connection = connect_rehearsal(server.url)
        model = BedrockModel(
            boto_session=connection.session,
            boto_client_config=connection.client_config(),
            endpoint_url=server.url,
            model_id="us.amazon.nova-lite-v1:0",
            max_tokens=10_000,
            additional_args={
                "requestMetadata": {"app": "heddle", "role": "researcher", "run": "r", "node": "n"}
            },
        )
        agent = Agent(model=model, callback_handler=None)

        async def read() -> float:
            started = time.perf_counter()
            async for _ in agent.stream_async(REQUEST):
                pass
            return time.perf_counter() - started

        return asyncio.run(read())


def _screen(path: Path, home: str) -> float:
    settings = {"HEDDLE_HOME": home, "HOME": home, "AWS_EC2_METADATA_DISABLED": "true"}
    terminal = Terminal(heddle("rehearse", str(path), "--speed", "0", "--screen"), settings)
    try:
        terminal.until("confined")
        terminal.drain(1)
        terminal.type(REQUEST)
        terminal.drain(0.5)
        terminal.painted = b""
        started = time.perf_counter()
        terminal.type("\r")
        terminal.until("lasttoken")
        return time.perf_counter() - started
    finally:
        terminal.end()


if __name__ == "__main__":
    main()
