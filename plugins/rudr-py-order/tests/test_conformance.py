"""The contract of every type, for the trait of this package."""

from __future__ import annotations

from typing import Any

from rudr_py.testing import conformance
from rudr_py_order.depends_on import DependsOn

TASK: dict[str, Any] = {
    "workloadType": "core.oam.dev/v1alpha1.Task",
    "containers": [{"name": "migrate", "image": "registry.example/migrate:1.0.0"}],
}

test_conforms = conformance.suite(
    DependsOn(),
    properties=[
        {"instances": [{"name": "migrate"}]},
        {"instances": [{"name": "migrate", "condition": "ready", "timeout": "1h30m"}, {"name": "db"}]},
    ],
    siblings=["migrate", "db"],
)
test_complete_conforms = conformance.suite(
    DependsOn(),
    properties=[{"instances": [{"name": "migrate", "condition": "complete"}]}],
    component=TASK,
    siblings=["migrate"],
)
