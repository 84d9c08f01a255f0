"""The trait cron-hpa. The backend native is a pure function of the time: the current size, and its next change.

It keeps no state between calls, so the result is correct after any downtime; the status of the application stores the
times at which the jobs were added.
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
    kstatus,
    mappings_in,
    reject,
)
from rudr_py_cronhpa import cronhpa, keda
from rudr_py_cronhpa.properties import Properties, find_problems
from rudr_py_cronhpa.timeline import Timeline

AUTOSCALER: Final = Kind("autoscaling/v2", "HorizontalPodAutoscaler")


class CronHpa(Trait[Properties]):
    """Sets the number of replicas by time: each job has a schedule and the size from then on."""

    name = "cron-hpa"
    aliases = ("CronHPA", "cronhpa")
    properties = Properties
    requires = frozenset({"scale"})
    produces = (cronhpa.CRON_HPA, keda.SCALED_OBJECT)
    observes = (AUTOSCALER,)

    def render(self, ctx: TraitContext[Properties]) -> Rendered:
        """The size of the last job that was due, as a minimum; or the object of another controller."""
        reject(find_problems(ctx.properties))
        if ctx.properties.backend == "native":
            return _native(ctx)
        if ctx.properties.backend == "cronhpa":
            spec = cronhpa.spec(ctx.properties, _target(ctx))
            return _elsewhere(ctx, cronhpa.CRON_HPA, spec, *cronhpa.warnings(ctx.properties))
        return _elsewhere(ctx, keda.SCALED_OBJECT, keda.spec(ctx.properties, _target(ctx)))

    def health(self, ctx: TraitContext[Properties]) -> Health:
        """For native, the current job and the next change; otherwise the health of the other controller's object."""
        if ctx.properties.backend == "native":
            return Health("ready", "Ready", "", _show(ctx))
        if ctx.properties.backend == "cronhpa":
            return cronhpa.health(ctx.live(Ref(cronhpa.CRON_HPA, _name(ctx))))
        return kstatus.confirmed(super().health(ctx), ctx.live(Ref(keda.SCALED_OBJECT, _name(ctx))), "KEDA")


def _native(ctx: TraitContext[Properties]) -> Rendered:
    timeline = _timeline(ctx)
    due = timeline.last(ctx.now)
    return Rendered(
        scale=Scale.hold(due.size, peak=max(job.target_size for job in ctx.properties.jobs)) if due else None,
        wake_at=timeline.wake_at(ctx.now),
        warnings=_unmanaged_autoscalers(ctx),
    )


def _timeline(ctx: TraitContext[Properties]) -> Timeline:
    """The jobs. An edited schedule, time zone or `runOnce` is a new job; an edited size is not."""
    properties = ctx.properties
    added = (
        ctx.first_seen(job.name, job.schedule, properties.zone_of(job), "once" if job.run_once else "repeated")
        for job in properties.jobs
    )
    return Timeline(properties=properties, added=tuple(added))


def _elsewhere(ctx: TraitContext[Properties], kind: Kind, spec: dict[str, Any], *warnings: str) -> Rendered:
    manifest = Manifest(kind=kind, name=_name(ctx), body={"spec": spec})
    scale = Scale.external(peak=max(job.target_size for job in ctx.properties.jobs))
    return Rendered(add=(manifest,), scale=scale, warnings=(*warnings, *_unmanaged_autoscalers(ctx)))


def _name(ctx: TraitContext[Properties]) -> str:
    return ctx.name("trait-cron-hpa")


def _target(ctx: TraitContext[Properties]) -> Ref:
    """The object that the other controller scales."""
    if ctx.scale_target is None:
        message = f"the backend {ctx.properties.backend} cannot scale {ctx.workload}; use the backend native"
        raise InvalidProperties(message, path="$.backend")
    return ctx.scale_target


def _unmanaged_autoscalers(ctx: TraitContext[Properties]) -> tuple[str, ...]:
    """Warnings about autoscalers of other clients on the same workload, which are not changed."""
    own = {manifest.ref for manifest in ctx.manifests}
    return tuple(
        f"the HorizontalPodAutoscaler {get_in(autoscaler, 'metadata', 'name', default='')}, which is not managed by"
        " rudr, scales the same workload"
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
        timeline = _timeline(ctx)
        due, change = timeline.last(ctx.now), timeline.next_change(ctx.now)
    except ValueError:
        # invalid properties have no size
        return {}
    show = {"job": due.name, "size": str(due.size)} if due is not None else {"job": "none yet"}
    return {**show, "next": change.isoformat().replace("+00:00", "Z")} if change is not None else show
