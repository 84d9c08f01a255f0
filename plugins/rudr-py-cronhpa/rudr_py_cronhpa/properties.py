"""The properties: the job list of CronHPA, time zones, catch-up and the backend."""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from rudr_py.api import Problem
from rudr_py_cronhpa import dates, schedule

Backend = Literal["native", "cronhpa", "keda"]


class Job(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A schedule, and the size from then on."""

    name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=63, description="A name, unique in the list.", examples=["morning"])
    ]
    schedule: Annotated[
        str,
        msgspec.Meta(
            description="5 or 6 fields (seconds first), @daily and its kind, @every 1h30m, @date 2026-12-24 18:00:00.",
            examples=["0 8 * * MON-FRI"],
        ),
    ]
    target_size: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1, description="The size from then on.", examples=[5])]
    run_once: Annotated[
        bool, msgspec.Meta(description="Whether only the first time after the job was added counts.")
    ] = False
    timezone: Annotated[
        str | None, msgspec.Meta(description="An IANA time zone for this job, such as Europe/Berlin.")
    ] = None


class Properties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The jobs, and settings for all of them."""

    jobs: Annotated[tuple[Job, ...], msgspec.Meta(min_length=1, description="Schedules with sizes.")]
    exclude_dates: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Days on which no job is due: 2026-12-25, or a cron expression such as * * * 25 12 *."
        ),
    ] = ()
    timezone: Annotated[
        str | None, msgspec.Meta(description="An IANA time zone for jobs without their own; UTC by default.")
    ] = None
    catch_up: Annotated[
        bool | None,
        msgspec.Meta(
            description="Whether times before the job was added count, so that the size is correct from the start;"
            " true by default. A job with runOnce never catches up."
        ),
    ] = None
    backend: Annotated[
        Backend, msgspec.Meta(description="The controller that changes the size: rudr itself, CronHPA or KEDA.")
    ] = "native"

    @property
    def catches_up(self) -> bool:
        """Whether times before a job was added count."""
        return self.catch_up is not False

    def zone_of(self, job: Job) -> str:
        """The name of the time zone of a job."""
        return job.timezone or self.timezone or "UTC"


def find_problems(properties: Properties) -> Iterator[Problem]:
    """Problems for every backend."""
    if properties.timezone is not None and time_zone(properties.timezone) is None:
        yield Problem(f'unknown time zone "{properties.timezone}"', path="$.timezone")
    seen: set[str] = set()
    for index, job in enumerate(properties.jobs):
        at = f"$.jobs[{index}]"
        if job.name in seen:
            yield Problem(f'duplicate job name "{job.name}"', path=f"{at}.name")
        seen.add(job.name)
        if job.timezone is not None and time_zone(job.timezone) is None:
            yield Problem(f'unknown time zone "{job.timezone}"', path=f"{at}.timezone")
        try:
            schedule.parse(job.schedule, datetime(2000, 1, 1, tzinfo=UTC))
        except ValueError as error:
            yield Problem(str(error), path=f"{at}.schedule")
    for index, text in enumerate(properties.exclude_dates):
        wrong = dates.problem(text)
        if wrong:
            yield Problem(wrong, path=f"$.excludeDates[{index}]")


@functools.cache
def time_zone(name: str | None) -> ZoneInfo | None:
    """The time zone of a name, UTC for None; None for an unknown name."""
    try:
        return ZoneInfo(name or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
