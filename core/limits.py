"""The limits of `core/limits.toml`, typed."""

import tomllib
from functools import cache
from pathlib import Path

import msgspec


class RecordLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    patch_characters: int
    tool_output_characters: int
    live_output_characters: int
    argument_characters: int
    prompt_characters: int
    deltas_per_second: int
    step_paths: int


class ToolLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    output_characters: int
    file_bytes: int
    search_matches: int
    search_seconds: float
    list_entries: int
    command_seconds: float
    command_characters: int
    kept_characters: int
    kept_outputs: int
    own_seconds: float
    install_seconds: float
    tests_seconds: float
    web_seconds: float
    web_bytes: int
    web_redirects: int
    mcp_start_seconds: float
    mcp_seconds: float
    analysis_seconds: float
    outline_rows: int
    complexity_rows: int
    language_server_start_seconds: float
    language_server_seconds: float
    language_servers: int


class SandboxLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    output_bytes: int
    grace_seconds: float
    stop_grace_seconds: float
    processes: int
    file_bytes: int
    memory_bytes: int
    tmp_bytes: int
    cpu_seconds: int
    free_bytes: int
    shell_seconds: float
    commit_files: int
    commit_bytes: int


class StageLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file_bytes: int
    files: int
    depth: int
    hunks: int
    hunk_file_bytes: int
    hook_seconds: float
    progress_seconds: float


class RunLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rounds_before_escalation: int
    rounds: int
    node_turns: int
    node_segments: int
    output_tokens: int
    least_output_tokens: int
    ask_above_usd: str
    handoffs: int
    ping_pong: int
    routed_characters: int
    handoff_characters: int
    earlier_handoff_characters: int
    diff_characters: int
    rejections: int
    rejection_characters: int
    listing_characters: int
    report_characters: int
    stop_seconds: float


class WatchLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    folders: int
    blind_seconds: float
    least_seconds: float
    rest: float


class EscalationLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    same_calls: int
    failed_edits: int
    steps: int


class RetryLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    attempts: int
    base_seconds: float
    cap_seconds: float
    total_seconds: float


class CacheLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alarm_calls: int
    pause_seconds: float
    look_back_blocks: int


class ModelLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    connect_seconds: float
    first_byte_seconds: float
    account_seconds: float


class LinkLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    engine_start_seconds: float
    engine_end_seconds: float
    deserted_seconds: float
    wind_down_seconds: float
    line_bytes: int
    connect_seconds: float
    grace_seconds: float


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    record: RecordLimits
    tools: ToolLimits
    sandbox: SandboxLimits
    stage: StageLimits
    watch: WatchLimits
    run: RunLimits
    escalation: EscalationLimits
    retry: RetryLimits
    cache: CacheLimits
    model: ModelLimits
    link: LinkLimits


@cache
def limits() -> Limits:
    """The shipped limits."""
    text = (Path(__file__).parent / "limits.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Limits)
