"""Documents and patches that several tests of `rudr diff` use."""

from __future__ import annotations

from typing import Any

HOLD = {"metadata": {"finalizers": ["example.com/hold"]}}
"""A patch that keeps an object under deletion."""

RELEASE: dict[str, Any] = {"metadata": {"finalizers": None}}
"""The patch that ends it."""

TENANTS = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: tenants.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {plural: tenants, singular: tenant, kind: Tenant, listKind: TenantList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: v1
kind: Namespace
metadata: {name: rudr-system}
---
apiVersion: core.oam.dev/v1alpha1
kind: WorkloadType
metadata: {name: tenants, namespace: rudr-system}
spec:
  group: example.com
  version: v1
  names: {kind: Tenant, plural: tenants, singular: tenant}
  workloadSettings: []
"""
"""A kind without namespace, and a workload type that admits it."""

TENANT_COMPONENT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: tenant}
spec:
  workloadType: example.com/v1.Tenant
  workloadSettings: [{name: spec, value: {size: 1}}]
"""
"""A component of that type."""
