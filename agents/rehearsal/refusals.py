"""What Bedrock refuses, where that is known and cheap to check: the rehearsal refuses it too.

Every check takes the model's id and the Converse body, and gives the message of a
`ValidationException`, or nothing. Sources: the API's model in botocore, AWS's and Anthropic's
pages, and errors that were observed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
Version = tuple[int, int]

MALFORMED = "Malformed input request, please reformat your input and try again."
_METADATA = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TOOL_USE_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NO_STREAMED_TOOLS = ("meta.llama", "mistral.pixtral", "writer.palmyra")


def refusal(model: str, body: Any, *, streamed: bool) -> str | None:
    """Why Bedrock would refuse this call, or None. After None the body's shape can be relied on."""
    if not _is_well_formed(body):
        return MALFORMED
    if streamed and body.get("toolConfig") and any(name in model for name in _NO_STREAMED_TOOLS):
        return "This model doesn't support tool use in streaming mode."
    found = (check(model, body) for check in _CHECKS)
    return next((message for message in found if message is not None), None)


def refuses_counting(model: str) -> bool:
    """Claude 5 and later cannot be counted on this endpoint."""
    version = claude_version(model)
    return version is not None and version >= (5, 0)


def claude_version(model: str) -> Version | None:
    """`us.anthropic.claude-sonnet-4-5-20250929-v1:0` → (4, 5); None for other models."""
    match = re.search(r"claude-(?:[a-z]+-)?(\d+)(?:-(\d{1,2})(?!\d))?", model)
    return (int(match.group(1)), int(match.group(2) or 0)) if match else None


_OBJECTS = (
    "additionalModelRequestFields",
    "inferenceConfig",
    "outputConfig",
    "requestMetadata",
    "toolConfig",
)


def _is_well_formed(body: Any) -> bool:
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list) or not body["messages"]:
        return False
    if not all(isinstance(body.get(name) or {}, dict) for name in _OBJECTS):
        return False
    tools = (body.get("toolConfig") or {}).get("tools") or []
    return (
        all(_is_message(message) for message in body["messages"])
        and _are_blocks(body.get("system") or [])
        and _are_blocks(tools)
        and all(isinstance(tool.get("toolSpec", {}).get("name", ""), str) for tool in tools)
    )


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.get("role") in ("user", "assistant")
        and _are_blocks(message.get("content"))
        and all(_are_blocks(result.get("content")) for result in _blocks([message], "toolResult"))
    )


def _are_blocks(blocks: Any) -> bool:
    return isinstance(blocks, list) and all(
        isinstance(block, dict) and isinstance(block.get("text", ""), str) for block in blocks
    )


def _blocks(messages: Sequence[Json], kind: str) -> Iterator[Json]:
    for message in messages:
        yield from (block[kind] for block in message["content"] if kind in block)


def _check_first_message(model: str, body: Json) -> str | None:
    if body["messages"][0]["role"] != "user":
        return (
            "A conversation must start with a user message. "
            "Try again with a conversation that starts with a user message."
        )
    return None


def _check_blank_text(model: str, body: Json) -> str | None:
    for number, message in enumerate(body["messages"]):
        for place, block in enumerate(message["content"]):
            if "text" in block and not block["text"].strip():
                where = f"messages.{number}.content.{place}"
                return (
                    f"The text field in the ContentBlock object at {where} is blank. "
                    "Add text to the text field, and try again."
                )
    return None


def _check_tool_results(model: str, body: Json) -> str | None:
    messages = body["messages"]
    for number, message in enumerate(messages):
        before = messages[number - 1 : number]
        asked = {block.get("toolUseId") for block in _blocks(before, "toolUse")}
        given = [block.get("toolUseId") for block in _blocks([message], "toolResult")]
        where = f"messages.{number}.content"
        if missing := sorted(str(name) for name in asked - set(given)):
            return f"Expected toolResult blocks at {where} for the following Ids: {', '.join(missing)}"
        if len(given) > len(asked):
            return (
                f"The number of toolResult blocks at {where} exceeds "
                "the number of toolUse blocks of previous turn."
            )
    return None


def _check_tool_config(model: str, body: Json) -> str | None:
    used = any(True for kind in ("toolUse", "toolResult") for _ in _blocks(body["messages"], kind))
    if used and not body.get("toolConfig"):
        return "The toolConfig field must be defined when using toolUse and toolResult content blocks."
    return None


def _check_names(model: str, body: Json) -> str | None:
    tools = (body.get("toolConfig") or {}).get("tools") or []
    names = [str(tool["toolSpec"].get("name")) for tool in tools if "toolSpec" in tool]
    ids = [str(use.get("toolUseId")) for use in _blocks(body["messages"], "toolUse")]
    wrong = [name for name in names if not _TOOL_NAME.fullmatch(name)]
    wrong += [name for name in ids if not _TOOL_USE_ID.fullmatch(name)]
    if wrong:
        return (
            f"Value '{wrong[0]}' failed to satisfy constraint: Member must satisfy regular expression pattern"
        )
    return None


def _check_metadata(model: str, body: Json) -> str | None:
    metadata = body.get("requestMetadata")
    if metadata is None:
        return None
    pairs = [str(text) for pair in metadata.items() for text in pair]
    if not 1 <= len(metadata) <= 16 or not all(_METADATA.fullmatch(text) for text in pairs):
        return (
            "Value at 'requestMetadata' failed to satisfy constraint: "
            "1 to 16 entries of [a-zA-Z0-9\\s:_@$#=/+,-.]{0,256}"
        )
    return None


def _check_profile(model: str, body: Json) -> str | None:
    version = claude_version(model)
    if model.startswith("anthropic.") and version is not None and version >= (4, 0):
        return (
            f"Invocation of model ID {model} with on-demand throughput isn’t supported. Retry your request "
            "with the ID or ARN of an inference profile that contains this model."
        )
    return None


def _check_sampling(model: str, body: Json) -> str | None:
    if not _refuses_sampling(model):
        return None
    config = body.get("inferenceConfig") or {}
    extra = body.get("additionalModelRequestFields") or {}
    names = (("temperature", "temperature"), ("topP", "top_p"), ("top_k", "top_k"))
    for field, name in names:
        if field in config or name in extra:
            return f"`{name}` is deprecated for this model."
    return None


def _refuses_sampling(model: str) -> bool:
    version = claude_version(model)
    if version is None:
        return False
    since = {"opus": (4, 7), "sonnet": (5, 0), "haiku": (5, 5), "fable": (5, 0)}
    return any(f"claude-{name}" in model and version >= least for name, least in since.items())


def _check_prefill(model: str, body: Json) -> str | None:
    version = claude_version(model)
    if version is not None and version >= (4, 6) and body["messages"][-1]["role"] == "assistant":
        return (
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    return None


def _check_tool_choice(model: str, body: Json) -> str | None:
    choice = (body.get("toolConfig") or {}).get("toolChoice") or {}
    forced = next((kind for kind in ("any", "tool") if kind in choice), None)
    if forced is None:
        return None
    if "meta.llama" in model:
        field = f"toolConfig.toolChoice.{forced}"
        return f"This model doesn't support the {field} field. Remove {field} and try again."
    if re.search(r"claude-(opus|sonnet)-5-5|claude-fable", model):
        return 'tool_choice: type "tool" and "any" are not supported for this model.'
    return None


def _check_cache_points(model: str, body: Json) -> str | None:
    tools = (body.get("toolConfig") or {}).get("tools") or []
    points = list(_points(body))
    if not points:
        return None
    if "anthropic" in model or "claude" in model:
        return _check_lifetimes(model, body, len(points))
    if "amazon.nova" in model and not _is_misplaced_for_nova(body, tools):
        return None
    return (
        "Malformed input request: #: extraneous key [cachePoint] is not permitted, "
        "please reformat your input and try again."
    )


def _check_lifetimes(model: str, body: Json, count: int) -> str | None:
    """Claude takes four points, an hour from 4.5 on, and nothing for an hour behind what is for five minutes."""
    if count > 4:
        return f"A maximum of 4 cache points may be provided. Found {count}."
    times = [point["cachePoint"].get("ttl", "5m") for point in _points(body)]
    version = claude_version(model)
    if "1h" in times and version is not None and version < (4, 5):
        return "Malformed input request: #: extraneous key [ttl] is not permitted, please reformat your input and try again."
    if "1h" in times and "5m" in times[: len(times) - times[::-1].index("1h")]:
        return (
            "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks "
            "are processed in the following order: `tools`, `system`, `messages`."
        )
    return None


def _points(body: Json) -> Iterator[Json]:
    """Blocks that are cache points, in the order in which they are processed."""
    parts = [*((body.get("toolConfig") or {}).get("tools") or []), *(body.get("system") or [])]
    for block in (*parts, *(block for message in body["messages"] for block in message["content"])):
        if "cachePoint" in block:
            yield block


def _is_misplaced_for_nova(body: Json, tools: Sequence[Json]) -> bool:
    in_results = any(
        any("cachePoint" in block for block in message["content"])
        and any("toolResult" in block for block in message["content"])
        for message in body["messages"]
    )
    return in_results or any("cachePoint" in tool for tool in tools)


def _check_output_tokens(model: str, body: Json) -> str | None:
    wanted = (body.get("inferenceConfig") or {}).get("maxTokens")
    limit = 10_000 if re.search(r"nova-(micro|lite|pro)-v1", model) else None
    if wanted is not None and limit is not None and wanted > limit:
        return (
            f"The maximum tokens you requested exceeds the model limit of {limit}. "
            f"Try again with a maximum tokens value that is lower than {limit}."
        )
    return None


_CHECKS: tuple[Callable[[str, Json], str | None], ...] = (
    _check_profile,
    _check_metadata,
    _check_first_message,
    _check_blank_text,
    _check_tool_config,
    _check_names,
    _check_tool_results,
    _check_sampling,
    _check_prefill,
    _check_tool_choice,
    _check_cache_points,
    _check_output_tokens,
)
