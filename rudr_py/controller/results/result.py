"""What came of reconciling one key: the one value on which the queue decides about a retry."""

from __future__ import annotations

from typing import Literal

import msgspec

ResultLabel = Literal["success", "requeue_after", "error", "refused", "invalid"]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """`success` and `invalid` wait for a change; `error` is tried again with back-off; `refused` slowly.

    `after` are seconds until the key is due again, whatever happens meanwhile; None for never. `pause` are seconds
    that the server asked us to leave it alone: the key is not worked on before, whatever happens meanwhile.
    """

    result: ResultLabel
    after: float | None = None
    pause: float = 0.0
    message: str = ""


def soonest(*times: float | None) -> float | None:
    """The shortest of several waits."""
    return min((time for time in times if time is not None), default=None)
