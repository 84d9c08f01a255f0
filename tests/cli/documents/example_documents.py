"""A component and an application with most fields, for tests that change one of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import yaml

from rudr_py.cli.documents import checking
from rudr_py.cli.documents.document_set import DocumentSet
from rudr_py.cli.documents.files import FileContents
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.errors import Problem
from rudr_py.model.document import Document, Positions
from tests import own_packages

DOCUMENTS: tuple[dict[str, Any], ...] = tuple(
    yaml.safe_load_all("""
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  osType: linux
  arch: amd64
  parameters:
  - {name: who, type: string, required: false, default: world, description: whom to greet}
  containers:
  - name: web
    image: registry.example/web:1.0.0
    imagePullSecret: registry
    cmd: [serve]
    args: [--quiet]
    env:
    - {name: WHO, fromParam: who}
    - {name: PLACE, value: here}
    config:
    - {path: /etc/web.conf, value: a}
    ports:
    - {name: http, containerPort: 8080, protocol: TCP}
    livenessProbe:
      httpGet: {path: /, port: 8080, httpHeaders: [{name: Host, value: a}]}
      initialDelaySeconds: 5
    readinessProbe:
      tcpSocket: {port: 8080}
      periodSeconds: 5
    resources:
      cpu: {required: 0.5}
      memory: {required: 64Mi}
      volumes:
      - name: scratch
        mountPath: /scratch
        accessMode: RW
        sharingPolicy: Exclusive
        disk: {required: 1G, ephemeral: true}
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: shop}
spec:
  variables:
  - {name: domain, value: shop.example.com}
  scopes:
  - name: health
    type: core.oam.dev/v1alpha1.HealthScope
    properties: {probe-method: httpGet, probe-endpoint: /, probe-timeout: 5, probe-interval: 10}
  components:
  - componentName: web
    instanceName: front
    parameterValues:
    - {name: who, value: all}
    traits:
    - name: ingress
      properties: {hostname: "[fromVariable(domain)]", path: /, servicePort: 8080}
    - name: manual-scaler
      properties: {replicaCount: 2}
    applicationScopes: [health]
""")
)


CATALOG = own_packages.standard_types().catalog


Place = tuple[int, tuple[str | int, ...]]
"""The index of a document, and the steps to a value in it."""


def problems_of(documents: list[dict[str, Any]]) -> list[Problem]:
    """All problems of documents that `rudr validate` reports, without the rules of the API server."""
    read = [Document(value=value, positions=Positions(file=""), name="", index=0) for value in documents]
    document_set = DocumentSet(contents=FileContents(), workspace=Workspace.parse(read), server_rules=None)
    problems = checking.check(document_set, CATALOG, datetime(2026, 1, 1, tzinfo=UTC)).problems
    missing = {problem for problem in problems.warnings if problem.path == "$"}
    return [*problems.errors, *(problem for problem in problems.warnings if problem not in missing)]


def value_at(documents: list[dict[str, Any]], place: Place) -> Any:
    """The value at a place."""
    value: Any = documents[place[0]]
    for step in place[1]:
        value = value[step]
    return value
