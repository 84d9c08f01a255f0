"""The oracle of `releases`: documents and objects of three applications that share components. Pure."""

from __future__ import annotations

import itertools
from typing import NamedTuple

NAMES = ("web", "api", "worker")
"""The components."""

APPLICATIONS = ("blog", "forum", "shop")


class Component(NamedTuple):
    """The version of a component, and whether its pods become ready."""

    version: int
    good: bool = True


class Instance(NamedTuple):
    """The component of an instance, and its parameter."""

    component: str
    greeting: str


class Release(NamedTuple):
    """The documents of a release: the instances of an application, and the components that they use."""

    instances: dict[str, Instance]
    components: dict[str, Component]


class Model:
    """The documents. Versions and parameters never repeat, except by a rollback."""

    def __init__(self) -> None:
        self.fresh = itertools.count(1)
        self.components = {name: Component(0) for name in NAMES}
        self.applications = {
            name: {f"{name}-{used}": Instance(used, "hello") for used in NAMES if used != other}
            for name, other in zip(APPLICATIONS, NAMES, strict=True)
        }
        self.releases: dict[str, dict[int, Release]] = {name: {} for name in APPLICATIONS}
        self.pinned: dict[str, dict[str, Component]] = {}
        """The components of the current releases of applications with manual updates."""
        self.promoted: dict[str, dict[str, Component]] = {name: {} for name in APPLICATIONS}

    def current(self, application: str) -> Release:
        """The documents that an application runs."""
        instances, pinned = self.applications[application], self.pinned.get(application, {})
        used = sorted({instance.component for instance in instances.values()})
        promoted = self.promoted[application]
        components = {
            name: live if (live := self.components[name]) == promoted.get(name) else pinned.get(name, live)
            for name in used
        }
        return Release(dict(instances), components)

    def released(self, application: str, number: int, kept: set[int]) -> None:
        """The current documents became the revision with this number; the same documents have one revision only."""
        current, releases = self.current(application), self.releases[application]
        remaining = {key: each for key, each in releases.items() if each != current and key in kept}
        self.releases[application] = {**remaining, number: current}
        if application in self.pinned:
            self.pinned[application] = current.components

    def set_manual(self, application: str, *, manual: bool) -> None:
        """Pin the components that run, or take the changes of all."""
        components = self.current(application).components
        self.pinned.pop(application, None)
        if manual:
            self.pinned[application] = components

    def promote(self, application: str, *names: str) -> None:
        """Take the changes of these components, by default of all."""
        used = self.current(application).components
        promoted = {name: component for name, component in self.promoted[application].items() if name in used}
        self.promoted[application] = promoted | {name: self.components[name] for name in names or used}

    def roll_back(self, application: str, number: int) -> None:
        """Components are shared, so they change for all applications with automatic updates. Manual updates stay."""
        release = self.releases[application][number]
        self.applications[application] = dict(release.instances)
        self.components.update(release.components)
        if application in self.pinned:
            self.promote(application)

    def deployments(self) -> dict[str, tuple[str, str]]:
        """Version and parameter of each Deployment."""
        return {
            name: (str(release.components[instance.component].version), instance.greeting)
            for release in map(self.current, APPLICATIONS)
            for name, instance in release.instances.items()
        }

    def broken(self) -> set[str]:
        """The instances whose pods do not become ready."""
        return {
            name
            for release in map(self.current, APPLICATIONS)
            for name, instance in release.instances.items()
            if not release.components[instance.component].good
        }
