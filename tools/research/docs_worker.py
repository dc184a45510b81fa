"""Reads the documentation of what a project has installed: run in the sandbox by the project's interpreter.

    python -c THIS FILE'S TEXT NAME [WORDS]

NAME is a package, module, class or function with dots. Prints text; ends with 3 when it is not installed.
Old Pythons must understand it.
"""

import ast
import os
import sys

MISSING = 3
_MOST_FILES = 3000
_MOST_HITS = 12


def main(name, words):  # noqa: ANN001, ANN201 - also for Pythons without annotations of today
    version = _version(name)
    found = None if words else _rendered(name)
    if version:
        print(version)
    if found:
        print(found)
        return 0
    root = _root(name.split(".")[0])
    if not version and not root:
        return MISSING
    hits = _hits(root, words.lower().split()) if root and words else []
    print("\n\n".join(hits) if hits else _readme(name) or "It has no documentation that matches.")
    return 0


def _version(name):  # noqa: ANN001, ANN202
    try:
        from importlib import metadata
    except ImportError:
        return ""
    top = name.split(".")[0]
    names = [top, top.replace("_", "-")]
    if hasattr(metadata, "packages_distributions"):
        names += metadata.packages_distributions().get(top, [])
    for each in names:
        try:
            return f"{each} {metadata.version(each)}, installed for this project's Python {sys.version.split()[0]}"
        except Exception:
            continue
    if top in getattr(sys, "stdlib_module_names", ()):
        return f"{top}, of the standard library of Python {sys.version.split()[0]}"
    return ""


def _rendered(name):  # noqa: ANN001, ANN202
    import pydoc

    try:
        what = pydoc.locate(name)
        return pydoc.plain(pydoc.render_doc(what, "%s")) if what is not None else ""
    except (Exception, SystemExit):
        return ""


def _root(top):  # noqa: ANN001, ANN202
    from importlib.util import find_spec

    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    places = list(spec.submodule_search_locations or ())
    return places[0] if places else (spec.origin or "")


def _files(root):  # noqa: ANN001, ANN202
    if os.path.isfile(root):  # noqa: PTH113
        yield root
        return
    count = 0
    for folder, names, files in os.walk(root):
        names[:] = sorted(each for each in names if each not in ("tests", "test", "__pycache__"))
        for each in sorted(files):
            if each.endswith(".py"):
                count += 1
                if count > _MOST_FILES:
                    return
                yield os.path.join(folder, each)  # noqa: PTH118


def _hits(root, words):  # noqa: ANN001, ANN202
    scored = []
    for path in _files(root):
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                tree = ast.parse(file.read())
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
        place = os.path.relpath(path, os.path.dirname(root))[:-3].replace(os.sep, ".")  # noqa: PTH120
        place = place[: -len(".__init__")] if place.endswith(".__init__") else place
        scored += [hit for hit in _documented(tree, place) if all(word in hit[1].lower() for word in words)]
    ranked = sorted(scored, key=lambda hit: _rank(hit, words))
    return [text[:1500] for _, text in ranked[:_MOST_HITS]]


def _rank(hit, words):  # noqa: ANN001, ANN202
    """Names first, then many mentions in little text."""
    name, text = hit
    named = sum(word in name.lower() for word in words)
    return (-named, len(text) / (1 + sum(text.lower().count(word) for word in words)))


def _documented(tree, place):  # noqa: ANN001, ANN202
    stack = [(tree, place)]
    while stack:
        node, name = stack.pop()
        text = ast.get_docstring(node)
        if text:
            yield name, f"{name}{_signature(node)}\n{text}"
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                stack.append((child, name + "." + child.name))


def _signature(node):  # noqa: ANN001, ANN202
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and hasattr(ast, "unparse"):
        return f"({ast.unparse(node.args)})"
    return ""


def _readme(name):  # noqa: ANN001, ANN202
    try:
        from importlib import metadata

        told = metadata.metadata(name.split(".")[0].replace("_", "-"))
        return getattr(told, "get_payload", str)() or told["Description"] or told["Summary"] or ""
    except Exception:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))
