"""Application configurations (§6): the effect of edits."""

from __future__ import annotations

from tests.conformance import oam

COMPONENT = oam.component("Server", oam.WEB)
ONE = "components:\n- {componentName: web, instanceName: front}\n"
TWO = f"{ONE}- {{componentName: web, instanceName: back}}\n"


def test_a_component_that_is_added_or_removed_adds_or_removes_its_objects() -> None:
    single = oam.objects(oam.plan(COMPONENT, oam.application(ONE)))
    both = oam.objects(oam.plan(COMPONENT, oam.application(TWO)))
    assert set(both) - set(single) == {"ComponentInstance/web-back", "Deployment/back", "Service/back"}
    assert {key: both[key] for key in single} == single


def test_all_problems_of_all_documents_are_reported_at_once() -> None:
    traits = "- {name: manual-scaler}\n- {name: nope}"
    broken = oam.component("Server", oam.WEB.replace("containerPort: 80", "containerPort: 0"))
    assert oam.refused(oam.plan(broken, oam.instance(traits=traits))) == [
        ("PO-1", "$.spec.containers[0].ports[0].containerPort"),
        ("TR-17", "$.spec.components[0].traits[0].properties"),
        ("TR-8", "$.spec.components[0].traits[1].name"),
    ]
