"""Pinned components: those that an application runs as of its revision, and the changes that wait. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

PINNED: Final = "Pinned"
"""The type of the condition of an application whose components wait for a promotion."""

NOT_PROMOTED: Final = "NotPromoted"
"""Its reason."""


class ReleasedComponent(msgspec.Struct, frozen=True):
    """A component of a revision: the generation that it had, 0 if that is unknown, and the digest of its content."""

    generation: int
    digest: str


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A component whose document differs from the one that the application runs.

    `running` is the generation of the content that runs, 0 if it is unknown, and `running_digest` its digest. The other
    fields are those of the document that waits; they are 0 and empty if it was deleted.
    """

    running: int
    running_digest: str
    generation: int = 0
    resource_version: str = ""
    digest: str = ""

    @property
    def text(self) -> str:
        """The document that waits, and the generation that runs."""
        if not self.digest:
            return f"deleted, running generation {self.running}" if self.running else "deleted, running on"
        if not self.running:
            return f"generation {self.generation} waits"
        # annotations have no generation, and that of a component begins at 1 when it is created again
        again = " (with other content)" if self.generation == self.running else ""
        return f"generation {self.generation}{again}, running {self.running}"


class Version(msgspec.Struct, frozen=True):
    """The document of a component in the cluster: generation, resourceVersion, and the digest of its content."""

    generation: int
    resource_version: str
    digest: str


def pins(
    released: Mapping[str, ReleasedComponent], live: Mapping[str, Version | None], promoted: Mapping[str, str]
) -> dict[str, Pin]:
    """The pins of an application that uses the components of `live`; a document that does not exist is None there.

    A component that the revision lacks is new in the application, and runs as its document is.
    """
    by_name: dict[str, Pin] = {}
    for name, version in live.items():
        running = released.get(name)
        if running is None:
            continue
        if version is None:
            by_name[name] = Pin(running=running.generation, running_digest=running.digest)
        elif version.digest not in (running.digest, promoted.get(name)):
            by_name[name] = Pin(
                running=running.generation,
                running_digest=running.digest,
                generation=version.generation,
                resource_version=version.resource_version,
                digest=version.digest,
            )
    return by_name


def lines(by_name: Mapping[str, Pin]) -> Iterator[str]:
    """A line for each component that waits."""
    return (f"component {name}: {pin.text}" for name, pin in sorted(by_name.items()))


def entries(by_name: Mapping[str, Pin]) -> list[dict[str, Any]]:
    """The entries of the status."""
    return [
        {
            "name": name,
            **({"running": pin.running} if pin.running else {}),
            **(
                {"generation": pin.generation, "resourceVersion": pin.resource_version, "digest": pin.digest}
                if pin.digest
                else {"deleted": True}
            ),
        }
        for name, pin in sorted(by_name.items())
    ]


def notes(application: str, by_name: Mapping[str, Pin]) -> Iterator[str]:
    """A sentence for the command line about each component that an application does not take yet."""
    for name in sorted(by_name):
        yield f'the application "{application}" does not take the change of the component "{name}" until it is promoted'
