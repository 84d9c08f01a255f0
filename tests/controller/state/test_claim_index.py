"""The claims that a workload mounts, by its document."""

from __future__ import annotations

import os
from typing import Any

import msgspec
import pytest

from rudr_py.controller.state import claim_index
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.storage.body import BodyBudget
from rudr_py.render.values import labels


def workload() -> LiveObject:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "claim"}}]
    metadata: dict[str, Any] = {"name": "web", "namespace": "shop", "uid": "u", "labels": labels.labels("shop", "web")}
    metadata["annotations"] = {"filler": "x" * 10_000}
    document = {"metadata": metadata, "spec": {"template": {"spec": {"volumes": volumes}}}}
    return live_object.decode(msgspec.json.encode(document), "apps/v1", "Deployment")


def test_a_workload_mounts_the_claims_of_its_pod_template() -> None:
    assert claim_index.mounted(workload()) == {"claim"}


def test_a_workload_that_cannot_be_read_any_more_mounts_no_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk = workload().kept_by(BodyBudget(0))
    monkeypatch.setattr(os, "pread", lambda *_arguments: b"")
    assert claim_index.mounted(on_disk) == frozenset()
