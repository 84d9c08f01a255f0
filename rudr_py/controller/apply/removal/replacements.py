"""Instances and objects of an application that replace other ones, from the state of the cluster. Pure.

An instance, or an object of an instance, is added if the plan has it and the stored status lacks it; it is removed if
it exists and the plan lacks it. Those that are added and removed at the same time replace each other. The same write of
the status stores that, and what has been added, so that a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from rudr_py.api import Ref, get_in, kstatus, mappings_in, naming
from rudr_py.controller.apply import dependencies, predecessors, prune, successors
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.state import inventory, scaler_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.scaler_index import ScaleTarget
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE, CONFIG_MAP, CRON_JOB, JOB
from rudr_py.render.claims import CLAIM
from rudr_py.render.status import replacements as status
from rudr_py.render.status.replacements import Replacement
from rudr_py.render.status.status import PreviousStatus
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan, PlannedObject
from rudr_py.settings import RemovalPolicy

AUXILIARY = frozenset({COMPONENT_INSTANCE, CONFIG_MAP, CLAIM, dependencies.SECRET, dependencies.SERVICE_ACCOUNT})
"""Kinds of objects of an instance that serve nothing by themselves: they have their own time of deletion."""

_RUNS_TO_COMPLETION = frozenset({JOB, CRON_JOB})
"""Kinds of workloads of which none replaces another one: what they run ends by itself."""


class Documents(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of the documents of an application that decide about its removals; `version` changes with each edit.

    `seconds` is the time from a change until its replacements have failed.
    """

    policy: RemovalPolicy
    version: str
    now: datetime
    seconds: float


class Difference:
    """The instances and objects that the plan removes and adds since the stored status."""

    def __init__(self, state: ClusterState, application: LiveObject, plan: Plan, before: PreviousStatus) -> None:
        self._state = state
        self._application = application
        self._plan = plan
        self._records = inventory.read(before.resources)
        self._reported = {label_of(get_in(entry, "name", default="")): entry for entry in before.instances}
        schedule = prune.schedule(state, application, plan, self._records.values())
        self.planned = {label_of(instance.name): instance for instance in plan.instances}
        existing = [one for one in (*schedule.last, *schedule.in_use) if one.live is not None and not one.live.deleting]
        self._groups: dict[str, list[PruneCandidate]] = {}
        for one in existing:
            self._groups.setdefault(instance_of(one), []).append(one)

    def removed_instances(self, *, all_kinds: bool) -> list[str]:
        """The labels of the instances that the plan lacks and that exist; only with `all_kinds` those that end."""
        return [
            label
            for label, group in sorted(self._groups.items())
            if label
            and label not in self.planned
            and any(one.ref.kind == COMPONENT_INSTANCE for one in group)
            and (all_kinds or not any(_runs_to_completion(one) for one in group))
        ]

    def added_instances(self) -> list[str]:
        """The labels of the planned instances that have been added."""
        return [label for label in self.planned if not self._is_recorded(label)]

    def is_ready(self, label: str) -> bool:
        """Whether an instance that the plan lacks has a workload that is ready, or has a ready pod during a rollout."""
        workloads = [one.live for one in self._groups.get(label, ()) if successors.runs_pods(one)]
        return bool(workloads) and all(live is None or _serves(live.document()) for live in workloads)

    def unready_traits(self, removed: Iterable[str]) -> list[str]:
        """The traits that were not ready with these instances."""
        entries = (self._reported.get(label) for label in removed)
        traits = (trait for entry in entries for trait in mappings_in(entry, "traits"))
        states = {get_in(one, "name", default=""): get_in(one, "state", default="") for one in traits}
        return sorted(name for name, state in states.items() if name and state != "ready")

    def removed_objects(self, label: str, *, all_kinds: bool) -> list[str]:
        """The objects of a planned instance that the plan lacks."""
        targets = frozenset() if all_kinds else self._targets(label)
        return sorted(
            str(one.ref)
            for one in self._groups.get(label, ())
            if one.ref.kind not in AUXILIARY and _target(one) not in targets
        )

    def added_objects(self, label: str) -> list[str]:
        """The planned objects that have been added to an instance."""
        return [
            str(planned.ref)
            for planned in self.objects_of(label)
            if planned.ref.kind not in AUXILIARY and planned.ref not in self._records
        ]

    def kept_instances(self) -> list[str]:
        """The labels of the planned instances that have existed and of which the plan lacks an object."""
        return sorted(label for label in self._groups if label in self.planned and self._is_recorded(label))

    def existing(self, label: str) -> list[LiveObject]:
        """The live objects of an instance that the plan lacks."""
        return [one.live for one in self._groups.get(label, ()) if one.live is not None]

    def objects_of(self, label: str) -> Sequence[PlannedObject]:
        """The planned objects of an instance."""
        return self._plan.objects_of(self.planned[label].name) if label in self.planned else ()

    def _is_recorded(self, label: str) -> bool:
        """Whether the stored status has an instance, or a ComponentInstance of it, also one of another component."""
        if label in self._reported:
            return True
        owners = self._state.component_instances_of(self._application, label)
        refs = (Ref(COMPONENT_INSTANCE, live.name) for live in owners if predecessors.is_of(live, label))
        return any((record := self._records.get(ref)) is not None and record.uid != "" for ref in refs)

    def _targets(self, label: str) -> frozenset[ScaleTarget | None]:
        """The objects that planned autoscalers scale: of two autoscalers of one object none works."""
        specs = (planned.body.get("spec") for planned in self.objects_of(label))
        return frozenset(scaler_index.referenced(spec, "") for spec in specs) - {None}


def label_of(instance: str) -> str:
    """The label of an instance."""
    return naming.join(instance)


def instance_of(candidate: PruneCandidate) -> str:
    """The label of the candidate's instance; empty for an object of the application itself, and for unread ones."""
    return candidate.live.labels.get(labels.INSTANCE, "") if candidate.live is not None else ""


def current(difference: Difference, before: Sequence[Replacement], documents: Documents) -> tuple[Replacement, ...]:
    """The replacements of the plan; `before` are those of the previous status. They wait at first.

    Those that have ended are left out: nothing of what they remove exists, or the plan has nothing of what they add.
    """
    return tuple(
        _begun(one, documents)
        for one in (*_instances(difference, before, documents), *_objects(difference, before, documents))
    )


def _instances(difference: Difference, before: Sequence[Replacement], documents: Documents) -> Iterator[Replacement]:
    removed = difference.removed_instances(all_kinds=documents.policy == "keep")
    if not removed:
        return
    replacements = [one for one in before if not one.instance]
    for one in _merged(
        replacements, removed, difference.added_instances(), difference.planned, documents, difference.is_ready
    ):
        unready = one.unready or tuple(difference.unready_traits(one.removed))
        yield msgspec.structs.replace(one, unready=unready)


def _objects(difference: Difference, before: Sequence[Replacement], documents: Documents) -> Iterator[Replacement]:
    by_instance: dict[str, list[Replacement]] = {}
    for one in before:
        by_instance.setdefault(one.instance, []).append(one)
    for label in difference.kept_instances():
        removed = difference.removed_objects(label, all_kinds=documents.policy == "keep")
        if not removed:
            continue
        replacements = by_instance.get(label, ())
        planned = {str(planned.ref) for planned in difference.objects_of(label)}
        for one in _merged(replacements, removed, difference.added_objects(label), planned, documents):
            yield msgspec.structs.replace(one, instance=label)


def _merged(
    before: Sequence[Replacement],
    removed: Sequence[str],
    added: Sequence[str],
    planned: Iterable[str],
    documents: Documents,
    is_ready: Callable[[str], bool] = lambda _: True,
) -> Iterator[Replacement]:
    """The replacements of one instance, or of instances: those of before, and one of everything else.

    A removed instance that has never been ready, and is not by `is_ready`, replaces nothing and is not replaced.
    """
    planned = frozenset(planned)
    left = dict.fromkeys(removed)
    if documents.policy == "keep":
        yield Replacement(removed=tuple(left), state="kept")
        return
    for one in before:
        names = tuple(name for name in one.removed if name in left)
        kept = tuple(name for name in one.added if name in planned)
        if len(kept) < len(one.added) or not one.added:
            kept = tuple(dict.fromkeys((*kept, *added)))
        # one that has never been ready has replaced nothing; the stored status may be older than its first readiness
        were_ready = frozenset(one.ready)
        failed = {name for name in one.added if name not in were_ready and not is_ready(name)} if names else set()
        ended = failed.union(names)
        left = {name: None for name in left if name not in ended}
        if names and kept:
            ready = tuple(name for name in kept if name in were_ready)
            yield msgspec.structs.replace(one, removed=names, added=kept, ready=ready)
    if left and added:
        yield Replacement(removed=tuple(left), added=tuple(added))


def _begun(replacement: Replacement, documents: Documents) -> Replacement:
    """The replacement with the time from which its deadline counts: that of the last change of the documents."""
    if replacement.state == "kept" or replacement.version == documents.version:
        return replacement
    since = documents.now.replace(microsecond=0)
    message = status.waiting(replacement.subject, replacement.added)
    deadline = status.deadline(since, documents.seconds)
    return msgspec.structs.replace(
        replacement, version=documents.version, since=since, deadline=deadline, message=message
    )


def _serves(workload: dict[str, Any]) -> bool:
    return kstatus.assess(workload).ok or get_in(workload, "status", "readyReplicas", default=0) > 0


def _runs_to_completion(candidate: PruneCandidate) -> bool:
    """Whether the candidate is the workload of its instance, and ends by itself."""
    return candidate.ref.kind in _RUNS_TO_COMPLETION and candidate.ref.name == instance_of(candidate)


def _target(candidate: PruneCandidate) -> ScaleTarget | None:
    return scaler_index.referenced(candidate.live.part("spec"), "") if candidate.live is not None else None
