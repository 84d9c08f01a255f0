"""CronTasks of rudr-py-batch in the core: limits of their names, and schedules as the local API server reads them."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.strategies import cron_schedule
from rudr_py.testing import rendering
from rudr_py.testing.rendering import RenderSetup
from tests import own_packages

schedule: Any = importlib.import_module("rudr_py_batch.schedule")

CRON_TASK = "batch.rudr.dev/v1alpha1.CronTask"
PARTS = st.sampled_from(["*", "?", "0", "1", "7", "12", "31", "59", "60", "jan", "SAT", "1-5", "5-1", "fri-mon", "x"])
FIELDS = st.lists(st.builds("{}{}".format, PARTS, st.sampled_from(["", "/2", "/0", "/x"])), min_size=1, max_size=2)
SCHEDULES = st.lists(FIELDS.map(",".join), min_size=4, max_size=6).map(" ".join)

INDEXED = {"name": "job-policy", "properties": {"completions": 100, "indexed": True}}


@pytest.mark.parametrize(("indexed", "limit"), [(False, 52), (True, 49)])
def test_a_name_leaves_characters_for_those_of_runs_and_pods(indexed: bool, limit: int) -> None:
    catalog = own_packages.everything().catalog
    type_, traits = catalog.workloads[CRON_TASK].type, (INDEXED,) if indexed else ()
    component = {"containers": [{"name": "report", "image": "registry.example/report:1"}]}
    setups = (
        RenderSetup(
            type_=type_, properties={"schedule": "@daily"}, component=component, traits=traits, instances=(name,)
        )
        for name in ("a" * limit, "a" * (limit + 1))
    )
    fits, exceeds = (rendering.plan(setup, catalog) for setup in setups)
    assert fits.problems == ()
    assert {problem.path for problem in exceeds.problems} == {"$.spec.components[0].instanceName"}


@given(SCHEDULES)
def test_the_local_api_server_accepts_exactly_the_schedules_that_are_valid_or_never_due(text: str) -> None:
    problem = schedule.problem(text)
    try:
        cron_schedule.parse(text)
    except cron_schedule.ScheduleError:
        assert problem
    else:
        assert not problem or "never due" in problem
