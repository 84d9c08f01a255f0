"""Contexts for types, with nothing in them that a test does not name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rudr_py.api import TraitContext, WorkloadContext
from rudr_py.api.component import Component
from rudr_py.model.identity import Metadata

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _fields(fields: dict[str, Any]) -> dict[str, Any]:
    component = Component(metadata=Metadata(name="c"), workload_type="x/v1.Y")
    defaults = {"application": "app", "namespace": "default", "instance": "web", "properties": {}, "now": NOW}
    if "observe" in fields:
        fields["_observe"] = fields.pop("observe")
    return {"component": component, **defaults, **fields}


@pytest.fixture
def context() -> Callable[..., TraitContext[Any]]:
    """The context of a trait; `observe` returns the live objects of a kind."""
    return lambda **fields: TraitContext(workload="x/v1.Y", attached_at=NOW, **_fields(fields))


@pytest.fixture
def workload_context() -> Callable[..., WorkloadContext[Any]]:
    """The context of a workload type."""
    return lambda **fields: WorkloadContext(**_fields(fields))
