import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SUPPORT = Path(__file__).parents[2] / "support"


@pytest.fixture(scope="session")
def recordings() -> ModuleType:
    """The sample record streams."""
    import sys

    name = "heddle_test_recordings"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, SUPPORT / "recordings.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
