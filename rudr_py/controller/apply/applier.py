"""Execute the decision about one object: no request if it is in sync, else usually one server-side apply.

`decide` makes every decision; this module reads, writes and remembers. It changes no status.
"""

from __future__ import annotations

import contextlib

from rudr_py import errors
from rudr_py.controller.apply import (
    config_leftovers,
    conflicts,
    decide,
    managed_fields,
    predecessors,
    runs,
)
from rudr_py.controller.apply import desired as desired_objects
from rudr_py.controller.apply.claims import mounts
from rudr_py.controller.apply.contention import CONTESTED, MAXIMUM, ONE_POD_MAXIMUM, Contention, Place
from rudr_py.controller.apply.decide import (
    Adopt,
    Apply,
    Clear,
    Create,
    Decision,
    Document,
    History,
    Observation,
    Read,
    Refuse,
    Replace,
    Rest,
    Settle,
    Supersede,
    Touch,
    Trim,
    Wait,
)
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.apply.field_handover import Handover
from rudr_py.controller.apply.managed_fields import Drift
from rudr_py.controller.apply.preserved import request_body
from rudr_py.controller.apply.refusals import REPLACEMENTS, Refusals
from rudr_py.controller.apply.replacement import immutable_fields, refused_apply
from rudr_py.controller.apply.replacement.blocked_rollout import RolloutUnblocker
from rudr_py.controller.apply.rudr_adoption import RudrAdoption
from rudr_py.controller.apply.rudr_leftovers import RudrLeftovers
from rudr_py.controller.results import change_log, failures
from rudr_py.controller.results.change_log import Event
from rudr_py.controller.results.failures import RefusedError, SupersededError, WaitingError
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import requests
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.model.identity import ObjectKey
from rudr_py.render.values.plan import Plan, PlannedObject
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

CREATE_ONLY = "1"
"""A resourceVersion that no object has: an apply with it creates or is refused, and never overwrites."""

ATTEMPTS = 4
"""How many decisions follow each other: the cache was late, a default is cleared, the object is replaced."""


class Applier:
    """Applies one object after another."""

    def __init__(
        self,
        client: CachedClient,
        state: ClusterState,
        recorder: Recorder,
        contention: Contention,
        refusals: Refusals,
        rollouts: RolloutUnblocker,
    ) -> None:
        self._client = client
        self._state = state
        self._recorder = recorder
        self._contention = contention
        self._refusals = refusals
        self._rollouts = rollouts
        self._handover = Handover(client.client, state.unowned)
        self._adoption = RudrAdoption(client.client)
        self._leftovers = RudrLeftovers(client, state, recorder)

    async def label_leftovers(self, application: LiveObject, plan: Plan, planned: PlannedObject) -> None:
        """Label what Rudr created for the ComponentInstance `planned` and the plan lacks. Raises KubeError."""
        await self._leftovers.mark(application, plan, planned)

    async def ensure(self, application: LiveObject, desired: DesiredObject, history: History) -> LiveObject | None:
        """Bring an object to its desired state and return it; None when it has run to its end and is deleted.

        Raises RefusedError, WaitingError and any KubeError. An error that only the user can end is kept for a while,
        in which the same body is not sent again.
        """
        key, namespace = ObjectKey(application.namespace, application.name), application.namespace
        ref = desired.ref
        live = self._state.get(ref.kind, namespace, ref.name)
        desired = desired_objects.in_place(desired, live)
        observation = self._observe(application, desired, live)
        decision = decide.decide(desired, observation, history)
        refusal = desired.claim_refusal if isinstance(decision, Wait) else ""
        conflicts.report_claim(self._recorder, self._state, application, ref, refusal)
        if isinstance(decision, Rest):
            await self._rollouts.unblock(application, desired, live)
            return _present(live)
        if isinstance(decision, Wait):
            raise WaitingError(decision.message, reason=decision.reason)
        place = (str(ref), desired.hash, live.uid if live is not None else "", self._client.user)
        refused = self._refusals.get(key, place, _revision(live))
        if refused is not None:
            raise refused.with_traceback(None)
        try:
            target = await self.target(desired, namespace)
            return await self._execute(application, desired, history, target, observation, decision)
        except errors.RudrError as error:
            if failures.of(ref, error).kind == "refused":
                if isinstance(error, RefusedError) and error.reason == immutable_fields.IMMUTABLE:
                    self._refusals.put_lasting(key, place, _revision(live), error)
                else:
                    self._refusals.put(key, place, error)
            raise

    def _observe(self, application: LiveObject, desired: DesiredObject, live: LiveObject | None) -> Observation:
        namespace = application.namespace
        holder = mounts.holder(self._state, application, desired.planned)
        if holder or desired.claim_refusal:
            self._state.applications.await_claim(ObjectKey(namespace, application.name))
        return Observation(live=live, pods=runs.active_pods(self._state, namespace, desired.planned), holder=holder)

    async def target(self, desired: DesiredObject, namespace: str) -> Target:
        """The address of an object. Raises RefusedError, WaitingError and any KubeError if it cannot be written."""
        kind = desired.ref.kind
        target = await self._client.target(kind, namespace, desired.ref.name)
        refusal = decide.placement(desired, target.resource, namespace)
        if refusal is not None:
            raise RefusedError(refusal.message, reason=refusal.reason)
        cache = self._state.cache(kind, namespace)
        if cache is None or not cache.synced:
            # drift of an object that cannot be watched would be invisible, and every reconcile would write it
            reason = cache.problem if cache is not None else "its kind is not watched"
            raise WaitingError(f"{desired.ref} cannot be watched: {reason}", reason="CannotWatch")
        return target

    async def _execute(
        self,
        application: LiveObject,
        desired: DesiredObject,
        history: History,
        target: Target,
        observation: Observation,
        decision: Decision,
    ) -> LiveObject | None:
        """Execute the decision. Where the live object is another than the cache has it, read it and decide again."""
        paused = self._contention.pause(_place(desired, target)) > 0
        if desired.planned.ignored and isinstance(decision, Read) and not paused:
            # whether it reverts anything depends on the values of the ignored fields
            observation, desired, decision = await self._read(target, observation, desired, history)
        unchanged = isinstance(decision, Settle) or (isinstance(decision, Apply) and decision.unchanged)
        restores = decide.reverts(desired, observation.live, history.record) and not unchanged
        if restores:
            await self._check_contention(application, desired, target, decision)
        for attempt in range(ATTEMPTS):
            if isinstance(decision, Read):
                observation, desired, decision = await self._read(target, observation, desired, history)
            try:
                written = await self._perform(application, desired, target, decision)
            except (errors.ConflictError, errors.InvalidError, errors.ForbiddenError) as error:
                following = await self._after_refusal(application, desired, target, decision, error)
                if following is None or attempt == ATTEMPTS - 1 or (attempt and isinstance(following, Read)):
                    raise
                decision = following
            else:
                break
        if written is None:
            return _present(observation.live)
        if restores:
            self._contention.reverted(_place(desired, target))
        return written

    async def _after_refusal(
        self,
        application: LiveObject,
        desired: DesiredObject,
        target: Target,
        decision: Decision,
        error: errors.ApiError,
    ) -> Decision | None:
        """The decision that follows a refused one; None where the refusal is final."""
        if decide.is_another_object(decision, error):
            return Read()
        if not isinstance(decision, Apply | Adopt | Clear) or isinstance(error, errors.ConflictError):
            return None
        live = await self._client.get(target)
        if live["metadata"].get("uid") != decision.uid:
            return Read()
        following = await refused_apply.decide(self._client.client, target, desired.over(live), live, error)
        if isinstance(following, Refuse):
            raise RefusedError(following.message, reason=following.reason, denial=error.message) from error
        key = ObjectKey(application.namespace, application.name)
        if isinstance(following, Replace) and self._refusals.replace(key, (str(desired.ref), desired.hash)):
            message = f"{desired.ref} was replaced {REPLACEMENTS} times within an hour by the same body; {error}"
            raise RefusedError(message, reason=immutable_fields.IMMUTABLE, denial=error.message) from error
        return following

    async def _read(
        self, target: Target, observation: Observation, desired: DesiredObject, history: History
    ) -> tuple[Observation, DesiredObject, Decision]:
        """Read the object from the server, and decide on it again."""
        try:
            document = await self._client.get(target)
        except errors.NotFoundError:
            document = None
        observation = Observation.read(document, observation.pods, observation.holder)
        desired = desired_objects.in_place(desired, observation.live)
        return observation, desired, decide.decide(desired, observation, history)

    async def _perform(
        self, application: LiveObject, desired: DesiredObject, target: Target, decision: Decision
    ) -> LiveObject | None:
        """Send the requests of the decision. Return the applied object, or None where no field has been applied."""
        match decision:
            case Create():
                body = desired.encoded(resource_version=CREATE_ONLY)
                return await self._write(application, desired, target, "created", body)
            case Apply():
                return await self._apply(application, desired, target, decision)
            case Adopt():
                return await self._adopt(application, desired, target, decision)
            case Touch():
                return await self._touch(application, desired, target, "changed", decision.uid)
            case Settle():
                await self._settle(application, desired, target, decision.uid)
            case Trim():
                await config_leftovers.remove(self._client.client, target, decision.operations)
                self._log("reverted", application, desired)
            case Clear():
                return await self._clear(application, desired, target, decision)
            case Replace():
                await self._replace(application, desired, target, decision)
                raise WaitingError(decision.message, reason=decision.reason)
            case Supersede():
                await self._rehearse(desired, target)
                raise SupersededError(decision.message, decision.predecessors, reason=decision.reason)
            case Wait():
                raise WaitingError(decision.message, reason=decision.reason)
            case Refuse():
                conflicts.report(self._recorder, self._state, application, desired.ref, decision)
                raise RefusedError(decision.message, reason=decision.reason)
        return None

    async def _rehearse(self, desired: DesiredObject, target: Target) -> None:
        """Raise the error with which the server would refuse the object, before anything is deleted for it."""
        body = desired.encoded(resource_version=CREATE_ONLY)
        try:
            await self._client.client.send(requests.apply(target, body, FIELD_MANAGER, dry_run=True))
        except errors.ApiError as error:
            if not predecessors.may_be_lifted(error):
                raise

    async def _apply(self, application: LiveObject, desired: DesiredObject, target: Target, apply: Apply) -> LiveObject:
        document, version = apply.document, ""
        if apply.release and document is None:
            live = self._state.get(desired.ref.kind, application.namespace, desired.ref.name)
            version = self._handover.released_at(live, desired.planned)
        if apply.release and not version:
            document = await self._release(application, desired, target, apply.uid, document)
        desired = desired.over(document)
        drift = await self._drift(desired, target, apply)
        event: Event = "reverted" if apply.drifted else "changed"
        body = await request_body.of(self._client.client, target, desired, apply.uid, document, version)
        written = await self._write(application, desired, target, event, body, managers=drift.managers)
        if note := drift.describe(desired.ref):
            self._recorder.record(application, "DriftReverted", note, action="Apply", warning=True)
        if apply.settle:
            # the answer is not cached: it is not the state that was applied, and a newer one may have been watched
            await self._settle(application, desired, target, apply.uid)
        return written

    async def _clear(self, application: LiveObject, desired: DesiredObject, target: Target, clear: Clear) -> LiveObject:
        document = await self._client.get(target)
        held = await self._handover.clear(target, desired, document, clear.path)
        if desired.planned.reapplied:  # its version has changed
            document = await self._client.get(target)
        desired = desired.over(document)
        body = await request_body.of(self._client.client, target, desired, clear.uid, document)
        written = await self._write(application, desired, target, "changed", body)
        await self._handover.hold(target, held)
        return written

    async def _replace(self, application: LiveObject, desired: DesiredObject, target: Target, replace: Replace) -> None:
        with contextlib.suppress(errors.NotFoundError):
            await self._client.delete(target, uid=replace.uid, propagation=replace.propagation)
            self._log("deleted", application, desired, reason=replace.reason)
            if not desired.planned.inputs_digest:
                self._recorder.record(application, replace.reason, replace.message, action="Replace")

    async def _adopt(self, application: LiveObject, desired: DesiredObject, target: Target, adopt: Adopt) -> LiveObject:
        planned, owner = desired.planned, desired.owner
        document = await self._adoption.prepare(target, planned, owner, adopt.document)
        if adopt.mark and not adopt.touch:
            for ref in await self._adoption.mark(target, planned, owner, document):
                change_log.changed("adopted", ref, application=application.name, instance=planned.instance)
        if adopt.release and not adopt.touch:
            document = await self._release(application, desired, target, adopt.uid, document) or document
        try:
            if adopt.touch:
                return await self._touch(application, desired, target, "adopted", adopt.uid)
            desired = desired.over(document)
            body = await request_body.of(self._client.client, target, desired, adopt.uid, document)
            return await self._write(application, desired, target, "adopted", body)
        except errors.RudrError:
            if document is not adopt.document:  # its managed fields have been patched
                self._log("handed-over", application, desired)
            raise

    async def _write(
        self, application: LiveObject, desired: DesiredObject, target: Target, event: Event, body: bytes, **fields: str
    ) -> LiveObject:
        """Apply the whole object, and log the event unless nothing changed."""
        live = self._state.get(desired.ref.kind, application.namespace, desired.ref.name)
        written = await self._client.apply(target, body, FIELD_MANAGER)
        conflicts.end(self._state, application, desired.ref)
        if event in ("created", "adopted") or change_log.differs(live, written):
            self._log(event, application, desired, **fields)
        return written

    async def _touch(
        self, application: LiveObject, desired: DesiredObject, target: Target, event: Event, uid: str
    ) -> LiveObject:
        """Apply only the metadata and the size of the object."""
        live = self._state.get(desired.ref.kind, application.namespace, desired.ref.name)
        written = await self._client.apply(target, runs.partial_body(desired, uid), HANDOVER_MANAGER)
        if event == "adopted" or change_log.differs(live, written):
            self._log(event, application, desired)
        return written

    async def _release(
        self, application: LiveObject, desired: DesiredObject, target: Target, uid: str, document: Document | None
    ) -> Document | None:
        """Hand fields over. Returns the live object, read again where its version is a precondition of the apply."""
        if not await self._handover.release(target, desired.planned, uid):
            return document
        self._log("handed-over", application, desired)
        return await self._client.get(target) if desired.planned.reapplied else document

    async def _settle(self, application: LiveObject, desired: DesiredObject, target: Target, uid: str) -> None:
        await self._handover.settle(target, desired.planned, uid)
        self._log("handed-over", application, desired)

    @staticmethod
    def _log(event: Event, application: LiveObject, desired: DesiredObject, **fields: str) -> None:
        instance = desired.planned.instance
        change_log.changed(event, desired.ref, application=application.name, instance=instance, **fields)

    async def _drift(self, desired: DesiredObject, target: Target, decision: Decision) -> Drift:
        if not isinstance(decision, Apply) or not decision.drifted:
            return Drift()
        return managed_fields.drift(decision.document or await self._client.get(target), desired.document)

    async def _check_contention(
        self, application: LiveObject, desired: DesiredObject, target: Target, decision: Decision
    ) -> None:
        """Raise WaitingError while another client keeps reverting the object; report it once for each pause."""
        ref, place = desired.ref, _place(desired, target)
        if not self._contention.pause(place) and self._contention.is_due(place):
            document = decision.document if isinstance(decision, Apply) else None
            drift = await self._drift(desired.over(document), target, decision)
            cause = drift.cause(ref) or f"{ref} was {'deleted' if isinstance(decision, Create) else 'changed'}"
            maximum = ONE_POD_MAXIMUM if desired.has_one_pod else MAXIMUM
            note = self._contention.begin(place, f"{cause} again after it was reverted", maximum).note
            self._recorder.record(application, CONTESTED, note, action="Apply", warning=True)
            instance = desired.planned.instance
            change_log.contested(ref, application=application.name, instance=instance, managers=drift.managers)
        if pause := self._contention.pause(place):
            raise WaitingError(self._contention.contest(place).message, reason=CONTESTED, after=pause)


def _present(live: LiveObject | None) -> LiveObject | None:
    return None if live is None or live.deleting else live


def _revision(live: LiveObject | None) -> str:
    """A text that changes with the spec of the object, or, where that has no generation, with any of its fields."""
    return "" if live is None else str(live.generation or live.resource_version)


def _place(desired: DesiredObject, target: Target) -> Place:
    return target.namespace, desired.ref, desired.hash
