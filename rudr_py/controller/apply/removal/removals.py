"""The removals of one application: the deletions that wait, and their end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from rudr_py.api import Ref
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.apply.removal import readiness, replacements
from rudr_py.controller.apply.removal.readiness import Added
from rudr_py.controller.apply.removal.replacements import Difference, Documents
from rudr_py.controller.results.sync_result import SyncResult
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.status.replacements import Replacement
from rudr_py.render.status.status import PreviousStatus
from rudr_py.render.values.plan import Plan
from rudr_py.settings import RemovalPolicy, Settings

ReadHealths = Callable[[], Awaitable[Sequence[InstanceHealth]]]
"""Returns the health of the planned instances after the applies."""


async def _no_healths() -> Sequence[InstanceHealth]:
    return ()


class RemovalRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of the removals of one reconcile.

    `policy` is that of the application, None for that of the settings. `version` changes with each edit of the
    documents. `before` is the previous status.
    """

    policy: RemovalPolicy | None = "first"
    version: str = ""
    now: datetime = datetime.min.replace(tzinfo=UTC)
    before: PreviousStatus = PreviousStatus()
    healths: ReadHealths = _no_healths


AT_ONCE = RemovalRequest()
"""The request of an application of which no deletion waits."""


class Removal:
    """The removals of one pass over the plan. `pending` are the replacements that have not ended."""

    def __init__(self, plan: Plan, request: RemovalRequest, pending: tuple[Replacement, ...], seconds: float) -> None:
        self.pending = pending
        self._plan = plan
        self._request = request
        self._seconds = seconds

    async def assess(self, unapplied: Collection[Ref]) -> None:
        """Drop the replacements that have ended, after the plan has been applied without these objects."""
        if self.pending:
            added = Added(self._plan, await self._request.healths(), unapplied)
            self.pending = readiness.assess(self.pending, added, self._request.now, self._seconds)

    def deferred(self, candidates: Iterable[PruneCandidate]) -> dict[Ref, str]:
        """See `readiness.deferred`."""
        return readiness.deferred(self.pending, candidates)

    def has_ended(self, healths: Sequence[InstanceHealth], unapplied: Collection[Ref]) -> bool:
        """Whether a replacement has ended since `assess`; then the application has to be reconciled again."""
        if not self.pending:
            return False
        added = Added(self._plan, healths, unapplied)
        return len(readiness.assess(self.pending, added, self._request.now, self._seconds)) < len(self.pending)

    def stopped(self, result: SyncResult) -> SyncResult:
        """The result of a pass that applies nothing, with the replacements; their time has not begun."""
        pending = tuple(msgspec.structs.replace(one, since=None, deadline=None) for one in self.pending)
        return msgspec.structs.replace(result, sync=msgspec.structs.replace(result.sync, replacements=pending))

    @property
    def wake_after(self) -> float | None:
        """The seconds until the next replacement fails; None if none waits for a time."""
        return readiness.wake_after(self.pending, self._request.now)


class Removals:
    """Begins the removals of one application after another."""

    def __init__(self, state: ClusterState, settings: Settings) -> None:
        self._state = state
        self._settings = settings

    def begin(self, application: LiveObject, plan: Plan, request: RemovalRequest) -> Removal:
        """The removals of a plan before anything of it is applied."""
        policy = request.policy or self._settings.removal_policy
        pending: tuple[Replacement, ...] = ()
        if policy != "first" and self._has_surplus(application, plan):
            difference = Difference(self._state, application, plan, request.before)
            seconds = self._settings.removal_deadline
            documents = Documents(policy=policy, version=request.version, now=request.now, seconds=seconds)
            pending = replacements.current(difference, request.before.replacements, documents)
        return Removal(plan, request, pending, self._settings.removal_deadline)

    def _has_surplus(self, application: LiveObject, plan: Plan) -> bool:
        planned = {manifest.ref for manifest in plan.manifests}
        return any(Ref(kind, live.name) not in planned for kind, live in self._state.children(application))
