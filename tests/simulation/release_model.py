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
            name: {f"{name}-main": Instance(used, "hello")} for name, used in zip(APPLICATIONS, NAMES, strict=True)
        }
        self.releases: dict[str, dict[int, Release]] = {name: {} for name in APPLICATIONS}

    def current(self, application: str) -> Release:
        """The documents that an application runs."""
        instances = self.applications[application]
        used = {instance.component for instance in instances.values()}
        return Release(dict(instances), {name: self.components[name] for name in sorted(used)})

    def released(self, application: str, number: int) -> None:
        """The current documents became the revision with this number; the same documents have one revision only."""
        current, releases = self.current(application), self.releases[application]
        self.releases[application] = {key: each for key, each in releases.items() if each != current}
        self.releases[application][number] = current

    def roll_back(self, application: str, number: int) -> None:
        """Components are shared, so they change for all applications."""
        release = self.releases[application][number]
        self.applications[application] = dict(release.instances)
        self.components.update(release.components)

    def deployments(self) -> dict[str, tuple[str, str]]:
        """Version and parameter of each Deployment."""
        return {
            name: (str(release.components[instance.component].version), instance.greeting)
            for release in map(self.current, APPLICATIONS)
            for name, instance in release.instances.items()
        }
