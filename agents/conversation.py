"""A conversation that copies itself quickly: Strands copies all of it twice for each call of a model."""

import copy
import marshal
from typing import Any


class Conversation(list[Any]):
    """Messages as Strands keeps them. A copy of them shares nothing with them."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Conversation":
        """The same as `copy.deepcopy` of a list, in C: what messages are made of is what JSON has, and bytes."""
        try:
            return Conversation(marshal.loads(marshal.dumps(list(self))))
        except ValueError:  # something else is in it
            return Conversation(copy.deepcopy(list(self), memo))
