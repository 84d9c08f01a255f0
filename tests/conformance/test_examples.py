"""Rudr's published examples and those of the project render unmodified, to objects that every supported server accepts.

Rudr's examples are read from a folder beside the checkout. The golden file has a digest of each rendered object: a
difference restarts pods of users who migrate from Rudr. To update it intentionally, run with RUDR_UPDATE_GOLDEN=1.
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
from tests.conformance import kubernetes_schemas, oam

ROOT = Path(__file__).parents[2]
RUDR = ROOT / ".." / "shared" / "rudr-examples"
OWN = ROOT / "examples"
GOLDEN = Path(__file__).parent / "golden" / "rudr-examples.yaml"

ELSEWHERE = {"openfaas": "openfaas.com/v1alpha2.Function", "prometheus": "monitoring.coreos.com/v1.Prometheus"}
"""Applications that need a plugin, and the type that they need."""

REFUSED = "singleton-nginx-app"
"""An ingress on a worker, which has no ports."""


@cache
def documents(folder: Path) -> tuple[Document, ...]:
    """Every document of a folder, recursively."""
    return tuple(document for path in _files(folder) for document in yaml_file.load(path.read_bytes(), path.name))


def applications(folder: Path) -> list[str]:
    return [_name(document) for document in documents(folder) if document.value["kind"] == "ApplicationConfiguration"]


def plan(folder: Path, name: str) -> Plan:
    return oam.render(documents(folder), name)


def _files(folder: Path) -> list[Path]:
    """The documents of a folder; of the project's examples those that need no other package."""
    return sorted(folder.glob("*.yaml") if folder == OWN else folder.rglob("*.yaml"))


def rendered(folder: Path) -> dict[str, Plan]:
    """The plans of all applications of a folder that need only standard types."""
    return {name: plan(folder, name) for name in applications(folder) if name not in {*ELSEWHERE, REFUSED}}


@pytest.fixture(name="rudr")
def _rudr() -> Path:
    if not RUDR.is_dir():
        pytest.skip("../shared/rudr-examples is missing; it is not part of the project")
    return RUDR


def test_unmodified_examples_of_rudr_render(rudr: Path) -> None:
    plans = rendered(rudr)
    assert len(plans) == 13
    assert {name: example.problems for name, example in plans.items() if example.problems} == {}


def test_an_ingress_on_a_worker_is_refused_with_the_reason(rudr: Path) -> None:
    result = plan(rudr, REFUSED)
    assert oam.refused(result) == [("TR-14", "$.spec.components[0].traits[0].name")]
    assert "SingletonWorker" in result.problems[0].message


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_example_of_an_uninstalled_plugin_names_the_missing_type(name: str, rudr: Path) -> None:
    result = plan(rudr, name)
    assert oam.refused(result) == [("CO-13", "$.spec.workloadType")]
    assert ELSEWHERE[name] in result.problems[0].message


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


def test_examples_of_rudr_render_to_the_golden_digests(rudr: Path) -> None:
    actual = {
        name: {f"{planned.ref.kind.kind}/{planned.ref.name}": digests.of(planned.body) for planned in example.manifests}
        for name, example in rendered(rudr).items()
    }
    if os.environ.get("RUDR_UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(yaml.safe_dump(actual, width=120), encoding="utf-8")
    assert actual == yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", kubernetes_schemas.VERSIONS)
@pytest.mark.parametrize("folder", [OWN, RUDR], ids=["own", "rudr"])
def test_kubernetes_accepts_every_object_of_every_example(folder: Path, version: str) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is missing; it is not part of the project")
    bodies = [planned.body for example in rendered(folder).values() for planned in example.manifests]
    assert bodies
    assert [refusal for body in bodies for refusal in kubernetes_schemas.refusals(body, version)] == []


def _name(document: Document) -> str:
    return str(document.value["metadata"]["name"])
