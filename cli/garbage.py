"""When garbage is looked for: not while modules load, which make thousands of objects and none that goes."""

import gc


def look_for_garbage() -> None:
    """Begin to, where the front door put it off. What was loaded until now is never looked through again."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
