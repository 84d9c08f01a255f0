"""Instances and scopes that stay as they are, because one of their types returned a `Hold` instead of objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from rudr_py.api import Hold
from rudr_py.catalog import Offer
from rudr_py.render.values.plan import Holder, Plan

REASON: Final = "Held"
"""The reason in the status, and the type of the condition."""

DEPENDENCY_FAILED: Final = "DependencyFailed"
"""The reason of an instance that waits for one that has failed."""

DEPENDENCY_TIMEOUT: Final = "DependencyTimeout"
"""The reason of an instance that has waited for another one for too long."""

REASONS: Final = frozenset({REASON, DEPENDENCY_FAILED, DEPENDENCY_TIMEOUT})
"""All reasons of instances that are held."""

RETRY: Final = timedelta(seconds=30)
"""The time until a type is called again whose Hold ended before it returned it."""


def wake_at(hold: Hold, now: datetime) -> datetime | None:
    """The time at which the type is called again without a change; None for never."""
    if hold.until is None or hold.until > now:
        return hold.until
    return now + RETRY


def holder(category: str, offer: Offer[Any], hold: Hold) -> Holder:
    """The type that holds; `category` is `trait`, for example."""
    return Holder(category=category, type_name=offer.name, reason=hold.reason)


def reason(holders: Iterable[Holder]) -> str:
    """The reason in the status: that of a failure, if there is one."""
    return next((one.failure for one in holders if one.failure), REASON)


def reason_of(plan: Plan) -> str:
    """The reason in the status of an application in which an instance or scope is held."""
    return reason(holder for instance in plan.held_instances for holder in instance.held)


def text(holders: Iterable[Holder]) -> str:
    """The types that hold an instance, each with its reason."""
    unique = dict.fromkeys(f"{one.category} {one.type_name}: {one.reason}" for one in holders)
    return "; ".join(unique)


def lines(plan: Plan) -> Iterator[str]:
    """A line for each instance and each scope that is held."""
    for scope in plan.scopes:
        if scope.held:
            yield f"scope {scope.name}: {text(scope.held)}"
    for instance in plan.instances:
        if instance.held:
            yield f"{instance.name}: {text(instance.held)}"


def notes(application: str, plan: Plan) -> Iterator[str]:
    """A sentence for the command line about each instance and scope of an application that is held."""
    for line in lines(plan):
        yield f'the application "{application}": nothing is applied of {line}'
