"""Names, schemas and arguments of MCP tools, in a shape that every model family takes."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

_NAME_CHARACTERS = 64
_DEPTH = 6
_KEPT = ("type", "description", "enum", "items", "properties", "required", "minimum", "maximum", "pattern")
_PROPERTIES = 60


def safe_name(server: str, tool: str, taken: Collection[str]) -> str:
    """`mcp_github_create_issue`: lower case, 64 characters at most, and no other's."""
    whole = f"mcp_{_snake(server)}_{_snake(tool)}"
    if len(whole) <= _NAME_CHARACTERS and whole not in taken:
        return whole
    mark = hashlib.sha256(f"{server}\0{tool}".encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{whole[: _NAME_CHARACTERS - 7]}_{mark}"


def _snake(text: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_") or "x"


def flat_schema(schema: Any) -> dict[str, Any]:
    """An object schema with `type`, `properties` and `required` on top, and no references below."""
    whole = _resolved(schema, schema, _DEPTH) if isinstance(schema, dict) else {}
    properties = whole.get("properties")
    rows = dict(list(properties.items())[:_PROPERTIES]) if isinstance(properties, dict) else {}
    required = [name for name in whole.get("required") or () if name in rows]
    return {"type": "object", "properties": rows, "required": required}


def _resolved(schema: Any, root: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """One schema without `$ref`, `anyOf`, `allOf` and their kind."""
    if depth == 0 or not isinstance(schema, dict):
        return {"type": "string"}
    schema = _merged(schema, root)
    kept = {key: schema[key] for key in _KEPT if key in schema}
    kind = kept.get("type")
    if isinstance(kind, list):
        kept["type"] = next((each for each in kind if each != "null"), "string")
    elif kind is None:
        kept["type"] = "object" if "properties" in kept else "string"
    if "properties" in kept:
        below = kept["properties"] if isinstance(kept["properties"], dict) else {}
        kept["properties"] = {str(name): _resolved(each, root, depth - 1) for name, each in below.items()}
    if kept["type"] == "array":
        kept["items"] = _resolved(kept.get("items", {"type": "string"}), root, depth - 1)
    if "required" in kept:
        kept["required"] = [each for each in kept["required"] or () if each in kept.get("properties", {})]
    return kept


def _merged(schema: dict[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """What a reference or a choice stands for: of several choices the first that is not null."""
    for _ in range(_DEPTH):
        if "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**_referred(str(schema["$ref"]), root), **rest}
        elif key := next((each for each in ("anyOf", "oneOf") if schema.get(each)), None):
            choices = [each for each in schema[key] if isinstance(each, dict) and each.get("type") != "null"]
            rest = {name: value for name, value in schema.items() if name != key}
            schema = {**(choices[0] if choices else {}), **rest}
        elif schema.get("allOf"):
            parts = [each for each in schema["allOf"] if isinstance(each, dict)]
            schema = _joined(parts, {name: value for name, value in schema.items() if name != "allOf"})
        else:
            if "const" in schema:
                schema = {"enum": [schema["const"]], **schema}
            return schema
    return {"type": "string"}


def _joined(parts: list[dict[str, Any]], rest: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for each in [*parts, rest]:
        properties = {**whole.get("properties", {}), **each.get("properties", {})}
        required = [*whole.get("required", ()), *each.get("required", ())]
        whole = {**whole, **each}
        if properties:
            whole["properties"] = properties
        if required:
            whole["required"] = required
    return whole


def _referred(reference: str, root: Mapping[str, Any]) -> dict[str, Any]:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found if isinstance(found, dict) and reference.startswith("#/") else {}


def unpacked(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the server wants them: lists, objects and numbers that a model wrote as text are read."""
    kinds = {name: each.get("type") for name, each in schema["properties"].items()}
    given = {
        name: value for name, value in arguments.items() if value is not None or name in schema["required"]
    }
    return {name: _unpacked(value, kinds.get(name)) for name, value in given.items()}


def _unpacked(value: Any, kind: Any) -> Any:
    if not isinstance(value, str) or kind in (None, "string"):
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value
    wanted = {"array": list, "object": dict, "integer": int, "number": (int, float), "boolean": bool}.get(
        kind
    )
    return read if wanted and isinstance(read, wanted) else value
