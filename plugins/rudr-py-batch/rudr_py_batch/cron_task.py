"""The workload type CronTask: a CronJob named like the instance, which runs the component by a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

import msgspec

from rudr_py.api import (
    Health,
    InvalidProperties,
    Kind,
    Manifest,
    Problem,
    Ref,
    Rendered,
    Scale,
    SetField,
    WorkloadContext,
    WorkloadType,
    claims,
    pod_templates,
)
from rudr_py_batch import runs, schedule

CONFIG_MAP: Final = Kind("v1", "ConfigMap")
CRON_JOB: Final = Kind("batch/v1", "CronJob")
JOB: Final = Kind("batch/v1", "Job")
POD: Final = Kind("v1", "Pod")

BACKOFF_LIMIT: Final = 4
"""The number of failed pods after which a run fails, as for a Task."""

_Policy = Literal["Allow", "Forbid", "Replace"]
_Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class CronTaskProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The schedule, and how runs relate to each other. Changes affect the next run."""

    schedule: Annotated[
        str,
        msgspec.Meta(
            description="Minute, hour, day of the month, month, day of the week; or @hourly, @daily, @weekly, "
            "@monthly, @yearly, or @every 1h30m.",
            examples=["0 3 * * *"],
        ),
    ]
    time_zone: Annotated[
        str | None,
        msgspec.Meta(
            description="The IANA time zone of the schedule, such as Europe/Berlin; by default that of the cluster's "
            "controller manager, usually UTC. Stable since Kubernetes 1.27; 1.25 and 1.26 need the feature gate "
            "CronJobTimeZone."
        ),
    ] = None
    concurrency_policy: Annotated[
        _Policy | None,
        msgspec.Meta(
            description="Whether a run may begin while an earlier one is active: Allow (the default), Forbid (the new "
            "one is left out), Replace (the earlier one is stopped). A component with an Exclusive volume has Forbid."
        ),
    ] = None
    starting_deadline: Annotated[
        Annotated[int, msgspec.Meta(ge=10, le=2**31 - 1)] | None,
        msgspec.Meta(description="Seconds after its time in which a missed run may begin; without a limit by default."),
    ] = None
    suspend: Annotated[
        bool | None,
        msgspec.Meta(description="Whether no further runs begin. If omitted, other clients may suspend the CronJob."),
    ] = None
    successful_history_limit: Annotated[
        _Number | None, msgspec.Meta(description="The number of successful runs to keep; 3 by default.")
    ] = None
    failed_history_limit: Annotated[
        _Number | None, msgspec.Meta(description="The number of failed runs to keep; 1 by default.")
    ] = None


class CronTask(WorkloadType[CronTaskProperties]):
    """Code that runs to completion at each time of a schedule."""

    name = "batch.rudr.dev/v1alpha1.CronTask"
    properties = CronTaskProperties
    produces = (CONFIG_MAP, CRON_JOB)
    observes = (POD, claims.CLAIM, JOB)
    scale_forms = frozenset({"exact"})
    provides = frozenset({"pods", "pod-template", "scale", "completion"})

    def render(self, ctx: WorkloadContext[CronTaskProperties]) -> Rendered:
        """The config files and the CronJob, whose runs have one pod at a time."""
        problems = [*_problems(ctx), *pod_templates.problems(ctx)]
        if problems:
            raise InvalidProperties(*problems)
        template = pod_templates.pod_template(ctx, restart="Never")
        job = {"backoffLimit": BACKOFF_LIMIT, "parallelism": 1, "template": template.document}
        run = {"metadata": {"labels": pod_templates.watched_labels(ctx)}, "spec": job}
        body = {"spec": {**_spec(ctx), "jobTemplate": run}}
        cron_job = Manifest(kind=CRON_JOB, name=ctx.instance, body=body, labels=pod_templates.selector_labels(ctx))
        return Rendered(add=(*template.config_maps, cron_job))

    def scale(self, ctx: WorkloadContext[CronTaskProperties], scale: Scale | None) -> Rendered:
        """Set the number of parallel pods of each run."""
        if scale is None:
            return Rendered()
        pod_templates.limited_scale(ctx, scale)
        path = ("spec", "jobTemplate", "spec", "parallelism")
        return Rendered(edit=(SetField(Ref(CRON_JOB, ctx.instance), path, scale.replicas),))

    def pods(self, ctx: WorkloadContext[CronTaskProperties]) -> Mapping[str, str] | None:
        """The labels of the pods of all runs."""
        return pod_templates.selector_labels(ctx)

    def health(self, ctx: WorkloadContext[CronTaskProperties]) -> Health:
        """Failed if the last run has failed; otherwise ready, also before the first run and while suspended."""
        health = super().health(ctx)
        live = ctx.live(Ref(CRON_JOB, ctx.instance))
        return runs.health(live, ctx.observed(JOB), ctx.observed(POD)) if health.ok and live else health


def _spec(ctx: WorkloadContext[CronTaskProperties]) -> dict[str, object]:
    own = ctx.properties
    fields = {
        "timeZone": own.time_zone,
        "concurrencyPolicy": own.concurrency_policy or ("Forbid" if pod_templates.exclusive(ctx.component) else None),
        "startingDeadlineSeconds": own.starting_deadline,
        "suspend": own.suspend,
        "successfulJobsHistoryLimit": own.successful_history_limit,
        "failedJobsHistoryLimit": own.failed_history_limit,
    }
    return {"schedule": own.schedule, **{field: value for field, value in fields.items() if value is not None}}


def _problems(ctx: WorkloadContext[CronTaskProperties]) -> Iterator[Problem]:
    own = ctx.properties
    if wrong := schedule.problem(own.schedule):
        yield Problem(wrong, path="$.schedule")
    if own.time_zone is not None and (wrong := schedule.zone_problem(own.time_zone)):
        yield Problem(wrong, path="$.timeZone")
    if not ctx.component.containers:
        yield Problem("needs at least one container", path="$.spec.containers")
    exclusive = pod_templates.exclusive(ctx.component)
    if exclusive and own.concurrency_policy not in (None, "Forbid"):
        message = f'two runs must not mount the Exclusive volume "{exclusive[0]}" at the same time; use Forbid'
        yield Problem(message, path="$.concurrencyPolicy")
