"""Inside a jail where the project is read-only or its disk small: what does the stage say?

Arguments: project, a folder for stage and journals, and how large the new file is. Prints one line
of JSON.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from core.stage import Stage
from core.stage.apply import ApplyError, apply, undo

project, own, size = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])


def look() -> dict[str, str]:
    return {
        str(path.relative_to(project)): path.read_bytes().hex() if path.is_file() else ""
        for path in sorted(project.rglob("*"))
    }


before = look()
stage = Stage.create(project, own / "stage")
stage.write("a", b"changed\n")
stage.write("made", b"m" * size)
stage.write("z", b"changed\n")
stage.record(["a", "made", "z"], run="r1", node="n", role="n", message="m")
try:
    apply(project, stage.changes(), own / "journals")
    undo(project, own / "journals")
    said = ""
except ApplyError as problem:
    said = f"{type(problem).__name__}: {problem}"
print(json.dumps({"said": said, "same": look() == before, "read": stage.read("a").decode()}))
