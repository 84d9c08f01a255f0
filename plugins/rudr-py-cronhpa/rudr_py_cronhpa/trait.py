"""The trait cron-hpa. Native, it is a pure function of the time: which size holds now, and when that changes.

Nothing is remembered between two calls, so after any downtime the first answer is the right one.
"""

from __future__ import annotations

from typing import Any, Final

from rudr_py.api import (
    Health,
    InvalidProperties,
    Kind,
    Manifest,
    Ref,
    Rendered,
    Scale,
    Trait,
    TraitContext,
    get_in,
    mappings_in,
)
from rudr_py_cronhpa import cronhpa, keda, properties
from rudr_py_cronhpa.properties import Properties
from rudr_py_cronhpa.timeline import Timeline

AUTOSCALER: Final = Kind("autoscaling/v2", "HorizontalPodAutoscaler")

SCALABLE: Final = frozenset({("apps/v1", "Deployment"), ("apps/v1", "StatefulSet")})
"""What the other controllers can scale, of what workload types make."""


class CronHpa(Trait[Properties]):
    """Sizes by schedule: each job has a schedule and the size from then on."""

    name = "cron-hpa"
    aliases = ("CronHPA", "cronhpa")
    properties = Properties
    requires = frozenset({"scale"})
    produces = (cronhpa.CRON_HPA, keda.SCALED_OBJECT)
    observes = (AUTOSCALER,)

    def render(self, ctx: TraitContext[Properties]) -> Rendered:
        """The size of the last job that was due, as a floor; or the objects of another controller."""
        problems = [*properties.problems(ctx.properties)]
        if problems:
            raise InvalidProperties(*problems)
        if ctx.properties.backend == "native":
            return _native(ctx)
        if ctx.properties.backend == "cronhpa":
            return _elsewhere(ctx, cronhpa.CRON_HPA, cronhpa.spec(ctx.properties, _target(ctx)))
        return _elsewhere(ctx, keda.SCALED_OBJECT, keda.spec(ctx.properties, _target(ctx)))

    def health(self, ctx: TraitContext[Properties]) -> Health:
        """Native: the job that holds and the next change. Else what the other controller says of its object."""
        if ctx.properties.backend == "native":
            return Health("ready", "Ready", "", _show(ctx))
        if ctx.properties.backend == "cronhpa":
            return cronhpa.health(ctx.live(Ref(cronhpa.CRON_HPA, _name(ctx))))
        return super().health(ctx)


def _native(ctx: TraitContext[Properties]) -> Rendered:
    timeline = Timeline(given=ctx.properties, attached_at=ctx.attached_at)
    due = timeline.last(ctx.now)
    return Rendered(
        scale=Scale.hold(due.size) if due is not None else None,
        wake_at=timeline.wake_at(ctx.now),
        warnings=_foreign(ctx),
    )


def _elsewhere(ctx: TraitContext[Properties], kind: Kind, spec: dict[str, Any]) -> Rendered:
    manifest = Manifest(kind=kind, name=_name(ctx), body={"spec": spec})
    return Rendered(add=(manifest,), scale=Scale.external(), warnings=_foreign(ctx))


def _name(ctx: TraitContext[Properties]) -> str:
    return ctx.name("trait-cron-hpa")


def _target(ctx: TraitContext[Properties]) -> Ref:
    """What the other controller is to scale."""
    for manifest in ctx.manifests:
        if (manifest.kind.api_version, manifest.kind.kind) in SCALABLE:
            return manifest.ref
    raise InvalidProperties(
        f"the backend {ctx.properties.backend} cannot scale {ctx.workload}; native can", path="$.backend"
    )


def _foreign(ctx: TraitContext[Properties]) -> tuple[str, ...]:
    """Warnings of autoscalers on the same workload that nobody here made; they are left alone."""
    own = {manifest.ref for manifest in ctx.manifests}
    return tuple(
        f"the HorizontalPodAutoscaler {get_in(autoscaler, 'metadata', 'name', default='')}, which is not rudr's, scales"
        " the same workload"
        for autoscaler in ctx.observed(AUTOSCALER)
        if _target_of(autoscaler) in {(ref.kind.kind, ref.name) for ref in own} and not _controlled(autoscaler)
    )


def _target_of(autoscaler: dict[str, Any]) -> tuple[str, str]:
    target = get_in(autoscaler, "spec", "scaleTargetRef", default={})
    return get_in(target, "kind", default=""), get_in(target, "name", default="")


def _controlled(autoscaler: dict[str, Any]) -> bool:
    owners = mappings_in(autoscaler, "metadata", "ownerReferences")
    return any(get_in(owner, "controller", default=False) for owner in owners)


def _show(ctx: TraitContext[Properties]) -> dict[str, str]:
    try:
        timeline = Timeline(given=ctx.properties, attached_at=ctx.attached_at)
        due, change = timeline.last(ctx.now), timeline.wake_at(ctx.now)
    except ValueError:
        # properties that were refused have no size
        return {}
    shown = {"job": due.name, "size": str(due.size)} if due is not None else {"job": "none yet"}
    return {**shown, "next": change.isoformat().replace("+00:00", "Z")} if change is not None else shown
