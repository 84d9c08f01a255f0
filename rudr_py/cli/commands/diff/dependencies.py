"""Remarks about changes that wait for other instances. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.render.values.plan import Plan


def notes(diff: DocumentDiff, plan: Plan) -> Iterator[str]:
    """The instances that precede the change of a workload object."""
    for instance in plan.instances:
        if instance.waits and diff.ref in instance.workload.refs and diff.change != "delete":
            others = dict.fromkeys(f"{one.dependency.instance} is {one.dependency.condition}" for one in instance.waits)
            yield f"applied after {' and '.join(others)}"
