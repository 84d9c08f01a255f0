"""The types of results and fixtures, for type checkers of tests. Imports only the standard library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypedDict, Unpack

Document = dict[str, Any]
"""A Kubernetes object, or an OAM document, as JSON."""


class Health(Protocol):
    """The health from the type under test: an `rudr_py.api.Health`."""

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
        """A text for people."""
        ...

    @property
    def show(self) -> Mapping[str, str]:
        """Short facts for status."""
        ...


class RenderError(AssertionError):
    """The documents were rejected; contains the problems that a user would get.

    `problems` are pairs of message and JSON path, including problems of other documents. `reason` is that of the
    condition `Valid`: `InvalidDocument`, or `PluginFailed` when the type itself failed.
    """

    def __init__(self, problems: Sequence[tuple[str, str]], reason: str) -> None:
        super().__init__("\n".join(f"{path}: {message}" for message, path in problems))
        self.problems = tuple(problems)
        self.reason = reason


class Rendering(list[Document]):
    """The objects of an instance and of its scopes in the order in which they are applied, without owners.

    `own` are the objects that the type under test added, after the edits of all types. `warnings` are texts for the
    user; `wake_at` is the time at which the result changes without a change of the input. `health` is the health that
    the type returns for the observed objects; if it fails, the state is `unknown` with the reason `PluginFailed`.
    `held` contains a line for each type that returned a Hold, such as `trait depends-on: waits for db`; then the
    instance has no objects. `depends_on` are the names of the instances for which the instance waits.
    """

    def __init__(
        self,
        objects: Iterable[Document],
        *,
        own: Iterable[Document] = (),
        warnings: Iterable[str] = (),
        wake_at: datetime | None = None,
        health: Health,
        later: Callable[[datetime, Mapping[str, Any] | None], Rendering] | None = None,
    ) -> None:
        super().__init__(objects)
        self.own = list(own)
        self.warnings = tuple(warnings)
        self.wake_at = wake_at
        self.health = health
        self.held: tuple[str, ...] = ()
        self.depends_on: tuple[str, ...] = ()
        self._later = later

    def later(self, now: datetime, *, properties: Mapping[str, Any] | None = None) -> Rendering:
        """The same application rendered at a later time, with other properties of the type if they are passed.

        `attached_at` and `first_seen` return the times that the status of the application has after this rendering.
        Raises RenderError like `render_one`.
        """
        if self._later is None:
            raise AssertionError("only a Rendering that render_one returned has a later one")
        return self._later(now, properties)

    def of(self, kind: str) -> list[Document]:
        """The objects of a kind, by its name without group: `rendering.of("Service")`."""
        return [document for document in self if document["kind"] == kind]

    def one(self, kind: str) -> Document:
        """The only object of a kind. Raises AssertionError when there are none or several."""
        documents = self.of(kind)
        if len(documents) != 1:
            kinds = ", ".join(f"{document['kind']}/{document['metadata']['name']}" for document in self)
            raise AssertionError(f"{len(documents)} objects of kind {kind}, not one, among {kinds or 'none'}")
        return documents[0]


class Circumstances(TypedDict, total=False):
    """The live objects of the instance, the time, and the release of Kubernetes, such as `1.29`.

    `siblings` are the names of further instances of the component in the application, without traits.
    """

    observed: Sequence[Mapping[str, Any]]
    now: datetime | None
    kubernetes: str
    siblings: Sequence[str]


class RenderOne(Protocol):
    """The fixture `render_one`: renders one instance that uses a type, as the controller does.

    `type_` is used by its category: as a trait of the instance, the workload type of its component, or a scope with the
    instance as member. `properties` are those of the type; for a workload type, the component's workloadSettings.
    `component` is a ComponentSchematic, or only its spec; by default it has one container with the port 80.
    `types` are further installed types besides the standard ones; `traits` are further traits of the instance, in the
    format of an ApplicationConfiguration. `observed` are the live objects of the instance, `now` is the time, by
    default a fixed one, and `kubernetes` the release of the cluster, such as `1.29`, by default unknown.

    Raises RenderError when the documents are rejected.
    """

    def __call__(
        self,
        type_: Any,
        *types: Any,
        properties: Mapping[str, Any] | None = None,
        component: Mapping[str, Any] | None = None,
        traits: Sequence[Mapping[str, Any]] = (),
        **circumstances: Unpack[Circumstances],
    ) -> Rendering:
        """See the class."""
        ...


class Golden(Protocol):
    """The fixture `rudr_golden`: compares objects with the file `golden/<name>.yaml` in the folder of the test.

    `pytest --rudr-update-golden` writes the file. Review the difference before you commit it: a changed pod template
    restarts the pods of users.
    """

    def __call__(self, objects: Iterable[Mapping[str, Any]], name: str = "") -> None:
        """Compare the objects. `name` is the name of the test by default."""
        ...


class Live(Protocol):
    """The fixture `rudr_api`, also returned by `rudr_controller`: a Kubernetes API in this process, in one namespace.

    It runs in a separate thread, so tests are plain functions. Waits use events and time out after 60 s.
    """

    @property
    def namespace(self) -> str:
        """The namespace of all calls."""
        ...

    @property
    def kubeconfig(self) -> Document:
        """A kubeconfig for kubectl and other clients."""
        ...

    def apply(self, *documents: Mapping[str, Any]) -> None:
        """Apply documents with server-side apply."""
        ...

    def get(self, api_version: str, kind: str, name: str) -> Document | None:
        """The live object, or None."""
        ...

    def list(self, api_version: str, kind: str) -> Sequence[Document]:
        """The objects of a kind."""
        ...

    def delete(self, api_version: str, kind: str, name: str) -> None:
        """Delete an object."""
        ...

    def until(self, api_version: str, kind: str, name: str, holds: Any) -> Document:
        """Wait until `holds(object)` is true and return the object. Raises TimeoutError with its last state."""
        ...

    def gone(self, api_version: str, kind: str, name: str) -> None:
        """Wait until the object does not exist. Raises TimeoutError."""
        ...

    def ready(self, application: str) -> Document:
        """Wait for the condition Ready and return the ApplicationConfiguration. Raises TimeoutError."""
        ...


class Control(Protocol):
    """The fixture `rudr_controller`: starts a controller with the standard types and further ones on `rudr_api`."""

    def __call__(self, *types: Any) -> Live:
        """Start the controller and return the API. The controller stops at the end of the test."""
        ...
