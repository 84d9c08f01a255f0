"""Routes of the Gateway API with its CRDs: states of a route, and the rules of the CRDs on each server."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests import test_gateway_routes as generated
from tests.e2e import operators
from tests.e2e.documents import APPLICATION, Document, application, component, invalid, message, synced
from tests.e2e.operators import GRPC_ROUTE, HTTP_ROUTE

ROUTE = "shop-web-trait-http-route"
COUNT = 200


@pytest.fixture(name="routes")
async def _routes(cluster: Cluster) -> Cluster:
    """A cluster with the CRDs of routes, without a controller for them."""
    await operators.install(cluster, HTTP_ROUTE, GRPC_ROUTE)
    return cluster


def _trait(**properties: Any) -> Document:
    return {
        "name": "http-route",
        "properties": {"parents": [{"name": "public", "namespace": "gateways"}], **properties},
    }


def _state(document: Document, state: str, reason: str) -> bool:
    """Whether the current generation has one trait, in this state."""
    traits = [
        trait for instance in document.get("status", {}).get("instances", ()) for trait in instance.get("traits", ())
    ]
    return synced(document) and [(trait["state"], trait["reason"]) for trait in traits] == [(state, reason)]


async def test_the_state_of_a_route_is_that_of_its_parents(routes: Cluster, plugin_catalog: Catalog) -> None:
    await routes.apply(component(), application(_trait(hosts=["shop.example.com"])))
    async with routes.controller(plugin_catalog):
        shop = await routes.until(APPLICATION, "shop", lambda one: _state(one, "progressing", "NoController"))
        (trait,) = shop["status"]["instances"][0]["traits"]
        assert trait["show"] == {"hosts": "shop.example.com", "parents": "gateways/public"}
        route = await routes.until(HTTP_ROUTE, ROUTE, bool)
        status = operators.accepted(route)
        await operators.report(routes, HTTP_ROUTE, ROUTE, status)
        await routes.until(APPLICATION, "shop", lambda one: _state(one, "ready", "Ready"))
        # the status is of the former generation
        await routes.apply(application(_trait(hosts=["store.example.com"])))
        await routes.until(APPLICATION, "shop", lambda one: _state(one, "progressing", "NotObserved"))
        status = operators.accepted(await routes.until(HTTP_ROUTE, ROUTE, bool))
        status["parents"][0]["conditions"][0].update(status="False", reason="NoMatchingListenerHostname")
        await operators.report(routes, HTTP_ROUTE, ROUTE, status)
        await routes.until(APPLICATION, "shop", lambda one: _state(one, "failed", "NoMatchingListenerHostname"))
        await routes.apply(application())
        await routes.gone(HTTP_ROUTE, ROUTE)


async def test_a_route_in_sync_is_not_written_again(routes: Cluster, plugin_catalog: Catalog) -> None:
    backends = [{"weight": 9}, {"servicePort": 8080}]
    await routes.apply(component(), application(_trait(rules=[{"backends": backends}])))
    async with routes.controller(plugin_catalog):
        await routes.until(APPLICATION, "shop", synced)
    route = await routes.until(HTTP_ROUTE, ROUTE, bool)
    await routes.apply(application(_trait(rules=[{"backends": backends}]), greeting="other"))
    async with routes.controller(plugin_catalog):
        await routes.until(APPLICATION, "shop", synced)
    after = await routes.until(HTTP_ROUTE, ROUTE, bool)
    assert after["metadata"]["resourceVersion"] == route["metadata"]["resourceVersion"]


async def test_a_backend_that_is_no_instance_is_reported(routes: Cluster, plugin_catalog: Catalog) -> None:
    rules = [{"backends": [{"instance": "shop-canary"}]}]
    await routes.apply(component(), application(_trait(rules=rules)))
    async with routes.controller(plugin_catalog):
        shop = await routes.until(APPLICATION, "shop", invalid)
    assert "properties.rules[0].backends[0].instance" in message(shop, "Valid")


async def _rejection(cluster: Cluster, body: Document) -> str:
    metadata = {**body["metadata"], "namespace": cluster.namespace}
    target = await cluster.target(Kind(body["apiVersion"], body["kind"]), metadata["name"])
    try:
        await cluster.client.apply(target, msgspec.json.encode({**body, "metadata": metadata}), "rudr", dry_run=True)
    except errors.ApiError as error:
        return str(error)
    return ""


@cache
def _rendered() -> list[Document]:
    """Objects of generated routes; deterministic."""
    bodies: dict[bytes, Document] = {}

    @settings(
        max_examples=COUNT,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*map(generated.routes, generated.TRAITS)))
    def collect(routes: tuple[list[Document], ...]) -> None:
        bodies.update((msgspec.json.encode(body), body) for route in routes for body in route)

    collect()
    return list(bodies.values())


async def test_each_server_accepts_generated_routes(routes: Cluster) -> None:
    bodies = _rendered()
    assert {body["kind"] for body in bodies} == {"HTTPRoute", "GRPCRoute"}
    assert len(bodies) > COUNT / 5
    assert [text for body in bodies if (text := await _rejection(routes, body))] == []


def _prefix(value: str) -> Document:
    return {"path": {"type": "PathPrefix", "value": value}}


def _redirect(**fields: Any) -> Document:
    return {"type": "RequestRedirect", "requestRedirect": fields}


NEW_PREFIX = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
REWRITE = {"type": "URLRewrite", "urlRewrite": {"path": NEW_PREFIX}}
HEADERS = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["a"]}}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"parentRefs": [{"name": "a"}, {"name": "a"}]}, "sectionName must be"),
        ({"parentRefs": [{"name": "a"}, {"name": "a", "sectionName": "b"}]}, "sectionName must be"),
        *(
            ({"rules": [{"matches": [_prefix(path)]}]}, "must")
            for path in ("a", "//", "/./a", "/../a", "/%2f", "/%2F", "/#", "/..", "/.", "/ ")
        ),
        ({"rules": [{"filters": [_redirect(port=1)], "backendRefs": [{"name": "a", "port": 1}]}]}, "backendRefs"),
        ({"rules": [{"filters": [_redirect(port=1), REWRITE]}]}, "not both"),
        ({"rules": [{"filters": [HEADERS, HEADERS]}]}, "cannot be repeated"),
        ({"rules": [{"matches": [_prefix("/a"), _prefix("/b")], "filters": [REWRITE]}]}, "exactly one PathPrefix"),
        (
            {"rules": [{"matches": [_prefix("/")] * 2, "filters": [_redirect(path=NEW_PREFIX)]}]},
            "exactly one PathPrefix",
        ),
        ({"rules": [{"timeouts": {"request": "1s", "backendRequest": "1001ms"}}]}, "cannot be longer"),
        ({"rules": [{"backendRefs": [{"name": "a"}]}]}, "Must have port"),
        ({"rules": [{"matches": [{"headers": [{"name": "a", "value": "b"}] * 2}]}]}, "uplicate"),
        ({"rules": [{"matches": [_prefix("/")] * 43}] * 3}, "less than 128"),
    ],
)
async def test_each_server_evaluates_the_rules_of_the_definitions(routes: Cluster, spec: Document, text: str) -> None:
    body = {"apiVersion": HTTP_ROUTE.api_version, "kind": "HTTPRoute", "metadata": {"name": "raw"}, "spec": spec}
    assert text in await _rejection(routes, body)
