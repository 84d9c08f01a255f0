"""Text that is safe to print, and numbers with nouns. Pure."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with every character escaped that a terminal could interpret or standard output cannot encode."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def counted(number: int, singular: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
