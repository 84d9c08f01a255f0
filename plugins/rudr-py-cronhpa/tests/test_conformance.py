"""The contract of every type, for the trait with each of its backends."""

from __future__ import annotations

from rudr_py.testing import conformance
from rudr_py_cronhpa.trait import CronHpa

JOBS = [
    {"name": "day", "schedule": "0 8 * * 1-5", "targetSize": 6},
    {"name": "night", "schedule": "0 20 * * 1-5", "targetSize": 2},
]

test_conforms = conformance.suite(
    CronHpa(),
    properties=[
        {"jobs": JOBS},
        {"jobs": JOBS, "catchUp": True, "timezone": "Europe/Berlin", "excludeDates": ["2026-12-25"]},
        {"jobs": JOBS, "backend": "cronhpa"},
        {"jobs": JOBS, "backend": "keda"},
    ],
)
