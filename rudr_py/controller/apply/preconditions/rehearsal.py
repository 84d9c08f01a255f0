"""Creates objects of traits in a dry run before anything of their instance is written (TR-8), see `trait_guard`."""

from __future__ import annotations

from rudr_py import errors
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
from rudr_py.settings import FIELD_MANAGER


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
        place = (str(desired.ref), desired.hash, "", self._client.user)  # as that of an apply which creates it
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
