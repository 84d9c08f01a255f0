"""The trait cron-hpa. Native, it is a pure function of the time: which size holds now, and when that changes.

Nothing is remembered between two calls, so after any downtime the first answer is the right one.
"""

from __future__ import annotations

from typing import Any, Final

from rudr_py.api import Context, Health, Kind, Manifest, Ref, Refuse, Rendered, Scale, Trait
from rudr_py_cronhpa import cronhpa, keda, properties
from rudr_py_cronhpa.properties import Properties
from rudr_py_cronhpa.timeline import Timeline

AUTOSCALER: Final = Kind("autoscaling/v2", "HorizontalPodAutoscaler")

SCALABLE: Final = frozenset({("apps/v1", "Deployment"), ("apps/v1", "StatefulSet")})
"""What the other controllers can scale, of what workload types make."""


class CronHpa(Trait[Properties]):
    """Sizes by the clock: each job says a schedule and the size from then on."""

    name = "cron-hpa"
    aliases = ("CronHPA", "cronhpa")
    properties = Properties
    needs = frozenset({"scale"})
    produces = (cronhpa.CRON_HPA, keda.SCALED_OBJECT)
    observes = (AUTOSCALER,)

    def render(self, ctx: Context[Properties]) -> Rendered:
        """The size of the last job that was due, as a floor; or the objects of another controller."""
        problems = [*properties.problems(ctx.properties)]
        if problems:
            raise Refuse(*problems)
        if ctx.properties.backend == "native":
            return _native(ctx)
        if ctx.properties.backend == "cronhpa":
            return _elsewhere(ctx, cronhpa.CRON_HPA, cronhpa.spec(ctx.properties, _target(ctx)))
        return _elsewhere(ctx, keda.SCALED_OBJECT, keda.spec(ctx.properties, _target(ctx)))

    def health(self, ctx: Context[Properties]) -> Health:
        """Native: the job that holds and the next change. Else what the other controller says of its object."""
        if ctx.properties.backend == "native":
            return Health("ready", "Ready", "", _show(ctx))
        if ctx.properties.backend == "cronhpa":
            return cronhpa.health(ctx.live(Ref(cronhpa.CRON_HPA, _name(ctx))))
        return super().health(ctx)


def _native(ctx: Context[Properties]) -> Rendered:
    timeline = Timeline(given=ctx.properties, attached_at=ctx.attached_at)
    due = timeline.last(ctx.now)
    return Rendered(
        scale=Scale.hold(due.size) if due is not None else None,
        wake_at=timeline.wake_at(ctx.now),
        warnings=_foreign(ctx),
    )


def _elsewhere(ctx: Context[Properties], kind: Kind, spec: dict[str, Any]) -> Rendered:
    manifest = Manifest(kind=kind, name=_name(ctx), body={"spec": spec})
    return Rendered(add=(manifest,), scale=Scale.external(), warnings=_foreign(ctx))


def _name(ctx: Context[Properties]) -> str:
    return ctx.name("trait-cron-hpa")


def _target(ctx: Context[Properties]) -> Ref:
    """What the other controller is to scale."""
    for manifest in ctx.manifests:
        if (manifest.kind.api_version, manifest.kind.kind) in SCALABLE:
            return manifest.ref
    raise Refuse((f"the backend {ctx.properties.backend} cannot scale {ctx.workload}; native can", "$.backend"))


def _foreign(ctx: Context[Properties]) -> tuple[str, ...]:
    """Warnings of autoscalers on the same workload that nobody here made; they are left alone."""
    own = {manifest.ref for manifest in ctx.manifests}
    return tuple(
        f"the HorizontalPodAutoscaler {found['metadata']['name']}, which is not rudr's, scales the same workload"
        for found in ctx.observed(AUTOSCALER)
        if _aims(found) in {(ref.kind.kind, ref.name) for ref in own} and not _controlled(found)
    )


def _aims(autoscaler: dict[str, Any]) -> tuple[Any, Any]:
    spec = autoscaler.get("spec")
    target = spec.get("scaleTargetRef") if isinstance(spec, dict) else None
    return (target.get("kind"), target.get("name")) if isinstance(target, dict) else (None, None)


def _controlled(found: dict[str, Any]) -> bool:
    owners = found["metadata"].get("ownerReferences")
    return any(isinstance(one, dict) and one.get("controller") for one in owners or ())


def _show(ctx: Context[Properties]) -> dict[str, str]:
    try:
        timeline = Timeline(given=ctx.properties, attached_at=ctx.attached_at)
        due, change = timeline.last(ctx.now), timeline.wake_at(ctx.now)
    except ValueError:
        # properties that were refused have no size
        return {}
    shown = {"job": due.name, "size": str(due.size)} if due is not None else {"job": "none yet"}
    return {**shown, "next": change.isoformat().replace("+00:00", "Z")} if change is not None else shown
