"""Regular expressions that are not part of this program: those of schemas in definitions, plugins and CRDs.

RE2 matches in time linear in the text, whatever the pattern, and its syntax is that of the Kubernetes API server: `$`
is the end of the text only, `\\d`, `\\w` and `\\s` are ASCII, and there are no look-arounds and no back references.
"""

from __future__ import annotations

import functools
from typing import Final

import re2

from rudr_py.errors import RudrError

_MEMORY: Final = 1 << 20
"""Bytes for the program of a pattern and its states; a larger pattern is refused."""


class PatternError(RudrError, ValueError):
    """RE2 cannot use a pattern."""


class Pattern:
    """A compiled pattern. `size` is the number of its instructions: a match costs at most `size` per character."""

    def __init__(self, text: str) -> None:
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        try:
            self._compiled = re2.compile(text, options)
        except (re2.error, UnicodeEncodeError) as error:
            detail = error.args[0] if error.args else error
            reason = detail.decode(errors="replace") if isinstance(detail, bytes) else str(error)
            raise PatternError(f"the pattern {text[:100]!r} is not a regular expression of RE2: {reason}") from None
        self.size: Final[int] = self._compiled.programsize

    def is_in(self, text: str) -> bool:
        """Whether a part of the text matches, as JSON Schema defines it for `pattern`."""
        return self._compiled.search(text.encode("utf-8", "surrogatepass")) is not None


@functools.lru_cache(maxsize=1024)
def compiled(text: str) -> Pattern:
    """The compiled pattern. Raises PatternError."""
    return Pattern(text)
