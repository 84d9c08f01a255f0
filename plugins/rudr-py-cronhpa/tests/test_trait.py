"""The trait in an application: a minimum or a size, the time of the next change, and warnings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rudr_py.api import TraitContext, properties
from rudr_py.api.component import Component
from rudr_py.testing import RenderError, RenderOne
from rudr_py_cronhpa.trait import CronHpa

DAY = {"name": "day", "schedule": "0 8 * * *", "targetSize": 6}
NIGHT = {"name": "night", "schedule": "0 20 * * *", "targetSize": 2}
BERLIN = {"jobs": [DAY, NIGHT], "timezone": "Europe/Berlin", "catchUp": True}
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


def test_before_the_first_job_there_is_no_scale(render_one: RenderOne) -> None:
    rendering = render_one(CronHpa(), properties={**BERLIN, "catchUp": False}, now=NOON)
    assert "replicas" not in rendering.one("Deployment")["spec"]
    assert rendering.wake_at == datetime(2026, 6, 1, 18, 0, tzinfo=UTC)


def test_without_future_changes_there_is_no_wake_time(render_one: RenderOne) -> None:
    again = {"jobs": [DAY, {**NIGHT, "targetSize": 6}], "catchUp": True}
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


def _context(properties_: dict[str, Any], now: datetime, attached: datetime) -> TraitContext[Any]:
    return TraitContext(
        application="app",
        namespace="default",
        instance="web",
        component=msgspec.convert({"metadata": {"name": "c"}, "workload_type": "x/v1.Y"}, Component),
        properties=properties.load(CronHpa.properties, properties_),
        now=now,
        workload="x/v1.Y",
        attached_at=attached,
    )


def _size(properties_: dict[str, Any], now: datetime, attached: datetime) -> int | None:
    scale = CronHpa().render(_context(properties_, now, attached)).scale
    return scale.replicas if scale is not None else None


def test_a_run_once_job_is_due_only_the_first_time_after_the_attachment() -> None:
    properties_ = {"jobs": [{**DAY, "runOnce": True}, NIGHT]}
    attached = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    sizes = [
        _size(properties_, datetime(2026, 6, day, hour, tzinfo=UTC), attached)
        for day, hour in [(1, 21), (2, 9), (2, 21), (3, 9)]
    ]
    assert sizes == [2, 6, 2, 2]


def test_every_counts_from_the_attachment_of_the_trait() -> None:
    properties_ = {"jobs": [{"name": "a", "schedule": "@every 2h", "targetSize": 3}]}
    attached = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    assert [_size(properties_, datetime(2026, 6, 1, hour, 59, tzinfo=UTC), attached) for hour in (13, 14)] == [None, 3]


def test_health_shows_the_current_job_and_the_next_change(render_one: RenderOne) -> None:
    health = render_one(CronHpa(), properties=BERLIN, now=NOON).health
    assert (health.state, dict(health.show)) == ("ready", {"job": "day", "size": "6", "next": "2026-06-01T18:00:00Z"})


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
