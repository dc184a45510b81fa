"""What each layer really loads: a deferred import escapes the static contracts, but not `sys.modules`."""

import json
import sys
from pathlib import Path

import pytest

PROBE = """
import importlib, json, sys
root, ours, names, forbidden = json.loads(sys.argv[1])
sys.path.insert(0, root)
found = {}
for name in names:
    for loaded in [one for one in sys.modules if one.partition(".")[0] in ours]:
        del sys.modules[loaded]  # so that each module stands alone, whatever was imported before it
    try:
        importlib.import_module(name)
    except Exception as error:
        found[name] = [f"{type(error).__name__}: {error}"]
        continue
    seen = {one.partition(".")[0] for one in sys.modules}
    if seen & set(forbidden):
        found[name] = sorted(seen & set(forbidden))
        forbidden = sorted(set(forbidden) - seen)
print(json.dumps(found))
"""

FORBIDDEN = {
    "core": "textual rich strands boto3 botocore tools agents tui cli heddle",
    "tools": "textual rich strands boto3 botocore agents tui cli heddle",
    "agents": "textual tui cli heddle",
    "tui": "strands boto3 botocore agents tools cli heddle",
    "cli": "heddle",
}
"""What no module of a layer may load, directly or through others."""


def _module(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@pytest.fixture
def probe(root: Path, tmp_path: Path, run_program):
    """Import modules one by one in a fresh interpreter; gives what each loaded of what is forbidden."""

    def probe(names: list[str], forbidden: str) -> dict[str, list[str]]:
        task = json.dumps([str(root), list(FORBIDDEN), names, forbidden.split()])
        done = run_program([sys.executable, "-P", "-c", PROBE, task], tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return probe


@pytest.mark.timeout(180)
@pytest.mark.parametrize("layer", FORBIDDEN)
def test_no_module_loads_what_its_layer_may_not_know(layer: str, source_files: list[str], probe) -> None:
    names = [_module(name) for name in source_files if name.startswith(f"{layer}/")]
    assert names
    assert probe(names, FORBIDDEN[layer]) == {}


def test_the_command_line_starts_without_screen_and_models(probe) -> None:
    assert probe(["cli.main"], "textual rich strands boto3 botocore") == {}


def test_the_probe_sees_a_deferred_import(tmp_path: Path, run_program) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core/__init__.py").write_text("import importlib\nimportlib.import_module('text' + 'ual')\n")
    task = json.dumps([str(tmp_path), ["core"], ["core"], ["textual"]])
    done = run_program([sys.executable, "-P", "-c", PROBE, task], tmp_path)
    assert json.loads(done.stdout) == {"core": ["textual"]}
