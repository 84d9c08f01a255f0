"""Counts the work for one new application in the simulation: each request, and the reconciles, until it is at rest.

`python -m tests.simulation.work` prints the requests in their order, each with the number of reconciles before it.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter

import msgspec

from rudr_py.kube.requests import Request
from tests.simulation import virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import AUTO, INGRESS, application, binding, component
from tests.simulation.network import Exchange
from tests.simulation.virtual_loop import VirtualLoop

_INGRESS_CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "standard", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
    "spec": {"controller": "example.com/ingress"},
}

_RECONCILES = re.compile(rb'controller_runtime_reconcile_total\{controller="applicationconfiguration".*?\} ([0-9.]+)')


class Work(msgspec.Struct):
    """The requests by method and resource, dry runs apart, the reconciles, and a line for each request."""

    requests: Counter[str]
    reconciles: int
    lines: list[str]


def of_new_application(seed: int = 0) -> Work:
    """The work for an application of five objects with one pod, by a controller that has reconciled another one."""
    random.seed(seed)
    loop = VirtualLoop()
    return virtual_loop.run(_run(SimulatedCluster(str(seed), loop)), loop)


async def _run(cluster: SimulatedCluster) -> Work:
    work = Work(Counter(), 0, [])
    await cluster.start()
    cluster.start_controller("main")
    cluster.apply(_INGRESS_CLASS)
    cluster.apply(component("web"))
    cluster.apply(application("first", binding("web", "first-web", AUTO, INGRESS)))
    await cluster.rest()
    before = reconciles(cluster)

    def observe(exchange: Exchange) -> None:
        if ("watch", "true") in exchange.request.query:
            return
        name = described(exchange.request)
        work.requests[name] += 1
        work.lines.append(f"{cluster.loop.time():9.3f} s, {reconciles(cluster) - before} reconciles: {name}")

    cluster.network.observers.append(observe)
    cluster.apply(application("shop", binding("web", "shop-web", AUTO, INGRESS)))
    await cluster.rest()
    work.reconciles = reconciles(cluster) - before
    return work


def reconciles(cluster: SimulatedCluster) -> int:
    """The reconciles of applications by the controller "main" so far."""
    text, _ = cluster.process("main").servers.metrics.exposition()
    return sum(int(float(number)) for number in _RECONCILES.findall(text))


def described(request: Request) -> str:
    """Method and resource of a request, and whether it is a dry run."""
    parts = request.path.split("/namespaces/")[-1].split("/")[1:]
    resource = "/".join(parts[::2]) if parts else request.path
    return f"{request.method} {resource}" + (" (dry run)" if ("dryRun", "All") in request.query else "")


def main() -> None:
    """Print the requests."""
    work = of_new_application()
    sys.stdout.write("\n".join((*work.lines, f"{work.requests.total()} requests, {work.reconciles} reconciles\n")))


if __name__ == "__main__":
    main()
