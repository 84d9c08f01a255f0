"""The page about environments: its examples build with Kustomize and Helm, and the results are valid."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py.api import Trait
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.model.parse import yaml_file
from rudr_py.testing.rendering import NOW
from tests import own_packages
from tests.docs import walkthrough
from tests.docs.pages import ROOT, Page

FOLDER = ROOT / "examples" / "environments"
KUSTOMIZE, HELM = FOLDER / "kustomize", FOLDER / "helm"
OVERLAYS = ("preview", "production", "staging")
PAGE = Page(ROOT / "docs" / "environments.md")

Document = dict[str, Any]


def kustomized(folder: Path) -> list[Document]:
    """The documents that `kubectl kustomize` prints. Fails the test with its error."""
    done = subprocess.run(  # noqa: S603 - our own example
        [walkthrough.kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def helmed(release: str, environment: str) -> list[Document]:
    helm = pytest.importorskip("helm_python", reason="no helm-python-sdk for this platform")
    values = yaml.safe_load((HELM / f"values-{environment}.yaml").read_text())
    texts = helm.Chart.load(str(HELM)).render(values, name=release, namespace="shop")
    return [document for text in texts.values() for document in yaml.safe_load_all(text) if document]


def manifests(documents: list[Document]) -> list[Document]:
    """The objects of all applications. Fails the test if there are errors or warnings."""
    oam = [document for document in documents if document["apiVersion"].startswith("core.oam.dev/")]
    loaded = yaml_file.load(yaml.safe_dump_all(oam).encode(), "built.yaml")
    workspace = Workspace.parse(loaded)
    catalog = own_packages.everything().catalog
    plans = [workspace.plan(application, catalog, NOW) for application in workspace.applications]
    assert [(*workspace.problems, *workspace.warnings), *((*plan.problems, *plan.warnings) for plan in plans)] == [
        (),
        *(() for _ in plans),
    ]
    return [manifest.body for plan in plans for manifest in plan.manifests]


def single(documents: list[Document], kind: str) -> Document:
    (document,) = (document for document in documents if document["kind"] == kind)
    return document


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_gives_valid_documents_that_refer_to_each_other(overlay: str) -> None:
    documents = kustomized(KUSTOMIZE / overlay)
    (instance,) = single(documents, "ApplicationConfiguration")["spec"]["components"]
    assert instance["componentName"] == single(documents, "ComponentSchematic")["metadata"]["name"]
    (source,) = instance["traits"][0]["properties"]["envFrom"]
    assert source == {"configMapName": single(documents, "ConfigMap")["metadata"]["name"]}
    assert manifests(documents)


def test_a_copy_in_one_namespace_shares_no_name_with_its_original() -> None:
    staging, preview = (kustomized(KUSTOMIZE / overlay) for overlay in ("staging", "preview"))
    assert names(staging).isdisjoint(names(preview))
    assert {d["metadata"]["namespace"] for d in (*staging, *preview)} == {"shop-staging"}


def names(documents: list[Document]) -> set[str]:
    instances = single(documents, "ApplicationConfiguration")["spec"]["components"]
    return {*(f"{d['kind']} {d['metadata']['name']}" for d in documents), *(i["instanceName"] for i in instances)}


def test_two_releases_of_the_chart_share_no_name() -> None:
    staging, production = helmed("shop-staging", "staging"), helmed("shop", "production")
    assert names(staging).isdisjoint(names(production))
    assert manifests(staging)
    assert manifests(production)


def test_all_overlays_have_the_same_list_of_references() -> None:
    assert len({(KUSTOMIZE / overlay / "oam.yaml").read_text() for overlay in OVERLAYS}) == 1


def test_the_list_of_references_has_every_reference_of_a_trait_to_a_secret_or_configmap() -> None:
    config = yaml.safe_load((KUSTOMIZE / "staging" / "oam.yaml").read_text())
    listed = {
        (kind["kind"], spec["path"].removeprefix(PREFIX))
        for kind in config["nameReference"]
        for spec in kind["fieldSpecs"]
        if spec["path"].startswith(PREFIX)
    }
    declared = {
        reference
        for offer in own_packages.everything().catalog.offers()
        if isinstance(offer.type, Trait)
        for reference in references(offer.schema, "")
    }
    assert declared - listed == set()


PREFIX = "spec/components/traits/properties/"


def references(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """The kind and the path of each property that names a Secret or a ConfigMap."""
    for name, property_schema in schema.get("properties", {}).items():
        match = re.fullmatch(r"(?:\w+?)?(secret|configMap)Name", name, re.IGNORECASE)
        if match:
            yield {"secret": "Secret", "configmap": "ConfigMap"}[match[1].lower()], f"{path}{name}"
        yield from references(property_schema, f"{path}{name}/")
    if isinstance(schema.get("items"), Mapping):
        yield from references(schema["items"], path)


def test_the_page_names_files_that_exist() -> None:
    commands = [word for block in PAGE.blocks if block.language == "console" for word in block.text.split()]
    paths = [word for word in commands if word.startswith("examples/")]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
