"""HealthScope: the health of the members, individually and aggregated. It only reports (OAM v1alpha1 §4).

The object, its name and its fields are Rudr's. The core sends the probes; this module defines them and evaluates their
results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from rudr_py.api import (
    Health,
    InvalidProperties,
    Manifest,
    Member,
    Probe,
    Ref,
    Rendered,
    Rule,
    Scope,
    ScopeContext,
    get_in,
    mappings_in,
    naming,
)
from rudr_py.builtin import kinds
from rudr_py.builtin.scopes import member_probes, spelling

WINDOW: Final = 10
"""The number of results for the rates, if a rate is set; without a rate the last result decides."""

HEALTHY: Final = "healthy"
UNHEALTHY: Final = "unhealthy"

Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
Percentage = Annotated[float, msgspec.Meta(ge=0, le=100)]


class HealthScopeProperties(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The probes of members, and the health conditions of a member and of the scope. Percentages go from 0 to 100."""

    probe_method: Annotated[
        Literal["kube-get", "httpGet", "tcp"],
        msgspec.Meta(
            description="The kind of probe: kube-get uses the health of the workload, httpGet and tcp probe the "
            "member's Service.",
            examples=["kube-get"],
        ),
    ]
    probe_endpoint: Annotated[
        str,
        msgspec.Meta(
            description="The endpoint: .status for kube-get, /path or :PORT/path for httpGet, :PORT for tcp; PORT is "
            "a number or a name.",
            examples=[".status"],
        ),
    ]
    probe_timeout: Annotated[Seconds, msgspec.Meta(description="The timeout of a probe in seconds.")] = 30
    probe_interval: Annotated[
        Seconds, msgspec.Meta(description="The interval of the probes of a member in seconds.")
    ] = 30
    failure_rate_threshold: Annotated[
        Percentage | None,
        msgspec.Meta(description="A member is unhealthy when more than this percentage of its last 10 probes failed."),
    ] = None
    healthy_rate_threshold: Annotated[
        Percentage | None,
        msgspec.Meta(
            description="A member is healthy again when at least this percentage of its last 10 probes passed."
        ),
    ] = None
    health_threshold_percentage: Annotated[
        Percentage,
        msgspec.Meta(description="The scope is healthy when at least this percentage of its members is healthy."),
    ] = 100.0
    required_healthy_components: Annotated[
        str | tuple[str, ...],
        msgspec.Meta(
            description="Components or instances that must be healthy for the scope to be healthy; a list, or "
            "comma-separated."
        ),
    ] = ()

    members: spelling.Members = "namespace"

    def required(self) -> tuple[str, ...]:
        """The names in `required_healthy_components`, which may be a list or comma-separated."""
        names = self.required_healthy_components
        listed = names.split(",") if isinstance(names, str) else names
        return tuple(dict.fromkeys(name.strip() for name in listed if name.strip()))


class HealthScope(Scope[HealthScopeProperties]):
    """Reports the health of a group of instances, of each and as a whole."""

    name = "core.oam.dev/v1alpha1.HealthScope"
    aliases = ("core.oam.dev/v1alpha1.Health", "core.oam.dev/v1.HealthScope", "core.oam.dev/v1.Health")
    properties = HealthScopeProperties
    renamed_properties: ClassVar[Mapping[str, str]] = spelling.of(HealthScopeProperties)
    produces = (kinds.HEALTH_SCOPE,)
    permissions = (Rule(groups=("core.oam.dev",), resources=("healthscopes/status",), verbs=("patch",)),)
    allow_overlap = True

    def render(self, ctx: ScopeContext[HealthScopeProperties]) -> Rendered:
        """The HealthScope, and the probes of its members."""
        problem = _problem(ctx.properties)
        if problem:
            raise InvalidProperties(problem, path="$.probe-endpoint")
        return Rendered(
            add=(Manifest(kind=kinds.HEALTH_SCOPE, name=_name(ctx), body={"spec": _spec(ctx.properties)}),),
            probes=tuple(probe for probes in _probes(ctx) for probe in probes),
            warnings=tuple(_warnings(ctx)),
        )

    def health(self, ctx: ScopeContext[HealthScopeProperties]) -> Health:
        """The health of the object: a scope that reports `unhealthy` works."""
        health, states = super().health(ctx), _states(ctx)
        healthy = sum(state == HEALTHY for state in states)
        show = {**health.show, "health": _overall(ctx, states), "members": f"{healthy}/{len(states)}"}
        return Health(health.state, health.reason, health.message, show)

    def status(self, ctx: ScopeContext[HealthScopeProperties]) -> dict[str, Any] | None:
        """Rudr's status and the field `health`; the time changes only together with another field."""
        states = _states(ctx)
        status = {
            "components": [
                {"name": member.component, "instanceName": member.instance, "status": state}
                for member, state in zip(ctx.members, states, strict=True)
            ],
            "health": _overall(ctx, states),
        }
        before = _live_status(ctx)
        time = before.get("lastAggregateTimestamp")
        if not isinstance(time, str) or any(before.get(key) != value for key, value in status.items()):
            time = ctx.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {**status, "lastAggregateTimestamp": time}


def _name(ctx: ScopeContext[HealthScopeProperties]) -> str:
    """The name of the application, as in Rudr; further health scopes of the application append their own name."""
    first = ctx.siblings[:1] in ((), (ctx.instance,))
    return naming.join(ctx.application) if first else naming.join(ctx.application, ctx.instance)


def _spec(properties: HealthScopeProperties) -> dict[str, Any]:
    optional: dict[str, Any] = {
        "failureRateThreshold": properties.failure_rate_threshold,
        "healthyRateThreshold": properties.healthy_rate_threshold,
        "requiredHealthyComponents": list(properties.required()) or None,
    }
    return {
        "probeMethod": properties.probe_method,
        "probeEndpoint": properties.probe_endpoint,
        "probeTimeout": properties.probe_timeout,
        "probeInterval": properties.probe_interval,
        "healthThresholdPercentage": properties.health_threshold_percentage,
        **{key: value for key, value in optional.items() if value is not None},
    }


def _problem(properties: HealthScopeProperties) -> str:
    if properties.probe_method == "kube-get":
        return "" if properties.probe_endpoint == ".status" else "kube-get supports only the endpoint .status"
    endpoint = member_probes.parse(properties.probe_method, properties.probe_endpoint)
    return "" if endpoint is not None else member_probes.FORMS[properties.probe_method]


def _probes(ctx: ScopeContext[HealthScopeProperties]) -> tuple[tuple[Probe, ...], ...]:
    """The probes of each member; empty for a member without network probes."""
    properties = ctx.properties
    endpoint = (
        None
        if properties.probe_method == "kube-get"
        else member_probes.parse(properties.probe_method, properties.probe_endpoint)
    )
    if endpoint is None:
        return tuple(() for _ in ctx.members)
    rated = properties.failure_rate_threshold is not None or properties.healthy_rate_threshold is not None
    return tuple(
        tuple(
            Probe(
                name=f"{member.application}/{member.instance}:{port}",
                method=endpoint.method,
                target=Ref(kinds.SERVICE, member.service),
                port=port,
                path=endpoint.path,
                interval=properties.probe_interval,
                timeout=properties.probe_timeout,
                window=WINDOW if rated else 1,
                failure_rate=properties.failure_rate_threshold or 0.0,
                healthy_rate=100.0 if properties.healthy_rate_threshold is None else properties.healthy_rate_threshold,
            )
            for port in member_probes.ports(member, endpoint)
        )
        for member in ctx.members
    )


def _warnings(ctx: ScopeContext[HealthScopeProperties]) -> Iterator[str]:
    if ctx.properties.probe_method != "kube-get":
        for member, probes in zip(ctx.members, _probes(ctx), strict=True):
            if not probes:
                subject = f"{member.instance} of {member.application} has no Service with such a port"
                yield f"{subject}; the health of its workload is used instead"
    names = {name for member in ctx.members for name in _names(member)}
    for name in ctx.properties.required():
        if name not in names:
            yield f'"{name}" is in required-healthy-components, but no member has this component or instance name'


def _names(member: Member) -> tuple[str, str]:
    return member.component, member.instance


def _states(ctx: ScopeContext[HealthScopeProperties]) -> tuple[str, ...]:
    """`healthy` or `unhealthy` for each member. A member without a result keeps its previous state."""
    before = {
        (get_in(entry, "name", default=""), get_in(entry, "instanceName", default="")): entry.get("status")
        for entry in mappings_in(_live_status(ctx), "components")
    }
    states = []
    for member, probes in zip(ctx.members, _probes(ctx), strict=True):
        healthy = _passed(ctx.probe_results, probes) if probes else _is_healthy(member.health)
        if healthy is None:
            healthy = before.get(_names(member)) == HEALTHY
        states.append(HEALTHY if healthy else UNHEALTHY)
    return tuple(states)


def _passed(results: Mapping[str, str | None], probes: tuple[Probe, ...]) -> bool | None:
    """Whether all probes of a member pass; None while none fails and some have no result."""
    outcomes = [results[probe.name] for probe in probes if probe.name in results]
    if any(outcome is not None for outcome in outcomes):
        return False
    return True if len(outcomes) == len(probes) else None


def _is_healthy(health: Health) -> bool | None:
    """Whether the workload is healthy. A running Task is healthy, as in Rudr; None while the health is unknown."""
    if health.state == "unknown":
        return None
    return health.ok or (health.state == "progressing" and health.reason == "Running")


def _overall(ctx: ScopeContext[HealthScopeProperties], states: tuple[str, ...]) -> str:
    """`healthy` if enough members are healthy, and all required ones. An empty scope is healthy, as in Rudr."""
    enough = states.count(HEALTHY) * 100 >= ctx.properties.health_threshold_percentage * len(states)
    healthy = {
        name for member, state in zip(ctx.members, states, strict=True) if state == HEALTHY for name in _names(member)
    }
    unhealthy = {
        name for member, state in zip(ctx.members, states, strict=True) if state != HEALTHY for name in _names(member)
    }
    required = all(name in healthy - unhealthy for name in ctx.properties.required())
    return HEALTHY if enough and required else UNHEALTHY


def _live_status(ctx: ScopeContext[HealthScopeProperties]) -> Mapping[str, Any]:
    return get_in(ctx.live(Ref(kinds.HEALTH_SCOPE, _name(ctx))), "status", default={})
