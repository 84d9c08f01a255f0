"""The health of a route from the conditions of the controllers of its parents."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderOne
from rudr_py_gateway.http_route import HttpRoute

PUBLIC = {"name": "public", "namespace": "gateways", "sectionName": "https"}
INTERNAL = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "internal", "namespace": "default"}
PARENTS = [{"name": "public", "namespace": "gateways", "section": "https"}, {"name": "internal"}]


def _entry(reference: dict[str, Any], generation: int = 2, **conditions: Any) -> dict[str, Any]:
    """The status of a controller; a condition is True, or its status, reason and message."""
    listed = []
    for name, value in {"Accepted": ("True",), "ResolvedRefs": ("True",), **conditions}.items():
        if value is not None:
            fields = dict(zip(("status", "reason", "message"), value, strict=False))
            listed.append({"type": name, "observedGeneration": generation, **fields})
    return {"parentRef": reference, "controllerName": "example.com/controller", "conditions": listed}


def _health(render_one: RenderOne, *entries: dict[str, Any]) -> Any:
    live = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "app-web-trait-http-route", "namespace": "default", "generation": 2},
        "status": {"parents": list(entries)} if entries else {},
    }
    properties = {"parents": PARENTS, "hosts": ["shop.example.com"]}
    return render_one(HttpRoute(), properties=properties, observed=[live]).health


def test_a_route_is_ready_when_all_parents_have_accepted_it(render_one: RenderOne) -> None:
    health = _health(render_one, _entry(PUBLIC), _entry(INTERNAL))
    assert (health.state, health.reason) == ("ready", "Ready")
    assert health.show == {"hosts": "shop.example.com", "parents": "gateways/public:https, internal"}


def test_a_route_that_no_controller_has_accepted_is_progressing(render_one: RenderOne) -> None:
    health = _health(render_one)
    assert (health.state, health.reason) == ("progressing", "NoController")
    assert "no controller has accepted it for the Gateway gateways/public:https" in health.message
    # an entry of a parent that the route had before
    missing = _health(render_one, _entry(PUBLIC), _entry({"name": "former"}))
    assert (missing.state, missing.reason) == ("progressing", "NoController")
    assert "internal" in missing.message


@pytest.mark.parametrize(
    ("conditions", "state", "reason"),
    [
        ({"Accepted": ("False", "NotAllowedByListeners", "not allowed")}, "failed", "NotAllowedByListeners"),
        ({"Accepted": ("Unknown", "Pending", "wait")}, "progressing", "Pending"),
        ({"Accepted": None}, "progressing", "NotObserved"),
        ({"ResolvedRefs": None}, "progressing", "NotObserved"),
        ({"ResolvedRefs": ("False", "BackendNotFound", "no Service")}, "progressing", "BackendNotFound"),
        ({"ResolvedRefs": ("False", "RefNotPermitted", "no grant")}, "failed", "RefNotPermitted"),
        ({"PartiallyInvalid": ("True", "UnsupportedValue", "a rule is dropped")}, "failed", "UnsupportedValue"),
        ({"PartiallyInvalid": ("False", "Accepted", "")}, "ready", "Ready"),
        ({"generation": 1}, "progressing", "NotObserved"),
    ],
)
def test_the_worst_parent_decides(render_one: RenderOne, conditions: dict[str, Any], state: str, reason: str) -> None:
    health = _health(render_one, _entry(PUBLIC), _entry(INTERNAL, **conditions))
    assert (health.state, health.reason) == (state, reason)
    assert health.message.startswith("internal: ") or state == "ready"


def test_two_controllers_of_one_parent_must_both_accept_it(render_one: RenderOne) -> None:
    refused = _entry(INTERNAL, Accepted=("False", "NoMatchingParent"))
    health = _health(render_one, _entry(PUBLIC), _entry(INTERNAL), refused)
    assert (health.state, health.message) == ("failed", "internal: NoMatchingParent")
