"""Measures functions with lizard: run as a program, since hostile text can keep it busy for ever.

    complexity_worker.py MOST PATH …

Prints JSON: the MOST most complex functions, how many there are, and files that could not be read.
Imports nothing of ours.
"""

import json
import os
import resource
import sys
from typing import Any

_MEMORY_BYTES = 2_000_000_000
_NAME_CHARACTERS = 120


def _measured(path: str) -> list[dict[str, Any]]:
    import lizard

    found = lizard.analyze_file(path)
    return [
        {
            "path": path,
            "name": str(each.name)[:_NAME_CHARACTERS],
            "line": each.start_line,
            "last": each.end_line,
            "complexity": each.cyclomatic_complexity,
            "length": each.nloc,
            "arguments": each.parameter_count,
        }
        for each in found.function_list
    ]


def main(arguments: list[str]) -> int:
    """Measure; the exit code is 0."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    sys.setrecursionlimit(5_000)
    most, *paths = arguments
    rows: list[dict[str, Any]] = []
    unread: list[str] = []
    told, sys.stderr = sys.stderr, open(os.devnull, "w")  # noqa: SIM115, PTH123 - lizard complains there
    for path in paths:
        try:
            rows += _measured(path)
        except (Exception, RecursionError):
            unread.append(path)
    sys.stderr = told
    rows.sort(key=lambda row: (-row["complexity"], -row["length"], row["path"], row["line"]))
    total = sum(row["complexity"] for row in rows)
    print(json.dumps({"rows": rows[: int(most)], "count": len(rows), "sum": total, "unread": unread}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
