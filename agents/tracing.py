"""Strands' traces: all messages of a conversation as JSON, twice for each call, also where no trace is recorded.

Left alone, that work grows with every turn of a node, and nobody reads it.
"""

from typing import Any

from strands.telemetry import tracer as telemetry


class QuietTracer(telemetry.Tracer):
    """Strands' tracer, which writes messages down only where somebody records spans."""

    def _add_event_messages(self, span: Any, messages: Any) -> None:
        if span.is_recording():
            super()._add_event_messages(span, messages)

    def _add_system_prompt_event(self, span: Any, *prompts: Any, **named: Any) -> None:
        if span.is_recording():
            super()._add_system_prompt_event(span, *prompts, **named)


def keep_quiet() -> None:
    """Let all agents of this process use it."""
    telemetry._tracer_instance = QuietTracer()
