"""The target accounts for each object: it is part of the files, or has a finding."""

from __future__ import annotations

import pytest

from rudr_py.api.targets import ExportContext, RenderedObject
from rudr_py_podman.target import target

POD = {"metadata": {"labels": {}}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}}


def rendered(kind: str) -> RenderedObject:
    return RenderedObject(
        body={"apiVersion": "v1", "kind": kind, "metadata": {"name": kind.lower()}, "spec": {"template": POD}}
    )


@pytest.mark.parametrize("kind", ["Deployment", "Service", "NetworkPolicy", "ComponentInstance"])
def test_a_supported_object_is_covered_without_a_finding(kind: str) -> None:
    exported = target.export(ExportContext(application="shop", objects=(rendered(kind),)))
    assert exported.covered == {rendered(kind).ref}
    assert exported.findings == ()


@pytest.mark.parametrize(("kind", "severity"), [("PodDisruptionBudget", "warning"), ("Queue", "error")])
def test_an_object_that_podman_does_not_have_has_a_finding(kind: str, severity: str) -> None:
    exported = target.export(ExportContext(application="shop", objects=(rendered(kind),)))
    assert [(finding.ref, finding.severity) for finding in exported.findings] == [(rendered(kind).ref, severity)]
