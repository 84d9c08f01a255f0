"""Deletions that wait while objects of the plan cannot be applied: an object is kept until its successor is applied.

An object that is no longer planned has a successor where the documents have changed it rather than removed it: another
workload of its instance, another object of its kind in its instance, or a new instance of its component. Everything
else is deleted whatever fails. No deletion waits for a successor that the server refuses because of the old object: for
a quota that it uses or, as an admission webhook states, for a host name or a scale target that it holds. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rudr_py.api import Ref, naming
from rudr_py.controller.apply import dependencies
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.state import scaler_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE, CONFIG_MAP, SERVICE
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan, PlannedObject

_AUXILIARY = frozenset({CONFIG_MAP, SERVICE, CLAIM, dependencies.SECRET, dependencies.SERVICE_ACCOUNT})
"""Kinds of objects that workload types add beside the workload itself."""

_CONTENDED = re.compile(
    r"\b(already|another|claimed|conflict(s|ing)?|duplicated?|exists?|in use|overlaps?|(managed|owned|used) by|taken)\b"
)
"""Words of a denial whose cause is another object."""

_QUOTA = re.compile(r"exceeded quota: .*?, requested: (.*?), used: (.*?), limited: (.*)")


_FindLive = Callable[[Ref], LiveObject | None]


def deferred(
    state: ClusterState,
    namespace: str,
    plan: Plan,
    candidates: Sequence[PruneCandidate],
    denials: Mapping[Ref, str],
) -> dict[Ref, str]:
    """The candidates whose deletion waits, each with the reason as a sentence for the user.

    `denials` are the objects of the plan that could not be applied, each with the message of the server where its
    admission or validation refused the object, else with an empty text.
    """

    def find(ref: Ref) -> LiveObject | None:
        live = state.get(ref.kind, namespace, ref.name)
        return None if live is None or live.deleting else live

    unapplied = [planned for planned in plan.manifests if planned.ref in denials]
    reasons: dict[Ref, str] = {}
    freed = {one.ref for one in candidates if any(frees(one, planned, denials[planned.ref]) for planned in unapplied)}
    others = [one for one in candidates if one.ref not in freed] if unapplied else []
    for candidate in others:
        successor = next((one for one in unapplied if _succeeds(one, candidate, plan, find, others)), None)
        if successor is not None:
            reasons[candidate.ref] = f"{candidate.ref} is kept until {successor.ref} is applied"
    live_unapplied = [live for planned in unapplied if (live := find(planned.ref)) is not None]
    added = bool(others)
    while added:  # the objects that a kept object needs are kept with it
        users = [*live_unapplied, *(one.live for one in others if one.ref in reasons and one.live is not None)]
        needed = {one.ref: user for one in others for user in users if one.ref not in reasons and _needs(user, one)}
        reasons |= {ref: f"{ref} is kept as long as {_describe(user)} needs it" for ref, user in needed.items()}
        added = bool(needed)
    return reasons


def frees(candidate: PruneCandidate, planned: PlannedObject, denial: str) -> bool:
    """Whether the server's denial of a planned object is due to the candidate, so that its deletion is a way out."""
    ref = candidate.ref
    if not denial:
        return False
    quota = _QUOTA.search(denial)
    if quota is not None:
        requested, used, limited = (dict(_amounts(group)) for group in quota.groups())
        resources = [resource for resource in requested if _counts(resource, ref)]
        return any(_fits(requested[one], used.get(one, ""), limited.get(one, "")) for one in resources)
    if _CONTENDED.search(denial) is None:
        return False  # a policy may mention names, too
    spec = candidate.live.part("spec") if candidate.live is not None else None
    names = [*_hosts(spec), *([ref.name] if ref.name != planned.ref.name else [])]
    if any(_mentions(denial, name) for name in names):
        return True
    target = scaler_index.referenced(spec, "")
    similar = ref.kind.kind == planned.ref.kind.kind or (
        target is not None and target == scaler_index.referenced(planned.body.get("spec"), "")
    )
    return similar and not _runs_pods(candidate)


def _succeeds(
    planned: PlannedObject, candidate: PruneCandidate, plan: Plan, find: _FindLive, others: Sequence[PruneCandidate]
) -> bool:
    """Whether the planned object, which is not applied, replaces the candidate or a part of its instance."""
    is_new = find(planned.ref) is None
    instance = _instance(candidate)
    if candidate.ref.kind == COMPONENT_INSTANCE and instance in ("", naming.join(planned.instance)):
        return True  # the former owner of an instance that has moved; one of Rudr has no label
    if instance != naming.join(planned.instance):
        siblings = (other for other in others if _instance(other) == instance)
        return (
            is_new and _is_renamed(instance, planned, plan, find) and any(_is_alike(planned, s, plan) for s in siblings)
        )
    if candidate.ref.kind == SERVICE and _is_workload(planned, plan):
        return True
    return is_new and _is_alike(planned, candidate, plan)


def _is_alike(planned: PlannedObject, candidate: PruneCandidate, plan: Plan) -> bool:
    """Whether two objects have the same function: the same kind, two workloads, or two autoscalers."""
    if candidate.ref.kind.kind == planned.ref.kind.kind or (_is_workload(planned, plan) and _runs_pods(candidate)):
        return True
    spec = candidate.live.part("spec") if candidate.live is not None else None
    return None not in (scaler_index.referenced(part, "") for part in (spec, planned.body.get("spec")))


def _is_renamed(instance: str, planned: PlannedObject, plan: Plan, find: _FindLive) -> bool:
    """Whether the planned object is of another instance of the component of an instance that the plan lacks."""
    if not instance or any(naming.join(one.name) == instance for one in plan.instances):
        return False
    components = (one.component for one in plan.instances if one.name == planned.instance)
    return any(find(labels.component_instance(component, instance)) is not None for component in components)


def _needs(live_object: LiveObject, candidate: PruneCandidate) -> bool:
    """Whether the candidate owns a live object, or the object's pods use the candidate."""
    live = candidate.live
    if live is None or live.uid == live_object.uid:
        return False
    return live.uid == live_object.owner_uid or candidate.ref in dependencies.references(live_object.part("spec"))


def _instance(candidate: PruneCandidate) -> str:
    """The label of the candidate's instance; empty for an object of the application itself."""
    return candidate.live.labels.get(labels.INSTANCE, "") if candidate.live is not None else ""


def _is_workload(planned: PlannedObject, plan: Plan) -> bool:
    instance = next((one for one in plan.instances if one.name == planned.instance), None)
    return instance is not None and planned.ref in instance.workload.refs and planned.ref.kind not in _AUXILIARY


def _runs_pods(candidate: PruneCandidate) -> bool:
    """Whether the candidate is a workload: it has a pod template, or is a custom object with the instance's name."""
    kind, live = candidate.ref.kind, candidate.live
    if live is None or kind == COMPONENT_INSTANCE or kind in _AUXILIARY:
        return False
    spec = live.part("spec")
    is_custom = "." in kind.group and not kind.group.endswith(".k8s.io")
    return (isinstance(spec, dict) and "template" in spec) or (is_custom and candidate.ref.name == _instance(candidate))


def _hosts(value: Any) -> Iterator[str]:
    """The host names in a spec."""
    if isinstance(value, dict):
        for key, item in value.items():
            hosts = item if isinstance(item, list) else [item]
            if key in ("host", "hostname", "hosts", "hostnames", "domain"):
                yield from (host for host in hosts if isinstance(host, str) and "." in host)
            yield from _hosts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _hosts(item)


def _counts(resource: str, ref: Ref) -> bool:
    """Whether a resource of a quota, such as `count/deployments.apps` or `services.nodeports`, counts the object."""
    if "storage" in resource:
        return ref.kind == CLAIM
    plural = resource.removeprefix("count/").partition(".")[0]
    kind = ref.kind.kind.lower()
    return plural in (f"{kind}s", f"{kind}es", f"{kind[:-1]}ies")


def _amounts(text: str) -> Iterator[tuple[str, str]]:
    """The amounts of resources in a message: `pods=1,services=2`."""
    for entry in text.split(","):
        resource, _, amount = entry.strip().partition("=")
        yield resource, amount


def _fits(requested: str, used: str, limited: str) -> bool:
    """Whether a quota has room for a request after the deletion of one object; true for amounts with a unit."""
    if not (requested.isdecimal() and used.isdecimal() and limited.isdecimal()):
        return True
    return int(used) - 1 + int(requested) <= int(limited)


def _mentions(message: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", message) is not None


def _describe(live: LiveObject) -> str:
    return f"{live.kind.lower()}/{live.name}"
