"""The times at which values of a document were first seen: those in the status; for new values that of the last edit.

Pure. `Context.first_seen` calls a `FirstSeenTimes`; the next status stores the times that were requested, no others.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rudr_py.catalog import Offer
from rudr_py.render.values import digests
from rudr_py.render.values.inputs import Inputs, Times, TypeKey


class FirstSeenTimes:
    """The times of the values of one type in one rendering."""

    def __init__(self, stored: Times, default: datetime) -> None:
        self._stored = stored
        self._default = default
        self._requested: dict[str, datetime] = {}

    def __call__(self, parts: tuple[str, ...]) -> datetime:
        """The time of the value that `parts` describe. Raises TypeError for parts that JSON cannot contain."""
        digest = digests.of(parts)
        return self._requested.setdefault(digest, self._stored.get(digest, self._default))

    def requested(self, offer: Offer[Any]) -> Times | None:
        """The requested times. None if there are none and the type is built in.

        Other types get an empty entry in the status: it proves that a value without a time is new, and not one that an
        earlier version of the package did not store.
        """
        if not self._requested and offer.is_standard:
            return None
        return dict(self._requested)

    def kept(self, offer: Offer[Any]) -> Times | None:
        """The requested times and those of the status, for a type that may not have requested all of them."""
        requested = self.requested(offer)
        return {**self._stored, **(requested or {})} or requested


def attached_at(inputs: Inputs, key: TypeKey, component: str = "") -> datetime:
    """The time at which a trait or scope was added to the application; `component` is that of its instance, if any."""
    return inputs.attached.get(key, _added_at(inputs, component))


def of(inputs: Inputs, key: TypeKey, component: str = "") -> FirstSeenTimes:
    """The times for one type of an application; `component` is that of its instance, if any."""
    stored = inputs.first_seen.get(key)
    if stored is None:
        return FirstSeenTimes({}, attached_at(inputs, key, component))
    return FirstSeenTimes(stored, _added_at(inputs, component))


def _added_at(inputs: Inputs, component: str) -> datetime:
    """The time at which a new value was added: that of the last edit of its documents, or now if that is unknown.

    So the time at which the controller was running does not matter. It is in whole seconds, as in the status: values
    derived from it must not change at the next reconcile.
    """
    now = inputs.now.replace(microsecond=0)
    times = [inputs.edited.get(name) for name in dict.fromkeys(("", component))]
    # the clock of the API server may be ahead
    return min(now, max((time.replace(microsecond=0) for time in times if time is not None), default=now))
