"""Text that is safe to print, and numbers with nouns. Pure."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """The text with every character escaped that a terminal could interpret or standard output cannot encode."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def columns(text: str) -> int:
    """The columns that a printable text takes on a terminal: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, size: int) -> str:
    """The text with spaces up to a number of columns."""
    return text + " " * (size - columns(text))


def counted(number: int, singular: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
