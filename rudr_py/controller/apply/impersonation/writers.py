"""Everything that writes the objects of one application, with a client that acts as the application's account.

The writers get no other client, so that no request can be sent with the rights of the controller by mistake.
"""

from __future__ import annotations

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply.applier import Applier
from rudr_py.controller.apply.contention import Contention
from rudr_py.controller.apply.finalizer import Finalizer
from rudr_py.controller.apply.impersonation.accounts import ApplicationClients
from rudr_py.controller.apply.preconditions.rehearsal import Rehearsal
from rudr_py.controller.apply.prune import Pruner
from rudr_py.controller.apply.refusals import Refusals
from rudr_py.controller.apply.replacement.blocked_rollout import AGAIN, RolloutUnblocker
from rudr_py.controller.results import failures
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.clock import Clock
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject


class Writers(msgspec.Struct, frozen=True):
    """The writers of one application.

    With an `error`, the account of the application is unknown, and they can write only the records of the controller.
    `client` sends other requests in the name of the account.
    """

    applier: Applier
    pruner: Pruner
    finalizer: Finalizer
    rehearsal: Rehearsal
    client: CachedClient
    error: errors.RudrError | None = None


class WriterFactory:
    """Creates the writers of an application for one pass. Their memory between passes is shared."""

    def __init__(
        self,
        clients: ApplicationClients,
        state: ClusterState,
        recorder: Recorder,
        contention: Contention,
        refusals: Refusals,
        clock: Clock,
    ) -> None:
        self._clients = clients
        self._state = state
        self._recorder = recorder
        self._contention = contention
        self._refusals = refusals
        self._requested: TtlMap[str, None] = TtlMap(clock, AGAIN)
        self._terminating: TtlMap[tuple[str, Ref], None] = TtlMap(clock, failures.SAFETY)

    def of(self, application: LiveObject) -> Writers:
        """The writers of an application."""
        state, recorder, problem = self._state, self._recorder, None
        try:
            client = self._clients.of(application)
        except errors.RudrError as error:
            client, problem = self._clients.for_records(), error
        rollouts = RolloutUnblocker(client, state, recorder, self._requested)
        applier = Applier(client, state, recorder, self._contention, self._refusals, rollouts)
        return Writers(
            applier,
            Pruner(client, state, self._terminating),
            Finalizer(client, state, recorder),
            Rehearsal(client, applier, self._refusals),
            client,
            problem,
        )
