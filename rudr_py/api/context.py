"""What a type is told when it is called: frozen values, the time included. No client, no clock, no environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from rudr_py.api import naming
from rudr_py.api.values import Health, Kind, Manifest, Ref
from rudr_py.model.component import Component, Port

P = TypeVar("P")
"""The properties of a type: a dict, or an instance of the type's properties model."""


def _nothing(_: Kind) -> tuple[dict[str, Any], ...]:
    return ()


class Attached(msgspec.Struct, frozen=True):
    """A trait of the instance, by name, with its properties as the user wrote them (variables replaced).

    Guarantees: the name is the type's own, also where the document has an alias.
    Assumptions: another trait's properties are its own affair; to depend on them makes two packages one.
    Errors: none; a trait that is wrong stops the instance before any type is called.
    """

    name: str
    properties: Mapping[str, Any]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An instance that belongs to a scope.

    `application`, `instance`, `component`: names; `workload`: the name of its workload type.
    `pod_labels` select its pods; empty when its workload has none that we know.
    `service`: the name of its Service, or "" when it has none. `ports`: all ports of its component, in order.
    `traits`: the names of its traits, aliases resolved, in the listed order.
    `health`: what its workload type says of it; `unknown` while nobody has looked.

    Guarantees: of all applications of the namespace, in one order; a change of any of this renders the scope anew.
    Assumptions: of `health` only state and reason are told.
    Errors: an instance whose application cannot be rendered stays what it was last.
    """

    application: str
    instance: str
    component: str
    workload: str
    pod_labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    service: str = ""
    ports: tuple[Port, ...] = ()
    traits: tuple[str, ...] = ()
    health: Health = Health("unknown", "Unknown")


class Context(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """One call's whole world. Treat every value as read-only: what you change is thrown away and reported.

    `application`, `namespace`, `instance`: names.
    `component`: the ComponentSchematic, every parameter already replaced by its value.
    `parameters`: the values of its parameters by name, defaults included; one that is unset is not there.
    `properties`: of this trait, scope or workload (workloadSettings), validated.
    `now`: the time of this call, UTC. `attached_at`: when this trait was first applied to this instance.
    `traits`: all traits of the instance, this one included, in the listed order.
    `workload`: the name of the workload type; `manifests`: the objects that it rendered, before any trait.
    In `health` and `status`, `manifests` are the objects that this very type rendered, after all edits.
    `members`: of a scope, over all applications of the namespace, sorted; empty otherwise.
    `probe_results`: of a scope: name of a probe -> None when it passes, or what went wrong; not there while unasked.

    A scope has no component: `instance` is the name of its binding, and `component` is empty.
    `siblings`: of a scope: the names of the application's scopes of the same type, this one included, as listed.

    Guarantees: the same values give the same answer for ever, so a test with fixed values is a proof.
    Assumptions: it is of use during the call only.
    Errors: asking for objects that are not there gives none of them, and raises nothing.
    """

    application: str
    namespace: str
    instance: str
    component: Component
    properties: P
    now: datetime
    attached_at: datetime
    traits: tuple[Attached, ...] = ()
    workload: str = ""
    parameters: Mapping[str, Any] = msgspec.field(default_factory=dict)
    manifests: tuple[Manifest, ...] = ()
    members: tuple[Member, ...] = ()
    siblings: tuple[str, ...] = ()
    probe_results: Mapping[str, str | None] = msgspec.field(default_factory=dict)
    observe: Callable[[Kind], tuple[dict[str, Any], ...]] = _nothing

    @property
    def ports(self) -> tuple[Port, ...]:
        """All ports of all containers of the component, in order."""
        return tuple(port for container in self.component.containers for port in container.ports)

    def observed(self, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The instance's own objects of a kind that the type produces or observes, as the cluster has them now."""
        return self.observe(kind)

    def live(self, ref: Ref) -> dict[str, Any] | None:
        """One of the instance's own objects as the cluster has it now, or None."""
        return next((o for o in self.observed(ref.kind) if o["metadata"]["name"] == ref.name), None)

    def name(self, *suffix: str) -> str:
        """A name for an object of this instance: `<instance>-<suffix>`, at most 63 characters.

        With one suffix, a constant of your type such as "trait-ingress", two instances never get one name. When
        parts of the name come from users, give each by itself: `ctx.name(container, "0")`; should one of them have a
        dash, a hash of all is added, because `a` with `b-c` and `a-b` with `c` would look the same. Of one kind, use
        one number of parts only.
        """
        if len(suffix) > 1:
            return naming.distinct(self.instance, *suffix)
        return naming.join(self.instance, *suffix)
