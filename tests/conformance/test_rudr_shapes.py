"""Documents of users of Rudr, in every shape in use."""

from __future__ import annotations

import pytest

from tests.conformance import oam

COMPONENT = oam.component("Server", oam.WEB)
PLAIN = "properties: {replicaCount: 3}"
SHAPES = {
    PLAIN: 0,
    "properties: [{name: replicaCount, value: 3}]": 1,
    "parameterValues: [{name: replicaCount, value: 3}]": 1,
    "parameterValues: {replicaCount: 3}": 1,
    "properties: null, replicaCount: 3": 1,
}
"""The shapes of a trait's properties, and their numbers of warnings."""


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_trait_gives_the_same_objects(shape: str) -> None:
    plan = oam.plan(COMPONENT, oam.instance(traits=f"- {{name: manual-scaler, {shape}}}"))
    plain = oam.plan(COMPONENT, oam.instance(traits=f"- {{name: manual-scaler, {PLAIN}}}"))
    assert oam.objects(plan) == oam.objects(plain)
    assert oam.objects(plan)["Deployment/front"]["spec"]["replicas"] == 3
    assert len(plan.warnings) == SHAPES[shape]


def test_keys_of_the_ingress_may_be_in_snake_case() -> None:
    plans = [
        oam.plan(COMPONENT, oam.instance(traits=f"- name: ingress\n  properties: {{hostname: a.example.com, {keys}}}"))
        for keys in (
            "servicePort: 80, tlsHosts: a.example.com, tlsSecretName: tls",
            "service_port: 80, tls_hosts: a.example.com, tls_secret_name: tls",
        )
    ]
    assert oam.objects(plans[0]) == oam.objects(plans[1])
    assert [len(plan.warnings) for plan in plans] == [0, 3]
