"""A report as text for people, within a width. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from rudr_py.api import kstatus
from rudr_py.cli.commands.status.report import (
    ApplicationReport,
    ReportedCondition,
    ReportedInstance,
    ReportedScope,
    ReportItem,
    short,
)
from rudr_py.cli.output import colour, plain_text, table
from rudr_py.cli.output.table import Cell, Row
from rudr_py.render import holds

HEADER = ("INSTANCE", "HEALTH", "REASON", "DETAILS")

NOTED = frozenset({kstatus.SCALING_UP, kstatus.ROLLOUT_PAUSED, *holds.REASONS})
"""The reasons of ready items whose messages are printed, too."""

MAX_DETAILS = 14
"""The longest details, in characters, that are printed in the row of an item; longer ones are printed below it."""


def lines(
    reports: Sequence[ApplicationReport], width: int, *, colours: bool = False, wide: bool = False, headers: bool = True
) -> Iterator[str]:
    """The reports, one after the other. `wide` adds ready pods, and the nodes of pods."""
    for number, report in enumerate(reports):
        if number:
            yield ""
        yield from _application(report, width, colours)
        rows = [row for instance in report.instances for row in _instance(instance, wide)]
        rows += [row for scope in report.scopes for row in _item(_scope_name(scope), scope, "  ")]
        rows += [row for item in report.kept for row in _item(f"{item.name} (removed)", item, "  ")]
        if rows:
            yield ""
            heading = [Row(cells=tuple(Cell(text, bold=True) for text in HEADER))] if headers else []
            yield from table.table([*heading, *rows], width, colours=colours)
        if report.warnings:
            yield ""
            yield colour.paint("Warnings", "yellow", on=colours)
            for warning in report.warnings:
                yield from table.wrapped(warning, width, first="- ", then="  ")


def _application(report: ApplicationReport, width: int, colours: bool) -> Iterator[str]:
    place = f"namespace {report.namespace}" + (f", phase {report.phase}" if report.phase else "")
    yield colour.paint(plain_text.printable(report.name), on=colours, bold=True) + f"  {plain_text.printable(place)}"
    if report.pending:
        yield from (colour.paint(line, "yellow", on=colours) for line in table.wrapped(report.pending, width))
    conditions = [
        _first_line(condition) if condition.type in ("TraitsReady", "Ready") and report.instances else condition
        for condition in report.conditions
    ]
    size = max((len(plain_text.printable(condition.type)) for condition in conditions), default=0)
    for condition in conditions:
        yield from _condition(condition, size, width, colours)


def _first_line(condition: ReportedCondition) -> ReportedCondition:
    """The condition with the first line of its message. The other lines are about instances, which have rows."""
    return msgspec.structs.replace(condition, message=condition.message.partition("\n")[0])


def _condition(condition: ReportedCondition, size: int, width: int, colours: bool) -> Iterator[str]:
    name, status = f"{plain_text.printable(condition.type):{size}}  ", plain_text.printable(condition.status)
    prefix = f"{name}{status:7}  "
    reason = "" if condition.reason == condition.type else condition.reason
    text = ": ".join(part for part in (reason, condition.message) if part)
    good = condition.status == "True" and condition.type not in ("Held", "Paused", "Pinned")
    tint = "green" if good else "red" if condition.status == "False" else "yellow"
    first, *rest = list(table.wrapped(text, width, first=prefix, then=" " * len(prefix))) or [prefix.rstrip()]
    yield name + colour.paint(status, tint, on=colours) + first[len(name) + len(status) :]
    yield from rest


def _instance(instance: ReportedInstance, wide: bool) -> Iterator[Row]:
    pods = [pod for pod in instance.pods if wide or not pod.ok]
    below: list[tuple[str, ReportItem]] = [(trait.name, trait) for trait in instance.traits]
    below += [(f"pod/{pod.name}" + (f" on {pod.node}" if wide and pod.node else ""), pod) for pod in pods]
    kind = short(instance.workload)
    # the part of the message about a pod is printed in the row of that pod
    message = instance.message.partition("; pod ")[0] if pods else instance.message
    row = msgspec.structs.replace(instance, message=message)
    yield from _item(f"{instance.name} ({kind})" if kind else instance.name, row, "│ " if below else "  ")
    for number, (name, item) in enumerate(below):
        last = number == len(below) - 1
        yield from _item(f"{'└─' if last else '├─'} {name}", item, "     " if last else "│    ")


def _item(name: str, item: ReportItem, prefix: str) -> Iterator[Row]:
    details = " ".join(f"{key}={value}" for key, value in item.show.items())
    fits = len(details) <= MAX_DETAILS
    below = [item.message] if item.message and not (item.ok and item.reason not in NOTED) else []
    if not fits:
        below.insert(0, details)
    yield Row(
        cells=(
            Cell(name),
            Cell(item.state, colour.STATES.get(item.state, "")),
            Cell(item.reason),
            Cell(details if fits else ""),
        ),
        below="\n".join(below),
        prefix=prefix,
    )


def _scope_name(scope: ReportedScope) -> str:
    return f"{scope.name} ({short(scope.type)})" if scope.type else scope.name
