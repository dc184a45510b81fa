"""Why a command is not carried out."""


class Refusal(Exception):
    """A command cannot be carried out; the message is a sentence that says why and what to do."""
