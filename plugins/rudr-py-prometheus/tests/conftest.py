"""The kit's renderer as a fixture, also where pytest does not know rudr_py's own plugin; contexts without a core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rudr_py.api import Component, Context, Kind, Type, properties
from rudr_py.testing import RenderOne, rendering

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _context(
    type_: Type[Any],
    given: Mapping[str, Any],
    *,
    observed: tuple[dict[str, Any], ...] = (),
    component: Mapping[str, Any] | None = None,
) -> Context[Any]:
    document = {"metadata": {"name": "shop"}, "workload_type": "example.com/v1.Thing", **(component or {})}

    def observe(kind: Kind) -> tuple[dict[str, Any], ...]:
        return tuple(o for o in observed if (o["apiVersion"], o["kind"]) == (kind.api_version, kind.kind))

    return Context(
        application="store",
        namespace="default",
        instance="web",
        component=msgspec.convert(document, Component),
        properties=properties.load(type_.properties, given),
        now=NOW,
        attached_at=NOW,
        observe=observe,
    )


@pytest.fixture
def context() -> Callable[..., Context[Any]]:
    """The context of a type with properties: application `store`, instance `web`."""
    return _context


@pytest.fixture
def render_one() -> RenderOne:
    """What becomes of one instance that uses a type."""
    return rendering.render_one
