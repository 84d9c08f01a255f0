"""The failures of one pass over the objects of an application."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply.impersonation.writers import Writers
from rudr_py.controller.apply.removal.removals import Removal
from rudr_py.controller.results import failures
from rudr_py.controller.results.failures import Failure
from rudr_py.render.values.plan import Plan, PlannedObject


@dataclass
class Attempt:
    """The failures of one pass over the plan with the writers of its application.

    `unapplied` are the objects that could not be applied, each with the message of the server where it refused the
    object, else with an empty text. `ended` is whether every further request would fail for the same reason.
    `notes` are sentences about objects that are still being deleted, for the status.
    `superseded` are the earlier workloads that have been deleted for an object that waits for their end.
    `held` are the new instances of which nothing is applied, because an object of their traits is refused (TR-8).
    `confirmed` are the objects that were applied or are in sync, and those that do not exist any more.
    """

    writers: Writers
    removal: Removal
    failures: list[Failure] = field(default_factory=list)
    unapplied: dict[Ref, str] = field(default_factory=dict)
    ended: bool = False
    superseded: frozenset[Ref] = frozenset()
    held: set[str] = field(default_factory=set)
    confirmed: set[Ref] = field(default_factory=set)
    notes: tuple[str, ...] = ()

    @property
    def denials(self) -> bool:
        """Whether the server has refused an object, which another object may have caused."""
        return any(self.unapplied.values())

    def fail(self, planned: PlannedObject, plan: Plan, error: errors.RudrError, *, holds: bool) -> None:
        """Note the failure of an object, and whether it holds its instance."""
        failure = failures.of(planned.ref, error, needed=_purpose(planned, plan))
        if holds:
            message = f"{failure.message}; nothing of the instance {planned.instance} is applied before"
            failure = msgspec.structs.replace(failure, message=message)
            self.held.add(planned.instance)
        self.failures.append(failure)
        self.unapplied[planned.ref] = failure.denial

    def again(self) -> Attempt:
        """A second pass that begins with these failures."""
        return Attempt(
            self.writers,
            self.removal,
            list(self.failures),
            dict(self.unapplied),
            self.ended,
            confirmed=self.confirmed,
        )


def _purpose(planned: PlannedObject, plan: Plan) -> str:
    """The type that needs an object, for the operator who grants the rights for it."""
    name = planned.made_by
    if not name:
        return "for every application"
    instance = plan.instance_of(planned)
    if instance is None:
        return f"by scope {name}"
    return f"by {'workload type' if name == instance.workload.offer.name else 'trait'} {name}"
