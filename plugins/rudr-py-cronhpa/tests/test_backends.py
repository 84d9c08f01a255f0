"""The same jobs as objects of other controllers, and the reasons where they would mean something else."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, RenderOne
from rudr_py_cronhpa import cronhpa
from rudr_py_cronhpa.trait import CronHpa

DAY = {"name": "day", "schedule": "0 8 * * 1-5", "targetSize": 6}
NIGHT = {"name": "night", "schedule": "0 0 20 * * 1-5", "targetSize": 2}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app-web"}
TASK = {"workloadType": "core.oam.dev/v1alpha1.Task", "containers": [{"name": "main", "image": "main:1"}]}


def _refused(render_one: RenderOne, **properties: Any) -> list[str]:
    with pytest.raises(RenderError) as error:
        render_one(CronHpa(), properties={"jobs": [DAY, NIGHT], **properties})
    prefix = "$.spec.components[0].traits[0].properties"
    return [path.removeprefix(prefix) for _, path in error.value.problems]


def test_jobs_become_a_cronhpa_with_six_fields(render_one: RenderOne) -> None:
    party = {"name": "party", "schedule": "@date 2026-12-31 18:00:00", "targetSize": 9, "runOnce": True}
    changes = {"backend": "cronhpa", "jobs": [DAY, NIGHT, party], "excludeDates": ["* * 25 12 *", "* * * 26 12 *"]}
    rendering = render_one(CronHpa(), properties=changes)
    assert rendering.one("CronHorizontalPodAutoscaler")["spec"] == {
        "scaleTargetRef": TARGET,
        "excludeDates": ["* * * 25 12 *", "* * * 26 12 *"],
        "jobs": [
            {"name": "day", "schedule": "0 0 8 * * 1-5", "targetSize": 6},
            {"name": "night", "schedule": "0 0 20 * * 1-5", "targetSize": 2},
            {"name": "party", "schedule": "@date 2026-12-31 18:00:00", "targetSize": 9, "runOnce": True},
        ],
    }
    # the other controller owns the size
    assert "replicas" not in rendering.one("Deployment")["spec"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"timezone": "Europe/Berlin"}, ".timezone"),
        ({"jobs": [DAY, {**NIGHT, "timezone": "UTC"}]}, ".jobs[1].timezone"),
        ({"catchUp": True}, ".catchUp"),
        ({"excludeDates": ["2026-12-25"]}, ".excludeDates[0]"),
        ({"jobs": [{**DAY, "schedule": "0 0 L * *"}]}, ".jobs[0].schedule"),
        ({"jobs": [{**DAY, "schedule": "0 0 */2 * 1"}]}, ".jobs[0].schedule"),
    ],
)
def test_jobs_that_cronhpa_would_run_differently_are_rejected(
    render_one: RenderOne, changes: dict[str, Any], path: str
) -> None:
    assert _refused(render_one, backend="cronhpa", **changes) == [path]


@pytest.mark.parametrize(("catch_up", "warns"), [({}, True), ({"catchUp": False}, False)])
def test_cronhpa_warns_that_it_does_not_catch_up_unless_the_user_accepts_it(
    render_one: RenderOne, catch_up: dict[str, bool], warns: bool
) -> None:
    rendering = render_one(CronHpa(), properties={"backend": "cronhpa", "jobs": [DAY, NIGHT], **catch_up})
    assert any("catchUp" in warning for warning in rendering.warnings) == warns


def test_jobs_become_windows_of_keda_until_the_next_job(render_one: RenderOne) -> None:
    noon = {"name": "noon", "schedule": "30 12 * * 1-5", "targetSize": 9}
    changes = {"backend": "keda", "jobs": [NIGHT, DAY, noon], "timezone": "Europe/Berlin"}
    rendering = render_one(CronHpa(), properties=changes)
    assert rendering.one("ScaledObject")["spec"] == {
        "scaleTargetRef": TARGET,
        "minReplicaCount": 2,
        "maxReplicaCount": 9,
        "triggers": [
            {
                "type": "cron",
                "name": "day",
                "metadata": {
                    "timezone": "Europe/Berlin",
                    "start": "0 8 * * 1-5",
                    "end": "30 12 * * 1-5",
                    "desiredReplicas": "6",
                },
            },
            {
                "type": "cron",
                "name": "noon",
                "metadata": {
                    "timezone": "Europe/Berlin",
                    "start": "30 12 * * 1-5",
                    "end": "0 20 * * 1-5",
                    "desiredReplicas": "9",
                },
            },
        ],
    }
    assert "replicas" not in rendering.one("Deployment")["spec"]


def _with(**changes: Any) -> list[dict[str, Any]]:
    return [DAY, {**NIGHT, **changes}]


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"excludeDates": ["2026-12-25"]}, [".excludeDates"]),
        ({"catchUp": False}, [".catchUp"]),
        ({"jobs": [DAY]}, [".jobs"]),
        ({"jobs": _with(targetSize=6)}, [".jobs"]),
        ({"jobs": _with(timezone="Europe/Berlin")}, [".jobs[1].timezone"]),
        ({"jobs": _with(runOnce=True)}, [".jobs[1].runOnce"]),
        ({"jobs": _with(schedule="30 0 20 * * 1-5")}, [".jobs[1].schedule"]),
        ({"jobs": _with(schedule="0 20,22 * * 1-5")}, [".jobs[1].schedule"]),
        ({"jobs": _with(schedule="@hourly")}, [".jobs[1].schedule"]),
        ({"jobs": _with(schedule="@every 1h")}, [".jobs[1].schedule"]),
        ({"jobs": _with(schedule="@date 2026-12-24 18:00:00")}, [".jobs[1].schedule"]),
        ({"jobs": _with(schedule="0 20 * * *")}, [".jobs[1].schedule"]),
        ({"jobs": _with(schedule="0 8 * * 1-5")}, [".jobs[1].schedule"]),
    ],
)
def test_jobs_without_equivalent_windows_are_rejected(
    render_one: RenderOne, changes: dict[str, Any], paths: list[str]
) -> None:
    assert _refused(render_one, backend="keda", **changes) == paths


@pytest.mark.parametrize("backend", ["cronhpa", "keda"])
def test_a_workload_that_the_other_backends_cannot_scale_is_rejected(render_one: RenderOne, backend: str) -> None:
    with pytest.raises(RenderError, match="use the backend native"):
        render_one(CronHpa(), properties={"backend": backend, "jobs": [DAY, NIGHT]}, component=TASK)


def test_a_failed_job_of_cronhpa_is_a_failure() -> None:
    assert cronhpa.health(None).state == "progressing"
    assert cronhpa.health({"status": {"conditions": [{"name": "day", "state": "Submitted"}]}}).ok
    failed = cronhpa.health({"status": {"conditions": [{"name": "day", "state": "Failed", "message": "why"}]}})
    assert (failed.state, failed.reason) == ("failed", "JobFailed")
    assert failed.message.endswith(": day: why")


@pytest.mark.parametrize(
    "conditions", [[], [{"name": "day", "state": "Submitted"}]], ids=["no condition", "not of each job"]
)
def test_an_object_of_cronhpa_is_not_ready_before_a_controller_has_observed_all_jobs(conditions: list[Any]) -> None:
    live = {"spec": {"jobs": [DAY, NIGHT]}, "status": {"conditions": conditions}}
    health = cronhpa.health(live)
    assert (health.state, health.reason) == ("progressing", "NotObserved")
    assert "night" in health.message


@pytest.mark.parametrize(
    ("conditions", "state", "reason"),
    [
        ([], "progressing", "NotObserved"),
        ([{"type": "Ready", "status": "False", "reason": "ScaledObjectCheckFailed"}], "progressing", None),
        ([{"type": "Ready", "status": "True"}, {"type": "Paused", "status": "False"}], "ready", "Ready"),
        (
            [{"type": "Ready", "status": "True"}, {"type": "Paused", "status": "True", "reason": "ScaledObjectPaused"}],
            "progressing",
            "ScaledObjectPaused",
        ),
    ],
)
def test_a_scaled_object_is_ready_only_if_keda_has_observed_it_and_it_is_not_paused(
    render_one: RenderOne, conditions: list[Any], state: str, reason: str | None
) -> None:
    name = "app-web-trait-cron-hpa"
    live = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name},
        "status": {"conditions": conditions},
    }
    health = render_one(CronHpa(), properties={"backend": "keda", "jobs": [DAY, NIGHT]}, observed=[live]).health
    assert health.state == state
    assert reason is None or health.reason == reason
    assert health.state == "ready" or health.message.startswith(f"scaledobject.keda.sh/{name}: ")
