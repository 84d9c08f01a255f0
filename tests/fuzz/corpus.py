"""The valid documents that the fuzzer changes: examples, definitions, live objects and requests."""

from __future__ import annotations

import functools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from rudr_py.catalog import Catalog, plain_guard
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.model.parse import yaml_file
from rudr_py.render.values.plan import Plan
from tests import own_packages

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]

DEFINITIONS = """
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata:
  name: full
  labels: {a: b}
  annotations:
    rudr.oam.dev/ignore-differences: '[{"kind": "StatefulSet", "jsonPointers": ["/spec/replicas"]}]'
    rudr.oam.dev/paused: "false"
spec:
  variables:
  - {name: host, value: shop.example}
  - {name: size, value: 2}
  scopes:
  - name: health
    type: core.oam.dev/v1alpha1.HealthScope
    properties: {probe-method: httpGet, probe-endpoint: /, probe-timeout: 1}
  components:
  - componentName: full
    instanceName: full
    applicationScopes: [health]
    parameterValues: [{name: text, value: "a [fromVariable(host)] b"}, {name: flag, value: true}]
    traits:
    - {name: ingress, properties: {hostname: "[fromVariable(host)]", path: /, servicePort: 80}}
    - {name: volume-mounter, properties: {volumeName: data, storageClass: fast}}
---
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: full
  annotations: {rudr.oam.dev/pod-annotations: "a.b/*,c", a.b/d: e}
spec:
  workloadType: core.oam.dev/v1alpha1.SingletonServer
  osType: linux
  parameters: [{name: text, type: string, required: true}, {name: flag, type: boolean, default: false}]
  containers:
  - name: main
    image: a.b/c:1
    cmd: [a]
    args: ["-b"]
    env: [{name: A, fromParam: text}, {name: B, value: "1"}]
    config: [{path: /etc/a.ini, fromParam: text}, {path: /etc/b.ini, value: b}]
    ports: [{name: http, containerPort: 80, protocol: TCP}]
    livenessProbe: {httpGet: {path: /, port: 80, httpHeaders: [{name: A, value: b}]}, periodSeconds: 1}
    readinessProbe: {exec: {command: [a]}, initialDelaySeconds: 1}
    resources:
      cpu: {required: 100m}
      memory: {required: 1Gi}
      volumes: [{name: data, mountPath: /data, accessMode: RW, sharingPolicy: Exclusive, disk: {required: 1G}}]
      extended: [{name: a.b/gpu, required: "1"}]
---
apiVersion: core.oam.dev/v1alpha1
kind: Trait
metadata: {name: ingress}
spec:
  appliesTo: ["*"]
  properties: '{"type": "object", "properties": {"hostname": {"type": "string", "pattern": "^[a-z.]+$"}}}'
---
apiVersion: core.oam.dev/v1alpha1
kind: WorkloadType
metadata: {name: widgets}
spec:
  group: example.org
  version: v1
  names: {kind: Widget, singular: widget, plural: widgets}
  settings: [{name: size, type: number, required: true}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationScope
metadata: {name: health}
spec:
  type: core.oam.dev/v1alpha1.HealthScope
  allowComponentOverlap: true
  parameters: [{name: probe-timeout, type: number, required: true}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ComponentInstance
metadata: {name: a, labels: {a: b}}
spec: {}
---
apiVersion: core.oam.dev/v1alpha1
kind: HealthScope
metadata: {name: h}
spec: {probeMethod: httpGet, probeEndpoint: /, probeTimeout: 1, probeInterval: 2, failureRateThreshold: 0.5}
"""


@functools.cache
def files() -> tuple[bytes, ...]:
    """The example files of each folder as one file, and the definitions."""
    folders = [ROOT / "examples", *sorted(ROOT.glob("plugins/*/examples"))]
    joined = [b"\n---\n".join(path.read_bytes() for path in sorted(folder.glob("*.yaml"))) for folder in folders]
    return (*joined, joined[0] + b"\n---" + DEFINITIONS.encode())


@functools.cache
def namespaces() -> tuple[tuple[dict[str, Any], ...], ...]:
    """The documents of each file."""
    return tuple(tuple(document.value for document in yaml_file.load(content, "f.yaml")) for content in files())


@functools.cache
def documents() -> tuple[dict[str, Any], ...]:
    """The OAM documents of all files."""
    group = "core.oam.dev/"
    return tuple(
        document for each in namespaces() for document in each if str(document.get("apiVersion")).startswith(group)
    )


@functools.cache
def catalog() -> Catalog:
    """The standard types and those of the packages in plugins/, without a time limit for their calls."""
    return own_packages.everything(call_guard=plain_guard).catalog


@functools.cache
def plans() -> tuple[Plan, ...]:
    """The plans of the applications of all files."""
    workspaces = [Workspace.parse(yaml_file.load(content, "f.yaml")) for content in files()]
    plans = [
        workspace.plan(application, catalog(), NOW)
        for workspace in workspaces
        for application in workspace.applications
    ]
    assert all(plan.manifests for plan in plans), [plan.problems for plan in plans]
    return tuple(plans)


def encoded(value: Any) -> bytes:
    """The value as JSON, in which lone surrogates are escapes that a decoder may refuse."""
    return json.dumps(value).encode()


STATUS: dict[str, Any] = msgspec.json.decode(
    b"""{"phase": "Synced", "observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True", "reason": "a",
    "message": "b", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1}],
    "components": {"web": {"deployment/web": "created"}},
    "instances": [{"name": "web", "component": "web", "workload": "core.oam.dev/v1alpha1.Server", "state": "ready",
    "readyReplicas": 1, "runs": {"job/web": {"digest": "a", "state": "succeeded"}}, "traits": [{"name": "ingress",
    "state": "ready", "attached": "2026-01-01T00:00:00Z", "firstSeen": {"a": "2026-01-01T00:00:00Z"}}]}],
    "scopes": [{"name": "h", "type": "core.oam.dev/v1alpha1.HealthScope", "health": "ready"}],
    "resources": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "hash": "a", "digest": "b"}],
    "packages": [{"type": "ingress", "package": "rudr-py 0.1"}], "observedComponents": {"web": {"uid": "a"}},
    "replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1,
    "loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}"""
)

METADATA: dict[str, Any] = msgspec.json.decode(
    b"""{"uid": "u", "resourceVersion": "7", "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z",
    "labels": {"app.kubernetes.io/managed-by": "rudr"}, "annotations": {"rudr.oam.dev/applied": "a"},
    "finalizers": ["rudr.oam.dev/reclaim"],
    "ownerReferences": [{"apiVersion": "core.oam.dev/v1alpha1", "kind": "ApplicationConfiguration", "name": "web",
    "uid": "o", "controller": true, "blockOwnerDeletion": true}],
    "managedFields": [{"manager": "rudr", "operation": "Apply", "apiVersion": "apps/v1", "time": "2026-01-01T00:00:00Z",
    "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:replicas": {},
    "f:template": {"f:spec": {"f:containers": {"k:{\\"name\\":\\"main\\"}": {".": {}, "f:image": {},
    "f:name": {}}}}}}}},
    {"manager": "kubectl", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
    "fieldsV1": {"f:spec": {"f:replicas": {}}}}]}"""
)

POD: dict[str, Any] = msgspec.json.decode(
    b"""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1"}, "spec": {"containers": [{"name": "main"}]},
    "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
    "message": "no"}], "containerStatuses": [{"name": "main", "ready": false, "restartCount": 3, "state": {"waiting":
    {"reason": "ImagePullBackOff", "message": "Back-off pulling image \\"a\\": b"}}, "lastState": {"terminated":
    {"exitCode": 1, "reason": "Error", "message": "x", "finishedAt": "2026-01-01T00:00:00Z"}}}]}}"""
)
