"""When members of scopes are asked, and what the answers come to. One task for each probe; asks only so many at once.

Only members' own Services and pods are asked, as the cluster has them now. Who asks over the network is `kube.prober`;
which probes there are is decided in `render`, and what a verdict means by the type of the scope.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rudr_py import errors
from rudr_py.api import Probe
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.clock import Clock
from rudr_py.kube.prober import Prober, ProbeRequest
from rudr_py.model.identity import ObjectKey
from rudr_py.render.values import labels

AT_ONCE = 32
"""How many members are asked at the same time."""

SHORTEST = 1.0
"""Seconds between two questions to a member at least, whatever a type wants."""

LONGEST = 60.0
"""Seconds that a member may take to answer at most."""

Place = tuple[ObjectKey, str, str]
"""The application, the scope's name, and the probe's."""

Address = Callable[[str, Probe], str]
"""Namespace and probe -> the host to ask. Raises UnreachableError with the reason why there is none."""

log = logging.getLogger(__name__)


class UnreachableError(errors.RudrError):
    """The member of a probe has no address that may be asked."""


@dataclass
class _Watched:
    """A probe under way: its last results, the oldest first, and the verdict once there is one."""

    probe: Probe
    results: deque[str | None]
    answered: bool = False
    verdict: str | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Probing:
    """Runs the probes of all scopes. `changed` is told of an application when a verdict of its scopes changed."""

    def __init__(self, prober: Prober, address: Address, clock: Clock, changed: Callable[[ObjectKey], None]) -> None:
        self._prober = prober
        self._address = address
        self._clock = clock
        self._changed = changed
        self._watched: dict[ObjectKey, dict[tuple[str, str], _Watched]] = {}
        self._free = asyncio.Semaphore(AT_ONCE)
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Ask, until cancelled; has to run before the first plan. Nobody is asked afterwards."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._group = tasks
                await asyncio.get_running_loop().create_future()
        finally:
            self._group = None
            self._watched.clear()

    def forget(self, application: ObjectKey) -> None:
        """The application is gone, or has no probes any more."""
        self.plan(application, {})

    def plan(self, application: ObjectKey, probes: Mapping[str, Sequence[Probe]]) -> None:
        """The probes of an application's scopes, by the names of the scopes: others end, new ones begin at once.

        One that only changed in how often it asks keeps what it knows.
        """
        before = self._watched.pop(application, {})
        wanted = {(scope, probe.name): probe for scope, listed in probes.items() for probe in listed}
        for name, watched in before.items():
            if wanted.get(name) != watched.probe and watched.task is not None:
                watched.task.cancel()
        kept = {
            name: self._next(before.get(name), (application, *name), probe)
            for name, probe in wanted.items()
            if self._group is not None
        }
        if kept:
            self._watched[application] = kept

    def results(self, application: ObjectKey) -> dict[str, dict[str, str | None]]:
        """The verdicts by scope and probe: None is well, a text is what went wrong; not there while not asked."""
        found: dict[str, dict[str, str | None]] = {}
        for (scope, name), watched in self._watched.get(application, {}).items():
            if watched.answered:
                found.setdefault(scope, {})[name] = watched.verdict
        return found

    def _next(self, before: _Watched | None, place: Place, probe: Probe) -> _Watched:
        if before is not None and before.probe == probe:
            return before
        watched = _Watched(probe, deque(maxlen=max(probe.window, 1)))
        if before is not None and _same_question(before.probe, probe):
            watched.results.extend(before.results)
            watched.answered, watched.verdict = before.answered, before.verdict
        if self._group is not None:
            watched.task = self._group.create_task(self._run(place, watched), name=f"probe {probe.name}")
        return watched

    async def _run(self, place: Place, watched: _Watched) -> None:
        interval = max(watched.probe.interval, SHORTEST)
        while True:
            due = self._clock.monotonic() + interval
            async with self._free:
                result = await self._ask(place[0].namespace, watched.probe)
            self._note(place, watched, result)
            await self._clock.sleep(max(due - self._clock.monotonic(), SHORTEST))

    async def _ask(self, namespace: str, probe: Probe) -> str | None:
        try:
            host = self._address(namespace, probe)
            timeout = min(max(probe.timeout, SHORTEST), LONGEST)
            check = ProbeRequest(method=probe.method, host=host, port=probe.port, path=probe.path, timeout=timeout)
            return await self._prober.probe(check)
        except UnreachableError as error:
            return str(error)
        except Exception as error:
            # one member must not end the asking of all others
            log.exception("probe raised", extra={"probe": probe.name})
            return repr(error)

    def _note(self, place: Place, watched: _Watched, result: str | None) -> None:
        watched.results.append(result)
        verdict = watched.probe.verdict(tuple(watched.results), watched.verdict)
        news = not watched.answered or (verdict is None) != (watched.verdict is None)
        watched.answered, watched.verdict = True, verdict
        if news:
            application, scope, name = place
            log.info("probe", extra={"key": str(application), "scope": scope, "probe": name, "error": verdict or ""})
            self._changed(application)


def _same_question(one: Probe, other: Probe) -> bool:
    return (one.method, one.target, one.port, one.path) == (other.method, other.target, other.port, other.path)


def in_cluster(known: ClusterState) -> Address:
    """Addresses as pods see them: a Service by the DNS of the cluster, a pod by its IP; both only if they are ours."""

    def address(namespace: str, probe: Probe) -> str:
        target = probe.target
        live = known.get(target.kind, namespace, target.name)
        if live is None or live.deleting:
            raise UnreachableError(f"{target} is not there")
        if target.kind == cluster_state.SERVICE:
            spec = live.part("spec")
            external = isinstance(spec, dict) and spec.get("type") == "ExternalName"
            if external or not labels.is_managed(live.labels):
                raise UnreachableError(f"{target} leads to somebody else, who is not asked")
            return f"{target.name}.{namespace}.svc"
        status = live.part("status")
        found = status.get("podIP") if isinstance(status, dict) else None
        if not isinstance(found, str) or not found or status.get("hostIP") == found:
            raise UnreachableError(f"{target} has no address of its own")
        return found

    return address
