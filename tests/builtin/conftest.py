"""Contexts for types, built from documents as a user writes them, without the core in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rudr_py.api import Context, Kind, Scope, ScopeContext, Trait, TraitContext, Type, WorkloadContext, properties
from rudr_py.api.component import Component
from rudr_py.model.parse.component import parse_component

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _component(*containers: dict[str, Any], annotations: Mapping[str, str] | None = None, **spec: Any) -> Component:
    document = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ComponentSchematic",
        "metadata": {"name": "shop-v1", "annotations": dict(annotations or {})},
        "spec": {"workloadType": "core.oam.dev/v1alpha1.Server", "containers": list(containers), **spec},
    }
    parsed = parse_component(document)
    assert parsed.value is not None
    assert not parsed.problems, parsed.problems
    return parsed.value


def _context(
    type_: Type[Any],
    component: Component,
    given: Mapping[str, Any] | None = None,
    *,
    observed: tuple[dict[str, Any], ...] = (),
    **changes: Any,
) -> Context[Any]:
    def observe(kind: Kind) -> tuple[dict[str, Any], ...]:
        return tuple(o for o in observed if (o["apiVersion"], o["kind"]) == (kind.api_version, kind.kind))

    shared: dict[str, Any] = {
        "application": "store",
        "namespace": "default",
        "instance": "web",
        "properties": properties.load(type_.properties, given or {}),
        "now": NOW,
        "_observe": observe,
    }
    return msgspec.structs.replace(_of_category(type_, component, shared), **changes)


def _of_category(type_: Type[Any], component: Component, shared: dict[str, Any]) -> Context[Any]:
    if isinstance(type_, Scope):
        return ScopeContext(attached_at=NOW, **shared)
    if isinstance(type_, Trait):
        return TraitContext(component=component, workload="core.oam.dev/v1alpha1.Server", attached_at=NOW, **shared)
    return WorkloadContext(component=component, **shared)


@pytest.fixture
def component() -> Callable[..., Component]:
    """A component named shop-v1 of these containers (as maps), annotations and further fields of its spec."""
    return _component


@pytest.fixture
def context() -> Callable[..., Any]:
    """The context of a type for a component with properties: application `store`, instance `web`."""
    return _context
