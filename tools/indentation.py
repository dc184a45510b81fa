"""How new lines are indented so that they stand as the file's own lines do."""

from collections.abc import Mapping


def indent_of(text: str) -> str:
    """The spaces and tabs that a line begins with."""
    return text[: len(text) - len(text.lstrip(" \t"))]


def reindented(text: str, known: Mapping[str, str]) -> str:
    """A line with the file's indentation. `known` says which of the model's indentations is which of the file's.

    What goes further in than all that is known keeps the difference: in the file's own tabs or spaces.
    """
    theirs = indent_of(text)
    near = max((each for each in known if theirs.startswith(each)), key=len, default="")
    return known.get(near, near) + _in_kind(theirs[len(near) :], known) + text[len(theirs) :]


def _in_kind(rest: str, known: Mapping[str, str]) -> str:
    """Spaces as tabs where the file has tabs for them, and the other way round."""
    for said, there in known.items():
        if set(said) == {" "} and set(there) == {"\t"} and not len(said) % len(there):
            width = len(said) // len(there)
            return rest.replace(" " * width, "\t")
        if set(said) == {"\t"} and set(there) == {" "} and not len(there) % len(said):
            return rest.replace("\t", " " * (len(there) // len(said)))
    return rest
