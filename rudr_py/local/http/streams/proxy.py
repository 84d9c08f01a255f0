"""`proxy` of pods and services: the answer of the HTTP server behind a port of a pod, as port-forward gives it.

Source: kubernetes, pkg/registry/core/pod/strategy.go and pkg/registry/core/service/storage.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from rudr_py.errors import ApiError, ServerError
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.http.streams import port_forward
from rudr_py.local.registry.resources import ObjectTarget
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import pod_containers, writes

_SCHEMES = ("", "http", "https")
_DEFAULT_PORT = 80


def text(backend: Backend, target: ObjectTarget) -> str:
    """Return the answer of the port that a target such as `name:port` names. Raises `ApiError` (400, 404, 503)."""
    name, port = _parse(target)
    obj = writes.live(backend, ObjectTarget(target.resource, target.namespace, name))
    if target.resource.plural == "services":
        pod, number = _endpoint(backend, obj, port)
    else:
        first = next(iter(_ports(obj).values()), _DEFAULT_PORT)
        pod, number = obj, int(port) if port.isdecimal() else _ports(obj).get(port, first)
    status = pod.get("status") or {}
    if status.get("phase") != "Running" or not pod_containers.listens(pod, number):
        reason = f"dial tcp {status.get('podIP', '')}:{number}: connect: connection refused"
        raise _unavailable(f"error trying to reach service: {reason}")
    return port_forward.answer_of(pod, number)


async def serve(answer: str, _request: web.BaseRequest) -> web.StreamResponse:
    """Send an answer."""
    return web.Response(text=answer)


def _parse(target: ObjectTarget) -> tuple[str, str]:
    """Return the name and the port, which may be empty, of `name`, `name:port` or `scheme:name:port`."""
    parts = target.name.split(":")
    if len(parts) > 3 or (len(parts) == 3 and parts[0] not in _SCHEMES):
        raise api_errors.bad_request(f'invalid {target.resource.singular} request "{target.name}"')
    if len(parts) == 1:
        return parts[0], ""
    return (parts[1], parts[2]) if len(parts) == 3 else (parts[0], parts[1])


def _ports(pod: Object) -> dict[str, int]:
    """The declared ports of a pod; those without a name have their number as key."""
    ports = (port for container in pod["spec"].get("containers") or () for port in container.get("ports") or ())
    return {port.get("name") or str(port["containerPort"]): port["containerPort"] for port in ports}


def _endpoint(backend: Backend, service: Object, port: str) -> tuple[Object, int]:
    """Return a ready pod of a service, and its port for a port of the service."""
    metadata, spec = service["metadata"], service["spec"]
    chosen = _service_port(spec.get("ports") or (), port)
    if chosen is None:
        raise _unavailable(f'no service port "{port}" found for service "{metadata["name"]}"')
    selector = (spec.get("selector") or {}).items()
    for pod in backend.store.list("pods", metadata["namespace"]) if selector else ():
        conditions = (pod.get("status") or {}).get("conditions") or ()
        is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
        if is_ready and selector <= (pod["metadata"].get("labels") or {}).items():
            number: Any = chosen.get("targetPort", chosen["port"])
            return pod, number if isinstance(number, int) else _ports(pod).get(number, _DEFAULT_PORT)
    raise _unavailable(f'no endpoints available for service "{metadata["name"]}"')


def _service_port(ports: Any, port: str) -> Object | None:
    is_only = not port and len(ports) == 1
    return next((each for each in ports if is_only or port in (each.get("name", ""), str(each["port"]))), None)


def _unavailable(message: str) -> ApiError:
    return ServerError(message, status=503, reason="ServiceUnavailable")
