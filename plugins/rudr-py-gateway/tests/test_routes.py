"""The routes that both traits render, and the properties that they reject."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, Rendering, RenderOne
from rudr_py_gateway.grpc_route import GrpcRoute
from rudr_py_gateway.http_route import HttpRoute

PARENT = {"name": "public", "namespace": "gateways", "section": "https"}
TWO_PORTS = {
    "containers": [
        {
            "name": "web",
            "image": "registry.example/web:1.0.0",
            "ports": [{"name": "http", "containerPort": 80}, {"name": "admin", "containerPort": 9000}],
        }
    ]
}
OWN = {"name": "app-web", "port": 80, "weight": 1}
ALL = [{"path": {"type": "PathPrefix", "value": "/"}}]


def _http(render_one: RenderOne, component: Any = None, **properties: Any) -> Rendering:
    return render_one(HttpRoute(), properties={"parents": [PARENT], **properties}, component=component)


def _rule(render_one: RenderOne, component: Any = None, **rule: Any) -> dict[str, Any]:
    (rendered,) = _http(render_one, component, rules=[rule]).one("HTTPRoute")["spec"]["rules"]
    body: dict[str, Any] = rendered
    return body


def _refused(render_one: RenderOne, trait: Any, component: Any = None, **properties: Any) -> list[str]:
    with pytest.raises(RenderError) as error:
        render_one(trait, properties={"parents": [PARENT], **properties}, component=component)
    assert error.value.reason == "InvalidDocument"
    prefix = "$.spec.components[0].traits[0].properties"
    return [path.removeprefix(prefix) for _, path in error.value.problems]


def test_a_route_sends_all_requests_of_its_hosts_to_the_instance(render_one: RenderOne) -> None:
    route = _http(render_one, hosts=["shop.example.com", "*.example.com"]).one("HTTPRoute")
    assert route["apiVersion"] == "gateway.networking.k8s.io/v1"
    assert route["metadata"]["name"] == "app-web-trait-http-route"
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public", "namespace": "gateways"}
    assert route["spec"] == {
        "parentRefs": [{**parent, "sectionName": "https"}],
        "hostnames": ["shop.example.com", "*.example.com"],
        "rules": [{"matches": ALL, "backendRefs": [OWN]}],
    }


def test_a_rule_selects_requests_by_path_method_headers_and_query(render_one: RenderOne) -> None:
    match = {
        "path": "/api",
        "pathType": "Exact",
        "method": "POST",
        "headers": [{"name": "x-version", "value": "2"}],
        "queryParams": [{"name": "lang", "value": "d.", "type": "RegularExpression"}],
    }
    assert _rule(render_one, matches=[match])["matches"] == [
        {
            "path": {"type": "Exact", "value": "/api"},
            "method": "POST",
            "headers": [{"type": "Exact", "name": "x-version", "value": "2"}],
            "queryParams": [{"type": "RegularExpression", "name": "lang", "value": "d."}],
        }
    ]


def test_instances_share_requests_by_weight(render_one: RenderOne) -> None:
    backends = [{"weight": 90}, {"instance": "app-web", "servicePort": 80, "weight": 10}]
    assert _rule(render_one, backends=backends)["backendRefs"] == [
        {"name": "app-web", "port": 80, "weight": 90},
        {"name": "app-web", "port": 80, "weight": 10},
    ]


def test_weights_that_are_all_zero_are_a_warning(render_one: RenderOne) -> None:
    (warning,) = _http(render_one, rules=[{"backends": [{"weight": 0}]}]).warnings
    assert "$.rules[0]" in warning


def test_headers_are_changed_and_requests_rewritten_and_copied(render_one: RenderOne) -> None:
    headers = {"set": {"x-a": "1"}, "add": {"x-b": "2"}, "remove": ["x-c"]}
    mirror = [{"instance": "app-web", "percent": 5}]
    filters = {"requestHeaders": headers, "rewrite": {"hostname": "a.example", "path": "/v2"}, "mirror": mirror}
    assert _rule(render_one, filters=filters)["filters"] == [
        {
            "type": "RequestHeaderModifier",
            "requestHeaderModifier": {
                "set": [{"name": "x-a", "value": "1"}],
                "add": [{"name": "x-b", "value": "2"}],
                "remove": ["x-c"],
            },
        },
        {
            "type": "URLRewrite",
            "urlRewrite": {"hostname": "a.example", "path": {"type": "ReplaceFullPath", "replaceFullPath": "/v2"}},
        },
        {
            "type": "RequestMirror",
            "requestMirror": {"backendRef": {"name": "app-web", "port": 80}, "percent": 5},
        },
    ]


def test_a_redirection_has_no_backend(render_one: RenderOne) -> None:
    redirect = {"scheme": "https", "port": 8443, "statusCode": 301, "prefix": "/new"}
    assert _rule(render_one, TWO_PORTS, filters={"redirect": redirect}) == {
        "matches": ALL,
        "filters": [
            {
                "type": "RequestRedirect",
                "requestRedirect": {
                    "scheme": "https",
                    "port": 8443,
                    "statusCode": 301,
                    "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new"},
                },
            }
        ],
    }


def test_requests_have_timeouts(render_one: RenderOne) -> None:
    timeouts = {"request": "1m", "backendRequest": "59s999ms"}
    assert _rule(render_one, timeouts=timeouts)["timeouts"] == timeouts
    assert _rule(render_one, timeouts={"request": "0s", "backendRequest": "1h"})["timeouts"]["request"] == "0s"


def test_each_rule_may_route_to_another_port(render_one: RenderOne) -> None:
    rules = [{"matches": [{"path": "/admin"}], "servicePort": 9000}, {}]
    route = _http(render_one, TWO_PORTS, servicePort=80, rules=rules).one("HTTPRoute")
    assert [rule["backendRefs"][0]["port"] for rule in route["spec"]["rules"]] == [9000, 80]


def test_two_routes_of_an_instance_have_different_names(render_one: RenderOne) -> None:
    redirect = {"parents": [PARENT], "name": "redirect", "rules": [{"filters": {"redirect": {"scheme": "https"}}}]}
    second = {"name": "http-route", "properties": redirect}
    rendering = render_one(HttpRoute(), properties={"parents": [PARENT]}, traits=[second])
    names = {route["metadata"]["name"] for route in rendering.of("HTTPRoute")}
    assert names == {"app-web-trait-http-route", "app-web-redirect-httproute"}
    with pytest.raises(RenderError, match="different names") as error:
        render_one(HttpRoute(), properties={**redirect}, traits=[second])
    paths = [path for _, path in error.value.problems]
    assert paths == [f"$.spec.components[0].traits[{index}].properties.name" for index in (0, 1)]


def test_calls_are_selected_by_service_method_and_headers(render_one: RenderOne) -> None:
    headers = [{"name": "x-version", "value": "2"}]
    matches = [{"service": "shop.v1.Orders", "method": "List", "headers": headers}, {"headers": headers}]
    route = render_one(GrpcRoute(), properties={"parents": [PARENT], "rules": [{"matches": matches}]}).one("GRPCRoute")
    exact = {"type": "Exact", "name": "x-version", "value": "2"}
    assert route["metadata"]["name"] == "app-web-trait-grpc-route"
    assert route["spec"]["rules"] == [
        {
            "matches": [
                {
                    "method": {"type": "Exact", "service": "shop.v1.Orders", "method": "List"},
                    "headers": [exact],
                },
                {"headers": [exact]},
            ],
            "backendRefs": [OWN],
        }
    ]


@pytest.mark.parametrize(
    ("properties", "paths"),
    [
        ({"parents": []}, [".parents"]),
        ({"parents": [PARENT, PARENT]}, [".parents[1]"]),
        ({"parents": [{"name": "a"}, {"name": "a", "namespace": "default"}]}, [".parents[1]"]),
        ({"parents": [{"name": "a"}, {"name": "a", "section": "b"}]}, [".parents[1].section"]),
        ({"parents": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]}, [".parents[1]"]),
        ({"parents": [{"name": "Public"}]}, [".parents[0].name"]),
        ({"hosts": ["10.0.0.1"]}, [".hosts[0]"]),
        (
            {"hosts": ["Shop.example.com", "https://shop.example.com", "shop.*.com", "*"]},
            [f".hosts[{i}]" for i in range(4)],
        ),
        ({"servicePort": 81}, [".servicePort"]),
        ({"rules": []}, [".rules"]),
        ({"rules": [{"backends": [{"instance": "app-wbe"}]}]}, [".rules[0].backends[0].instance"]),
        ({"rules": [{"backends": [{"servicePort": 81}]}]}, [".rules[0].backends[0].servicePort"]),
        ({"rules": [{"backends": [{"weight": -1}]}]}, [".rules[0].backends[0].weight"]),
        ({"rules": [{"filters": {"mirror": [{"instance": "x"}]}}]}, [".rules[0].filters.mirror[0].instance"]),
        (
            {"rules": [{"filters": {"requestHeaders": {"set": {"A": "1"}, "remove": ["a"]}}}]},
            [".rules[0].filters.requestHeaders.remove[0]"],
        ),
        ({"rules": [{"filters": {"responseHeaders": {}}}]}, [".rules[0].filters.responseHeaders"]),
        (
            {"rules": [{"matches": [{"headers": [{"name": "A", "value": "1"}, {"name": "a", "value": "2"}]}]}]},
            [".rules[0].matches[0].headers[1].name"],
        ),
    ],
)
@pytest.mark.parametrize("trait", [HttpRoute(), GrpcRoute()], ids=lambda trait: trait.name)
def test_properties_without_one_meaning_are_rejected(
    render_one: RenderOne, trait: Any, properties: dict[str, Any], paths: list[str]
) -> None:
    assert _refused(render_one, trait, **properties) == paths


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        *(
            ({"matches": [{"path": path, "pathType": kind}]}, ".matches[0].path")
            for path in (
                "api",
                "",
                "/a//b",
                "/./a",
                "/a/..",
                "/a/../b",
                "/a/.",
                "/a%2Fb",
                "/a%2fb",
                "/a#b",
                "/a b",
                "/%zz",
            )
            for kind in ("Prefix", "Exact")
        ),
        ({"matches": [{"path": "/" + "a" * 1024}]}, ".matches[0].path"),
        ({"matches": [{"method": "get"}]}, ".matches[0].method"),
        (
            {"matches": [{"queryParams": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}]},
            ".matches[0].queryParams[1].name",
        ),
        ({"timeouts": {"request": "10"}}, ".timeouts.request"),
        ({"timeouts": {"request": "1s", "backendRequest": "1001ms"}}, ".timeouts.backendRequest"),
        ({"backends": [{}], "filters": {"redirect": {"scheme": "https"}}}, ".backends"),
        ({"filters": {"redirect": {"port": 1}, "rewrite": {"path": "/"}}}, ".filters.rewrite"),
        ({"filters": {"redirect": {}}}, ".filters.redirect"),
        ({"filters": {"redirect": {"hostname": "*.example.com"}}}, ".filters.redirect.hostname"),
        ({"filters": {"redirect": {"statusCode": 200, "port": 1}}}, ".filters.redirect.statusCode"),
        ({"filters": {"rewrite": {}}}, ".filters.rewrite"),
        ({"filters": {"rewrite": {"hostname": "10.0.0.1"}}}, ".filters.rewrite.hostname"),
        ({"filters": {"rewrite": {"path": "/a", "prefix": "/b"}}}, ".filters.rewrite.prefix"),
        (
            {"matches": [{"path": "/a"}, {"path": "/b"}], "filters": {"rewrite": {"prefix": "/"}}},
            ".filters.rewrite.prefix",
        ),
        (
            {"matches": [{"path": "/a", "pathType": "Exact"}], "filters": {"redirect": {"prefix": "/"}}},
            ".filters.redirect.prefix",
        ),
    ],
)
def test_a_rule_that_the_gateway_api_rejects_is_rejected_at_its_path(
    render_one: RenderOne, rule: dict[str, Any], path: str
) -> None:
    assert _refused(render_one, HttpRoute(), rules=[rule]) == [f".rules[0]{path}"]


@pytest.mark.parametrize(
    ("match", "path"),
    [
        ({"service": "shop/v1"}, "service"),
        ({"service": ""}, "service"),
        ({"method": "list-all"}, "method"),
        ({"methodType": "RegularExpression"}, "methodType"),
    ],
)
def test_a_call_has_names_of_protocol_buffers(render_one: RenderOne, match: dict[str, Any], path: str) -> None:
    assert _refused(render_one, GrpcRoute(), rules=[{"matches": [match]}]) == [f".rules[0].matches[0].{path}"]


def test_a_route_has_at_most_128_matches(render_one: RenderOne) -> None:
    full = {"matches": [{"path": f"/{number}"} for number in range(64)]}
    assert len(_http(render_one, rules=[full, full]).one("HTTPRoute")["spec"]["rules"]) == 2
    assert _refused(render_one, HttpRoute(), rules=[full, full, {}]) == [".rules"]
    assert _refused(render_one, HttpRoute(), rules=[{"matches": [{}] * 65}]) == [".rules[0].matches"]


@pytest.mark.parametrize("trait", [HttpRoute(), GrpcRoute()], ids=lambda trait: trait.name)
def test_one_of_several_ports_must_be_selected(render_one: RenderOne, trait: Any) -> None:
    with pytest.raises(RenderError, match=r"\.servicePort: .* 9000 \(admin\), 80 \(http\)"):
        render_one(trait, properties={"parents": [PARENT]}, component=TWO_PORTS)


def test_a_workload_without_a_service_is_rejected(render_one: RenderOne) -> None:
    containers = [{"name": "web", "image": "registry.example/web:1.0.0"}]
    worker = {"workloadType": "core.oam.dev/v1alpha1.Worker", "containers": containers}
    with pytest.raises(RenderError, match="service"):
        _http(render_one, worker)
    assert _refused(render_one, HttpRoute(), {"containers": containers}) == [".servicePort"]
