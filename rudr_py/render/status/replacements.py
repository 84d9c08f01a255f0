"""The replacements of an application in its status: what its documents have removed, and what they have added. Pure.

The status is the memory of the controller: an object that exists does not show with which change it was added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from rudr_py.api import get_in
from rudr_py.model import json_text
from rudr_py.render.status import times

FIELD: Final = "replacements"
"""The field of the status."""

CONDITION: Final = "Replaced"
"""The type of the condition of an application with replacements that have not ended."""

WAITING: Final = "Waiting"
"""The reason of the condition while the added ones may become ready in time."""

FAILED: Final = "ReplacementFailed"
"""The reason of the condition when they have failed, or their time has passed, and the removed ones stay."""

LISTED: Final = 3
"""The number of names in a sentence; the rest is counted."""

State = Literal["waiting", "failed", "kept"]


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """Instances that a change of the documents has removed and added or, with `instance`, objects of that instance.

    Instances are named by their labels, objects as `kind.group/name`. `ready` are the added ones that have been ready.
    `unready` are the traits that are not awaited, because those of the removed instances were not ready either.
    The removed ones are `kept` by policy, or until all added ones are ready. `version` is that of the documents;
    `since` is the time at which it was first applied, None while a type holds one of the added ones. At `deadline` the
    replacement has failed.
    """

    removed: tuple[str, ...]
    added: tuple[str, ...] = ()
    instance: str = ""
    ready: tuple[str, ...] = ()
    unready: tuple[str, ...] = ()
    state: State = "waiting"
    message: str = ""
    version: str = ""
    since: datetime | None = None
    deadline: datetime | None = None

    @property
    def subject(self) -> str:
        """The beginning of a sentence about the removed instances or objects: `a, b are kept`."""
        return f"{listed(self.removed)} {_is(self.removed)} kept"


def listed(names: Sequence[str]) -> str:
    """Names for a sentence."""
    return json_text.listed(names, LISTED)


def ready(names: Sequence[str]) -> str:
    """A clause: `a, b are ready`."""
    return f"{listed(names)} {_is(names)} ready"


def kept(subject: str) -> str:
    """The message of a replacement that the policy keeps."""
    return f"{subject} by policy"


def waiting(subject: str, added: Sequence[str]) -> str:
    """The message of a replacement that waits for the added ones."""
    return f"{subject} until {ready(added)}"


def deadline(since: datetime | None, seconds: float) -> datetime | None:
    """The time at which a replacement has failed; None while it has not begun, and for one beyond all times."""
    try:
        return None if since is None else since + timedelta(seconds=seconds)
    except OverflowError:
        return None


def written(replacements: Iterable[Replacement]) -> list[dict[str, Any]]:
    """The field of the status."""
    return [_entry(replacement) for replacement in replacements]


def read(entries: Iterable[Mapping[str, Any]]) -> tuple[Replacement, ...]:
    """The reverse of `written`; invalid entries are ignored. A failed one waits again, until it is assessed."""
    return tuple(_read(entry, removed) for entry in entries if (removed := _names(entry, "removes")))


def _read(entry: Mapping[str, Any], removed: tuple[str, ...]) -> Replacement:
    replacement = Replacement(
        removed=removed,
        added=_names(entry, "adds"),
        instance=get_in(entry, "instance", default=""),
        ready=_names(entry, "ready"),
        unready=_names(entry, "unreadyTraits"),
        state="kept" if get_in(entry, "state", default="") == "kept" else "waiting",
        version=get_in(entry, "version", default=""),
        since=times.read(entry.get("since")),
    )
    subject = replacement.subject
    left = [name for name in replacement.added if name not in replacement.ready] or replacement.added
    message = kept(subject) if replacement.state == "kept" else waiting(subject, left)
    return msgspec.structs.replace(replacement, message=message)


def lines(replacements: Iterable[Replacement], state: State) -> list[str]:
    """The messages of the replacements in a state."""
    return [replacement.message for replacement in replacements if replacement.state == state]


def _names(entry: Mapping[str, Any], field: str) -> tuple[str, ...]:
    return tuple(name for name in get_in(entry, field, default=[]) if isinstance(name, str) and name)


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _entry(replacement: Replacement) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "instance": replacement.instance,
        "removes": list(replacement.removed),
        "adds": list(replacement.added),
        "ready": list(replacement.ready),
        "unreadyTraits": list(replacement.unready),
        "state": replacement.state,
        "message": replacement.message,
        "since": times.text(replacement.since) if replacement.since is not None else "",
        "deadline": times.text(replacement.deadline) if replacement.deadline is not None else "",
        "version": replacement.version,
    }
    return {name: value for name, value in entry.items() if value}
