"""A session as a file for people (Markdown) or programs (JSON)."""

from collections.abc import Sequence
from pathlib import Path

from core.log import LogReader
from core.record import Record, encode_line
from core.view.items import RequestItem, RunEndItem, TextItem, ToolItem
from core.view.transcript import Transcript


async def read_all(log: Path) -> list[Record]:
    """Every record of a log that can be read; damaged ones are passed over.

    Raises:
        LogError: it cannot be read at all.
    """
    records: list[Record] = []
    async with await LogReader.open(log, salvage=True) as reader:
        while batch := await reader.read(records[-1].seq if records else 0):
            records += batch
    return records


def as_json(records: Sequence[Record]) -> str:
    """All records as one array, each as the contract tells it."""
    return "[\n" + ",\n".join(encode_line(record) for record in records) + "\n]\n"


def as_markdown(session: str, records: Sequence[Record]) -> str:
    """The conversation: requests, what each node said and did, and how each run ended."""
    transcript = Transcript()
    for record in records:
        transcript.apply(record)
    parts = [f"# Session {session}\n"]
    for item in transcript.items:
        if isinstance(item, RequestItem):
            parts.append(f"\n## {item.text.strip()}\n")
        elif isinstance(item, TextItem) and item.kind == "text" and item.state == "finished":
            parts.append(f"\n**{item.role}**\n\n{item.text.strip()}\n")
        elif isinstance(item, ToolItem):
            parts.append(f"\n- `{item.tool}` {item.subject} ({item.state})\n")
        elif isinstance(item, RunEndItem):
            parts.append(f"\n*{item.status}*\n" + (f"\n{item.answer}\n" if item.answer else ""))
    return "".join(parts)
