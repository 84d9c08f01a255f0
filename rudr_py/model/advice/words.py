"""Other words for the values of enumerations, as Kubernetes, Docker and processors have them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rudr_py.model import suggest

_SYNONYMS: Final[Mapping[str, str]] = {
    "aarch64": "arm64",
    "armv8": "arm64",
    "x86_64": "amd64",
    "x64": "amd64",
    "x86": "i386",
    "i686": "i386",
    "readwrite": "RW",
    "readwriteonce": "RW",
    "readwriteoncepod": "RW",
    "readwritemany": "RW",
    "rwo": "RW",
    "rwx": "RW",
    "rwop": "RW",
    "w": "RW",
    "readonly": "RO",
    "readonlymany": "RO",
    "rox": "RO",
    "r": "RO",
    "private": "Exclusive",
    "public": "Shared",
    "http": "TCP",
    "https": "TCP",
    "http2": "TCP",
    "grpc": "TCP",
    "h2c": "TCP",
    "websocket": "TCP",
    "tls": "TCP",
    "quic": "UDP",
    "text": "string",
    "enum": "string",
    "password": "string",
    "secret": "string",
    "uint": "number",
    "win": "windows",
    "ubuntu": "linux",
    "debian": "linux",
    "alpine": "linux",
}


def nearest(value: str, choices: Iterable[str]) -> str:
    """` Did you mean "x"?` with the choice that a word means, or ""."""
    names = tuple(choices)
    meant = _SYNONYMS.get(value.casefold().replace("-", "").replace(" ", ""), "")
    return f' Did you mean "{meant}"?' if meant in names else suggest.nearest(value, names)
