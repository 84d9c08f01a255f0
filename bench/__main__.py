"""Compares the controller with a bare client, an operator written with Kopf, and smaller programs, in one run.

Prints the table of bench/README.md, and writes all values as JSON. The server is the local API, or the kube-apiserver
and etcd in the folder KUBEBUILDER_ASSETS. Exits with 1 if the control, a client compared with itself, is not near 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from bench import driver, report
from bench.samples import Plan, Samples
from bench.sections import edits, idle, new, scale, shards, start
from tests.e2e import apiserver

SECTIONS = {
    "idle": idle.measure,
    "new": new.measure,
    "start": start.measure,
    "edits": edits.measure,
    "shards": shards.measure,
}
SCALE = "scale"
ALL = {**SECTIONS, SCALE: scale.measure}


def main() -> int:
    """Measure, print and write; returns the exit code."""
    arguments = _parser().parse_args()
    if arguments.publish and set(arguments.only) not in (set(SECTIONS), {SCALE}):
        sys.exit("--publish needs all sections, or the section scale alone")
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    plan = Plan(
        assets=assets if assets and apiserver.present(Path(assets)) else "",
        applications=arguments.applications,
        rounds=arguments.rounds,
        rest=arguments.rest,
        quiet=arguments.quiet,
        edits=arguments.edits,
    )
    samples = Samples()
    asyncio.run(_measure(arguments.only, plan, samples))
    result = report.run(plan, samples.values, arguments.tolerance, SCALE if arguments.only == [SCALE] else "")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_bytes(report.encode(result))
    print(report.table(result))
    if result.is_void:
        return 1
    if arguments.publish:
        report.publish(result)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--applications", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=4, help="runs of each arm")
    parser.add_argument("--rest", type=float, default=10.0, help="seconds of rest")
    parser.add_argument("--quiet", type=float, default=driver.QUIET, help="seconds without a request that end a phase")
    parser.add_argument("--edits", type=int, default=100, help="edits of each arm in a round")
    parser.add_argument("--only", nargs="+", choices=ALL, default=list(SECTIONS), help="the sections to measure")
    parser.add_argument("--tolerance", type=float, default=0.05, help="by which the control may differ from 1")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="the file of all values")
    parser.add_argument("--publish", action="store_true", help="write the results into bench/, if the run is not void")
    return parser


async def _measure(sections: list[str], plan: Plan, samples: Samples) -> None:
    for name in sections:
        await ALL[name](plan, samples)


if __name__ == "__main__":
    sys.exit(main())
