"""Runs one arm, and answers each line of standard input, a command, with a line of JSON: its number and the figures.

Commands are `start`, `begin` and `figures`, each after a number. The process ends with its input.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from collections.abc import Callable

import msgspec

from bench import environment
from bench.arms.arm import Arm, Options
from bench.arms.figures import Meter
from rudr_py.plugins import loading

ARMS = {
    "controller": "bench.arms.controller:ControllerArm",
    "candidate": "bench.arms.controller:CandidateArm",
    "bare": "bench.arms.bare:BareArm",
    "list": "bench.arms.bare:ListArm",
    "reactor": "bench.arms.bare:ReactorArm",
    "kopf": "bench.arms.kopf_twin:KopfArm",
    "cluster-controllers": "bench.arms.cluster_controllers:ClusterControllersArm",
}
"""Module and class of each arm; only that of the process is imported, which keeps its memory apart."""


def main() -> None:
    """Run until the end of the input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=ARMS)
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--applications", type=int, required=True)
    asyncio.run(_run(parser.parse_args()))


async def _run(arguments: argparse.Namespace) -> None:
    module, _, name = ARMS[arguments.name].partition(":")
    create: Callable[[Options], Arm] = getattr(importlib.import_module(module), name)
    meter = Meter()
    catalog = loading.installed(only=()).catalog
    async with environment.connected(arguments.kubeconfig) as cluster, asyncio.TaskGroup() as tasks:
        arm = create(Options(arguments.kubeconfig, cluster, catalog, arguments.applications, meter))
        lines = await _lines()
        try:
            while line := await lines.readline():
                tasks.create_task(_answer(line.decode(), arm, meter))
        finally:
            await arm.stop()


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    return reader


async def _answer(line: str, arm: Arm, meter: Meter) -> None:
    number, command = line.split()
    if command in ("begin", "start"):
        meter.begin()
    answer = await arm.start() if command == "start" else None
    figures = msgspec.json.encode((int(number), meter.figures(answer)))
    sys.stdout.buffer.write(figures + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
