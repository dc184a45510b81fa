"""Cases that nobody here wrote (`tests/data/cases`): what others found that programs stumble over."""

import json
from pathlib import Path

CASES = Path(__file__).resolve().parents[1] / "data" / "cases"
NAUGHTY = CASES / "blns" / "blns.json"
PARSING = CASES / "jsontestsuite" / "test_parsing"
TRANSFORMED = CASES / "jsontestsuite" / "test_transform"
DIFFS = CASES / "unidiff_samples" / "tests" / "samples"


def naughty_strings() -> list[str]:
    """More than 500 texts that have broken programs, none of them empty."""
    return [text for text in json.loads(NAUGHTY.read_text("utf-8")) if text]


def utf8_vectors() -> list[tuple[bytes, bool]]:
    """Byte sequences, and whether each is valid UTF-8."""
    rows = json.loads((CASES / "utf8_kuhn" / "kuhn_vectors.json").read_text("utf-8"))
    return [(bytes.fromhex(row["hex"].replace(" ", "")), bool(row["valid"])) for row in rows]
