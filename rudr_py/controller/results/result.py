"""The result of a reconcile, in the manner of controller-runtime: when the key is due again, and its error."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Retry = Literal["backoff", "slow", "never"]

_ORDER: tuple[Retry, ...] = ("backoff", "slow", "never")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one reconcile, or of a part of it. Times are seconds.

    `requeue_after` is when the key is due again even without a change; None for never. `resync_after` is the same for a
    key that waits for an event, in case that it never comes: the time grows while results repeat. `error` is empty
    after a success. `cause` is the policy or right that refused the key, and may refuse more of the namespace. `retry`
    is the consequence of an error: exponential backoff, the slow retry for requests that the server refuses, or, for a
    terminal error, nothing until a change. `hold` is how long the server wants no request: the key is not
    reconciled earlier, not even after a change. `progress` is whether fewer objects failed than the last time, so that
    the backoff restarts. `written` is whether a status was written.
    """

    requeue_after: float | None = None
    resync_after: float | None = None
    error: str = ""
    cause: str = ""
    retry: Retry = "backoff"
    hold: float = 0.0
    progress: bool = False
    written: bool = False

    @property
    def terminal(self) -> bool:
        """Whether it is an error that no retry follows."""
        return bool(self.error) and self.retry == "never"


NOTHING: Final = Result()
"""The result of a part after which nothing is due."""


def merge(*results: Result) -> Result:
    """One result for several parts: the earliest requeue, and the error that is retried soonest."""
    results = tuple(result for result in results if result != NOTHING)
    if not results:
        return NOTHING
    failed = [result for result in results if result.error]
    first = min(failed, key=lambda result: _ORDER.index(result.retry), default=NOTHING)
    return Result(
        requeue_after=min((r.requeue_after for r in results if r.requeue_after is not None), default=None),
        resync_after=min((r.resync_after for r in results if r.resync_after is not None), default=None),
        error=first.error,
        cause=first.cause,
        retry=first.retry,
        hold=max((result.hold for result in results), default=0.0),
        progress=any(result.progress for result in results),
        written=any(result.written for result in results),
    )
