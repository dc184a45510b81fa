"""What a node is asked to do goes on record, without secrets, so that it can be read beside what came of it."""

import asyncio

from agents.veil import secrets_of
from core.events import PromptGiven
from core.limits import limits
from core.run import Run
from core.sandbox.masking import mask
from core.text import clip


async def asked(run: Run, node: str, role: str, prompt: str) -> None:
    """Put a node's prompt on record. What is masked in it is told when it goes to the model."""
    text = await asyncio.to_thread(_masked, run, prompt)
    await run.emit(PromptGiven(run=run.id, node=node, role=role, text=text))


def _masked(run: Run, prompt: str) -> str:
    return clip(mask(prompt, secrets_of(run)).text, limits().record.prompt_characters)
