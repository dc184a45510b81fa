"""Parses files with tree-sitter: run as a program, since hostile text can keep a parser busy for ever.

    outline_worker.py outline MOST GRAMMAR=PATH …
    outline_worker.py tree MOST GRAMMAR=PATH FIRST LAST KINDS
    outline_worker.py errors MOST GRAMMAR=PATH
    outline_worker.py code MOST GRAMMAR=PATH …

Prints JSON lines, MOST at most, in the current folder. Imports nothing of ours.
"""

import json
import re
import resource
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

_MEMORY_BYTES = 2_000_000_000
_SIGNATURE_CHARACTERS = 200
_TEXT_CHARACTERS = 60
_KINDS_SHOWN = 40
_DEPTH = 60

_WORDS = (
    "function|method|class|struct|enum|interface|trait|module|namespace|object|constructor|record|protocol"
)
_WORDS += (
    "|union|macro|message|service|rpc|impl|mod|type|singleton_method|internal_module|contract|annotation_type"
)
_FORMS = "definition|declaration|item|specifier|signature|statement"
_DEFINITION = re.compile(
    rf"(?:abstract_|generator_|local_|ambient_)*({_WORDS})(?:_({_FORMS}))?|({_WORDS})_def"
)
_LABELS = {
    "mod": "module",
    "singleton_method": "method",
    "internal_module": "namespace",
    "annotation_type": "type",
}
_VALUES = {"arrow_function", "function_expression", "function", "class", "lambda"}
_CARRIERS = {"variable_declarator", "public_field_definition", "field_definition", "assignment_expression"}


class Source:
    """One parsed file."""

    def __init__(self, grammar: str, path: str) -> None:
        from tree_sitter_language_pack import get_parser  # type: ignore[import-untyped]

        self.path = path
        self.data = Path(path).read_bytes()
        self.root = get_parser(grammar).parse(self.data).root_node  # type: ignore[arg-type]
        tables = tomllib.loads(Path(__file__).with_name("languages.toml").read_text("utf-8"))
        self.extra: dict[str, str] = tables["definitions"].get(grammar, {})

    def text(self, start: int, end: int, most: int) -> str:
        words = " ".join(self.data[start : min(end, start + most * 4)].decode("utf-8", "replace").split())
        return words if len(words) <= most else words[: most - 1] + "…"


def walk(root: Any, *, named: bool = True) -> Iterator[tuple[Any, int]]:
    """All (named) nodes with their depth, without recursion: nesting may be deeper than the stack."""
    cursor, depth = root.walk(), 0
    while True:
        if cursor.node.is_named or not named:
            yield cursor.node, depth
        if cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            depth -= 1


# -- outline -----------------------------------------------------------------------------------------


def symbols(source: Source) -> Iterator[dict[str, Any]]:
    """The definitions in order, each with how many others enclose it."""
    open_ends: list[int] = []
    for node, _ in walk(source.root):
        label = _label(source, node)
        name = _name(source, node) if label else ""
        if not name:
            continue
        while open_ends and open_ends[-1] <= node.start_byte:
            open_ends.pop()
        yield {
            "path": source.path,
            "kind": label,
            "name": name,
            "first": node.start_point[0] + 1,
            "last": node.end_point[0] + (1 if node.end_point[1] or node.end_point == node.start_point else 0),
            "depth": len(open_ends),
            "signature": _signature(source, node),
        }
        open_ends.append(node.end_byte)


def _label(source: Source, node: Any) -> str:
    kind = node.type
    if kind in source.extra:
        return source.extra[kind]
    if kind in _CARRIERS:
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        return "" if value is None or value.type not in _VALUES else "function"
    match = _DEFINITION.fullmatch(kind)
    if match is None or kind == source.root.type:
        return ""
    if kind == "type" or (match[2] == "specifier" and node.child_by_field_name("body") is None):
        return ""
    word = match[1] or match[3]
    return _LABELS.get(word, word)


def _name(source: Source, node: Any) -> str:
    if node.type.startswith("impl"):
        parts = (node.child_by_field_name("trait"), node.child_by_field_name("type"))
        return " for ".join(source.text(each.start_byte, each.end_byte, 80) for each in parts if each)
    found = next((child for field in ("name", "left") if (child := node.child_by_field_name(field))), None)
    found = found or _declared(node)
    if found is None and node.type.endswith("_heading"):
        found = node.child_by_field_name("heading_content") or next(iter(node.named_children[1:]), None)
    if found is None:
        found = next((each for each in node.named_children[:6] if _names(each)), None)
    return source.text(found.start_byte, found.end_byte, 80) if found else ""


def _names(node: Any) -> bool:
    kind = node.type
    return (
        "identifier" in kind
        or kind in ("name", "object_reference", "tag_name", "selectors", "bare_key", "word")
        or (kind.endswith("_name") or kind in ("dotted_key", "targets"))
    )


def _declared(node: Any) -> Any:
    """C and its kin hide the name inside declarators."""
    for _ in range(_DEPTH):
        inner = node.child_by_field_name("declarator")
        if inner is None:
            return node if "identifier" in node.type or "operator" in node.type else None
        node = inner
    return None


def _signature(source: Source, node: Any) -> str:
    body = node.child_by_field_name("body")
    if body is None:
        blocks = ("block", "body", "declaration_list", "class_body", "function_body", "enum_body")
        body = next((each for each in node.named_children if each.type in blocks), None)
    if body is None and node.type in _CARRIERS:
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        body = value.child_by_field_name("body") if value else None
    end = body.start_byte if body is not None and body.start_byte > node.start_byte else node.end_byte
    text = source.text(node.start_byte, end, _SIGNATURE_CHARACTERS)
    if body is None:
        first = source.data[node.start_byte : node.end_byte].split(b"\n", 1)[0]
        text = source.text(node.start_byte, node.start_byte + len(first), _SIGNATURE_CHARACTERS)
    return text.removesuffix("=>").rstrip(" {:=")


# -- tree --------------------------------------------------------------------------------------------


def rows_of_tree(source: Source, first: int, last: int, kinds: set[str]) -> Iterator[dict[str, Any]]:
    """The named nodes that touch the lines; those of the wanted kinds only, when there are any."""
    known: Counter[str] = Counter()
    found = False
    for node, depth in walk(source.root):
        known[node.type] += 1
        start, end = node.start_point[0] + 1, node.end_point[0] + 1
        if end < first or start > last or (kinds and node.type not in kinds):
            continue
        if not kinds and start < first and end > last and node.child_count and depth:
            continue
        found = True
        leaf = not node.named_child_count or bool(kinds)
        yield {
            "kind": node.type,
            "depth": depth,
            "first": start,
            "last": end,
            "column": node.start_point[1] + 1,
            "text": source.text(node.start_byte, node.end_byte, _TEXT_CHARACTERS) if leaf else "",
        }
    if not found:
        yield {"kinds": [kind for kind, _ in known.most_common(_KINDS_SHOWN)]}


# -- errors ------------------------------------------------------------------------------------------


def errors(source: Source) -> Iterator[dict[str, Any]]:
    """Where the text does not follow the grammar; what is inside of one such place is not told again."""
    if not source.root.has_error:
        return
    until = -1
    for node, _ in walk(source.root, named=False):
        if (node.is_error or node.is_missing) and node.start_byte >= until:
            what = f"missing {node.type}" if node.is_missing else "syntax error"
            text = source.text(node.start_byte, node.end_byte, _TEXT_CHARACTERS)
            yield {
                "line": node.start_point[0] + 1,
                "column": node.start_point[1] + 1,
                "what": what,
                "text": text,
            }
            until = node.end_byte if node.is_error and node is not source.root else until


# -- code --------------------------------------------------------------------------------------------


def code_rows(source: Source) -> Iterator[dict[str, Any]]:
    """A digest of what runs: every leaf that is in no comment and in no docstring, whatever the white space."""
    digest = blake2b(digest_size=16)
    until = -1
    for node, depth in walk(source.root, named=False):
        if node.start_byte < until:
            continue
        if "comment" in node.type or _is_docstring(node):
            until = node.end_byte
        elif not node.child_count:
            # Its depth stands for indentation, where that means something.
            digest.update(b"%d %s\0" % (depth, source.data[node.start_byte : node.end_byte]))
    yield {"path": source.path, "digest": digest.hexdigest()}


_STRINGS = ("string", "concatenated_string")


def _is_docstring(node: Any) -> bool:
    """A statement that is nothing but a string; a directive such as "use strict" counts as one as well."""
    if node.type in _STRINGS:
        return node.parent is not None and node.parent.type in ("block", "module", "program")
    inner = node.named_children if node.type == "expression_statement" else []
    return len(inner) == 1 and inner[0].type in _STRINGS


def _rows(mode: str, source: Source, more: list[str]) -> Iterator[dict[str, Any]]:
    if mode == "outline":
        return symbols(source)
    if mode == "errors":
        return errors(source)
    if mode == "code":
        return code_rows(source)
    return rows_of_tree(source, int(more[0]), int(more[1]), set(more[2].split()) if more[2] else set())


def _work(mode: str, most: int, places: list[str], more: list[str]) -> None:
    count = 0
    for place in places:
        grammar, _, path = place.partition("=")
        try:
            source = Source(grammar, path)
        except (LookupError, OSError, ValueError) as problem:
            print(json.dumps({"path": path, "problem": str(problem)}))
            continue
        for row in _rows(mode, source, more):
            print(json.dumps(row))
            count += 1
            if count >= most:
                print(json.dumps({"more": True}))
                return
        if mode not in ("errors", "code") and source.root.has_error:
            first = next(errors(source), {})
            print(json.dumps({"path": path, "broken": first.get("line", 0)}))


def main(arguments: list[str]) -> int:
    """Parse; the exit code is 0."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    mode, most, *rest = arguments
    places, more = (rest[:1], rest[1:]) if mode == "tree" else (rest, [])
    _work(mode, int(most), places, more)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
