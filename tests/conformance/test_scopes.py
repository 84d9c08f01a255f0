"""Application scopes of the specification (§4)."""

from __future__ import annotations

from tests.conformance import oam


def test_without_a_network_scope_nothing_stands_between_instances() -> None:
    two = "components: [{componentName: web, instanceName: a}, {componentName: web, instanceName: b}]"
    found = oam.objects(oam.plan(oam.component("Server", oam.WEB), oam.application(two)))
    assert {"Service/a", "Service/b"} <= set(found)
    assert not [key for key in found if key.startswith("NetworkPolicy/")]
