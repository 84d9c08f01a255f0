"""Whether a file of a directory belongs to another program: a package.json, a compose file, a template of Helm. Pure.

Such a file contains no document with an apiVersion or a kind, or it is no YAML and has no word of OAM.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rudr_py.errors import Problem
from rudr_py.model.advice import apis
from rudr_py.model.document import Document
from rudr_py.model.identity import CORE_GROUP
from rudr_py.model.parse.documents import READERS

_KINDS: Final = frozenset(kind.lower() for kind in READERS)

_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_AMBIGUOUS: Final = frozenset({"Trait"})
"""Kinds whose names are words of other programs, too."""

_DISTINCT = "|".join(sorted(READERS.keys() - _AMBIGUOUS))
_OAM: Final = re.compile(
    rf"core\.oam\.dev|core\.hydra\.io|\b(?:{_DISTINCT})\b|\bkind\W{{1,4}}(?:{'|'.join(_AMBIGUOUS)})\b".encode()
)
_HINT: Final = re.compile(rb"api_?-?version|kind", re.IGNORECASE)


def has_no_identity(content: bytes) -> bool:
    """Whether no document of a file can have an apiVersion or a kind, by its text alone: fast, for large files."""
    return not content.startswith(_WIDE) and b"\\u" not in content and not _HINT.search(content) and not is_oam(content)


def is_oam(content: bytes) -> bool:
    """Whether the text of a file contains a word of OAM."""
    text = content.replace(b"\0", b"") if content.startswith(_WIDE) else content
    return bool(_OAM.search(text))


def is_foreign(content: bytes, documents: Sequence[Document], problems: Sequence[Problem]) -> bool:
    """Whether a file has nothing of Kubernetes: its text, its documents, and the problems of reading them."""
    if problems and not documents:
        return not is_oam(content)
    return not any(_has_identity(document.value) for document in documents) and not (problems and is_oam(content))


def _has_identity(value: Mapping[str, Any]) -> bool:
    # a Chart.yaml or a file of Score has an apiVersion and no kind
    return not apis.is_of_tool(value) and any(_identifies(key, below) for key, below in value.items())


def _identifies(key: str, value: Any) -> bool:
    """Whether a field belongs to a document of Kubernetes, or was meant to: its key or its group may be misspelt."""
    if isinstance(value, str) and value.startswith(f"{CORE_GROUP}/"):
        return True
    letters = re.sub("[-_]", "", key).lower()
    if letters == "kind":
        # kinds of Kubernetes begin with a capital; "kind: pipeline" is of another program
        return not isinstance(value, str) or not value[:1].islower() or value.lower() in _KINDS
    return letters == "apiversion"
