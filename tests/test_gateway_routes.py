"""Routes of rudr-py-gateway against the CRDs of the Gateway API: no accepted properties give a rejected object."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from rudr_py.api import Type
from rudr_py.testing import RenderError, rendering
from tests import own_packages, upstream_crds

COMPONENT = {
    "containers": [
        {
            "name": "web",
            "image": "registry.example/web:1.0.0",
            "ports": [{"name": "http", "containerPort": 80}, {"name": "admin", "containerPort": 9000}],
        }
    ]
}


def _object(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=optional)


def _some(values: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=least, max_size=3)


def _mostly(valid: list[Any], *invalid: Any) -> st.SearchStrategy[Any]:
    """One value in 20 is invalid, so that most routes have at most one."""
    return st.integers(0, 19).flatmap(lambda n: st.sampled_from(list(invalid) if invalid and n == 0 else valid))


PATHS = _mostly(["/", "/a", "/a/b", "/a/", "/%41", "/a;b=c"], "/a//b", "/./a", "/a/..", "/%2f", "a", "", "/a#", "/é")
NAMES = _mostly(["x-a", "x-b", "x-c", "x-d", "x-e"], "X-A", "a!", "a b", "")
HOSTS = _mostly(["a.example", "*.example", "a", "1.a"], "10.0.0.1", "A.example", "*", "a.*.b", "", "a.", "_a.example")
HOST = _mostly(["a.example", "a"], "*.example", "10.0.0.1", "A.example", "")
DURATIONS = _mostly(["0s", "1s", "1000ms", "1001ms", "1h1m", "1m1h", "1s1s1s1s"], "1.5s", "10", "123456s", "1s1s1s1s1s")
VALUES = _mostly(["1", ".*", "é", " "], "")
TYPES = _mostly(["Exact", "RegularExpression"], "Prefix")
PORTS = _mostly([80, 9000], 81, 0, 65536)
TARGETS = _mostly(["app-web"], "other")
MATCHED = _some(_object({"name": NAMES, "value": VALUES}, type=TYPES))
BACKENDS = _object({}, instance=TARGETS, servicePort=PORTS, weight=_mostly([0, 1, 1_000_000], 1_000_001, -1))
VALUES_BY_NAME = st.dictionaries(NAMES, VALUES, max_size=2)
CHANGES = _object({}, set=VALUES_BY_NAME, add=VALUES_BY_NAME, remove=_some(NAMES))
REWRITE = {"hostname": HOST, "path": PATHS, "prefix": PATHS}
REDIRECT = {
    **REWRITE,
    "scheme": _mostly(["http", "https"], "grpc"),
    "port": _mostly([1, 65535], 0),
    "statusCode": _mostly([301, 302, 303, 307, 308], 304),
}
FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "requestHeaders": CHANGES,
    "responseHeaders": CHANGES,
    "mirror": _some(_object({"instance": TARGETS}, servicePort=PORTS, percent=_mostly([0, 100], -1, 101))),
}
RULE = {"servicePort": PORTS, "backends": _some(BACKENDS)}
HTTP_RULE = _object(
    {},
    **RULE,
    matches=_some(
        _object(
            {},
            path=PATHS,
            pathType=_mostly(["Prefix", "Exact", "RegularExpression"]),
            method=_mostly(["GET", "PATCH"], "get"),
            headers=MATCHED,
            queryParams=MATCHED,
        )
    ),
    filters=_object({}, **FILTERS, redirect=_object({}, **REDIRECT), rewrite=_object({}, **REWRITE)),
    timeouts=_object({}, request=DURATIONS, backendRequest=DURATIONS),
)
GRPC_RULE = _object(
    {},
    **RULE,
    matches=_some(
        _object(
            {},
            service=_mostly(["a.b.C", ".a", "_a"], "a/b", "", "Ü"),
            method=_mostly(["List", "_a1"], "list-all", "", "a.b"),
            methodType=TYPES,
            headers=MATCHED,
        )
    ),
    filters=_object({}, **FILTERS),
)
PARENTS = _some(
    _object(
        {"name": _mostly(["a", "b", "a.b"], "A")},
        namespace=_mostly(["default", "n"], "n.n"),
        section=_mostly(["x", "y", "z.a"], "X"),
        port=PORTS,
        kind=_mostly(["Gateway", "ListenerSet"], "Service"),
    ),
    least=1,
)


TRAITS = {"http-route": HTTP_RULE, "grpc-route": GRPC_RULE}


@functools.cache
def _type(trait: str) -> Type[Any]:
    return own_packages.everything().catalog.trait(trait).type


@st.composite
def routes(draw: st.DrawFn, trait: str) -> list[dict[str, Any]]:
    """The objects of a trait with drawn properties; none if it rejects them."""
    rule = TRAITS[trait]
    rules = st.one_of(st.lists(rule, min_size=1, max_size=1), _some(rule, least=1))
    parents = st.one_of(st.just([{"name": "public"}]), PARENTS)
    properties = draw(_object({"parents": parents, "servicePort": st.just(80)}, hosts=_some(HOSTS), rules=rules))
    try:
        return rendering.render_one(_type(trait), properties=properties, component=COMPONENT).own
    except RenderError as error:
        if error.reason != "InvalidDocument":
            raise
        return []


@pytest.mark.parametrize("trait", TRAITS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_api_server_accepts_every_route_that_a_trait_accepts(trait: str, data: st.DataObject) -> None:
    drawn = data.draw(routes(trait))
    event("accepted" if drawn else "rejected")
    assert [text for body in drawn if (text := upstream_crds.rejection(body))] == []


def test_a_network_scope_admits_the_gateways_of_a_member_with_a_route() -> None:
    scope = own_packages.everything().catalog.scope("core.oam.dev/v1alpha1.NetworkScope").type
    properties = {"network-id": "shop", "subnet-id": "shop", "ingress-namespaces": "gateways"}
    route = {"name": "http-route", "properties": {"parents": [{"name": "public"}]}}

    def admitted(*traits: dict[str, Any]) -> list[Any]:
        drawn = rendering.render_one(scope, _type("http-route"), properties=properties, traits=traits)
        rules = (rule for policy in drawn.of("NetworkPolicy") for rule in policy["spec"]["ingress"])
        return [rule["from"][0]["namespaceSelector"] for rule in rules if "ports" in rule]

    among = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["gateways"]}
    assert admitted(route) == [{"matchExpressions": [among]}]
    assert admitted() == []
