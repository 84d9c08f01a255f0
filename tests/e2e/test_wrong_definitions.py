"""Wrong definitions in a cluster: applications run, and the definition is reported wherever a user looks."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from rudr_py.catalog import Catalog
from rudr_py.settings import Settings
from rudr_py.testing.cluster import Cluster
from tests.e2e.conftest import Rudr
from tests.e2e.documents import (
    APPLICATION,
    EVENT,
    FIVE,
    NAMESPACE,
    Document,
    application,
    component,
    invalid,
    message,
    synced,
)
from tests.e2e.test_definitions import SCOPE, TRAIT, WORKLOAD_TYPE, at_most, definition

WRONG = definition(
    TRAIT, "manual-scaler", appliesTo=["*"], properties='{"properties": {"replicaCount": {"type": "int"}}}'
)
OTHERS = (
    definition(TRAIT, "ingress", appliesTo=["core.oam.dev/v1alpha1.Sever"]),
    definition(SCOPE, "health", type="core.oam.dev/v1alpha1.HealthScope", parameters=[{"name": "a", "type": "x"}]),
    definition(WORKLOAD_TYPE, "roles", group="rbac.authorization.k8s.io", version="v1", names={"kind": "Role"}),
)
SUBJECT = 'the Trait object "manual-scaler" of this cluster'


@pytest.fixture
async def definitions(cluster: Cluster) -> AsyncIterator[Cluster]:
    """A handle on the definitions namespace."""
    name = f"definitions-{secrets.token_hex(4)}"
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield Cluster(cluster.transport, name, cluster.clock)
    await cluster.delete(NAMESPACE, name)


def warnings(document: Document) -> list[str]:
    return [str(warning) for warning in document.get("status", {}).get("warnings", ())]


async def reports_of(cluster: Cluster, kind: str, name: str) -> list[Document]:
    events: list[Document] = await cluster.list(EVENT)
    return [event for event in events if (event["regarding"]["kind"], event["regarding"]["name"]) == (kind, name)]


async def readiness(port: int) -> list[str]:
    url = f"http://127.0.0.1:{port}/readyz?verbose"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 200
        return (await response.text()).splitlines()


@pytest.mark.parametrize("publish", [False, True])
async def test_a_wrong_definition_is_reported_and_takes_effect_once_it_is_repaired(
    cluster: Cluster, catalog: Catalog, definitions: Cluster, publish: bool
) -> None:
    settings = Settings(definitions_namespace=definitions.namespace, publish_definitions=publish, status_interval=0.1)
    await definitions.apply(WRONG, *OTHERS)
    await cluster.apply(component(), application(FIVE))
    async with cluster.controller(catalog, settings=settings) as process:
        live = await cluster.until(APPLICATION, "shop", lambda d: synced(d) and bool(warnings(d)))
        assert any(SUBJECT in warning for warning in warnings(live))
        lines = await readiness(process.servers.health_port or 0)
        for kind, name in (
            ("Trait", "manual-scaler"),
            ("Trait", "ingress"),
            ("ApplicationScope", "health"),
            ("WorkloadType", "roles"),
        ):
            assert any(f'[i]definitions: the {kind} object "{name}"' in line for line in lines)
        await definitions.apply(at_most(4))
        refused = await cluster.until(APPLICATION, "shop", invalid)
        assert f"{SUBJECT} refuses this: is 5, must be at most 4" in message(refused, "Valid")
        await definitions.apply(WRONG)
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and bool(warnings(d)))
        await definitions.delete(TRAIT, "manual-scaler")
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and not warnings(d))
    events = await reports_of(definitions, "Trait", "manual-scaler")
    assert {(event["type"], event["reason"]) for event in events} == {("Warning", "InvalidDefinition")}
    assert all(event["note"].startswith(f"{SUBJECT} is ignored: ") for event in events)
    for kind, name in (("Trait", "ingress"), ("ApplicationScope", "health"), ("WorkloadType", "roles")):
        assert len(await reports_of(definitions, kind, name)) == 1


async def test_a_restriction_to_a_kind_applies_while_a_workload_type_object_admits_the_kind(
    cluster: Cluster, catalog: Catalog, definitions: Cluster
) -> None:
    settings = Settings(definitions_namespace=definitions.namespace, publish_definitions=False, status_interval=0.1)
    names = {"kind": "Robot", "singular": "robot", "plural": "robots"}
    robots = definition(WORKLOAD_TYPE, "robots", group="acme.example", version="v1", names=names)
    await definitions.apply(definition(TRAIT, "manual-scaler", appliesTo=["acme.example/v1.Robot"]))
    await cluster.apply(component(), application(FIVE))
    async with cluster.controller(catalog, settings=settings):
        await cluster.until(APPLICATION, "shop", synced)
        await definitions.apply(robots)
        await cluster.until(APPLICATION, "shop", invalid)
        await definitions.delete(WORKLOAD_TYPE, "robots")
        await cluster.until(APPLICATION, "shop", synced)


async def test_doctor_lists_wrong_definitions_and_those_that_hide_installed_types(
    cluster: Cluster, definitions: Cluster, rudr: Rudr
) -> None:
    chart = {"app.kubernetes.io/managed-by": "Helm"}
    of_chart: Any = definition(TRAIT, "auto-scaler", appliesTo=["core.oam.dev/v1alpha1.Server"])
    of_chart["metadata"]["labels"] = chart
    await definitions.apply(WRONG, of_chart)
    code, text, _ = await rudr("doctor", "--definitions-namespace", definitions.namespace)
    lines = " ".join(text.split())
    assert code == 1
    assert f"{SUBJECT} is ignored: " in lines
    assert 'the Trait object "auto-scaler" of this cluster narrows the installed trait "auto-scaler"' in lines
    assert f"kubectl delete traits.core.oam.dev auto-scaler -n {definitions.namespace}" in lines
