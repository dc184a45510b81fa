"""Where two nodes wrote the same lines, the command line says so: in the list, and before anything is written."""

import json

SCRIPT = """
[[turn]]
role = "router"
answer = { complexity = "MEDIUM", pattern = "graph", confidence = 0.9, reason = "One function." }
[[turn]]
role = "senior_coder"
[[turn.call]]
name = "edit_file"
arguments.path = "app.py"
arguments.old = "return 1"
arguments.new = "return 2"
[[turn]]
role = "senior_coder"
text = "Done."
[[turn]]
role = "test_engineer"
[[turn.call]]
name = "edit_file"
arguments.path = "app.py"
arguments.old = "return 2"
arguments.new = "return 2 + 0"
[[turn]]
role = "test_engineer"
text = "Done."
[[turn]]
role = "code_reviewer"
answer = { approved = true, must_fix = [] }
"""


def test_it_is_listed_and_said_before_an_apply(served, write_script, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "app.py").write_text("def f():\n    return 1\n")
    heddle = served(write_script(SCRIPT), folder=project)
    result = heddle("run", "Do it", "--output", "stream-json")
    session = result.session
    (row,) = json.loads(heddle("changes", session, "--output", "json").out)
    (overlap,) = row["overlaps"]
    assert (overlap["role"], overlap["other_role"]) == ("test_engineer", "senior_coder")
    assert "two nodes wrote the same lines: test_engineer over senior_coder" in heddle("changes", session).out
    result = heddle("apply", session)
    assert result.code == 0
    assert "warning: two nodes wrote the same lines of app.py: test_engineer over senior_coder" in result.err
    result = heddle("apply", session)
    assert "warning" not in result.err
