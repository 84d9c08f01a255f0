"""The progress of the replacements of an application, and the deletions that wait for them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from rudr_py.api import Health, Ref
from rudr_py.controller.apply import successors
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.apply.removal import replacements
from rudr_py.render.status import replacements as status
from rudr_py.render.status import times
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.status.replacements import Replacement
from rudr_py.render.values.plan import Plan

_UNAPPLIED = Health("progressing", "NotApplied", "it is not applied")
_UNKNOWN = Health("unknown", "NotObserved", "its state is unknown")


class Added:
    """The health of the planned instances and objects, for replacements that add them.

    `unapplied` are the planned objects that could not be applied: their health is that of an earlier version.
    """

    def __init__(self, plan: Plan, healths: Sequence[InstanceHealth], unapplied: Collection[Ref]) -> None:
        self._unapplied = {str(ref) for ref in unapplied}
        self._blocked = {planned.instance for planned in plan.manifests if planned.ref in unapplied}
        self._instances = {replacements.label_of(one.plan.name): one for one in healths}

    def is_held(self, label: str) -> bool:
        """Whether a type holds an instance, which may last for any time."""
        instance = self._instances.get(label)
        return instance is not None and bool(instance.plan.held)

    def health(self, replacement: Replacement, name: str) -> Health:
        """The worst health of an added instance with its traits, or that of the type that added an object."""
        instance = self._instances.get(replacement.instance or name)
        if instance is None:
            return _UNKNOWN
        if replacement.instance:
            return _UNAPPLIED if name in self._unapplied else _of_object(instance, name)
        if instance.plan.name in self._blocked:
            return _UNAPPLIED
        awaited = (trait for trait in instance.traits if trait.trait.offer.name not in replacement.unready)
        return _worst(instance.workload, *(trait.health for trait in awaited))


def _of_object(instance: InstanceHealth, name: str) -> Health:
    by_trait = (one.health for one in instance.traits if any(str(ref) == name for ref in one.trait.refs))
    return next(by_trait, instance.workload)


def _worst(*healths: Health) -> Health:
    failed = (health for health in healths if health.state == "failed")
    waiting = (health for health in healths if not health.ok)
    return next(failed, next(waiting, healths[0]))


def assess(pending: Iterable[Replacement], added: Added, now: datetime, seconds: float) -> tuple[Replacement, ...]:
    """The replacements that have not ended; `seconds` is the time from the last change until they have failed."""
    assessed = (_assess(one, added, now, seconds) for one in pending)
    return tuple(one for one in assessed if one is not None)


def _assess(replacement: Replacement, added: Added, now: datetime, seconds: float) -> Replacement | None:
    if replacement.state == "kept":
        return msgspec.structs.replace(replacement, message=status.kept(replacement.subject))
    healths = {name: added.health(replacement, name) for name in replacement.added}
    waiting = {name: health for name, health in healths.items() if not health.ok}
    if not waiting:
        return None
    is_held = any(added.is_held(replacement.instance or name) for name in waiting)
    since = None if is_held else replacement.since or now.replace(microsecond=0)
    deadline = status.deadline(since, seconds)
    failed = {name: health for name, health in waiting.items() if health.state == "failed"}
    is_over = deadline is not None and now >= deadline
    were_ready = frozenset(replacement.ready)
    state: status.State = "failed" if (failed or is_over) and not is_held else "waiting"
    return msgspec.structs.replace(
        replacement,
        ready=tuple(name for name in replacement.added if name in were_ready or healths[name].ok),
        state=state,
        since=since,
        deadline=deadline,
        message=_message(replacement.subject, failed or waiting, state, None if failed else deadline),
    )


def _message(subject: str, waiting: Mapping[str, Health], state: status.State, deadline: datetime | None) -> str:
    if state == "waiting":
        return status.waiting(subject, list(waiting))
    (name, health), *_ = waiting.items()
    cause = f"{name}: {health.message or health.reason}"
    end = "has failed" if deadline is None else f"was not ready by {times.text(deadline)}"
    return f"{subject}, because {status.listed(list(waiting))} {end}; {cause}"


def deferred(pending: Sequence[Replacement], candidates: Iterable[PruneCandidate]) -> dict[Ref, str]:
    """The candidates whose deletion waits for a replacement, each with the reason as a sentence for the user.

    One of which only a record exists may belong to an instance that is kept.
    """
    if not pending:
        return {}
    ends = [(one, _end(one)) for one in pending]
    instances = {label: end for one, end in ends if not one.instance for label in one.removed}
    objects = {(one.instance, name): end for one, end in ends if one.instance for name in one.removed}
    kept: dict[Ref, str] = {}
    others: list[PruneCandidate] = []
    users = []
    for candidate in candidates:
        label = replacements.instance_of(candidate)
        end = instances.get(label) or objects.get((label, str(candidate.ref)))
        if candidate.live is None:
            kept[candidate.ref] = "it is deleted when all replacements have ended"
        elif end is not None:
            kept[candidate.ref] = end
            users.append(candidate.live)
        else:
            others.append(candidate)
    needed = successors.needed(users, others)
    return kept | {ref: successors.needed_text(ref, user) for ref, user in needed.items()}


def _end(replacement: Replacement) -> str:
    if replacement.state == "kept":
        return "it is kept by policy, and deleted with the application"
    were_ready = frozenset(replacement.ready)
    left = [name for name in replacement.added if name not in were_ready] or replacement.added
    return f"it is deleted when {status.ready(left)}"


def wake_after(pending: Iterable[Replacement], now: datetime) -> float | None:
    """The seconds until the next replacement fails; None if none waits for a time."""
    return min(_left(pending, now), default=None)


def _left(pending: Iterable[Replacement], now: datetime) -> Iterator[float]:
    for one in pending:
        if one.state == "waiting" and one.deadline is not None:
            yield max(0.0, (one.deadline - now).total_seconds())
