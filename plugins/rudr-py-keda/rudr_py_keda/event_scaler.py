"""event-scaler: the number of replicas by events, by a ScaledObject of KEDA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

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
)
from rudr_py_keda import checks
from rudr_py_keda.properties import EventScalerProperties, Trigger

AUTHENTICATION: Final = Kind("keda.sh/v1alpha1", "TriggerAuthentication")
SCALED_OBJECT: Final = Kind("keda.sh/v1alpha1", "ScaledObject")

SUFFIX: Final = "trait-event-scaler"
LONGEST: Final = 63 - len("keda-hpa-")
"""The longest name from which KEDA derives a valid name of an autoscaler."""

ANNOTATION: Final = "autoscaling.keda.sh/paused"


class EventScaler(Trait[EventScalerProperties]):
    """Runs as many replicas as events need, down to none."""

    name = "event-scaler"
    properties = EventScalerProperties
    renamed_properties: ClassVar[Mapping[str, str]] = {
        "minimum": "minReplicaCount",
        "maximum": "maxReplicaCount",
        "idle": "idleReplicaCount",
    }
    requires = frozenset({"scale"})
    produces = (AUTHENTICATION, SCALED_OBJECT)

    def render(self, ctx: TraitContext[EventScalerProperties]) -> Rendered:
        """The authentications and the ScaledObject, which owns the number of replicas."""
        target = ctx.scale_target
        if target is None and any(manifest.kind.kind in ("CronJob", "Job") for manifest in ctx.manifests):
            # the core rejects the scale of a type without replicas
            return Rendered(scale=Scale.external())
        if target is None:
            raise InvalidProperties(f"KEDA scales Deployments and StatefulSets, and {ctx.workload} has none")
        problems = [*checks.problems(ctx)]
        if problems:
            raise InvalidProperties(*problems)
        authentications = [
            Manifest(kind=AUTHENTICATION, name=_authentication_name(ctx, index), body={"spec": _json(own)})
            for index, own in enumerate(trigger.authentication for trigger in ctx.properties.triggers)
            if own is not None
        ]
        scaled = Manifest(
            kind=SCALED_OBJECT,
            name=ctx.name(SUFFIX),
            body={"spec": _spec(ctx, target)},
            annotations=_pause(ctx.properties),
        )
        return Rendered(
            add=(*authentications, scaled),
            scale=Scale.external(peak=_peak(ctx.properties)),
            warnings=tuple(checks.warnings(ctx.properties)),
        )

    def health(self, ctx: TraitContext[EventScalerProperties]) -> Health:
        """The conditions that KEDA sets. Paused is ready if the properties request it, and a fallback is not ready."""
        ref = Ref(SCALED_OBJECT, ctx.name(SUFFIX))
        live = ctx.live(ref)
        conditions = {name: kstatus.condition(live or {}, name) for name in ("Active", "Paused", "Fallback")}
        is_true = {name for name, condition in conditions.items() if condition.get("status") == "True"}
        health = super().health(ctx)
        if not (_pause(ctx.properties) and "Paused" in is_true):
            health = kstatus.confirmed(health, live, "KEDA")
        if health.ok and "Fallback" in is_true:
            message = get_in(conditions["Fallback"], "message", default="") or "triggers fail"
            health = Health("progressing", "Fallback", f"{ref}: {message}")
        show = {name.lower(): str(name in is_true).lower() for name, condition in conditions.items() if condition}
        return Health(health.state, health.reason, health.message, show)


def _peak(properties: EventScalerProperties) -> int:
    """The greatest number of replicas that KEDA sets."""
    fallback = properties.fallback.replicas if properties.fallback else 0
    return max(properties.max_replica_count, fallback, properties.paused_replicas or 0)


def _spec(ctx: TraitContext[EventScalerProperties], target: Ref) -> dict[str, Any]:
    properties, name = ctx.properties, ctx.name(SUFFIX)
    advanced = _json(properties.advanced) or {}
    if len(name) > LONGEST:
        advanced["horizontalPodAutoscalerConfig"] = {"name": name, **advanced.get("horizontalPodAutoscalerConfig", {})}
    reference = {
        "apiVersion": target.kind.api_version,
        "kind": target.kind.kind,
        "name": target.name,
        "envSourceContainerName": properties.env_source_container_name,
    }
    fields = {
        "scaleTargetRef": _present(reference),
        "pollingInterval": properties.polling_interval,
        "cooldownPeriod": properties.cooldown_period,
        "initialCooldownPeriod": properties.initial_cooldown_period,
        "idleReplicaCount": properties.idle_replica_count,
        "minReplicaCount": properties.min_replica_count,
        "maxReplicaCount": properties.max_replica_count,
        "fallback": _json(properties.fallback),
        "advanced": advanced or None,
        "triggers": [_trigger(ctx, index, trigger) for index, trigger in enumerate(properties.triggers)],
    }
    return _present(fields)


def _trigger(ctx: TraitContext[EventScalerProperties], index: int, trigger: Trigger) -> dict[str, Any]:
    reference = _json(trigger.authentication_ref)
    if trigger.authentication is not None:
        reference = {"name": _authentication_name(ctx, index)}
    fields = {
        "type": trigger.type,
        "name": trigger.name,
        # KEDA accepts texts only
        "metadata": {key: _text(value) for key, value in trigger.metadata.items()},
        "metricType": trigger.metric_type,
        "useCachedMetrics": trigger.use_cached_metrics or None,
        "authenticationRef": reference,
    }
    return _present(fields)


def _authentication_name(ctx: TraitContext[EventScalerProperties], index: int) -> str:
    return ctx.name(SUFFIX, str(index))


def _pause(properties: EventScalerProperties) -> dict[str, str]:
    """The annotations that pause scaling."""
    paused = {ANNOTATION: "true"} if properties.paused else {}
    if properties.paused_replicas is not None:
        paused[f"{ANNOTATION}-replicas"] = str(properties.paused_replicas)
    return paused


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _text(value: str | bool | float) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _json(value: msgspec.Struct | None) -> Any:
    """The value with lists instead of tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))
