"""Documents to start from, and the strategy of any JSON value. No test of the model needs a cluster, file or clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Build = Callable[..., dict[str, Any]]


@pytest.fixture
def component() -> Build:
    """A ComponentSchematic that is right; keywords replace or add fields of its spec."""

    def build(**spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ComponentSchematic",
            "metadata": {"name": "web"},
            "spec": {
                "workloadType": "core.oam.dev/v1alpha1.Server",
                "containers": [
                    {
                        "name": "main",
                        "image": "nginx:1.27",
                        "ports": [{"name": "http", "containerPort": 80}],
                    }
                ],
                **spec,
            },
        }

    return build


@pytest.fixture
def container(component: Build) -> Build:
    """A ComponentSchematic whose one container is right; keywords replace or add fields of the container."""

    def build(**fields: Any) -> dict[str, Any]:
        document = component()
        document["spec"]["containers"][0].update(fields)
        return document

    return build


@pytest.fixture
def application() -> Build:
    """An ApplicationConfiguration that is right; keywords replace or add fields of its spec."""

    def build(**spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ApplicationConfiguration",
            "metadata": {"name": "shop", "namespace": "team"},
            "spec": {"components": [{"componentName": "web", "instanceName": "front"}], **spec},
        }

    return build


@pytest.fixture
def binding(application: Build) -> Build:
    """An ApplicationConfiguration whose one component binding is right; keywords add fields of the binding."""

    def build(**fields: Any) -> dict[str, Any]:
        document = application()
        document["spec"]["components"][0].update(fields)
        return document

    return build
