"""Deletions that wait while objects of the plan cannot be applied: an object is kept until its successor is applied.

An object that is no longer planned has a successor where the documents have changed it rather than removed it: another
workload of its instance, another object of its kind in its instance, or a new instance of its component. Everything
else is deleted whatever fails. No deletion waits for a successor that the server refuses because of the old object: for
a quota that it uses or, as an admission webhook states, for a host name or a scale target that it holds. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rudr_py.api import Ref, naming
from rudr_py.controller.apply import dependencies
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.state import scaler_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.scaler_index import ScaleTarget
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

_TOKEN = re.compile(r"[\w.-]+")

_DIGITS = 20
"""Digits of an amount, of which Kubernetes has 19; int() raises ValueError for thousands."""

_LONGEST_NAME = 253
"""Maximum length of the names of objects and hosts."""

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
    if not unapplied or not candidates:
        return {}
    causes = Denials((planned, denials[planned.ref]) for planned in unapplied)
    others = [one for one in candidates if not causes.freed_by(one)]
    successors = _Successors(plan, unapplied, others, find)
    replaced = {one.ref: successor for one in others if (successor := successors.of(one)) is not None}
    users = [live for planned in unapplied if (live := find(planned.ref)) is not None]
    users += [one.live for one in others if one.ref in replaced and one.live is not None]
    needed_by = needed(users, [one for one in others if one.ref not in replaced])
    return {ref: f"{ref} is kept until {successor.ref} is applied" for ref, successor in replaced.items()} | {
        ref: needed_text(ref, user) for ref, user in needed_by.items()
    }


def bound(plan: Plan, candidates: Sequence[PruneCandidate], denials: Mapping[Ref, str]) -> Sequence[PruneCandidate]:
    """The candidates without those whose deletion is a way out of a denial; see `deferred`."""
    if not any(denials.values()):
        return candidates
    causes = Denials((planned, denials[planned.ref]) for planned in plan.manifests if planned.ref in denials)
    return [one for one in candidates if not causes.freed_by(one)]


class Denials:
    """The messages with which the server has refused objects of the plan."""

    def __init__(self, denials: Iterable[tuple[PlannedObject, str]]) -> None:
        self._exhausted: set[str] = set()  # the resources of quotas that have room after the deletion of one object
        self._mentioned: dict[str, set[str]] = {}  # a name in a message -> the names of the refused objects
        self._kinds: set[str] = set()
        self._targets: set[ScaleTarget] = set()
        for planned, denial in denials:
            quota = _exhausted(denial)
            if quota is not None:
                self._exhausted.update(quota)
            elif _CONTENDED.search(denial) is not None:  # a policy may mention names, too
                self._note_contention(planned, denial)

    def _note_contention(self, planned: PlannedObject, denial: str) -> None:
        for name in _names(denial):
            self._mentioned.setdefault(name, set()).add(planned.ref.name)
        self._kinds.add(planned.ref.kind.kind)
        target = scaler_index.referenced(planned.body.get("spec"), "")
        if target is not None:
            self._targets.add(target)

    def freed_by(self, candidate: PruneCandidate) -> bool:
        """Whether a denial is due to the candidate, so that its deletion is a way out."""
        if any(_counts(resource, candidate.ref) for resource in self._exhausted):
            return True
        if not self._kinds:
            return False
        spec = candidate.live.part("spec") if candidate.live is not None else None
        name = candidate.ref.name
        if self._mentioned.get(name, set()) - {name} or any(host in self._mentioned for host in _hosts(spec)):
            return True
        is_similar = candidate.ref.kind.kind in self._kinds or scaler_index.referenced(spec, "") in self._targets
        return is_similar and not runs_pods(candidate)


class _Successors:
    """The first object of the plan, among those that are not applied, that replaces a candidate."""

    def __init__(
        self, plan: Plan, unapplied: Sequence[PlannedObject], others: Sequence[PruneCandidate], find: _FindLive
    ) -> None:
        self._unapplied = unapplied
        self._instances = {naming.join(instance.name) for instance in plan.instances}
        self._find = find
        self._groups: dict[str, list[PruneCandidate]] = {}
        for one in others:
            self._groups.setdefault(_instance(one), []).append(one)
        # positions in `unapplied` of the first object of each instance, of its first workload, and of the first new
        # object with each function in an instance or of a component
        self._first: dict[str, int] = {}
        self._workloads: dict[str, int] = {}
        self._in_instance: dict[tuple[str, str], int] = {}
        self._of_component: dict[str, dict[str, int]] = {}
        self._renamed: dict[str, int | None] = {}
        for position, planned in enumerate(unapplied):
            self._note(position, planned, plan)

    def _note(self, position: int, planned: PlannedObject, plan: Plan) -> None:
        instance, owner = naming.join(planned.instance), plan.instance_of(planned)
        is_workload = owner is not None and planned.ref in owner.workload.refs and planned.ref.kind not in _AUXILIARY
        self._first.setdefault(instance, position)
        if is_workload:
            self._workloads.setdefault(instance, position)
        if self._find(planned.ref) is not None:
            return
        for function in _functions(planned.ref, planned.body.get("spec"), is_workload):
            self._in_instance.setdefault((instance, function), position)
            if owner is not None:
                self._of_component.setdefault(owner.component, {}).setdefault(function, position)

    def of(self, candidate: PruneCandidate) -> PlannedObject | None:
        """The successor of a candidate, or of a part of its instance."""
        instance = _instance(candidate)
        if candidate.ref.kind == COMPONENT_INSTANCE and (instance == "" or instance in self._first):
            return self._unapplied[self._first[instance] if instance else 0]  # one of Rudr has no label
        if instance in self._first:
            positions = [self._in_instance.get((instance, function)) for function in _functions_of(candidate)]
            if candidate.ref.kind == SERVICE:
                positions.append(self._workloads.get(instance))
            return self._at(_least(positions))
        if instance not in self._renamed:
            self._renamed[instance] = self._find_renamed(instance)
        return self._at(self._renamed[instance])

    def _at(self, position: int | None) -> PlannedObject | None:
        return None if position is None else self._unapplied[position]

    def _find_renamed(self, instance: str) -> int | None:
        """The first new object that replaces a part of an instance that the plan lacks in one of the same component."""
        if not instance or instance in self._instances:
            return None
        group = self._groups[instance]
        functions = {function for one in group for function in _functions_of(one)}
        owners = (one.ref for one in group if one.ref.kind == COMPONENT_INSTANCE)
        components = (self._component(ref, instance) for ref in owners if self._find(ref) is not None)
        positions = [self._of_component.get(component, {}) for component in components]
        return _least(position.get(function) for position in positions for function in functions)

    def _component(self, owner: Ref, instance: str) -> str:
        """The component of a ComponentInstance; empty if no object of that component is applied anew."""
        component = owner.name.removesuffix(f"-{instance}")
        if component != owner.name:
            return component
        hashed = (each for each in self._of_component if labels.component_instance(each, instance) == owner)
        return next(hashed, "")


def _least(positions: Iterable[int | None]) -> int | None:
    return min((position for position in positions if position is not None), default=None)


def _functions(ref: Ref, spec: object, is_workload: bool) -> Iterator[str]:
    """The functions of an object: two objects with a common one replace each other."""
    yield ref.kind.kind
    if is_workload:
        yield "/workload"
    if scaler_index.referenced(spec, "") is not None:
        yield "/autoscaler"


def _functions_of(candidate: PruneCandidate) -> Iterator[str]:
    spec = candidate.live.part("spec") if candidate.live is not None else None
    return _functions(candidate.ref, spec, runs_pods(candidate))


def needed(users: Iterable[LiveObject], candidates: Iterable[PruneCandidate]) -> dict[Ref, LiveObject]:
    """The candidates that own one of the objects or are used by its pods, and those that such a candidate needs."""
    by_ref = {one.ref: one.live for one in candidates if one.live is not None}
    refs = {live.uid: ref for ref, live in by_ref.items()}
    needed_by: dict[Ref, LiveObject] = {}
    pending = list(users)
    while pending:
        users, pending = pending, []
        added: dict[Ref, LiveObject] = {}
        for user in users:
            names = [*dependencies.references(user.part("spec")), refs.get(user.owner_uid)]
            for ref in names:
                if ref in by_ref and ref not in needed_by and by_ref[ref].uid != user.uid:
                    added[ref] = user
        needed_by |= added
        pending = [by_ref[ref] for ref in added]
    return needed_by


def needed_text(ref: Ref, live: LiveObject) -> str:
    """The reason of an object that is kept because a live one needs it."""
    return f"{ref} is kept as long as {live.kind.lower()}/{live.name} needs it"


def _instance(candidate: PruneCandidate) -> str:
    """The label of the candidate's instance; empty for an object of the application itself."""
    return candidate.live.labels.get(labels.INSTANCE, "") if candidate.live is not None else ""


def runs_pods(candidate: PruneCandidate) -> bool:
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


def _exhausted(denial: str, number: int = 1) -> list[str] | None:
    """The resources in the message of a quota that has room after some deletions; None for another message."""
    _, is_quota, rest = denial.partition("exceeded quota: ")
    _, _, rest = rest.partition(", requested: ")
    requested, _, rest = rest.partition(", used: ")
    used, is_complete, limited = rest.partition(", limited: ")
    if not (is_quota and is_complete):
        return None
    uses, limits = dict(_amounts(used)), dict(_amounts(limited))
    return [
        name for name, amount in _amounts(requested) if _fits(amount, uses.get(name, ""), limits.get(name, ""), number)
    ]


def has_room(message: str, number: int) -> bool:
    """Whether a message is that of a quota that refuses a pod, and admits it after the deletion of others."""
    return bool(_exhausted(message, number))


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


def _fits(requested: str, used: str, limited: str, number: int) -> bool:
    """Whether a quota has room for a request after a number of deletions; true for amounts with a unit."""
    if not all(amount.isdecimal() and len(amount) < _DIGITS for amount in (requested, used, limited)):
        return True
    return int(used) - number + int(requested) <= int(limited)


def _names(message: str) -> Iterator[str]:
    """The names that a message may mention: words, and their parts before a dot that ends a sentence."""
    for match in _TOKEN.finditer(message):
        token = match.group()
        for index in range(min(len(token), _LONGEST_NAME + 1)):
            if token[index] == "." and token[index + 1 : index + 2] in ("", ".", "-"):
                yield token[:index]
        if len(token) <= _LONGEST_NAME:
            yield token
