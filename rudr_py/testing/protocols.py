"""What tests of plugins see of the kit, for type checkers: results, and the fixtures' types. Imports almost nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

Document = dict[str, Any]
"""A Kubernetes object, or an OAM document, as JSON."""


class Health(Protocol):
    """What the type under test says of its objects: an `rudr_py.api.Health`."""

    @property
    def state(self) -> str:
        """`ready`, `progressing`, `failed` or `unknown`."""
        ...

    @property
    def reason(self) -> str:
        """One CamelCase word."""
        ...

    @property
    def message(self) -> str:
        """For people."""
        ...

    @property
    def show(self) -> Mapping[str, str]:
        """Short facts for status."""
        ...


class RenderError(AssertionError):
    """The documents were refused: what a user would be told.

    `problems` are pairs of message and JSON path, including problems of other documents. `reason` is that of the
    condition `Valid`: `InvalidDocument`, or `PluginFailed` when the type itself failed.
    """

    def __init__(self, problems: Sequence[tuple[str, str]], reason: str) -> None:
        super().__init__("\n".join(f"{path}: {message}" for message, path in problems))
        self.problems = tuple(problems)
        self.reason = reason


class Rendering(list[Document]):
    """The objects of an instance and of its scopes in the order in which they are applied, without owners.

    `own` are those that the type under test added, with everybody's edits. `warnings` are texts for the user;
    `wake_at` is when the answer changes by itself. `health` is what the type says of its objects as they were
    observed; one whose `health` fails is `unknown` for the reason `PluginFailed`.
    """

    def __init__(
        self,
        objects: Iterable[Document],
        *,
        own: Iterable[Document] = (),
        warnings: Iterable[str] = (),
        wake_at: datetime | None = None,
        health: Health,
    ) -> None:
        super().__init__(objects)
        self.own = list(own)
        self.warnings = tuple(warnings)
        self.wake_at = wake_at
        self.health = health

    def of(self, kind: str) -> list[Document]:
        """The objects of a kind, by its bare name: `rendering.of("Service")`."""
        return [found for found in self if found["kind"] == kind]

    def one(self, kind: str) -> Document:
        """The only object of a kind. Raises AssertionError when there is none, or several."""
        found = self.of(kind)
        if len(found) != 1:
            kinds = ", ".join(f"{each['kind']}/{each['metadata']['name']}" for each in self)
            raise AssertionError(f"{len(found)} objects of kind {kind}, not one, among {kinds or 'none'}")
        return found[0]


class RenderOne(Protocol):
    """The fixture `render_one`: what becomes of one instance that uses a type, after the core has merged everything.

    `type_` is put into an application as what it is: a trait of the instance, the workload type of its component, or
    a scope that it is in. `properties` are those of the type; of a workload type, the component's workloadSettings.
    `component` is a ComponentSchematic, or only its spec; by default one container with the port 80.
    `types` are further types that are installed beside the standard ones; `traits` further traits of the instance, as
    an ApplicationConfiguration lists them. `observed` are the instance's objects as the cluster has them, `now` is
    the time, a fixed one by default.

    Raises RenderError when the documents are refused.
    """

    def __call__(
        self,
        type_: Any,
        *types: Any,
        properties: Mapping[str, Any] | None = None,
        component: Mapping[str, Any] | None = None,
        traits: Sequence[Mapping[str, Any]] = (),
        observed: Sequence[Mapping[str, Any]] = (),
        now: datetime | None = None,
    ) -> Rendering:
        """See the class."""
        ...


class Golden(Protocol):
    """The fixture `rudr_golden`: compare objects with what was recorded in `golden/<name>.yaml` beside the test.

    `pytest --rudr-update-golden` records anew. Read the difference before you commit it: to your users a changed pod
    template is a restart.
    """

    def __call__(self, objects: Iterable[Mapping[str, Any]], name: str = "") -> None:
        """`name` is that of the test by default."""
        ...


class Live(Protocol):
    """The fixtures `rudr_api`, and what `rudr_controller` gives: a Kubernetes API in this process, in one namespace.

    It runs in a thread of its own, so tests are plain functions. Waiting is by events and ends after 20 s.
    """

    @property
    def namespace(self) -> str:
        """Where everything happens."""
        ...

    @property
    def kubeconfig(self) -> Document:
        """For kubectl and other clients."""
        ...

    def apply(self, *documents: Mapping[str, Any]) -> None:
        """Apply documents, server-side, as a user of kubectl would."""
        ...

    def get(self, api_version: str, kind: str, name: str) -> Document | None:
        """An object as it is now, or None."""
        ...

    def list(self, api_version: str, kind: str) -> Sequence[Document]:
        """The objects of a kind."""
        ...

    def delete(self, api_version: str, kind: str, name: str) -> None:
        """Delete an object."""
        ...

    def until(self, api_version: str, kind: str, name: str, holds: Any) -> Document:
        """The object as soon as `holds(object)` is true. Raises TimeoutError with its last state."""
        ...

    def gone(self, api_version: str, kind: str, name: str) -> None:
        """Wait until the object is not there. Raises TimeoutError."""
        ...

    def ready(self, application: str) -> Document:
        """The ApplicationConfiguration as soon as its condition Ready is True. Raises TimeoutError."""
        ...


class Control(Protocol):
    """The fixture `rudr_controller`: start a controller with the standard types and yours on the API of `rudr_api`."""

    def __call__(self, *types: Any) -> Live:
        """The API that it works on. The controller ends with the test."""
        ...
