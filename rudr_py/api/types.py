"""The base classes of types: Trait, WorkloadType, Scope.

A type is declared once; validation, the published definition, `rudr explain`, the docs and the exact rights are
derived from the declaration. Its methods are pure and synchronous: the same input always gives the same output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Literal

from rudr_py.api import kstatus, places
from rudr_py.api.context import Context, P, ScopeContext, TraitContext, WorkloadContext
from rudr_py.api.places import PodTemplatePlace
from rudr_py.api.values import (
    EMPTY,
    DropField,
    Health,
    Hold,
    InvalidProperties,
    Ref,
    Rendered,
    Rule,
    Scale,
    SetField,
    reject,
)
from rudr_py.errors import Problem
from rudr_py.model.kinds import Kind

Capability = Literal["pods", "pod-template", "service", "scale", "completion"]
"""A capability that traits require, and that workload types provide."""

ScaleForm = Literal["exact", "range", "external"]
"""The forms of `Scale` that a workload type can translate into fields."""

ANY = "*"


class Type(Generic[P]):
    """The common part of traits, workload types and scopes.

    Guarantees: one instance of the class serves all applications; `render` and `health` are called repeatedly, in any
    order, with validated properties.
    Assumptions: no state, no I/O, no clock, no randomness; inputs are not changed; a call takes well under 0.25 s.
    Errors: `InvalidProperties` reports problems of the document to the user; any other exception is a fault of the
    plugin, which the application's conditions report; the application's objects stay as they are.
    """

    name: ClassVar[str]
    """The name in documents: `ingress`, `core.oam.dev/v1alpha1.Server`."""

    aliases: ClassVar[tuple[str, ...]] = ()
    """Other spellings that documents may use."""

    properties: ClassVar[type | Mapping[str, Any]] = {"type": "object"}
    """A msgspec Struct, dataclass or pydantic model, or a JSON Schema as a dict (then properties arrive as a dict).

    `rudr explain` and editors show its descriptions and `examples`; properties with an example are part of the example
    of the type."""

    renamed_properties: ClassVar[Mapping[str, str]] = EMPTY
    """Outdated names of properties, each with its current name; accepted with a warning."""

    produces: ClassVar[tuple[Kind, ...]] = ()
    """The kinds that `render` and `scale` may add. They are watched, and rights for them are generated."""

    observes: ClassVar[tuple[Kind, ...]] = ()
    """Further kinds of the instance's objects whose changes enqueue the application."""

    observes_cluster: ClassVar[tuple[Kind, ...]] = ()
    """Cluster-scoped kinds whose objects `health` may read, by `ctx.cluster_objects`. Their changes enqueue the
    application, and rights to watch them are generated; a controller without these rights works, too."""

    permissions: ClassVar[tuple[Rule, ...]] = ()
    """Rights beyond those that `produces` and `observes` imply."""

    replaces: ClassVar[tuple[str, ...]] = ()
    """Names of installed types that this one replaces."""


def worst_health(ctx: Context[Any]) -> Health:
    """The health of the objects in `ctx.manifests` by the rules of kstatus: the worst of all.

    `show` contains the facts of all objects; of two with one name those of the worst, else of the first. The message
    about an object of a trait names it. Never raises, whatever the objects contain. The default of `health`.
    """
    healths = [_health(ctx, manifest.ref) for manifest in ctx.manifests]
    return kstatus.worst(healths) if healths else kstatus.READY


def _health(ctx: Context[Any], ref: Ref) -> Health:
    document = ctx.live(ref)
    if document is None:
        return Health("progressing", "Missing", f"{ref} does not exist yet")
    if isinstance(ctx, WorkloadContext):
        return kstatus.assess(document, ctx.sufficient_replicas)
    health = kstatus.assess(document)
    if health.ok or not isinstance(ctx, TraitContext):
        return health
    return Health(health.state, health.reason, f"{ref}: {health.message or health.reason}", health.show)


class Trait(Type[P]):
    """Something that the application operator attaches to an instance.

    A trait returns its effect as values: objects of its own, edits of the workload's objects, a scale. It cannot depend
    on the objects of other traits; the order in which traits are listed does not change the result.

    Guarantees: called only on workload types that it applies to and that provide what it requires, after the
    workload type has rendered: `ctx.manifests` are its objects, and `ctx.pod_templates` the pod templates in them, for
    a trait that requires `pod-template`.
    Assumptions: as for every `Type`; objects that it adds or edits belong to this instance.
    Errors: as for every `Type`. The core rejects a trait that does not fit the workload type, or is listed twice,
    and one that requires `pod-template` and returns nothing: it would have no effect.
    """

    applies_to: ClassVar[tuple[str, ...]] = (ANY,)
    """Names of the workload types that the trait may be attached to, or `*`."""

    requires: ClassVar[frozenset[Capability]] = frozenset()
    """Capabilities that the workload type must provide."""

    repeatable: ClassVar[bool] = False
    """Whether an instance may list the trait more than once. If so, each listing is rendered separately, with its own
    properties; the core rejects two listings that add the same object."""

    exposes: ClassVar[bool] = False
    """Whether the trait routes traffic from outside of the cluster to the instance; network scopes then admit it."""

    def render(self, ctx: TraitContext[P]) -> Rendered | Hold:
        """The objects, the edits and the scale for the properties in `ctx`; or a Hold, and the instance stays as it is.

        Raises InvalidProperties for properties that it cannot accept, with paths inside them (`$.maximum`).
        """
        raise NotImplementedError

    def health(self, ctx: TraitContext[P]) -> Health:
        """The health of the objects in `ctx.manifests`; by default the worst of them, by the rules of kstatus.

        Must not raise, whatever the live objects contain: read them with `get_in`.
        """
        return worst_health(ctx)

    def is_reclaimed(self, properties: P, instance: str, ref: Ref) -> bool:
        """Whether the object `ref` of the instance is deleted with the application, by the properties alone.

        Called when an application is deleted and its component cannot be read, so that `render` cannot be called. The
        object is kept by default, and where the properties are not valid.
        """
        del properties, instance, ref
        return False


class PodTrait(Trait[P]):
    """A trait that edits the pod templates of the workload type, and adds no object.

    Guarantees: `edits` is called for each pod template; all problems that the calls raise are reported at once.
    Assumptions: as for every `Trait`.
    Errors: as for every `Trait`. The core rejects it on a workload type without a pod template, and if there is no
    edit.
    """

    requires = frozenset({"pod-template"})

    def edits(self, ctx: TraitContext[P], place: PodTemplatePlace) -> Iterable[SetField | DropField]:
        """The edits of one pod template: `yield place.edit(("spec", "hostname"), "web")`.

        Raises InvalidProperties as `render`.
        """
        raise NotImplementedError

    def render(self, ctx: TraitContext[P]) -> Rendered:
        """The edits of all pod templates."""
        edits: list[SetField | DropField] = []
        problems: list[Problem] = []
        for place in ctx.pod_templates:
            try:
                edits += self.edits(ctx, place)
            except InvalidProperties as error:
                problems += error.problems
        reject(problems)
        return Rendered(edit=tuple(edits))


class WorkloadType(Type[P]):
    """Runs a component.

    `render` returns the objects without a number of replicas; `scale` translates the merged scale of all traits into
    edits of those objects, or into further objects such as an autoscaler.

    Problems that `render` and `scale` raise as InvalidProperties may concern three places: the paths `$.spec...` and
    `$.metadata...` are in the ComponentSchematic (`$.spec.containers[0].ports[1]`), `$` is the instance's name in the
    application, and any other path is in the properties, the component's workloadSettings by name (`$.size`).

    Guarantees: `render` is called first, then all traits, then `scale` with one merged scale.
    Assumptions: as for every `Type`; no object from `render` has a number of replicas, which traits could not set then.
    Errors: as for every `Type`.
    """

    scale_forms: ClassVar[frozenset[ScaleForm]] = frozenset()
    """The forms of `Scale` that `scale` supports; the core rejects other forms before anything is applied."""

    provides: ClassVar[frozenset[Capability]] = frozenset()
    """Capabilities that traits may require: `pods` (pods with rudr's labels), `pod-template` (objects with a pod
    template, which traits may edit), `service` (a Service named like the instance), `completion` (its workload runs to
    its end: its health then has the reason `Complete` or `Succeeded`), `scale`; a workload type with `scale_forms`
    always provides `scale`."""

    def render(self, ctx: WorkloadContext[P]) -> Rendered | Hold:
        """The objects of the instance, without a number of replicas; or a Hold, and the instance stays as it is.

        Raises InvalidProperties for input that it cannot accept, with paths as described for the class.
        """
        raise NotImplementedError

    def health(self, ctx: WorkloadContext[P]) -> Health:
        """The health of the objects in `ctx.manifests`; by default the worst of them, by the rules of kstatus.

        Must not raise, whatever the live objects contain: read them with `get_in`.
        """
        return worst_health(ctx)

    def scale(self, ctx: WorkloadContext[P], scale: Scale | None) -> Rendered:
        """The edits and objects that scale the instance; `scale` is None when no trait returns one.

        `scale.form` is one of `scale_forms`. A field that another manager may own is dropped with `handover=True`.
        In InvalidProperties the path `$` is the trait that returned the scale.
        """
        del ctx, scale
        return Rendered()

    def pods(self, ctx: WorkloadContext[P]) -> Mapping[str, str] | None:
        """The labels that select the instance's pods, or None when the type cannot determine them."""
        del ctx
        return None

    def pod_templates(self, ctx: WorkloadContext[P]) -> Sequence[PodTemplatePlace]:
        """The places of the pod templates in `ctx.manifests`, the objects that `render` added.

        Called for types that provide `pod-template`, which must have at least one. By default, those of all objects of
        the kinds of Kubernetes that have one; a type with templates in other kinds returns their places.
        """
        return tuple(places.built_in(ctx.manifests))


class Scope(Type[P]):
    """A group of instances with something in common, such as health or a network; `ctx.members` contains them.

    Its objects belong to the application that declares it. It is rendered again when its members, or their health,
    or answers of its probes change.

    Guarantees: not rendered before every application of the namespace was reconciled once, so no member is missing. A
    property `members` with the value `own` excludes instances of other applications.
    Assumptions: as for every `Type`; it does not edit the members' objects.
    Errors: as for every `Type`; the members are not affected.
    """

    allow_overlap: ClassVar[bool] = True
    """Whether one instance may be in several scopes of this type."""

    def render(self, ctx: ScopeContext[P]) -> Rendered | Hold:
        """The objects of the scope, and the probes of its members; or a Hold, and the scope stays as it is.

        Raises InvalidProperties for properties that it cannot accept, with paths inside them (`$.maximum`).
        """
        raise NotImplementedError

    def health(self, ctx: ScopeContext[P]) -> Health:
        """The health of the objects in `ctx.manifests`; by default the worst of them, by the rules of kstatus.

        Must not raise, whatever the live objects contain: read them with `get_in`.
        """
        return worst_health(ctx)

    def status(self, ctx: ScopeContext[P]) -> dict[str, Any] | None:
        """The whole `.status` of the scope's first object, or None when the core must not write it.

        The core writes it when it differs from the live status: a time in it must not change on its own.
        `ctx.live(ctx.manifests[0].ref)` is the live object.
        """
        del ctx
        return None
