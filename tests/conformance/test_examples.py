"""Rudr's published examples and our own: they render as they stand, to objects that every supported server takes.

Rudr's are read from where they lie beside the project. What they render to is kept as a digest for each object: a
difference restarts the pods of somebody who came from Rudr. To record on purpose, run with RUDR_UPDATE_GOLDEN=1.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
import yaml

from rudr_py.model.document import Document
from rudr_py.model.parse import yaml_file
from rudr_py.render.values import digests
from rudr_py.render.values.plan import Plan
from tests.conformance import oam, published

ROOT = Path(__file__).parents[2]
RUDR = ROOT / ".." / "shared" / "rudr-examples"
OWN = ROOT / "examples"
GOLDEN = Path(__file__).parent / "golden" / "rudr-examples.yaml"

ELSEWHERE = {"openfaas": "openfaas.com/v1alpha2.Function", "prometheus": "monitoring.coreos.com/v1.Prometheus"}
"""Applications that need a plugin of their own, and the type that it offers."""

REFUSED = "singleton-nginx-app"
"""An ingress on a worker, which listens on nothing."""


@cache
def documents(folder: Path) -> tuple[Document, ...]:
    """Every document of a folder and those below."""
    return tuple(
        document for path in sorted(folder.rglob("*.yaml")) for document in yaml_file.load(path.read_bytes(), path.name)
    )


def applications(folder: Path) -> list[str]:
    return [_name(document) for document in documents(folder) if document.value["kind"] == "ApplicationConfiguration"]


def plan(folder: Path, name: str) -> Plan:
    return oam.render(documents(folder), name)


def rendered(folder: Path) -> dict[str, Plan]:
    """The plans of all applications of a folder that the standard types can run."""
    return {name: plan(folder, name) for name in applications(folder) if name not in {*ELSEWHERE, REFUSED}}


@pytest.fixture(name="rudr")
def _rudr() -> Path:
    if not RUDR.is_dir():
        pytest.skip("../shared/rudr-examples is not here; it is no part of the project")
    return RUDR


def test_rudrs_examples_render_as_they_stand(rudr: Path) -> None:
    plans = rendered(rudr)
    assert len(plans) == 13
    assert {name: found.problems for name, found in plans.items() if found.problems} == {}


def test_an_ingress_on_a_worker_is_refused_with_the_reason(rudr: Path) -> None:
    found = plan(rudr, REFUSED)
    assert oam.refused(found) == [("TR-14", "$.spec.components[0].traits[0].name")]
    assert "SingletonWorker" in found.problems[0].message


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_example_of_another_plugin_says_which_type_is_missing(name: str, rudr: Path) -> None:
    found = plan(rudr, name)
    assert oam.refused(found) == [("CO-13", "$.spec.workloadType")]
    assert ELSEWHERE[name] in found.problems[0].message


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("voter-app", "traits[0]"),
        ("example-multi-component", "traits[0].parameterValues"),
        ("example-multi-server", "traits[0].parameterValues"),
    ],
)
def test_an_outdated_shape_in_an_example_is_read_with_a_warning(name: str, place: str, rudr: Path) -> None:
    assert any(warning.path.endswith(place) for warning in plan(rudr, name).warnings)


def test_rudrs_examples_render_to_what_is_recorded(rudr: Path) -> None:
    found = {
        name: {f"{planned.ref.kind.kind}/{planned.ref.name}": digests.of(planned.body) for planned in one.manifests}
        for name, one in rendered(rudr).items()
    }
    if os.environ.get("RUDR_UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(yaml.safe_dump(found, width=120), encoding="utf-8")
    assert found == yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", published.VERSIONS)
@pytest.mark.parametrize("folder", [OWN, RUDR], ids=["own", "rudr"])
def test_every_object_of_every_example_is_one_that_kubernetes_takes(folder: Path, version: str) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not here; it is no part of the project")
    bodies = [planned.body for found in rendered(folder).values() for planned in found.manifests]
    assert bodies
    assert [refusal for body in bodies for refusal in published.refusals(body, version)] == []


def _name(document: Document) -> str:
    return str(document.value["metadata"]["name"])
