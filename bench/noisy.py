"""Measures the delay of an innocent application while another user creates thousands of applications at once.

Prints a row for each number of applications, in the form of `bench.hostile`: the longest time from a stored change of
the innocent application to the changed Deployment, the longest answer of /healthz, and the peak of the controller's
memory, from the first creation until all applications are applied.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import secrets
import time

from bench import environment, neighbour, worlds
from bench.environment import Document
from bench.neighbour import Controller
from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.testing.cluster import Cluster

CONCURRENT = 32
"""The requests of the noisy user at a time."""

SETTLE = 3.0
"""Seconds after the last application is applied."""


def main() -> None:
    """Run the cases, each with a new controller."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applications", type=int, nargs="+", default=[2_000, 10_000])
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds for one case")
    parser.add_argument("--kubeconfig")
    arguments = parser.parse_args()
    print(neighbour.HEADER)
    for count in arguments.applications:
        asyncio.run(_run(count, arguments.timeout, arguments.kubeconfig))


async def _run(count: int, seconds: float, kubeconfig: str | None) -> None:
    async with worlds.server(kubeconfig) as server, worlds.namespace(server) as innocent:
        await innocent.apply(environment.component(), environment.application(0))
        async with neighbour.controller(server) as controller:
            await innocent.until(environment.APPLICATION, "app-0", environment.is_synced, seconds=60)
            noisy = Cluster(innocent.transport, f"noisy-{secrets.token_hex(4)}", innocent.clock)
            await noisy.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": noisy.namespace}})
            try:
                result = await _flood(controller, innocent, noisy, count, seconds)
            finally:
                if kubeconfig:
                    await noisy.delete(Kind("v1", "Namespace"), noisy.namespace)
            size = len(environment.encoded(_application(0)))
            print(controller.sample.row(f"{count:,} applications at once", size, result), flush=True)


async def _flood(controller: Controller, innocent: Cluster, noisy: Cluster, count: int, seconds: float) -> str:
    started = time.perf_counter()
    result = f"not all are applied after {seconds:g} s"
    async with neighbour.sampling(controller, innocent) as sample:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _create(noisy, count)
                created = time.perf_counter() - started
                await environment.synced(noisy, count)
                applied = time.perf_counter() - started
                result = f"all are created after {created:.0f} s, applied after {applied:.0f} s"
                await asyncio.sleep(SETTLE)
    return controller.outcome(f"{result}; longest answer of the API server {sample.server:.2f} s")


async def _create(noisy: Cluster, count: int) -> None:
    """Create all applications; one that the server does not answer in time is created again."""
    await noisy.apply(environment.component())
    numbers = iter(range(count))

    async def create() -> None:
        for number in numbers:
            while True:
                with contextlib.suppress(errors.KubeError):
                    await noisy.apply(_application(number))
                    break

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CONCURRENT):
            tasks.create_task(create())


def _application(number: int) -> Document:
    """An application of one instance without traits: three objects."""
    document = environment.application(number)
    del document["spec"]["components"][0]["traits"]
    return document


if __name__ == "__main__":
    main()
