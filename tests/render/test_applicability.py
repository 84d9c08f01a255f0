"""Which traits fit which workload types: as computed, as published, and as the controller accepts them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rudr_py.catalog import Catalog
from rudr_py.model.parse import documents
from rudr_py.render import applicability, definitions, render
from rudr_py.render.types import schema_example
from rudr_py.render.values.inputs import Inputs
from tests import own_packages

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVERYTHING = own_packages.everything().catalog
TRAITS = sorted({offer.name for offer in EVERYTHING.traits.values()})
WORKLOADS = sorted({offer.name for offer in EVERYTHING.workloads.values()})
CONTAINER = {
    "name": "main",
    "image": "registry.example/main:1.0.0",
    "ports": [{"name": "http", "containerPort": 80}],
    "resources": {"volumes": [{"name": "data", "mountPath": "/data", "sharingPolicy": "Shared"}]},
}
PROPERTIES: dict[str, Any] = {"volume-mounter": {"volumeName": "data", "storageClass": "standard"}}
"""Properties of traits whose example does not fit the container."""
SETTINGS: dict[str, Any] = {"openfaas.com/v1alpha2.Function": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
"""Settings that the auto-scaler requires."""


@pytest.fixture(name="everything", scope="session")
def _everything() -> Catalog:
    return EVERYTHING


@pytest.mark.parametrize(
    ("trait", "workload", "why"),
    [
        ("auto-scaler", "Server", ""),
        ("auto-scaler", "Task", "range; it accepts exact"),
        ("auto-scaler", "SingletonServer", "requires scale"),
        ("manual-scaler", "Task", ""),
        ("cron-hpa", "Task", ""),
        ("ingress", "Worker", "does not apply"),
        ("auto-scaler", "monitoring.coreos.com/v1.Prometheus", "range; it accepts exact, external"),
        ("auto-scaler", "openfaas.com/v1alpha2.Function", ""),
        ("volume-mounter", "Worker", ""),
    ],
)
def test_compatibility_is_determined_by_rendering(everything: Catalog, trait: str, workload: str, why: str) -> None:
    misfit = applicability.misfit(
        everything.trait(trait),
        everything.workload(workload if "." in workload else f"core.oam.dev/v1alpha1.{workload}"),
    )
    assert why in misfit
    assert bool(why) == bool(misfit)


def accepts(trait: str, workload: str) -> bool:
    """Whether the controller accepts the trait at a component of the workload type: no problem has the rule for it."""
    offer = EVERYTHING.traits[trait]
    properties = PROPERTIES.get(trait) or schema_example.sample(offer.schema)
    settings = (schema_example.sample(EVERYTHING.workloads[workload].schema) or {}) | SETTINGS.get(workload, {})
    container = CONTAINER if workload.endswith("Server") else {**CONTAINER, "ports": []}
    containers = [container] if workload.startswith("core.") or workload.endswith(".CronTask") else []
    component = document(
        "ComponentSchematic",
        {
            "workloadType": workload,
            "containers": containers,
            "workloadSettings": [{"name": name, "value": value} for name, value in settings.items()],
        },
    )
    binding = {"componentName": "probe", "instanceName": "probe", "traits": [{"name": trait, "properties": properties}]}
    parsed: Any = documents.parse(document("ApplicationConfiguration", {"components": [binding]}))
    components: Any = {"probe": documents.parse(component)}
    inputs = Inputs(application=parsed.value, parsed=parsed, components=components, now=NOW)
    return "TR-14" not in {problem.rule for problem in render.render(inputs, EVERYTHING).problems}


def document(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": "probe"}, "spec": spec}


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("trait", TRAITS)
def test_a_published_trait_applies_to_a_type_exactly_if_the_controller_accepts_both(trait: str, workload: str) -> None:
    (spec,) = (
        published["spec"]
        for published in definitions.publish(EVERYTHING, "rudr-system")
        if published["kind"] == "Trait" and published["metadata"]["name"] == trait
    )
    assert (spec["appliesTo"] == ["*"] or workload in spec["appliesTo"]) == accepts(trait, workload)


def test_the_list_of_a_trait_is_that_of_explain() -> None:
    for trait in TRAITS:
        offer = EVERYTHING.traits[trait]
        listed = applicability.applies_to(offer, EVERYTHING)
        assert listed in (("*",), applicability.accepted(offer, EVERYTHING))
        assert (listed == ("*",)) == (offer.type.applies_to == ("*",) and not offer.type.requires)


def test_a_trait_without_requirements_applies_to_types_that_are_not_installed() -> None:
    assert applicability.applies_to(EVERYTHING.traits["empty"], EVERYTHING) == ("*",)
