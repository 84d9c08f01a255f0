"""Other words for the values of enumerations, as Kubernetes, Docker and processors have them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rudr_py.model import suggest

_WORDS: Final[Mapping[str, str]] = {
    "arm64": "aarch64 armv8",
    "amd64": "x86_64 x64",
    "i386": "x86 i686",
    "RW": "readwrite readwriteonce readwriteoncepod readwritemany rwo rwx rwop w",
    "RO": "readonly readonlymany rox r",
    "Exclusive": "private",
    "Shared": "public",
    "TCP": "http https http2 grpc h2c websocket tls",
    "UDP": "quic",
    "string": "text enum password secret",
    "number": "uint",
    "windows": "win",
    "linux": "ubuntu debian alpine",
}

_SYNONYMS: Final = {word: meant for meant, words in _WORDS.items() for word in words.split()}


def nearest(value: str, choices: Iterable[str]) -> str:
    """` Did you mean "x"?` with the choice that a word means, or ""."""
    names = tuple(choices)
    meant = _SYNONYMS.get(value.casefold().replace("-", "").replace(" ", ""), "")
    return f' Did you mean "{meant}"?' if meant in names else suggest.nearest(value, names)
