"""Fills caches of tests."""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.watch import Listed, ListingDone, ListingStarted


def listed(cache: Cache, lives: Iterable[LiveObject]) -> Cache:
    """The cache, after a complete list of these objects."""
    cache.feed(ListingStarted())
    for live in lives:
        cache.feed(Listed(live))
    cache.feed(ListingDone("1"))
    return cache
