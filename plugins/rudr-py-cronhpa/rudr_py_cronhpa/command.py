"""`rudr cron preview`: the coming changes of an application's sizes, in local time. Reads files, asks no cluster."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
import yaml

from rudr_py.api import get_in, mappings_in
from rudr_py.api import properties as models
from rudr_py_cronhpa import properties
from rudr_py_cronhpa.properties import Properties
from rudr_py_cronhpa.timeline import Due, Timeline
from rudr_py_cronhpa.trait import CronHpa

LIMIT = 1000
"""The most lines for one instance."""

_NAMES = (CronHpa.name, *CronHpa.aliases)


class Found(msgspec.Struct, frozen=True):
    """A cron-hpa of a document: the application, the instance, and what is written there."""

    application: str
    instance: str
    written: Mapping[str, Any]


@click.group("cron", help="Sizes by the clock: the trait cron-hpa.")
def command() -> None:
    """Group what there is about cron-hpa."""


@command.command("preview")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True, help="How many days to look ahead.")
@click.option(
    "--from", "start", metavar="TIME", help="The time to look from, such as 2026-03-28T12:00Z; now by default."
)
def preview(file: Path, days: int, start: str | None) -> None:
    """List when the sizes of the applications in FILE change, in each job's own time zone.

    The trait counts as attached at that time. Only changes are listed: a job that asks for the size that is there
    already is none.
    """
    begin = datetime.now(UTC) if start is None else _time(start)
    listed = list(_found(file))
    if not listed:
        raise click.ClickException(f"{file}: no instance has the trait cron-hpa")
    wrong = [text for found in listed for text in _told(found)]
    if wrong:
        raise click.ClickException("\n".join(wrong))
    for found in listed:
        click.echo(f"{found.application}/{found.instance}")
        for line in _lines(_loaded(found), begin, timedelta(days=days)):
            click.echo(f"  {line}")


def _lines(given: Properties, begin: datetime, span: timedelta) -> Iterator[str]:
    timeline = Timeline(given=given, attached_at=begin)
    held = timeline.last(begin)
    yield f"{_local(given, held, begin)}  now: {held.size} ({held.name})" if held else "now: no job was due yet"
    size = held.size if held else None
    count = 0
    for due in itertools.takewhile(lambda due: due.instant <= begin + span, timeline.changes(begin)):
        if count == LIMIT:
            yield f"... more than {LIMIT} changes"
            return
        before = "" if size is None else f"{size} -> "
        yield f"{_local(given, due, due.instant)}  {before}{due.size} ({due.name})"
        size, count = due.size, count + 1
    if not count:
        yield f"no change in {span.days} days"


def _local(given: Properties, due: Due, at: datetime) -> str:
    name = given.jobs[due.index].timezone or given.timezone or "UTC"
    return f"{at.astimezone(properties.zone(name)):%a %Y-%m-%d %H:%M:%S %z} {name}"


def _found(file: Path) -> Iterator[Found]:
    try:
        documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} cannot be read: {error}") from error
    for document in documents:
        if not isinstance(document, dict) or document.get("kind") != "ApplicationConfiguration":
            continue
        name = get_in(document, "metadata", "name", default="")
        for component in mappings_in(document, "spec", "components"):
            for trait in mappings_in(component, "traits"):
                if trait.get("name") in _NAMES:
                    written = get_in(trait, "properties", default={})
                    yield Found(name, get_in(component, "instanceName", default=""), written)


def _told(found: Found) -> Iterator[str]:
    """What is wrong with a trait, as lines."""
    at = f"{found.application}/{found.instance}"
    try:
        given = _loaded(found)
    except ValueError as error:
        hint = "; variables are not replaced here" if "[fromVariable(" in str(found.written) else ""
        yield f"{at}: {error}{hint}"
        return
    for problem in properties.problems(given):
        yield f"{at}: {problem.path}: {problem.message}"


def _loaded(found: Found) -> Properties:
    given: Properties = models.load(Properties, found.written)
    return given


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text} is no time such as 2026-03-28T12:00Z", param_hint="--from") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
