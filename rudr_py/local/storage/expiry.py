"""Events expire: each is removed an hour after it was created or last occurred."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rudr_py.local.storage.store import Object, Preparation, Store


def expiring(store: Store, table: str, lifetime: float, clock: Callable[[], datetime]) -> Preparation:
    """Return a function that removes the objects of a table whose lifetime, in seconds, has ended."""
    next_end = 0.0

    def expire() -> bool:
        nonlocal next_end
        now = clock().timestamp()
        if now < next_end:
            return True
        next_end = now + lifetime
        for obj in store.list(table):
            end = _last_time(obj) + lifetime
            if end <= now:
                store.remove(table, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            else:
                next_end = min(next_end, end)
        return True

    return expire


def _last_time(event: Object) -> float:
    series = event.get("series") or {}
    listed = (event.get("lastTimestamp"), event.get("eventTime"), series.get("lastObservedTime"))
    stamps = [event["metadata"]["creationTimestamp"], *filter(None, listed)]
    return max(datetime.fromisoformat(stamp).timestamp() for stamp in stamps)
