"""Creates the objects of traits in a dry run before anything of a new instance is written (TR-8).

An instance is not deployed if the API server would refuse an object of its traits. An instance that exists is not
stopped for that: its other objects are kept as planned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply import decide
from rudr_py.controller.apply.applier import CREATE_ONLY, Applier
from rudr_py.controller.apply.decide import History, Observation, Refuse
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.apply.refusals import Refusals
from rudr_py.controller.results import failures
from rudr_py.controller.results.failures import RefusedError
from rudr_py.kube import requests
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.model.identity import ObjectKey
from rudr_py.render.values.plan import InstancePlan, Plan, PlannedObject
from rudr_py.settings import FIELD_MANAGER

AUTOSCALING = "autoscaling"
"""The group of the objects that a workload type adds for the scale of a trait."""

_NATIVE_DOMAIN = ".k8s.io"


def of_new_instances(plan: Plan, exists: Callable[[Ref], bool]) -> Iterator[PlannedObject]:
    """The absent objects of traits of each instance none of whose workload exists.

    An object of a custom kind that refers to the workload is left out: its webhook may require that this exists.
    """
    for instance in plan.instances:
        if instance.traits and not any(exists(ref) for ref in instance.workload.refs):
            added = frozenset(ref for trait in instance.traits for ref in trait.refs)
            for planned in plan.objects_of(instance.name):
                is_of_trait = planned.ref in added or planned.ref.kind.group == AUTOSCALING
                is_absent = is_of_trait and not planned.adopt and not exists(planned.ref)
                if is_absent and not _may_need_workload(planned, instance):
                    yield planned


class Rehearsal:
    """Creates objects in a dry run, with the client of an application."""

    def __init__(self, client: CachedClient, applier: Applier, refusals: Refusals) -> None:
        self._client = client
        self._applier = applier
        self._refusals = refusals

    async def create(self, application: LiveObject, desired: DesiredObject) -> None:
        """Raise the error with which the creation of an object would fail: RefusedError, WaitingError or KubeError.

        An object that was refused is not sent again for a while.
        """
        place = (str(desired.ref), desired.hash, "rehearsal", self._client.user)
        key = ObjectKey(application.namespace, application.name)
        refused = self._refusals.get(key, place, "")
        if refused is not None:
            raise refused.with_traceback(None)
        try:
            await self._create(desired, await self._applier.target(desired, application.namespace))
        except errors.RudrError as error:
            if failures.of(desired.ref, error).kind == "refused":
                self._refusals.put(key, place, error)
            raise

    async def _create(self, desired: DesiredObject, target: Target) -> None:
        body = desired.encoded(resource_version=CREATE_ONLY)
        try:
            await self._client.client.send(requests.apply(target, body, FIELD_MANAGER, dry_run=True))
        except errors.ConflictError:  # it exists, perhaps with another owner
            observation = Observation.read(await self._client.get(target), (), "")
            decision = decide.decide(desired, observation, History())
            if isinstance(decision, Refuse):
                raise RefusedError(decision.message, reason=decision.reason) from None
        except errors.ApiError as error:
            if "does not support dry run" not in error.message:  # of a webhook
                raise


def _may_need_workload(planned: PlannedObject, instance: InstancePlan) -> bool:
    group = planned.ref.kind.group
    is_custom = "." in group and not group.endswith(_NATIVE_DOMAIN)
    return is_custom and _refers_to(planned.body, frozenset(ref.name for ref in instance.workload.refs))


def _refers_to(value: Any, names: frozenset[str], key: str = "") -> bool:
    """Whether a value contains one of these names in a reference: a map below a key that ends with Ref."""
    if isinstance(value, dict):
        if key.endswith("Ref") and value.get("name") in names:
            return True
        return any(_refers_to(item, names, name) for name, item in value.items())
    return isinstance(value, list) and any(_refers_to(item, names, key) for item in value)
