"""Reads the documentation that sources carry: of npm packages, crates and Go modules as they are on the disk.

    python -c THIS FILE'S TEXT NAME WORDS PLACES

PLACES is a JSON list of where the name may be: `kind` (npm, rust, go), `package`, `symbol`, and `patterns` of
folders. Prints text and ends with 0 for the first one that is there; otherwise what follows this text runs.
Run in the sandbox by the project's interpreter: old Pythons must understand it.
"""

import glob
import json
import os
import re
import subprocess
import sys

_MOST_FILES = 3000
_MOST_HITS = 12
_MOST_NAMES = 200
_FILE_BYTES = 2000000
_README_CHARACTERS = 9000
_BODY_LINES = 30

_FORMS = {
    "npm": (
        (".d.ts", ".d.mts", ".d.cts"),
        re.compile(
            r"(?P<indent>\s*)(?:export\s+)?(?:declare\s+)?(?:default\s+)?(?:abstract\s+)?(?:async\s+)?"
            r"(?P<what>function|class|interface|type|enum|const|let|var|namespace|module)\s+(?P<name>[A-Za-z_$][\w$]*)"
            r"|(?P<inner>\s+)(?:(?:public|protected|static|readonly|abstract|get|set)\s+)*(?P<member>[A-Za-z_$][\w$]*)\??\s*[(<:]"
        ),
    ),
    "rust": (
        (".rs",),
        re.compile(
            r"(?P<indent>\s*)(?:pub\s+(?:async\s+|unsafe\s+|const\s+|extern\s+\S+\s+)*"
            r"(?P<what>fn|struct|enum|trait|type|const|static|mod|union|macro)\s+(?P<name>\w+)"
            r"|(?P<macro>macro_rules!)\s*(?P<rules>\w+)"
            r"|(?P<impl>impl)\b.*?(?P<self>\w+)(?:<[^{]*>)?\s*(?:where.*)?\{"
            r"|(?P<inside>(?:unsafe\s+|async\s+)*fn)\s+(?P<member>\w+))"
        ),
    ),
    "go": (
        (".go",),
        re.compile(
            r"(?P<indent>)(?:(?P<what>type|var|const)\s+(?P<name>[A-Z]\w*)"
            r"|func\s+(?:\(\s*\w*\s*\*?(?P<self>\w+)[^)]*\)\s*)?(?P<member>[A-Z]\w*))"
        ),
    ),
}  # the form of a documented declaration; `self` is the type that a method belongs to


def told(name, words, places):  # noqa: ANN001, ANN201 - also for Pythons without annotations of today
    """Print what the first of the places that is there says; whether there was one."""
    for place in places:
        for folder in _folders(place):
            print(_headline(place, folder))
            hits = _answers(place, folder, words.lower().split())
            nothing = "It documents nothing that matches {} {}".format(place["symbol"], words).rstrip() + "."
            print("\n\n".join(hits) or nothing)
            return True
    return False


def _folders(place):  # noqa: ANN001, ANN202
    found = []
    for pattern in place["patterns"]:
        whole = _goroot() + pattern[len("GOROOT") :] if pattern.startswith("GOROOT/") else pattern
        whole = os.path.expanduser(os.path.expandvars(whole))  # noqa: PTH111
        if "$" not in whole:
            found += [each for each in sorted(glob.glob(whole)) if os.path.isdir(each)]  # noqa: PTH112, PTH207
    return found


def _goroot():  # noqa: ANN202
    try:
        done = subprocess.run(
            ["go", "env", "GOROOT"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return "/nowhere"
    return done.stdout.decode("utf-8", "replace").strip() or "/nowhere"


def _headline(place, folder):  # noqa: ANN001, ANN202
    if place["kind"] == "npm":
        return "{} {}, installed in {}".format(place["package"], _package_json(folder).get("version"), folder)
    version = os.path.basename(folder.rstrip("/")).replace("@", " ")  # noqa: PTH119
    shown = folder if place["package"] in folder else version
    return "{}, of the sources on this machine ({})".format(place["package"], shown)


def _package_json(folder):  # noqa: ANN001, ANN202
    try:
        found = json.loads(_text(os.path.join(folder, "package.json")) or "{}")  # noqa: PTH118
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _answers(place, folder, words):  # noqa: ANN001, ANN202
    """The pieces of documentation that were asked for, best first."""
    symbol = place["symbol"]
    tops = [folder]
    if place["kind"] == "npm":  # types may be a package of their own
        other = place["package"].lstrip("@").replace("/", "__")
        types = os.path.join("node_modules", "@types", other)  # noqa: PTH118
        tops += [types] if os.path.isdir(types) else []  # noqa: PTH112
    found = [each for top in tops for each in _documented(place["kind"], top)]
    if symbol:
        last = symbol.lower().split(".")[-1]
        exact = [each for each in found if each[0].lower().split(".")[-1] == last]
        whole = [each for each in exact if ("." + each[0].lower()).endswith("." + symbol.lower())]
        found = whole or exact or [each for each in found if last in each[0].lower()]
    if words:
        found = [each for each in found if all(word in (each[0] + " " + each[1]).lower() for word in words)]
    if symbol or words:
        hits = [
            text[:1500]
            for _, text in sorted(found, key=lambda hit: _rank(hit, words or [symbol.lower()]))[:_MOST_HITS]
        ]
        return hits + ([] if symbol else _sections(_readme(folder), words))
    names = list(dict.fromkeys(name for name, _ in found if "." not in name))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    listed = ["It declares: " + ", ".join(names[:_MOST_NAMES]) + more] if names else []
    readme = _readme(folder)
    cut = "\n(The README goes on: give a query.)" if len(readme) > _README_CHARACTERS else ""
    about = [readme[:_README_CHARACTERS] + cut] if readme else []
    description = _package_json(folder).get("description")
    return about + ([] if about or not description else [str(description)]) + listed


def _rank(hit, words):  # noqa: ANN001, ANN202
    """Names first, what is asked for itself before what only holds it, and what is documented."""
    name, text = hit
    named = sum(word in name.lower() for word in words)
    mentions = 1 + sum(text.lower().count(word) for word in words)
    return (-named, name.lower() not in words, "\n" not in text.partition("\n")[2], len(text) / mentions)


def _readme(folder):  # noqa: ANN001, ANN202
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return ""
    paths = [os.path.join(folder, each) for each in names if each.lower().startswith("readme")]  # noqa: PTH118
    lines = _text(paths[0]).split("\n") if paths else []
    kept = [each for each in lines if not each.strip().startswith(("<", "[![", "![", "src=", "alt="))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _sections(text, words):  # noqa: ANN001, ANN202
    parts = ("\n" + text).split("\n#")
    return ["#" + each[:3000] for each in parts if all(word in each.lower() for word in words)][:6]


def _text(path):  # noqa: ANN001, ANN202
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read(_FILE_BYTES)
    except OSError:
        return ""


def _documented(kind, top):  # noqa: ANN001, ANN202
    """Names with their declaration, and above it what is written about them."""
    endings, form = _FORMS[kind]
    count = 0
    for folder, names, files in os.walk(top):
        skipped = ("node_modules", "tests", "test", "testdata", "benches", "examples", "target", "internal")
        names[:] = [] if kind == "go" else sorted(each for each in names if each not in skipped)
        for each in sorted(files):
            if not each.endswith(endings) or each.endswith("_test.go"):
                continue
            count += 1
            if count > _MOST_FILES:
                return
            yield from _declared(_text(os.path.join(folder, each)).split("\n"), form)  # noqa: PTH118


def _declared(lines, form):  # noqa: ANN001, ANN202
    holders = []  # of (indent, name)
    doc = []
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith(("/**", "* ", "*/", "///", "//!", "//")) or text == "*":
            doc.append(text.lstrip("/*! ").rstrip("*/ "))
            continue
        if text.startswith(("#[", "@")):
            continue
        match = form.match(line)
        if match:
            found = match.groupdict()
            inner = found.get("inner") or found.get("indent") or ""
            indent = len(inner)
            while holders and holders[-1][0] >= indent and text[:1] != "}":
                holders.pop()
            name = found.get("name") or found.get("member") or found.get("rules")
            holder = found.get("self") if form is _FORMS["go"][1] else (holders[-1][1] if holders else "")
            if name and (doc or not (found.get("member") and form is not _FORMS["go"][1])):
                whole = f"{holder}.{name}" if holder else name
                said = "\n".join([_signature(lines, number), "\n".join(doc).strip("\n")]).rstrip()
                yield whole, f"{whole}\n{said}"
            if text.endswith("{"):
                holders.append((indent, name or found.get("self") or ""))
        doc = []


def _signature(lines, number):  # noqa: ANN001, ANN202
    """The declaration: up to its body, or with the body of a type."""
    first = lines[number]
    indent = first[: len(first) - len(first.lstrip())]
    typed = re.search(r"\b(struct|enum|trait|interface|type|class|union)\b", first.split("(")[0]) is not None
    taken, inner, braces = [], 0, 0
    for line in lines[number : number + _BODY_LINES]:
        taken.append(line[len(indent) :] if line.startswith(indent) else line)
        inner += sum(line.count(each) for each in "([") - sum(line.count(each) for each in ")]")
        braces += line.count("{") - line.count("}")
        open_ended = line.rstrip().endswith((",", "=", "|", "&"))
        if inner <= 0 and ((braces > 0 and not typed) or (braces <= 0 and not open_ended)):
            break
    return "\n".join(taken).rstrip("{ \n")


if __name__ == "__main__" and len(sys.argv) > 3 and told(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])):
    sys.exit(0)
