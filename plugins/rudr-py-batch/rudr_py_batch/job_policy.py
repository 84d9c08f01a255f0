"""job-policy: when the Job of a task ends: retries, deadline, number of completions, and how long it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from rudr_py.api import (
    InvalidProperties,
    PodTemplatePlace,
    Problem,
    Rendered,
    SetField,
    Trait,
    TraitContext,
    get_in,
)
from rudr_py_batch.cron_task import CronTask

_Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
_ExitCode = Annotated[int, msgspec.Meta(ge=1, le=255)]

_MOST_INDEXES: Final = 100_000
"""The most completions of an Indexed Job."""


class PodFailure(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The consequence for a Job of a failed pod with one of these exit codes, or with this condition."""

    action: Annotated[
        Literal["FailJob", "Ignore", "Count"],
        msgspec.Meta(description="The Job fails at once; the failure does not count as a retry; it counts."),
    ]
    exit_codes: Annotated[tuple[_ExitCode, ...], msgspec.Meta(max_length=255, description="Exit codes.")] = ()
    container: Annotated[str | None, msgspec.Meta(description="The container that exits; any by default.")] = None
    condition: Annotated[
        str | None, msgspec.Meta(description="A condition of the pod, such as DisruptionTarget for an eviction.")
    ] = None


class JobPolicyProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Limits of the Job, for a CronTask of each run. manual-scaler sets the number of parallel pods."""

    retries: Annotated[
        _Number | None, msgspec.Meta(description="The number of failed pods that are replaced.", examples=[2])
    ] = None
    deadline: Annotated[
        _Positive | None, msgspec.Meta(description="Seconds after which the Job is stopped and has failed.")
    ] = None
    time_to_live: Annotated[
        _Number | None, msgspec.Meta(description="Seconds after its end when the Job and its pods are deleted.")
    ] = None
    completions: Annotated[
        _Positive | None, msgspec.Meta(description="The number of pods that must succeed. Not for a SingletonTask.")
    ] = None
    indexed: Annotated[
        bool,
        msgspec.Meta(
            description="Whether each of the completions has an index, from 0, in the variable JOB_COMPLETION_INDEX."
        ),
    ] = False
    pod_failures: Annotated[
        tuple[PodFailure, ...],
        msgspec.Meta(max_length=20, description="Rules for failed pods; the first that matches (Kubernetes 1.31)."),
    ] = ()


class JobPolicy(Trait[JobPolicyProperties]):
    """Limits the retries and the time of a task, and sets the number of its completions."""

    name = "job-policy"
    properties = JobPolicyProperties
    applies_to = ("core.oam.dev/v1alpha1.Task", "core.oam.dev/v1alpha1.SingletonTask", CronTask.name)
    requires = frozenset({"pod-template"})

    def render(self, ctx: TraitContext[JobPolicyProperties]) -> Rendered:
        """Edits of the Job around each pod template."""
        problems = [problem for place in ctx.pod_templates for problem in _problems(ctx, place)]
        if problems:
            raise InvalidProperties(*problems)
        edits = [
            SetField(place.ref, (*place.path[:-1], field), value)
            for place in ctx.pod_templates
            for field, value in _fields(ctx.properties).items()
            if value is not None
        ]
        return Rendered(edit=tuple(edits))


def _fields(properties: JobPolicyProperties) -> dict[str, Any]:
    rules = [_rule(failure) for failure in properties.pod_failures]
    return {
        "backoffLimit": properties.retries,
        "activeDeadlineSeconds": properties.deadline,
        "ttlSecondsAfterFinished": properties.time_to_live,
        "completions": properties.completions,
        "completionMode": "Indexed" if properties.indexed else None,
        "podFailurePolicy": {"rules": rules} if rules else None,
    }


def _rule(failure: PodFailure) -> dict[str, Any]:
    if failure.condition is not None:
        return {"action": failure.action, "onPodConditions": [{"type": failure.condition, "status": "True"}]}
    codes: dict[str, Any] = {"operator": "In", "values": sorted(set(failure.exit_codes))}
    if failure.container is not None:
        codes["containerName"] = failure.container
    return {"action": failure.action, "onExitCodes": codes}


def _problems(ctx: TraitContext[JobPolicyProperties], place: PodTemplatePlace) -> Iterator[Problem]:
    own = ctx.properties
    body = next((manifest.body for manifest in ctx.manifests if manifest.ref == place.ref), {})
    if own.completions is not None and get_in(body, *place.path[:-1], "completions", default=0):
        name = ctx.workload.rpartition(".")[2]
        yield Problem(f"a {name} runs one pod; use a Task for several completions", path="$.completions")
    if own.indexed and own.completions is None:
        yield Problem("needs completions, the number of indexes", path="$.indexed")
    if own.indexed and (own.completions or 0) > _MOST_INDEXES:
        yield Problem(f"at most {_MOST_INDEXES} completions can have an index", path="$.completions")
    for index, failure in enumerate(own.pod_failures):
        at = f"$.podFailures[{index}]"
        if bool(failure.exit_codes) == (failure.condition is not None):
            yield Problem("needs exactly one of exitCodes and condition", path=at)
        if failure.container is not None and failure.container not in place.containers:
            yield Problem(f"is no container; there are: {', '.join(place.containers)}", path=f"{at}.container")
        if failure.container is not None and not failure.exit_codes:
            yield Problem("has a meaning for exitCodes only", path=f"{at}.container")
