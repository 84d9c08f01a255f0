"""The Quadlet unit of a pod, and the timer of a CronJob.

A workload that does not end is a service of the type `notify`. A Job is a service of the type `oneshot`, which is
active once its containers have ended with 0; a file named by the digest of the pod prevents a second run after a
restart of the machine. systemd repeats a failed run, at most `backoffLimit` times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from rudr_py.api import get_in
from rudr_py_podman import schedule, unit_files
from rudr_py_podman.workloads import Workload

STATE = "rudr"
"""The folder of the records of completed runs, in the state directory of systemd."""

PULL_SECONDS = 900
"""The maximum duration of a start, which includes the pull of images."""

STOP_SECONDS = 90
"""The time that systemd gives a service to stop, unless the pod has a longer grace period."""

RETRY_SECONDS = 10


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """The application of a workload, its networks with the other names of its pod, and the units that it follows."""

    application: str
    networks: Mapping[str, Sequence[str]]
    after: Sequence[str] = ()


def kube(workload: Workload, content: str, placement: Placement) -> str:
    """The `.kube` unit of a workload whose YAML file has this content."""
    return unit_files.text(
        {
            "Unit": _unit(workload, content, placement),
            "Kube": _kube(workload, placement),
            "Service": [*_service(workload, content)],
            "Install": [] if workload.kind == "CronJob" else [("WantedBy", "multi-user.target default.target")],
        }
    )


def timer(workload: Workload, application: str) -> str:
    """The `.timer` unit of a CronJob. Raises ValueError for a schedule that cron does not accept."""
    cron_job = get_in(workload.document, "spec", default={})
    events = schedule.calendar_events(str(cron_job.get("schedule", "")), str(cron_job.get("timeZone") or ""))
    suspended = cron_job.get("suspend") is True
    return unit_files.text(
        {
            "Unit": [("Description", f"Schedule of {workload.name} of application {application}")],
            "Timer": [*(("OnCalendar", event) for event in events), ("AccuracySec", "1s")],
            "Install": [] if suspended else [("WantedBy", "timers.target")],
        }
    )


def network(application: str, name: str) -> str:
    """The `.network` unit of a network whose members other networks do not reach."""
    return unit_files.text(
        {
            "Unit": [("Description", f"Network {name} of application {application}")],
            "Network": [("Options", "isolate=true")],
        }
    )


def _unit(workload: Workload, content: str, placement: Placement) -> list[tuple[str, str]]:
    keys = [("Description", f"{workload.name} of application {placement.application}")]
    if placement.after:
        services = " ".join(f"{name}.service" for name in placement.after)
        keys += [("Requires", services), ("After", services)]
    if workload.kind == "Job":
        keys.append(("ConditionPathExists", f"!%S/{STATE}/{_record(workload, content)}"))
    if workload.job:
        attempts = get_in(workload.job, "backoffLimit", default=6) + 1
        keys += [("StartLimitIntervalSec", "1d"), ("StartLimitBurst", str(attempts))]
    return keys


def _kube(workload: Workload, placement: Placement) -> list[tuple[str, str]]:
    networks = [
        ":".join([f"{name}.network", ",".join(f"alias={alias}" for alias in aliases)]).rstrip(":")
        for name, aliases in placement.networks.items()
    ]
    return [("Yaml", f"{workload.name}.yaml"), *(("Network", name) for name in networks)]


def _service(workload: Workload, content: str) -> Iterator[tuple[str, str]]:
    grace = get_in(workload.spec, "terminationGracePeriodSeconds", default=0)
    yield "Restart", "on-failure"
    yield "RestartSec", str(RETRY_SECONDS)
    if grace + RETRY_SECONDS > STOP_SECONDS:
        yield "TimeoutStopSec", str(grace + RETRY_SECONDS)
    if not workload.job:
        yield "TimeoutStartSec", str(PULL_SECONDS)
        return
    deadline = get_in(workload.job, "activeDeadlineSeconds", default=0)
    yield "TimeoutStartSec", str(deadline) if deadline else "infinity"
    yield "Type", "oneshot"
    containers = " ".join(f"{workload.name}-{container['name']}" for container in workload.containers)
    wait = f'for code in $$(podman wait {containers}); do [ "$$code" = 0 ] || exit "$$code"; done'
    yield "ExecStartPost", f"/bin/sh -c '{wait}'"
    if workload.kind == "Job":
        yield "ExecStartPost", f"/bin/touch %S/{STATE}/{_record(workload, content)}"
        yield "StateDirectory", STATE
        yield "RemainAfterExit", "yes"


def _record(workload: Workload, content: str) -> str:
    """The name of the file that records a completed run of a Job with this content."""
    return f"{workload.name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"
