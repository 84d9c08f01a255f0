"""Schedules the probes of health scopes and keeps their verdicts. One task for each probe, with bounded concurrency.

Only Services and pods that belong to members are probed, at their current addresses. `kube.prober` sends the requests;
the probes and the meaning of a verdict are decided in `render`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from rudr_py import errors
from rudr_py.api import Probe, get_in
from rudr_py.controller.queue.fair_slots import FairSlots
from rudr_py.controller.state.applications import Applications, ProbeState
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.clock import Clock
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.prober import Prober, ProbeRequest
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import POD, SERVICE
from rudr_py.render.values import labels

MAX_CONCURRENT = 32
"""Maximum number of probes of one namespace at the same time."""

RESERVED = 11
"""The number of further probes at the same time; they are for other namespaces, see `FairSlots`."""

MIN_INTERVAL = 1.0
"""Minimum seconds between two probes of a member, and minimum time-out."""

MAX_TIMEOUT = 60.0
"""Maximum seconds that a member has to answer."""

ProbeName = tuple[ObjectKey, str, str]
"""The application, and the names of the scope and of the probe."""

Address = Callable[[ObjectKey, str, Probe], str]
"""Returns the host to probe, for an application, the name of its scope, and a probe of this scope.

Raises UnreachableError when there is none."""

log = logging.getLogger(__name__)


class UnreachableError(errors.RudrError):
    """The member of a probe has no address that may be probed."""


class Probing:
    """Runs the probes of all scopes. `changed` is called with an application when a verdict of its scopes changes."""

    def __init__(
        self,
        prober: Prober,
        address: Address,
        applications: Applications,
        clock: Clock,
        changed: Callable[[ObjectKey], None],
    ) -> None:
        self._prober = prober
        self._address = address
        self._applications = applications
        self._clock = clock
        self._changed = changed
        self._slots = FairSlots(MAX_CONCURRENT + RESERVED)
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Run probes until cancelled. Probes that are planned before the start or after the end do not run."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                await asyncio.get_running_loop().create_future()
        finally:
            self._tasks = None

    def planned(self, application: ObjectKey, scope: str) -> tuple[Probe, ...]:
        """The probes that a scope of an application has now."""
        probes = self._applications.get(application).probes
        return tuple(probe_state.probe for (name, _), probe_state in probes.items() if name == scope)

    def plan(self, application: ObjectKey, probes: Mapping[str, Sequence[Probe]]) -> None:
        """Set the probes of an application's scopes, by the names of the scopes: new ones start, absent ones stop.

        A probe of which only the interval or the time-out changed keeps its results.
        """
        application_state = self._applications.get(application)
        before = application_state.probes
        desired = {(scope, probe.name): probe for scope, listed in probes.items() for probe in listed}
        if not before and not desired:
            return
        for name, probe_state in before.items():
            if desired.get(name) != probe_state.probe:
                probe_state.cancel()
        tasks = self._tasks
        application_state.probes = (
            {}
            if tasks is None
            else {
                name: self._continue(tasks, before.get(name), (application, *name), probe)
                for name, probe in desired.items()
            }
        )

    def _continue(
        self, tasks: asyncio.TaskGroup, before: ProbeState | None, name: ProbeName, probe: Probe
    ) -> ProbeState:
        if before is not None and before.probe == probe:
            return before
        probe_state = ProbeState(probe, deque(maxlen=max(probe.window, 1)))
        if before is not None and _has_same_request(before.probe, probe):
            probe_state.results.extend(before.results)
            probe_state.answered, probe_state.verdict = before.answered, before.verdict
        probe_state.task = tasks.create_task(self._run(name, probe_state), name=f"probe {probe.name}")
        return probe_state

    async def _run(self, name: ProbeName, probe_state: ProbeState) -> None:
        interval = max(probe_state.probe.interval, MIN_INTERVAL)
        while True:
            due = self._clock.monotonic() + interval
            async with self._slots.slot(name[0].namespace):
                result = await self._ask(name, probe_state.probe)
            self._note(name, probe_state, result)
            await self._clock.sleep(max(due - self._clock.monotonic(), MIN_INTERVAL))

    async def _ask(self, name: ProbeName, probe: Probe) -> str | None:
        try:
            host = self._address(*name[:2], probe)
            timeout = min(max(probe.timeout, MIN_INTERVAL), MAX_TIMEOUT)
            request = ProbeRequest(method=probe.method, host=host, port=probe.port, path=probe.path, timeout=timeout)
            return await self._prober.probe(request)
        except UnreachableError as error:
            return str(error)
        except Exception as error:
            # an error in one probe must not end the others
            log.exception("probe raised", extra={"probe": probe.name})
            return repr(error)

    def _note(self, name: ProbeName, probe_state: ProbeState, result: str | None) -> None:
        probe_state.results.append(result)
        verdict = probe_state.probe.verdict(tuple(probe_state.results), probe_state.verdict)
        changed = not probe_state.answered or (verdict is None) != (probe_state.verdict is None)
        probe_state.answered, probe_state.verdict = True, verdict
        if changed:
            application, scope, probe_name = name
            fields = {"key": str(application), "scope": scope, "probe": probe_name, "error": verdict or ""}
            log.info("probe result changed", extra=fields)
            self._changed(application)


def _has_same_request(left: Probe, right: Probe) -> bool:
    return (left.method, left.target, left.port, left.path) == (right.method, right.target, right.port, right.path)


def in_cluster(state: ClusterState) -> Address:
    """Addresses inside the cluster: the DNS name of a Service, the IP of a pod. Other objects have none.

    An object of the name that a probe contains may belong to another application than that of the member.
    """

    def address(application: ObjectKey, scope: str, probe: Probe) -> str:
        target = probe.target
        live = state.get(target.kind, application.namespace, target.name)
        if live is None or live.deleting:
            raise UnreachableError(f"{target} does not exist")
        if not _is_of_member(state, application, scope, live):
            raise UnreachableError(f"{target} does not belong to a member of the scope; it is not probed")
        if target.kind == SERVICE:
            external = get_in(live.part("spec"), "type", default="") == "ExternalName"
            if external or not labels.is_managed(live.labels):
                raise UnreachableError(f"{target} is not managed by rudr, or is external; it is not probed")
            return f"{target.name}.{application.namespace}.svc"
        status = live.part("status")
        ip = get_in(status, "podIP", default="")
        if ip in ("", get_in(status, "hostIP", default="")):
            raise UnreachableError(f"{target} has no IP address of its own")
        return ip

    return address


def _is_of_member(state: ClusterState, application: ObjectKey, scope: str, live: LiveObject) -> bool:
    """Whether an object is a pod of a member of a scope, or the Service of one."""
    is_pod = live.kind == POD.kind
    owner = live.labels.get(labels.APPLICATION, "") if is_pod else state.application_of(live)
    members = state.applications.scopes.members_from(application, scope, ObjectKey(live.namespace, owner))
    if is_pod:
        return any(member.instance == live.labels.get(labels.INSTANCE) for member in members)
    return any(member.service == live.name for member in members)
