"""`rudr cron preview`: future changes of an application's sizes, in local time. Reads files, no cluster."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from rudr_py.api import properties as models
from rudr_py.api.documents import AttachedTrait, DocumentError, attached_traits
from rudr_py_cronhpa.properties import Properties, find_problems, time_zone
from rudr_py_cronhpa.timeline import Due, Timeline
from rudr_py_cronhpa.trait import CronHpa

LIMIT = 1000
"""The maximum number of lines for one instance."""


@click.group("cron", help="The trait cron-hpa: sizes by time.")
def command() -> None:
    """Group the commands for cron-hpa."""


@command.command("preview")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True, help="Number of days.")
@click.option("--from", "start", metavar="TIME", help="Start time, such as 2026-03-28T12:00Z; now by default.")
def preview(file: Path, days: int, start: str | None) -> None:
    """List the changes of sizes of the applications in FILE, in the time zone of each job.

    All jobs count as added at the start time. A job that does not change the size is not listed.
    """
    begin = datetime.now(UTC) if start is None else _time(start)
    traits = _traits(file)
    if not traits:
        raise click.ClickException(f"{file}: no instance has the trait cron-hpa")
    errors = [text for trait in traits for text in _errors(trait)]
    if errors:
        raise click.ClickException("\n".join(errors))
    for trait in traits:
        click.echo(f"{trait.application}/{trait.instance}")
        for line in _lines(_loaded(trait), begin, timedelta(days=days)):
            click.echo(f"  {line}")


def _lines(properties: Properties, begin: datetime, span: timedelta) -> Iterator[str]:
    timeline = Timeline(properties=properties, added=(begin,) * len(properties.jobs))
    current = timeline.last(begin)
    yield (
        f"{_local(properties, current, begin)}  now: {current.size} ({current.name})"
        if current
        else "now: no job has been due yet"
    )
    size = current.size if current else None
    count = 0
    for due in itertools.takewhile(lambda due: due.instant <= begin + span, timeline.changes(begin)):
        if count == LIMIT:
            yield f"... more than {LIMIT} changes"
            return
        before = "" if size is None else f"{size} -> "
        yield f"{_local(properties, due, due.instant)}  {before}{due.size} ({due.name})"
        size, count = due.size, count + 1
    if not count:
        yield f"no change in {span.days} days"


def _local(properties: Properties, due: Due, at: datetime) -> str:
    name = properties.zone_of(properties.jobs[due.index])
    return f"{at.astimezone(time_zone(name)):%a %Y-%m-%d %H:%M:%S %z} {name}"


def _traits(file: Path) -> tuple[AttachedTrait, ...]:
    try:
        return attached_traits(CronHpa(), file.read_bytes(), str(file))
    except DocumentError as error:
        raise click.ClickException(str(error)) from error


def _errors(trait: AttachedTrait) -> Iterator[str]:
    """The problems of a trait, one line each."""
    at = f"{trait.application}/{trait.instance}"
    try:
        properties = _loaded(trait)
    except ValueError as error:
        yield f"{at}: {error}"
        return
    for problem in find_problems(properties):
        yield f"{at}: {problem.path}: {problem.message}"


def _loaded(trait: AttachedTrait) -> Properties:
    properties: Properties = models.load(Properties, trait.properties)
    return properties


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text} is not a time such as 2026-03-28T12:00Z", param_hint="--from") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
