"""The classes that a plugin author derives from: Trait, WorkloadType, Scope.

A type is declared once; from the declaration come validation, the published definition, `rudr explain`, the docs
and the exact rights. Its methods are pure and synchronous: values in, values out, the same for the same input.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal

from rudr_py.api import kstatus
from rudr_py.api.context import Context, P, ScopeContext, TraitContext, WorkloadContext
from rudr_py.api.values import EMPTY, Health, Manifest, Rendered, Rule, Scale
from rudr_py.model.kinds import Kind

Capability = Literal["pods", "service", "scale"]
"""What a trait requires of a workload, and a workload type provides."""

ScaleForm = Literal["exact", "range", "external"]
"""The forms of scale that a workload type can turn into fields."""

ANY = "*"


class Type(Generic[P]):
    """What traits, workload types and scopes have in common.

    Guarantees: one instance of the class serves all applications; `render` and `health` are called as often as
    the core likes, in any order, with validated properties.
    Assumptions: no state, no I/O, no clock, no randomness; inputs are not changed; a call takes well under 0.25 s.
    Errors: `InvalidProperties` reports problems of the document to the user; any other exception is a fault of the
    plugin and is shown as such in the application's conditions, and the application's objects stay as they are.
    """

    name: ClassVar[str]
    """The name in documents: `ingress`, `core.oam.dev/v1alpha1.Server`."""

    aliases: ClassVar[tuple[str, ...]] = ()
    """Other spellings that documents may use."""

    properties: ClassVar[type | Mapping[str, Any]] = {"type": "object"}
    """A msgspec Struct, dataclass or pydantic model, or a JSON Schema as a dict (then properties arrive as a dict).

    Its descriptions and `examples` are what `rudr explain` and editors show; properties with an example are in the
    example of the type."""

    renamed_properties: ClassVar[Mapping[str, str]] = EMPTY
    """Outdated spellings of properties and what they are called now; read with a warning."""

    produces: ClassVar[tuple[Kind, ...]] = ()
    """The kinds that `render` and `scale` may add. They are watched, and rights for them are generated."""

    observes: ClassVar[tuple[Kind, ...]] = ()
    """Further kinds of the instance's objects whose changes wake the instance."""

    permissions: ClassVar[tuple[Rule, ...]] = ()
    """Rights beyond those that `produces` and `observes` imply."""

    replaces: ClassVar[tuple[str, ...]] = ()
    """Names of installed types that this one replaces on purpose."""


def worst_health(ctx: Context[Any]) -> Health:
    """The health of the objects in `ctx.manifests` by the rules of kstatus: the worst of all.

    `show` contains the facts of all objects; of two with one name those of the worst, else of the first. Never raises,
    whatever the objects contain. The default of `health`.
    """
    healths = [_assess(ctx, manifest) for manifest in ctx.manifests]
    if not healths:
        return kstatus.READY
    # of equally bad ones the first that has a message: not the ConfigMap, but the Deployment
    worst = max(healths, key=lambda health: (_BADNESS[health.state], bool(health.message)))
    show = {key: value for health in reversed(healths) for key, value in health.show.items()}
    return Health(worst.state, worst.reason, worst.message, {**show, **worst.show})


def _assess(ctx: Context[Any], manifest: Manifest) -> Health:
    document = ctx.live(manifest.ref)
    if document is None:
        return Health("progressing", "Missing", f"{manifest.ref} is not there yet")
    return kstatus.assess(document)


_BADNESS = {"ready": 0, "unknown": 1, "progressing": 2, "failed": 3}


class Trait(Type[P]):
    """Something that the application operator attaches to an instance.

    A trait says what it wants as values: objects of its own, edits of the workload's, a size. It does not know
    which other traits there are to come; the order in which traits are listed does not change the outcome.

    Guarantees: called only on workload types that it applies to and that provide what it requires, after the
    workload type has rendered: `ctx.manifests` are its objects.
    Assumptions: as of every `Type`; what it adds and edits is of this instance.
    Errors: as of every `Type`. One that does not fit the workload type, or is listed twice, is refused by the core.
    """

    applies_to: ClassVar[tuple[str, ...]] = (ANY,)
    """Names of the workload types that the trait may be attached to, or `*`."""

    requires: ClassVar[frozenset[Capability]] = frozenset()
    """What the workload type must provide."""

    repeatable: ClassVar[bool] = False
    """Whether an instance may list the trait more than once. If so, each listing is rendered by itself, with its own
    properties; two that would write one object are refused by the core."""

    def render(self, ctx: TraitContext[P]) -> Rendered:
        """The objects and edits that `ctx` asks for, and the size.

        Raises InvalidProperties when it cannot be done, with paths inside the properties (`$.maximum`).
        """
        raise NotImplementedError

    def health(self, ctx: TraitContext[P]) -> Health:
        """The health of the objects in `ctx.manifests`; by default the worst of them, by the rules of kstatus.

        Must not raise, whatever the live objects contain: read them with `get_in`.
        """
        return worst_health(ctx)


class WorkloadType(Type[P]):
    """What runs a component.

    `render` gives the objects without any size; `scale` turns the merged size of all traits into edits of those
    objects, or into further objects such as an autoscaler.

    Problems that `render` and `scale` raise as InvalidProperties may concern three places: the paths `$.spec...` and
    `$.metadata...` are in the ComponentSchematic (`$.spec.containers[0].ports[1]`), `$` is the instance's name in the
    application, and any other path is in the properties, the component's workloadSettings by name (`$.size`).

    Guarantees: `render` comes first, then all traits, then `scale` with one size for all of them.
    Assumptions: as of every `Type`; no object that `render` gives has a size in it, or traits could not set one.
    Errors: as of every `Type`.
    """

    scale_forms: ClassVar[frozenset[ScaleForm]] = frozenset()
    """The forms of scale that `scale` can turn into fields; others are refused before anything is applied."""

    provides: ClassVar[frozenset[Capability]] = frozenset()
    """What traits may build on: `pods` (pods with our labels), `service` (a Service named like the instance)."""

    def render(self, ctx: WorkloadContext[P]) -> Rendered:
        """The objects of the instance, without any size.

        Raises InvalidProperties when it cannot be done, with paths as described at the class.
        """
        raise NotImplementedError

    def health(self, ctx: WorkloadContext[P]) -> Health:
        """The health of the objects in `ctx.manifests`; by default the worst of them, by the rules of kstatus.

        Must not raise, whatever the live objects contain: read them with `get_in`.
        """
        return worst_health(ctx)

    def scale(self, ctx: WorkloadContext[P], size: Scale | None) -> Rendered:
        """The edits and objects that give the instance this size; `size` is None when no trait asks for one.

        `size.form` is one of `scale_forms`. A field that somebody else may hold is dropped with `handover=True`.
        In InvalidProperties the path `$` is the trait that asks for the size.
        """
        del ctx, size
        return Rendered()

    def pods(self, ctx: WorkloadContext[P]) -> Mapping[str, str] | None:
        """The labels that select the instance's pods, or None when there are none that we know."""
        del ctx
        return None


class Scope(Type[P]):
    """A group of instances with something in common, such as health or a network. `ctx.members` has them all.

    Its objects belong to the application that declares it. It is rendered anew when its members, or their health,
    or answers of its probes change.

    Guarantees: rendered once all applications of the namespace have been looked at, so that nobody is missing.
    Assumptions: as of every `Type`; it does not edit the members' objects.
    Errors: as of every `Type`; the members are not affected.
    """

    allow_overlap: ClassVar[bool] = True
    """Whether one instance may be in several scopes of this type."""

    def render(self, ctx: ScopeContext[P]) -> Rendered:
        """The objects of the scope, and the probes of its members.

        Raises InvalidProperties when it cannot be done, with paths inside the properties (`$.maximum`).
        """
        raise NotImplementedError

    def health(self, ctx: ScopeContext[P]) -> Health:
        """The health of the objects in `ctx.manifests`; by default the worst of them, by the rules of kstatus.

        Must not raise, whatever the live objects contain: read them with `get_in`.
        """
        return worst_health(ctx)

    def status(self, ctx: ScopeContext[P]) -> dict[str, Any] | None:
        """The whole `.status` of the scope's first object, or None when it has none that is ours to write.

        The core writes it when it differs from what is there: a time in it must not move by itself.
        `ctx.live(ctx.manifests[0].ref)` is the object as it is now.
        """
        del ctx
        return None
