"""Measures the delay of an innocent application while another user's hostile documents are reconciled.

Prints a row for each case: the longest time from a change of the innocent application to the changed Deployment, the
longest answer of the server to such a change, the longest answer of /healthz of the controller, the CPU time of both
processes, the peak of the controller's memory, and the condition of the hostile application. CPU time and the two
answers separate the share of the controller from that of the server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import secrets
from collections.abc import Iterable

from bench import environment, hostile_documents, neighbour, worlds
from bench.neighbour import Controller
from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.testing.cluster import Cluster

SETTLE = 2.0
"""Seconds after the condition of a hostile application in which its objects are written."""


def main() -> None:
    """Run all cases, or those whose names contain one of the texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=hostile_documents.LIMIT, help="size of the largest documents")
    parser.add_argument("--cases", nargs="*", default=[""], help="parts of names")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one case")
    parser.add_argument("--kubeconfig")
    arguments = parser.parse_args()
    names = [name for name in hostile_documents.CASES if any(part in name for part in arguments.cases)]
    asyncio.run(_run(names, arguments.bytes, arguments.timeout, arguments.kubeconfig))


async def _run(names: Iterable[str], size: int, seconds: float, kubeconfig: str | None) -> None:
    print(neighbour.HEADER)
    async with worlds.server(kubeconfig) as server, worlds.namespace(server) as innocent:
        await innocent.apply(environment.component(), environment.application(0))
        async with contextlib.AsyncExitStack() as stack:
            controller = await stack.enter_async_context(neighbour.controller(server))
            await innocent.until(environment.APPLICATION, "app-0", environment.is_synced, seconds=60)
            for name in names:
                if controller.process.returncode is not None:
                    controller = await stack.enter_async_context(neighbour.controller(server))
                documents = hostile_documents.CASES[name](size)
                result = await _attack(controller, innocent, documents, seconds)
                largest = max(len(environment.encoded(document)) for document in documents)
                print(controller.sample.row(name, largest, result), flush=True)


async def _attack(
    controller: Controller, innocent: Cluster, documents: list[environment.Document], seconds: float
) -> str:
    """Apply hostile documents in a namespace of their own, and sample until they have a condition."""
    hostile = Cluster(innocent.transport, f"hostile-{secrets.token_hex(4)}", innocent.clock)
    await hostile.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": hostile.namespace}})
    try:
        async with neighbour.sampling(controller, innocent):
            result = await _apply(hostile, documents, seconds)
    finally:
        with contextlib.suppress(errors.KubeError):
            await hostile.delete(Kind("v1", "Namespace"), hostile.namespace)
    return controller.outcome(result)


async def _apply(hostile: Cluster, documents: Iterable[environment.Document], seconds: float) -> str:
    try:
        for document in documents:
            await hostile.apply(document)
    except errors.KubeError as error:
        return f"rejected by the API server: {error}"
    try:
        await hostile.until(
            environment.APPLICATION, hostile_documents.NAME, lambda d: _condition(d) is not None, seconds=seconds
        )
    except TimeoutError:
        return f"no condition after {seconds:g} s"
    await asyncio.sleep(SETTLE)
    condition = _condition(await hostile.get(environment.APPLICATION, hostile_documents.NAME) or {})
    assert condition is not None
    return f"{condition['type']}={condition['status']}, {condition['reason']}: {condition.get('message', '')}"


def _condition(document: environment.Document) -> environment.Document | None:
    """The first condition that is False, else Ready."""
    conditions = document.get("status", {}).get("conditions", ())
    refused = [each for each in conditions if each["status"] == "False"]
    return next(iter([*refused, *(each for each in conditions if each["type"] == "Ready")]), None)


if __name__ == "__main__":
    main()
