"""One object as a stream of events, like `watch`, by reading it at intervals.

For an account that may get the object but not watch its kind: RBAC grants `get` of a Namespace by a Role in it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from rudr_py import errors
from rudr_py.kube import live_object, requests
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.requests import Target
from rudr_py.kube.watch import Event, Forbidden, Interrupted, Listed, ListingDone, ListingStarted

INTERVAL = 30.0
"""Seconds between two reads."""


async def events(client: Client, target: Target, clock: Clock) -> AsyncGenerator[Event]:
    """Read the metadata of the object until cancelled. Each read is a list of at most one object; errors are events."""
    version = "0"
    while True:
        yield ListingStarted()
        try:
            live = live_object.decode(await client.send(requests.get(target, metadata_only=True)))
        except errors.NotFoundError:
            yield ListingDone(version)
        except errors.ForbiddenError as error:
            yield Forbidden(str(error), error.right if isinstance(error, errors.MissingRightError) else None)
        except errors.KubeError as error:
            yield Interrupted(str(error), INTERVAL)
        else:
            version = live.resource_version
            yield Listed(live)
            yield ListingDone(version)
        await clock.sleep(INTERVAL)
