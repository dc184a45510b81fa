"""What the first frame costs in imports."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = (
    "strands",
    "boto3",
    "botocore",
    "aiosqlite",
    "pygit2",
    "sqlite3",
    "markdown_it",
    "pygments",
    "agents",
    "tools",
    "cli",
)
LATER = (
    "tomllib",
    "cli.asking",
    "cli.spending",
    "core.counterfactual",
    "core.limits",
    "core.log",
    "core.prices",
    "tui.cards",
    "tui.completing",
    "tui.dropping",
    "tui.oneline",
    "core.view.credits",
    "core.view.finding",
    "core.view.layout",
    "core.view.patch",
    "tui.code",
    "tui.filelist",
    "tui.markdown",
    "tui.matches",
    "tui.patch",
    "tui.rows",
    "tui.syntax",
    "tui.verdicts",
    "tui.wordwise",
)
"""What is loaded when it is needed, and not before the first frame."""


def test_the_screen_imports_nothing_heavy():
    code = "import sys, tui.app; print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert "textual.app" in loaded
    assert not {name for name in HEAVY if name in loaded}


OPEN = """
import sys, cli.main, cli.screen, cli.front, tui.app
from cli.plain import plain_arguments
from cli.world import find_world
world, args = find_world({"HEDDLE_HOME": sys.argv[1]}), plain_arguments()
engines = cli.screen.Engines(cli.screen.EngineProcess(world, args, None))
cli.front._sources(world, engines), cli.front._looks(world)
assert cli.front.suggestions(world, args) or cli.front._means_aws(world.environ)
print(*sorted(sys.modules))
"""
"""All that `heddle` does until the application runs."""


def test_what_the_first_frame_can_do_without_is_loaded_after_it(tmp_path):
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert "tui.app" in loaded
    assert not {name for name in LATER if name in loaded}


def test_views_know_no_screen():
    code = "import sys, core.view.session, core.view.patch; print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {name for name in ("textual", "rich", *HEAVY) if name in set(found.stdout.split())}


def test_the_application_class_stays_small():
    import ast

    tree = ast.parse((ROOT / "tui" / "app.py").read_text("utf-8"))
    (app,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert app.end_lineno - app.lineno < 150


def test_what_other_sessions_spent_is_read_without_git():
    """The screen does so right after it has opened: libgit2 would be a sixth of its memory."""
    code = "import sys, core.spending, core.index, core.library; print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {name for name in ("pygit2", "core.stage") if name in set(found.stdout.split())}
