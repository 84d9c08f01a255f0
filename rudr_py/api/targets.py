"""Targets: platforms other than Kubernetes, as files that are written from the rendered objects of an application.

A package has a target with an entry point in the group `rudr_py.targets`. The name of the entry point is that of the
target, its object an `ExportTarget`:

    [project.entry-points."rudr_py.targets"]
    quadlet = "rudr_py_podman:target"

A target reads objects and not types, so that it serves the workload types and traits of all packages. Everything here
is a value or a pure function: `rudr export` writes the files, and `rudr up` runs the commands of an engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal

import msgspec

from rudr_py.api.values import Dependency, Ref
from rudr_py.model.kinds import Kind

__all__ = [
    "Argv",
    "Engine",
    "ExportContext",
    "ExportTarget",
    "Exported",
    "Finding",
    "Project",
    "RenderedObject",
    "State",
]

Argv = tuple[str, ...]
"""A command with its arguments. It runs in the folder of the project, without a shell."""

State = Literal["starting", "ready", "complete", "failed"]
"""The state of a service: `complete` is one that has run to its end, and `ready` one that runs and is not unhealthy."""


class RenderedObject(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """An object of Kubernetes as the controller would apply it, without owner references.

    `instance` is empty for an object of the application itself. `path` is the JSON path in the ApplicationConfiguration
    of the instance, trait or scope that adds the object.
    """

    body: Mapping[str, Any]
    instance: str = ""
    path: str = "$"

    @cached_property
    def ref(self) -> Ref:
        """The kind and the name of the object."""
        kind = Kind(str(self.body["apiVersion"]), str(self.body["kind"]))
        return Ref(kind, str(self.body["metadata"]["name"]))


class ExportContext(msgspec.Struct, frozen=True, kw_only=True):
    """An application to be exported: its name, and its objects in the order in which the controller applies them.

    `dependencies` are the instances for which an instance waits, by its name.
    """

    application: str
    objects: tuple[RenderedObject, ...]
    dependencies: Mapping[str, tuple[Dependency, ...]] = {}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement of an object that the platform does not meet as Kubernetes does.

    With an `error` nothing is written. The message contains the behaviour of the platform, or the needed change.
    """

    ref: Ref
    message: str
    severity: Literal["error", "warning"] = "warning"


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The files of an application.

    Guarantees: `rudr export` writes `files` into a folder of the application, and deletes its own files of an earlier
    export. Each finding is printed with the place in the documents that adds the object.
    Assumptions: the keys of `files` are relative paths with `/`; equal contexts have equal files. `covered` are the
    objects whose effect is in the files.
    Errors: an object that is neither covered nor in a finding is an error, so that none is lost.
    """

    files: Mapping[str, str]
    covered: frozenset[Ref] = frozenset()
    findings: tuple[Finding, ...] = ()


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """The exported application that an engine runs: its files by their paths in the folder, with their contents."""

    name: str
    files: Mapping[str, str]


class Engine(ABC):
    """A program that runs the files of a target on this machine. Its methods return commands and run nothing."""

    name: ClassVar[str]
    """The name for `rudr up --with`."""

    install: ClassVar[str]
    """How to install the program: the end of a sentence that begins with "to install it, "."""

    @abstractmethod
    def detect(self) -> Argv:
        """A command that exits with 0 if the engine can run projects."""

    @abstractmethod
    def up(self, project: Project) -> Iterable[Argv]:
        """The commands that create or update the services, and return when all have been started."""

    @abstractmethod
    def down(self, project: Project) -> Iterable[Argv]:
        """The commands that delete the services, and keep the volumes."""

    @abstractmethod
    def logs(self, project: Project, *, follow: bool) -> Iterable[Argv]:
        """The commands that print the logs of the services."""

    @abstractmethod
    def status(self, project: Project) -> Argv:
        """The command whose standard output `states` reads."""

    @abstractmethod
    def states(self, project: Project, output: str) -> Mapping[str, State]:
        """The state of each service by its name. Raises ValueError if the output cannot be read."""


class ExportTarget(ABC):
    """A platform. `description` is its line in `rudr export --list`; `engines` are tried in their order."""

    description: ClassVar[str]
    engines: ClassVar[tuple[Engine, ...]] = ()

    @abstractmethod
    def export(self, context: ExportContext) -> Exported:
        """The files of an application. It is called once for each application."""
