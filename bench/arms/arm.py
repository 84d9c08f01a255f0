"""The interface of an arm, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bench.arms.figures import Meter
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster


@dataclass(frozen=True)
class Options:
    """The server, the types, the number of applications, and the meter of the process."""

    kubeconfig: str
    cluster: Cluster
    catalog: Catalog
    count: int
    meter: Meter


class Arm(Protocol):
    """A client of a server."""

    async def start(self) -> object:
        """Begin, and return when all present documents are processed. The result is part of the next figures."""
        ...

    async def stop(self) -> None:
        """End all tasks."""
        ...
