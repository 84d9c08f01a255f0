"""Conditions as KEP-1623 defines them, and the rule for `lastTransitionTime`.

Pure: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

TRUE: Final = "True"
FALSE: Final = "False"
UNKNOWN: Final = "Unknown"


class Condition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One condition. `reason` is CamelCase and never empty; `last_transition_time` is RFC 3339 in UTC.

    Encodes to the JSON of `metav1.Condition`.
    """

    type: str
    status: str
    reason: str
    message: str = ""
    observed_generation: int = 0
    last_transition_time: str = ""


def set_condition(conditions: Sequence[Condition], new: Condition, now: datetime) -> tuple[Condition, ...]:
    """`conditions` with `new` replacing the one of its type, or appended.

    `now` (aware) becomes `last_transition_time` when the status changes; otherwise the old time stays.
    """
    old = next((condition for condition in conditions if condition.type == new.type), None)
    if old and old.status == new.status and old.last_transition_time:
        moment = old.last_transition_time
    else:
        moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    new = msgspec.structs.replace(new, last_transition_time=moment)
    if old is None:
        return (*conditions, new)
    return tuple(new if condition is old else condition for condition in conditions)
