"""Stand-in CRDs for Knative, OpenFaaS, KEDA, CronHPA and Prometheus, and a function that sets their conditions.

They accept any spec; no controller runs them.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import yaml

from rudr_py.api import Kind
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import CRD, Document

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "plugins").glob("*/examples/*.yaml"))

KNATIVE = Kind("serving.knative.dev/v1", "Service")
FUNCTION = Kind("openfaas.com/v1", "Function")
PROMETHEUS = Kind("monitoring.coreos.com/v1", "Prometheus")
MONITOR = Kind("monitoring.coreos.com/v1", "ServiceMonitor")
SCALED_OBJECT = Kind("keda.sh/v1alpha1", "ScaledObject")
CRON_HPA = Kind("autoscaling.alibabacloud.com/v1beta1", "CronHorizontalPodAutoscaler")

PLURALS = {
    KNATIVE: "services",
    FUNCTION: "functions",
    PROMETHEUS: "prometheuses",
    MONITOR: "servicemonitors",
    SCALED_OBJECT: "scaledobjects",
    CRON_HPA: "cronhorizontalpodautoscalers",
}

CONDITIONS = {
    KNATIVE: ("ConfigurationsReady", "RoutesReady", "Ready"),
    FUNCTION: ("Ready", "Healthy"),
    PROMETHEUS: ("Reconciled", "Available"),
    SCALED_OBJECT: ("Ready",),
}
"""Conditions that the controllers of these kinds set to True. Controllers of other kinds set none."""


def definition(kind: Kind) -> Document:
    """A CustomResourceDefinition that accepts any spec and any status."""
    version = kind.api_version.rpartition("/")[2]
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything, "status": anything}}
    plural = PLURALS[kind]
    return {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": {"name": f"{plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {"kind": kind.kind, "plural": plural, "singular": kind.kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


async def satisfy(cluster: Cluster, kind: Kind) -> None:
    """Set the conditions of every object of a kind to True, after each change, until cancelled."""
    async with contextlib.aclosing(cluster.changes(kind, "")) as changes:
        async for live in changes:
            document = live.document() if live is not None else {}
            generation = document.get("metadata", {}).get("generation", 0)
            if not document or document.get("status", {}).get("observedGeneration") == generation:
                continue
            conditions = [
                {"type": name, "status": "True", "observedGeneration": generation} for name in CONDITIONS[kind]
            ]
            status = {"status": {"observedGeneration": generation, "conditions": conditions}}
            target = await cluster.target(kind, document["metadata"]["name"], "status")
            await cluster.client.merge_patch(target, msgspec.json.encode(status), "stand-in")


def documents(path: Path) -> list[Document]:
    return list(yaml.safe_load_all(path.read_text()))


def example(name: str) -> Path:
    """The path of an example of a package."""
    (example_path,) = (path for path in EXAMPLES if path.stem == name)
    return example_path
