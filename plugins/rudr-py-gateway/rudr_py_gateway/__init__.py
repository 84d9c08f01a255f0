"""Routes of the Gateway API for rudr_py.

http_route    the trait http-route
grpc_route    the trait grpc-route
route         the common part of both: parents, hosts, rules
backends      Services that a rule routes to
filters       changes of requests and responses
headers       names and values of headers and query parameters
route_health  the health of a route, from the conditions of its controllers
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py_gateway.grpc_route import GrpcRoute
from rudr_py_gateway.http_route import HttpRoute

__version__ = "0.1.0"


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    """Both traits."""
    return [GrpcRoute(), HttpRoute()]
