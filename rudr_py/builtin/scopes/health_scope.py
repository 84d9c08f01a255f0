"""HealthScope: whether the members are healthy, each and together. It tells, and acts on nothing (OAM v1alpha1 §4).

The object, its name and its fields are Rudr's. Who asks members over the network is the core; here is only what to
ask, and what the answers mean.
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
"""How many results the rates are about, where a rate is asked for; without one the last result decides."""

HEALTHY: Final = "healthy"
UNHEALTHY: Final = "unhealthy"

Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
Percentage = Annotated[float, msgspec.Meta(ge=0, le=100)]


class Properties(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How members are asked, and what makes one, and all of them, healthy. Percentages go from 0 to 100."""

    probe_method: Annotated[
        Literal["kube-get", "httpGet", "tcp"],
        msgspec.Meta(
            description="How members are asked: kube-get takes what their workload says of itself, httpGet and tcp ask"
            " their Service.",
            examples=["kube-get"],
        ),
    ]
    probe_endpoint: Annotated[
        str,
        msgspec.Meta(
            description="What is asked: .status for kube-get, /path or :PORT/path for httpGet, :PORT for tcp; PORT is"
            " a number or a name.",
            examples=[".status"],
        ),
    ]
    probe_timeout: Annotated[Seconds, msgspec.Meta(description="Seconds to wait for an answer.")] = 30
    probe_interval: Annotated[Seconds, msgspec.Meta(description="Seconds between two probes of a member.")] = 30
    failure_rate_threshold: Annotated[
        Percentage | None,
        msgspec.Meta(description="A member is unhealthy when more than this percentage of its last 10 probes failed."),
    ] = None
    healthy_rate_threshold: Annotated[
        Percentage | None,
        msgspec.Meta(description="It is healthy again from this percentage of passed probes among the last 10."),
    ] = None
    health_threshold_percentage: Annotated[
        Percentage, msgspec.Meta(description="From this percentage of healthy members the scope is healthy.")
    ] = 100.0
    required_healthy_components: Annotated[
        str | tuple[str, ...],
        msgspec.Meta(
            description="Components or instances without which the scope is not healthy; a list, or comma-separated."
        ),
    ] = ()

    def required(self) -> tuple[str, ...]:
        """The names in `required_healthy_components`, however they are written."""
        given = self.required_healthy_components
        listed = given.split(",") if isinstance(given, str) else given
        return tuple(dict.fromkeys(name.strip() for name in listed if name.strip()))


class HealthScope(Scope[Properties]):
    """Tells the health of a group of instances, each by itself and as a whole."""

    name = "core.oam.dev/v1alpha1.HealthScope"
    aliases = ("core.oam.dev/v1alpha1.Health", "core.oam.dev/v1.HealthScope", "core.oam.dev/v1.Health")
    properties = Properties
    renamed_properties: ClassVar[Mapping[str, str]] = spelling.of(Properties)
    produces = (kinds.HEALTH_SCOPE,)
    permissions = (Rule(groups=("core.oam.dev",), resources=("healthscopes/status",), verbs=("patch",)),)
    allow_overlap = True

    def render(self, ctx: ScopeContext[Properties]) -> Rendered:
        """The HealthScope, and a probe for each port of a member that is to be asked."""
        problem = _problem(ctx.properties)
        if problem:
            raise InvalidProperties(problem, path="$.probe-endpoint")
        return Rendered(
            add=(Manifest(kind=kinds.HEALTH_SCOPE, name=_name(ctx), body={"spec": _spec(ctx.properties)}),),
            probes=tuple(probe for probes in _probes(ctx) for probe in probes),
            warnings=tuple(_warnings(ctx)),
        )

    def health(self, ctx: ScopeContext[Properties]) -> Health:
        """That of the object: a scope that says `unhealthy` does its work."""
        found, states = super().health(ctx), _states(ctx)
        healthy = sum(state == HEALTHY for state in states)
        shown = {**found.show, "health": _overall(ctx, states), "members": f"{healthy}/{len(states)}"}
        return Health(found.state, found.reason, found.message, shown)

    def status(self, ctx: ScopeContext[Properties]) -> dict[str, Any] | None:
        """Rudr's status, and `health` beside it; the time moves only when something else did."""
        states = _states(ctx)
        found = {
            "components": [
                {"name": member.component, "instanceName": member.instance, "status": state}
                for member, state in zip(ctx.members, states, strict=True)
            ],
            "health": _overall(ctx, states),
        }
        before = _live_status(ctx)
        then = before.get("lastAggregateTimestamp")
        if not isinstance(then, str) or any(before.get(key) != value for key, value in found.items()):
            then = ctx.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {**found, "lastAggregateTimestamp": then}


def _name(ctx: ScopeContext[Properties]) -> str:
    """The application's, as in Rudr; a further health scope of the same application has its own added."""
    first = ctx.siblings[:1] in ((), (ctx.instance,))
    return naming.join(ctx.application) if first else naming.join(ctx.application, ctx.instance)


def _spec(given: Properties) -> dict[str, Any]:
    optional: dict[str, Any] = {
        "failureRateThreshold": given.failure_rate_threshold,
        "healthyRateThreshold": given.healthy_rate_threshold,
        "requiredHealthyComponents": list(given.required()) or None,
    }
    return {
        "probeMethod": given.probe_method,
        "probeEndpoint": given.probe_endpoint,
        "probeTimeout": given.probe_timeout,
        "probeInterval": given.probe_interval,
        "healthThresholdPercentage": given.health_threshold_percentage,
        **{key: value for key, value in optional.items() if value is not None},
    }


def _problem(given: Properties) -> str:
    if given.probe_method == "kube-get":
        return "" if given.probe_endpoint == ".status" else "kube-get reads .status and nothing else; write .status"
    known = member_probes.parse(given.probe_method, given.probe_endpoint)
    return "" if known is not None else member_probes.FORMS[given.probe_method]


def _probes(ctx: ScopeContext[Properties]) -> tuple[tuple[Probe, ...], ...]:
    """The probes of each member; none for one that is not asked over the network."""
    given = ctx.properties
    endpoint = (
        None if given.probe_method == "kube-get" else member_probes.parse(given.probe_method, given.probe_endpoint)
    )
    if endpoint is None:
        return tuple(() for _ in ctx.members)
    rated = given.failure_rate_threshold is not None or given.healthy_rate_threshold is not None
    return tuple(
        tuple(
            Probe(
                name=f"{member.application}/{member.instance}:{port}",
                method=endpoint.method,
                target=Ref(kinds.SERVICE, member.service),
                port=port,
                path=endpoint.path,
                interval=given.probe_interval,
                timeout=given.probe_timeout,
                window=WINDOW if rated else 1,
                failure_rate=given.failure_rate_threshold or 0.0,
                healthy_rate=100.0 if given.healthy_rate_threshold is None else given.healthy_rate_threshold,
            )
            for port in member_probes.ports(member, endpoint)
        )
        for member in ctx.members
    )


def _warnings(ctx: ScopeContext[Properties]) -> Iterator[str]:
    if ctx.properties.probe_method != "kube-get":
        for member, probes in zip(ctx.members, _probes(ctx), strict=True):
            if not probes:
                asked = f"{member.instance} of {member.application} has no Service with a port to ask"
                yield f"{asked}; what its workload says of itself is taken instead"
    known = {name for member in ctx.members for name in _names(member)}
    for name in ctx.properties.required():
        if name not in known:
            yield f'"{name}" is required to be healthy, and no component or instance of this name is a member'


def _names(member: Member) -> tuple[str, str]:
    return member.component, member.instance


def _states(ctx: ScopeContext[Properties]) -> tuple[str, ...]:
    """`healthy` or `unhealthy` for each member. One that nobody has looked at yet stays what it was."""
    before = _states_before(ctx)
    found = []
    for member, probes in zip(ctx.members, _probes(ctx), strict=True):
        well = _answered(ctx.probe_results, probes) if probes else _said(member.health)
        if well is None:
            well = before.get(_names(member)) == HEALTHY
        found.append(HEALTHY if well else UNHEALTHY)
    return tuple(found)


def _answered(results: Mapping[str, str | None], probes: tuple[Probe, ...]) -> bool | None:
    """Whether all probes of a member pass; None while none fails and some have not answered."""
    answers = [results[probe.name] for probe in probes if probe.name in results]
    if any(answer is not None for answer in answers):
        return False
    return True if len(answers) == len(probes) else None


def _said(health: Health) -> bool | None:
    """What the workload says of itself. A Task at work is healthy, as in Rudr; it need not have ended."""
    if health.state == "unknown":
        return None
    return health.ok or (health.state == "progressing" and health.reason == "Running")


def _overall(ctx: ScopeContext[Properties], states: tuple[str, ...]) -> str:
    """Whether enough members are healthy, and all required ones. A scope without members is, as in Rudr."""
    enough = states.count(HEALTHY) * 100 >= ctx.properties.health_threshold_percentage * len(states)
    well = {
        name for member, state in zip(ctx.members, states, strict=True) if state == HEALTHY for name in _names(member)
    }
    ill = {
        name for member, state in zip(ctx.members, states, strict=True) if state != HEALTHY for name in _names(member)
    }
    required = all(name in well - ill for name in ctx.properties.required())
    return HEALTHY if enough and required else UNHEALTHY


def _live_status(ctx: ScopeContext[Properties]) -> Mapping[str, Any]:
    return get_in(ctx.live(Ref(kinds.HEALTH_SCOPE, _name(ctx))), "status", default={})


def _states_before(ctx: ScopeContext[Properties]) -> dict[tuple[str, str], Any]:
    return {
        (get_in(entry, "name", default=""), get_in(entry, "instanceName", default="")): entry.get("status")
        for entry in mappings_in(_live_status(ctx), "components")
    }
