"""Whether an application takes changes of its components at once, or only after a promotion. Pure.

Two annotations of the application decide: `rudr.oam.dev/component-updates` and `rudr.oam.dev/promoted`. The latter
lists the contents of components that are approved, as NAME@DIGEST, separated by commas or spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from rudr_py.model import paths, suggest
from rudr_py.model.identity import Metadata
from rudr_py.model.json_text import excerpt
from rudr_py.model.metadata_keys import COMPONENT_UPDATES_ANNOTATION, PROMOTED_ANNOTATION
from rudr_py.model.parse.fields import ProblemList
from rudr_py.settings import ComponentUpdates

PATH: Final = paths.child(paths.ROOT, "metadata", "annotations", COMPONENT_UPDATES_ANNOTATION)

PROMOTED_PATH: Final = paths.child(paths.ROOT, "metadata", "annotations", PROMOTED_ANNOTATION)

_MODES: Final = ("automatic", "manual")

_SEPARATORS: Final = re.compile(r"[\s,]+")

_DIGEST: Final = re.compile(r"[0-9a-f]{24}")


def is_manual(annotations: Mapping[str, str], default: ComponentUpdates) -> bool:
    """Whether an application takes changes of its components only after a promotion; also for an invalid value."""
    return (annotations.get(COMPONENT_UPDATES_ANNOTATION) or default) != "automatic"


def promotions(annotations: Mapping[str, str]) -> dict[str, str]:
    """The approved digest of each component; invalid entries are left out."""
    entries = (entry.rpartition("@") for entry in _entries(annotations))
    return {name: digest for name, _, digest in entries if name and _DIGEST.fullmatch(digest)}


def promoted_text(promoted: Mapping[str, str]) -> str:
    """The value of the annotation for these digests by component."""
    return ",".join(f"{name}@{digest}" for name, digest in sorted(promoted.items()))


def check(metadata: Metadata, problems: ProblemList) -> None:
    """Report invalid values of the annotations."""
    mode = metadata.annotations.get(COMPONENT_UPDATES_ANNOTATION)
    if mode and mode not in _MODES:
        hint = suggest.nearest(mode, _MODES)
        problems.error(PATH, f"must be automatic or manual, not {excerpt(mode)}.{hint}")
    for entry in _entries(metadata.annotations):
        name, _, digest = entry.rpartition("@")
        if not name or not _DIGEST.fullmatch(digest):
            message = (
                f"{excerpt(entry)} is no component with the digest of its content, such as web@0123456789abcdef01234567"
            )
            problems.error(PROMOTED_PATH, message)


def _entries(annotations: Mapping[str, str]) -> Iterator[str]:
    return (entry for entry in _SEPARATORS.split(annotations.get(PROMOTED_ANNOTATION) or "") if entry)
