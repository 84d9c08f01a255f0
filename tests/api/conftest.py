"""A context for types, with nothing in it that a test does not name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rudr_py.api import Component, Context
from rudr_py.model.identity import Metadata

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(name="context")
def _context() -> Callable[..., Context[Any]]:
    def make(**fields: Any) -> Context[Any]:
        component = fields.pop("component", None) or Component(metadata=Metadata(name="c"), workload_type="x/v1.Y")
        known = {"application": "app", "namespace": "default", "instance": "web", "properties": {}}
        return Context(component=component, now=NOW, attached_at=NOW, **(known | fields))

    return make
