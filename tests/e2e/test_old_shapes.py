"""Servers store documents in every old shape that is read, and the controller runs those of Rudr v1.0.0-alpha.1."""

from __future__ import annotations

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.kube.requests import Request
from rudr_py.model.parse import yaml_file
from rudr_py.model.shapes.table import SHAPES
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import APPLICATION, DEPLOYMENT, component, greeting, synced
from tests.model.shapes.old_shapes import OLD_SHAPES

READ = [shape.id for shape in SHAPES if shape.reading != "refused"]


async def test_every_old_shape_passes_strict_validation_and_is_stored_as_applied(cluster: Cluster) -> None:
    for name in READ:
        (document,) = yaml_file.load(OLD_SHAPES[name].old, name)
        body = {**document.value, "metadata": {"name": name}}
        kind = Kind(body["apiVersion"], body["kind"])
        target = await cluster.target(kind, "")
        query = (("dryRun", "All"), ("fieldValidation", "Strict"), ("fieldManager", "kubectl"))
        await cluster.client.send(Request("POST", target.path, query, msgspec.json.encode(body)))
        await cluster.apply(body)
        live = await cluster.get(kind, name)
        assert live is not None
        assert live["spec"] == body["spec"], name


async def test_an_application_of_the_first_release_runs_and_follows_its_component(
    cluster: Cluster, catalog: Catalog
) -> None:
    binding = {
        "name": "web",
        "instanceName": "shop-web",
        "traits": [{"name": "manual-scaler", "parameterValues": [{"name": "replicaCount", "value": 3}]}],
    }
    application = {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": "shop"},
        "spec": {"components": [binding]},
    }
    await cluster.apply(component(), application)
    async with cluster.controller(catalog):
        live = await cluster.until(APPLICATION, "shop", synced)
        assert any('"name" is read as "componentName"' in warning for warning in live["status"]["warnings"])
        deployment = await cluster.until(DEPLOYMENT, "shop-web", lambda document: greeting(document) == "hello")
        assert deployment["spec"]["replicas"] == 3
        changed = component(parameters=[{"name": "greeting", "type": "string", "default": "good morning"}])
        await cluster.apply(changed)
        await cluster.until(DEPLOYMENT, "shop-web", lambda document: greeting(document) == "good morning")


@pytest.mark.parametrize("fields", [{}, {"name": None}])
async def test_an_instance_without_a_component_is_refused_by_the_server(
    cluster: Cluster, fields: dict[str, None]
) -> None:
    document = {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": "shop"},
        "spec": {"components": [{"instanceName": "front", **fields}]},
    }
    with pytest.raises(Exception, match="componentName is required"):
        await cluster.apply(document)
