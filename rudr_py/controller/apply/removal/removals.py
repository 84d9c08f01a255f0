"""The removals of one application: the deletions that wait, and their end."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from rudr_py.api import Ref
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.apply.removal import readiness, replacements
from rudr_py.controller.apply.removal.needs import Needs
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


class Rivalry(msgspec.Struct, frozen=True):
    """The conditions under which removed instances make way.

    `needs` returns the needs of the added ones by the health of all planned instances, `is_fixed` whether no autoscaler
    can add a node.
    """

    needs: Callable[[Sequence[InstanceHealth]], Needs]
    is_fixed: Callable[[], Awaitable[bool]]


class Removal:
    """The removals of one pass over the plan. `pending` are the replacements that have not ended."""

    def __init__(
        self,
        plan: Plan,
        request: RemovalRequest,
        seconds: float,
        pending: tuple[Replacement, ...] = (),
        rivalry: Rivalry | None = None,
    ) -> None:
        """`seconds` is the time until a replacement has failed, `rivalry` about what added and removed ones hold."""
        self.pending = pending
        self._plan = plan
        self._request = request
        self._seconds = seconds
        self._rivalry = rivalry
        self._wake_after: float | None = None

    async def assess(self, unapplied: Collection[Ref]) -> None:
        """Drop the replacements that have ended, after the plan has been applied without these objects.

        Removed instances that make way are dropped, too. Raises KubeError if nodes cannot be read.
        """
        if not self.pending:
            return
        healths = await self._request.healths()
        added = Added(self._plan, healths, unapplied)
        assessed = readiness.assess(self.pending, added, self._request.now, self._seconds)
        self._wake_after = readiness.wake_after(assessed, self._request.now)
        if self._rivalry is not None and assessed:
            needs = self._rivalry.needs(healths)
            assessed = tuple([one for each in assessed for one in await self._kept(each, needs, self._rivalry)])
        self.pending = assessed

    async def _kept(self, replacement: Replacement, needs: Needs, rivalry: Rivalry) -> Iterable[Replacement]:
        """The replacement without the removed instances that make way; none if all do."""
        with_room = needs.lacks_room(replacement) and self._has_waited(replacement, await rivalry.is_fixed())
        freed = needs.freed(replacement, with_room=with_room)
        left = tuple(name for name in replacement.removed if name not in freed)
        return [msgspec.structs.replace(replacement, removed=left)] if left else []

    def _has_waited(self, replacement: Replacement, is_fixed: bool) -> bool:
        """Whether an added instance without room on a node gets that of a removed one.

        Where an autoscaler can add a node, it has half of the time until the deadline for that.
        """
        if is_fixed or replacement.since is None:
            return is_fixed
        left = self._seconds / 2 - (self._request.now - replacement.since).total_seconds()
        if left > 0:
            self._wake_after = min(left, self._wake_after if self._wake_after is not None else left)
        return left <= 0

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
        return self._wake_after if self.pending else None


async def _unknown() -> bool:
    return False


class Removals:
    """Begins the removals of one application after another."""

    def __init__(
        self, state: ClusterState, settings: Settings, is_fixed: Callable[[], Awaitable[bool]] = _unknown
    ) -> None:
        """`is_fixed` returns whether no autoscaler can add a node."""
        self._state = state
        self._settings = settings
        self._is_fixed = is_fixed

    def begin(self, application: LiveObject, plan: Plan, request: RemovalRequest) -> Removal:
        """The removals of a plan before anything of it is applied."""
        policy = request.policy or self._settings.removal_policy
        seconds = self._settings.removal_deadline
        if policy == "first" or not self._has_surplus(application, plan):
            return Removal(plan, request, seconds)
        difference = Difference(self._state, application, plan, request.before)
        documents = Documents(policy=policy, version=request.version, now=request.now, seconds=seconds)
        pending = replacements.current(difference, request.before.replacements, documents)
        needs = functools.partial(Needs, self._state, application, plan, difference)
        return Removal(plan, request, seconds, pending, Rivalry(needs, self._is_fixed))

    def _has_surplus(self, application: LiveObject, plan: Plan) -> bool:
        planned = {manifest.ref for manifest in plan.manifests}
        return any(Ref(kind, live.name) not in planned for kind, live in self._state.children(application))
