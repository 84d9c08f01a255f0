"""The times in a status: when traits and scopes were first applied, and when values of their documents were first seen;
and since when instances wait for others.

Reading accepts any document without raising; invalid parts count as absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from rudr_py.api import get_in, mappings_in
from rudr_py.render.values.inputs import Times, TypeKey
from rudr_py.render.values.plan import Waiting

FIRST_SEEN: Final = "firstSeen"
"""The field with the times of values, in the entries of instances, traits and scopes."""

WAITING: Final = "waiting"
"""The field with the time in the entry of an instance that waits for others, and with the digest of the documents."""

Entries = Iterable[Mapping[str, Any]]


def text(moment: datetime) -> str:
    """A time as in a status, in whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def first_seen_entry(times: Times | None) -> dict[str, Any]:
    """The field of an entry; no field for None."""
    return {} if times is None else {FIRST_SEEN: {digest: text(times[digest]) for digest in sorted(times)}}


def waiting_entry(waiting: Waiting | None) -> dict[str, Any]:
    """The field of an entry; no field for None."""
    return {} if waiting is None else {WAITING: {"since": text(waiting.since), "documents": waiting.documents}}


def read_waiting(instances: Entries) -> dict[str, Waiting]:
    """The instances that wait for others."""
    waiting = {}
    for entry in instances:
        name, documents = get_in(entry, "name", default=""), get_in(entry, WAITING, "documents", default="")
        since = read(get_in(entry, WAITING, "since", default=""))
        if name and documents and since is not None:
            waiting[name] = Waiting(since, documents)
    return waiting


def read_attached(instances: Entries, scopes: Entries) -> dict[TypeKey, datetime]:
    """The time at which each trait and scope was first applied; of several entries of one trait the earliest."""
    attached: dict[TypeKey, datetime] = {}
    for key, entry in (*_traits(instances), *_scopes(scopes)):
        time = read(entry.get("attachedAt"))
        if time is not None:
            attached[key] = min(time, attached.get(key, time))
    return attached


def read_first_seen(instances: Entries, scopes: Entries) -> dict[TypeKey, Times]:
    """The times of the values of each type whose entry has the field; of several entries of one trait the earliest."""
    instances = tuple(instances)
    first_seen: dict[TypeKey, dict[str, datetime]] = {}
    for key, entry in (*_workloads(instances), *_traits(instances), *_scopes(scopes)):
        if isinstance(entry.get(FIRST_SEEN), dict):
            times = first_seen.setdefault(key, {})
            for digest, value in entry[FIRST_SEEN].items():
                time = read(value)
                if time is not None:
                    times[digest] = min(time, times.get(digest, time))
    return dict(first_seen)


def _workloads(instances: Entries) -> Iterator[tuple[TypeKey, Mapping[str, Any]]]:
    for entry in instances:
        if name := get_in(entry, "name", default=""):
            yield (name, ""), entry


def _traits(instances: Entries) -> Iterator[tuple[TypeKey, Mapping[str, Any]]]:
    for entry in instances:
        for trait in mappings_in(entry, "traits"):
            instance, name = get_in(entry, "name", default=""), get_in(trait, "name", default="")
            if instance and name:
                yield (instance, name), trait


def _scopes(scopes: Entries) -> Iterator[tuple[TypeKey, Mapping[str, Any]]]:
    for entry in scopes:
        if name := get_in(entry, "name", default=""):
            yield ("", name), entry


def read(value: Any) -> datetime | None:
    """The time in a status; None for other values."""
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
