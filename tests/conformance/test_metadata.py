"""Metadata, names and types of the specification (§2), and digests of documents (§8)."""

from __future__ import annotations

import json

import msgspec
import pytest

from rudr_py.model.component import Component
from rudr_py.model.parse import documents, yaml_file
from rudr_py.render.values import digests as digest
from tests.conformance import oam


def test_labels_and_annotations_are_maps_of_text() -> None:
    text = oam.component("Worker", oam.MAIN).replace(
        "metadata: {name: web}", "metadata: {name: web, labels: {team: 5}, annotations: [a]}"
    )
    plan = oam.plan(text, oam.instance())
    assert oam.refused(plan) == [("MD-4", "$.metadata.labels.team"), ("MD-4", "$.metadata.annotations")]


def test_version_and_description_are_annotations_of_the_component_and_not_of_its_pods() -> None:
    annotations = {"version": "1.2.0", "description": "Serves the shop."}
    text = oam.component("Worker", oam.MAIN).replace(
        "{name: web}", json.dumps({"name": "web", "annotations": annotations})
    )
    assert "annotations" not in oam.pod(oam.plan(text, oam.instance()))["metadata"]
    (document,) = yaml_file.load(text, "web.yaml")
    value = documents.parse(document.value).value
    assert isinstance(value, Component)
    assert value.metadata.version == "1.2.0"
    assert value.metadata.annotations == annotations


@pytest.mark.parametrize("version", ["v1", "v1alpha2", "v1beta1"])
def test_another_version_of_a_type_is_another_type(version: str) -> None:
    plan = oam.plan(oam.component(f"core.oam.dev/{version}.Server", oam.WEB), oam.instance())
    assert oam.refused(plan) == [("CO-13", "$.spec.workloadType")]
    assert "core.oam.dev/v1alpha1.Server" in plan.problems[0].message


def test_a_document_of_another_version_is_refused() -> None:
    text = oam.instance().replace("core.oam.dev/v1alpha1", "core.oam.dev/v1alpha3")
    plan = oam.plan(oam.component("Worker", oam.MAIN), text)
    assert oam.refused(plan) == [("MD-9", "$.apiVersion")]


@pytest.mark.parametrize("name", ["servers.core.oam.dev/v1", "Servers.core.oam.dev", "core.oam.dev/v1alpha1/Server"])
def test_a_type_is_not_named_by_its_plural(name: str) -> None:
    text = oam.component("Server", oam.WEB).replace("core.oam.dev/v1alpha1.Server", name)
    assert oam.refused(oam.plan(text, oam.instance())) == [("MD-11", "$.spec.workloadType")]


def test_yaml_and_json_of_a_document_give_the_same_digest_and_bytes() -> None:
    yaml = oam.component("Server", "osType: linux\n" + oam.WEB)
    (document,) = yaml_file.load(yaml, "web.yaml")
    reversed_document = {key: document.value[key] for key in reversed(document.value)}
    reversed_document["spec"] = {key: reversed_document["spec"][key] for key in reversed(reversed_document["spec"])}
    as_json = json.dumps(reversed_document, indent=3)
    digests, rendered = set(), set()
    for text in (yaml, as_json):
        (read,) = yaml_file.load(text, "web")
        value = documents.parse(read.value).value
        assert isinstance(value, Component)
        digests.add(digest.of(digest.plain(value)))
        rendered.add(msgspec.json.encode(oam.objects(oam.plan(text, oam.instance()))))
    assert len(digests) == len(rendered) == 1
