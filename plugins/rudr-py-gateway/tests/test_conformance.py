"""The contract of every type, for both traits."""

from __future__ import annotations

from typing import Any

from rudr_py.testing import conformance
from rudr_py_gateway.grpc_route import GrpcRoute
from rudr_py_gateway.http_route import HttpRoute

PARENTS = [{"name": "public", "namespace": "gateways", "section": "https"}]
HEADERS = {"set": {"x-team": "shop"}, "add": {"x-via": "gateway"}, "remove": ["x-debug"]}
RULES: list[dict[str, Any]] = [
    {
        "matches": [
            {
                "path": "/api",
                "method": "GET",
                "headers": [{"name": "x-version", "value": "2"}],
                "queryParams": [{"name": "q", "value": ".+", "type": "RegularExpression"}],
            }
        ],
        "backends": [{"weight": 90}, {"servicePort": 80, "weight": 10}],
        "filters": {
            "requestHeaders": HEADERS,
            "responseHeaders": HEADERS,
            "rewrite": {"prefix": "/v2"},
        },
        "timeouts": {"request": "10s", "backendRequest": "2s"},
    },
    {"filters": {"redirect": {"scheme": "https", "statusCode": 301}}},
]
CALLS: list[dict[str, Any]] = [
    {"matches": [{"service": "shop.v1.Orders", "method": "List"}], "filters": {"requestHeaders": HEADERS}},
    {"matches": [{"headers": [{"name": "x-version", "value": "2"}]}], "backends": [{"weight": 3}]},
]

test_http_route_conforms = conformance.suite(
    HttpRoute(),
    properties=[
        {"parents": PARENTS},
        {"parents": PARENTS, "hosts": ["shop.example.com", "*.shop.example.com"], "name": "shop", "rules": RULES},
    ],
)
test_grpc_route_conforms = conformance.suite(
    GrpcRoute(), properties=[{"parents": PARENTS}, {"parents": PARENTS, "servicePort": 80, "rules": CALLS}]
)
