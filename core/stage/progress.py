"""A place to stand between any two steps of a transaction.

`step` is called before each step that a crash could come before. It does nothing; the crash tests
put something there that kills the process at the n-th call.
"""


def step(name: str) -> None:
    """The transaction is about to do `name`."""
