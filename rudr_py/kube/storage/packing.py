"""Compresses the JSON texts of the objects of one kind. Earlier texts of the kind are the dictionary.

Objects of a kind have the same fields and mostly the same values, so a text takes about an eighth of its size, where
the same compression without a dictionary takes half. zlib is in the standard library; zstd with a trained dictionary
compresses faster, but not better, and takes longer to decompress.
"""

from __future__ import annotations

import zlib
from typing import Final

_WINDOW: Final = 13
"""The window is 8 KiB, which is the most that a dictionary can be. A larger one takes longer to set up."""

_MEMORY: Final = 5
_LEVEL: Final = 6

_DICTIONARY: Final = 2**_WINDOW - 300
"""Bytes of a dictionary: zlib uses a little less than the window."""

_SAMPLE: Final = 4 * 2**10
"""Bytes of one text that are added to a dictionary."""

_SAMPLES: Final = (0, 16, 256)
"""The numbers of packed texts after which the next one is added to the dictionary: the first may be an odd one."""


class Packer:
    """Packs and unpacks the texts of one kind. A packed text can be unpacked by this packer only."""

    def __init__(self) -> None:
        self._packed = 0
        self._dictionaries: list[bytes] = []
        self._prepared = zlib.compressobj(_LEVEL, zlib.DEFLATED, -9, 1)  # the smallest one, until there is a sample

    def pack(self, text: bytes) -> bytes:
        """The compressed text."""
        if self._packed in _SAMPLES:
            self._add(text)
        self._packed += 1
        compressor = self._prepared.copy()  # the dictionary is read only once
        return bytes((len(self._dictionaries) - 1,)) + compressor.compress(text) + compressor.flush()

    def unpack(self, packed: bytes) -> bytes:
        """The text of the result of `pack`."""
        decompressor = zlib.decompressobj(-_WINDOW, self._dictionaries[packed[0]])
        return decompressor.decompress(memoryview(packed)[1:])

    def _add(self, text: bytes) -> None:
        previous = self._dictionaries[-1] if self._dictionaries else b""
        dictionary = (previous + text[:_SAMPLE])[-_DICTIONARY:]
        self._dictionaries.append(dictionary)
        self._prepared = zlib.compressobj(_LEVEL, zlib.DEFLATED, -_WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, dictionary)
