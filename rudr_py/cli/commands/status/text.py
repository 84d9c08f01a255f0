"""A report as text for people, within a width. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from rudr_py.cli.commands.status import report
from rudr_py.cli.commands.status.report import (
    ApplicationReport,
    ReportedCondition,
    ReportedInstance,
    ReportedScope,
    ReportItem,
)
from rudr_py.cli.output import colour, problems, table
from rudr_py.cli.output.table import Cell, Row

HEADER = ("INSTANCE", "HEALTH", "REASON", "SHOWS")

SHOWN = 14
"""Characters of facts that stand beside an item; more go below it."""


def lines(
    reports: Sequence[ApplicationReport], width: int, *, colours: bool = False, wide: bool = False, headers: bool = True
) -> Iterator[str]:
    """The reports, one after the other. `wide` shows healthy pods too, with their nodes."""
    for number, one in enumerate(reports):
        if number:
            yield ""
        yield from _application(one, width, colours)
        rows = [row for instance in one.instances for row in _instance(instance, wide)]
        rows += [row for scope in one.scopes for row in _item(_scope_name(scope), scope, "  ")]
        if rows:
            yield ""
            heading = [Row(cells=tuple(Cell(text, bold=True) for text in HEADER))] if headers else []
            yield from table.table([*heading, *rows], width, colours=colours)
        if one.warnings:
            yield ""
            yield colour.paint("Warnings", "yellow", on=colours)
            for warning in one.warnings:
                yield from table.wrapped(warning, width, first="- ", then="  ")


def _application(one: ApplicationReport, width: int, colours: bool) -> Iterator[str]:
    where = f"namespace {one.namespace}" + (f", phase {one.phase}" if one.phase else "")
    yield colour.paint(problems.printable(one.name), on=colours, bold=True) + f"  {problems.printable(where)}"
    if one.pending:
        yield from (colour.paint(line, "yellow", on=colours) for line in table.wrapped(one.pending, width))
    listed = [_brief(said) if said.type == "Ready" and one.instances else said for said in one.conditions]
    size = max((len(problems.printable(said.type)) for said in listed), default=0)
    for said in listed:
        yield from _condition(said, size, width, colours)


def _brief(said: ReportedCondition) -> ReportedCondition:
    """The condition with the first line of its message: the others are about instances, which are shown below."""
    return msgspec.structs.replace(said, message=said.message.partition("\n")[0])


def _condition(said: ReportedCondition, size: int, width: int, colours: bool) -> Iterator[str]:
    """One line, and what does not fit in it below."""
    name, status = f"{problems.printable(said.type):{size}}  ", problems.printable(said.status)
    head = f"{name}{status:7}  "
    reason = "" if said.reason == said.type else said.reason
    text = ": ".join(part for part in (reason, said.message) if part)
    good = said.status == "True" and said.type != "Paused"
    tint = "green" if good else "red" if said.status == "False" else "yellow"
    first, *rest = list(table.wrapped(text, width, first=head, then=" " * len(head))) or [head.rstrip()]
    yield name + colour.paint(status, tint, on=colours) + first[len(name) + len(status) :]
    yield from rest


def _instance(instance: ReportedInstance, wide: bool) -> Iterator[Row]:
    pods = [pod for pod in instance.pods if wide or not pod.ok]
    below: list[tuple[str, ReportItem]] = [(trait.name, trait) for trait in instance.traits]
    for pod in pods:
        shown = f"pod/{pod.name}" + (f" on {pod.node}" if wide and pod.node else "")
        below.append((shown, pod))
    kind = report.short(instance.workload)
    # what the status says of a pod stands beside that pod
    own = instance.message.partition("; pod ")[0] if pods else instance.message
    told = msgspec.structs.replace(instance, message=own)
    yield from _item(f"{instance.name} ({kind})" if kind else instance.name, told, "│ " if below else "  ")
    for number, (name, item) in enumerate(below):
        last = number == len(below) - 1
        yield from _item(f"{'└─' if last else '├─'} {name}", item, "     " if last else "│    ")


def _item(name: str, item: ReportItem, prefix: str) -> Iterator[Row]:
    facts = " ".join(f"{key}={value}" for key, value in item.show.items())
    beside = len(facts) <= SHOWN
    below = [] if item.ok or not item.message else [item.message]
    if not beside:
        below.insert(0, facts)
    yield Row(
        cells=(
            Cell(name),
            Cell(item.state, colour.STATES.get(item.state, "")),
            Cell(item.reason),
            Cell(facts if beside else ""),
        ),
        below="\n".join(below),
        prefix=prefix,
    )


def _scope_name(scope: ReportedScope) -> str:
    return f"{scope.name} ({report.short(scope.type)})" if scope.type else scope.name
