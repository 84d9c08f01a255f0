"""The trait in an application: a minimum or a size, the time of the next change, and warnings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from rudr_py.api import TraitContext, properties
from rudr_py.api.component import Component
from rudr_py.testing import RenderError, Rendering, RenderOne
from rudr_py_cronhpa.trait import CronHpa

DAY = {"name": "day", "schedule": "0 8 * * *", "targetSize": 6}
NIGHT = {"name": "night", "schedule": "0 20 * * *", "targetSize": 2}
BERLIN = {"jobs": [DAY, NIGHT], "timezone": "Europe/Berlin"}
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
AUTO = {"name": "auto-scaler", "properties": {"minimum": 3, "maximum": 5}}


def test_the_size_of_the_last_job_holds_until_the_next(render_one: RenderOne) -> None:
    rendering = render_one(CronHpa(), properties=BERLIN, now=NOON)
    assert rendering.one("Deployment")["spec"]["replicas"] == 6
    assert rendering.wake_at == datetime(2026, 6, 1, 18, 0, tzinfo=UTC)
    later = render_one(CronHpa(), properties=BERLIN, now=rendering.wake_at)
    assert later.one("Deployment")["spec"]["replicas"] == 2


def test_with_an_auto_scaler_the_size_is_a_minimum(render_one: RenderOne) -> None:
    day = render_one(CronHpa(), properties=BERLIN, traits=[AUTO], now=NOON)
    night = render_one(CronHpa(), properties=BERLIN, traits=[AUTO], now=day.wake_at)
    bounds = [
        (
            rendering.one("HorizontalPodAutoscaler")["spec"]["minReplicas"],
            rendering.one("HorizontalPodAutoscaler")["spec"]["maxReplicas"],
        )
        for rendering in (day, night)
    ]
    assert bounds == [(6, 6), (3, 5)]


def test_a_trait_that_is_attached_during_the_day_has_the_size_of_the_last_job_that_was_due(
    render_one: RenderOne,
) -> None:
    """Bug report: one replica until the next job, ten hours later."""
    properties_ = {"jobs": [{**DAY, "schedule": "0 11 * * *"}, {**NIGHT, "schedule": "0 22 * * *"}]}
    rendering = render_one(CronHpa(), properties=properties_, now=NOON)
    assert rendering.one("Deployment")["spec"]["replicas"] == 6
    assert rendering.wake_at == datetime(2026, 6, 1, 22, 0, tzinfo=UTC)
    assert rendering.warnings == ()


def test_a_job_that_was_never_due_sets_no_size(render_one: RenderOne) -> None:
    first = {"name": "release", "schedule": "@date 2026-12-24 18:00:00", "targetSize": 5}
    rendering = render_one(CronHpa(), properties={"jobs": [first]}, now=NOON)
    assert "replicas" not in rendering.one("Deployment")["spec"]
    assert rendering.wake_at == datetime(2026, 12, 24, 18, 0, tzinfo=UTC)


def test_without_catch_up_there_is_no_size_before_the_first_job(render_one: RenderOne) -> None:
    rendering = render_one(CronHpa(), properties={**BERLIN, "catchUp": False}, now=NOON)
    assert "replicas" not in rendering.one("Deployment")["spec"]
    assert rendering.wake_at == datetime(2026, 6, 1, 18, 0, tzinfo=UTC)


def test_without_future_changes_there_is_no_wake_time(render_one: RenderOne) -> None:
    again = {"jobs": [DAY, {**NIGHT, "targetSize": 6}]}
    assert render_one(CronHpa(), properties=again, now=NOON).wake_at is None


def test_a_second_trait_with_a_scale_is_rejected(render_one: RenderOne) -> None:
    manual = {"name": "manual-scaler", "properties": {"replicaCount": 3}}
    with pytest.raises(RenderError, match="cannot all decide"):
        render_one(CronHpa(), properties=BERLIN, traits=[manual], now=NOON)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"timezone": "Europe/Atlantis"}, ".timezone"),
        ({"jobs": [{**DAY, "timezone": "../etc/passwd"}]}, ".jobs[0].timezone"),
        ({"jobs": [DAY, {**NIGHT, "name": "day"}]}, ".jobs[1].name"),
        ({"jobs": [{**DAY, "schedule": "at eight"}]}, ".jobs[0].schedule"),
        ({"excludeDates": ["2026-12-25", "Easter"]}, ".excludeDates[1]"),
        ({"jobs": []}, ".jobs"),
        ({"jobs": [{**DAY, "targetSize": -1}]}, ".jobs[0].targetSize"),
    ],
)
def test_invalid_properties_are_rejected_with_their_paths(
    render_one: RenderOne, changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(RenderError) as error:
        render_one(CronHpa(), properties={**BERLIN, **changes}, now=NOON)
    assert [at for _, at in error.value.problems] == [f"$.spec.components[0].traits[0].properties{path}"]


SHOW = {"name": "show", "schedule": "0 18 * * *", "targetSize": 9, "runOnce": True}


def _replicas(rendering: Rendering) -> int | None:
    replicas: int | None = rendering.one("Deployment")["spec"].get("replicas")
    return replicas


def _sizes(rendering: Rendering, *times: datetime) -> list[int | None]:
    """The size at each of the times, each rendered with the times in the status that the one before has written."""
    sizes = []
    for now in times:
        rendering = rendering.later(now)
        sizes.append(_replicas(rendering))
    return sizes


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 6, day, hour, 30, tzinfo=UTC)


def test_a_run_once_job_is_due_only_the_first_time_after_the_attachment(render_one: RenderOne) -> None:
    first = render_one(CronHpa(), properties={"jobs": [DAY, NIGHT, SHOW]}, now=_at(1, 12))
    assert _sizes(first, _at(1, 18), _at(1, 20), _at(2, 18), _at(2, 20)) == [9, 2, 6, 2]


def test_a_run_once_job_does_not_catch_up(render_one: RenderOne) -> None:
    only = render_one(CronHpa(), properties={"jobs": [SHOW]}, now=_at(1, 19))
    assert _replicas(only) is None
    assert _sizes(only, _at(2, 17), _at(2, 18), _at(3, 18)) == [None, 9, 9]


def test_a_run_once_job_that_is_added_later_is_due_the_first_time_after_it_was_added(render_one: RenderOne) -> None:
    """Bug report: it was never due, because its first time after the attachment of the trait had passed."""
    first = render_one(CronHpa(), properties={"jobs": [DAY, NIGHT]}, now=_at(1, 12))
    added = first.later(_at(20, 12), properties={"jobs": [DAY, NIGHT, SHOW]})
    assert _replicas(added) == 6
    assert added.wake_at == datetime(2026, 6, 20, 18, 0, tzinfo=UTC)
    assert _sizes(added, _at(20, 18), _at(20, 20), _at(21, 18)) == [9, 2, 6]


@pytest.mark.parametrize(
    "changes", [{"schedule": "30 18 * * *"}, {"timezone": "Europe/London"}, {"name": "second-show"}], ids=str
)
def test_an_edited_run_once_job_is_due_again(render_one: RenderOne, changes: dict[str, Any]) -> None:
    first = render_one(CronHpa(), properties={"jobs": [DAY, NIGHT, SHOW]}, now=_at(1, 12))
    edited = first.later(_at(2, 12), properties={"jobs": [DAY, NIGHT, {**SHOW, **changes}]})
    assert _sizes(edited, _at(2, 17), _at(2, 18), _at(3, 18)) == [9 if "timezone" in changes else 6, 9, 6]


def test_a_new_size_of_a_run_once_job_does_not_run_it_again(render_one: RenderOne) -> None:
    first = render_one(CronHpa(), properties={"jobs": [DAY, NIGHT, SHOW]}, now=_at(1, 12))
    during = first.later(_at(1, 19), properties={"jobs": [DAY, NIGHT, {**SHOW, "targetSize": 8}]})
    assert _replicas(during) == 8
    assert _sizes(during, _at(2, 18)) == [6]


def test_a_job_that_becomes_run_once_is_due_one_more_time(render_one: RenderOne) -> None:
    first = render_one(CronHpa(), properties={"jobs": [DAY, NIGHT, {**SHOW, "runOnce": False}]}, now=_at(1, 12))
    changed = first.later(_at(3, 12), properties={"jobs": [DAY, NIGHT, SHOW]})
    assert _sizes(changed, _at(3, 18), _at(4, 18)) == [9, 6]


def test_a_run_once_job_that_is_removed_and_added_again_is_due_again(render_one: RenderOne) -> None:
    first = render_one(CronHpa(), properties={"jobs": [DAY, NIGHT, SHOW]}, now=_at(1, 12))
    removed = first.later(_at(2, 12), properties={"jobs": [DAY, NIGHT]})
    again = removed.later(_at(3, 12), properties={"jobs": [DAY, NIGHT, SHOW]})
    assert _sizes(again, _at(3, 18), _at(4, 18)) == [9, 6]


def test_every_counts_from_the_time_at_which_the_job_was_added(render_one: RenderOne) -> None:
    first = render_one(CronHpa(), properties={"jobs": [DAY]}, now=_at(1, 9))
    every = {"name": "a", "schedule": "@every 2h", "targetSize": 3}
    added = first.later(_at(1, 12), properties={"jobs": [DAY, every]})
    assert _sizes(added, _at(1, 14) - timedelta(seconds=1), _at(1, 14)) == [6, 3]


def test_before_a_status_contains_times_of_jobs_they_count_from_the_attachment() -> None:
    """As with a status that an earlier release has written."""
    attached, now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC), datetime(2026, 6, 5, 19, 0, tzinfo=UTC)
    properties_ = properties.load(CronHpa.properties, {"jobs": [DAY, NIGHT, SHOW]})
    component = msgspec.convert({"metadata": {"name": "c"}, "workload_type": "x/v1.Y"}, Component)
    context = TraitContext(
        application="app",
        namespace="default",
        instance="web",
        component=component,
        properties=properties_,
        now=now,
        workload="x/v1.Y",
        attached_at=attached,
    )
    scale = CronHpa().render(context).scale
    assert scale is not None
    assert scale.replicas == 6


def test_health_shows_the_current_job_and_the_next_change(render_one: RenderOne) -> None:
    health = render_one(CronHpa(), properties=BERLIN, now=NOON).health
    assert (health.state, dict(health.show)) == ("ready", {"job": "day", "size": "6", "next": "2026-06-01T18:00:00Z"})


def test_without_a_change_health_shows_none(render_one: RenderOne) -> None:
    """The trait wakes at a later job to continue its search, which is no change."""
    often = {"name": "often", "schedule": "*/20 * * * * *", "targetSize": 2}
    rare = {"name": "rare", "schedule": "0 8 * * *", "targetSize": 6}
    rendering = render_one(CronHpa(), properties={"jobs": [often, rare]}, now=NOON)
    assert rendering.wake_at is not None
    assert dict(rendering.health.show) == {"job": "often", "size": "2"}


def test_after_the_last_run_once_job_there_is_no_wake_time(render_one: RenderOne) -> None:
    first = render_one(CronHpa(), properties={"jobs": [DAY, {**SHOW, "schedule": "0 7 * * *"}]}, now=NOON)
    assert first.wake_at == datetime(2026, 6, 2, 7, 0, tzinfo=UTC)
    done = first.later(datetime(2026, 6, 2, 8, 0, tzinfo=UTC))
    assert (_replicas(done), done.wake_at) == (6, None)


def test_an_autoscaler_of_another_client_causes_a_warning_and_is_not_changed(render_one: RenderOne) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app-web"}
    foreign = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "theirs"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 3},
    }
    own = {**foreign, "metadata": {"name": "ours", "ownerReferences": [{"controller": True}]}}
    rendering = render_one(CronHpa(), properties=BERLIN, observed=[foreign, own], now=NOON)
    assert [warning for warning in rendering.warnings if "HorizontalPodAutoscaler" in warning] == [
        "the HorizontalPodAutoscaler theirs, which is not managed by rudr, scales the same workload"
    ]
    assert rendering.of("HorizontalPodAutoscaler") == []
