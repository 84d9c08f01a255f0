"""The Kubernetes kinds that the standard types produce or observe."""

from __future__ import annotations

from typing import Final

from rudr_py.api import Kind

CONFIG_MAP: Final = Kind("v1", "ConfigMap")
CLAIM: Final = Kind("v1", "PersistentVolumeClaim")
POD: Final = Kind("v1", "Pod")
SERVICE: Final = Kind("v1", "Service")
DEPLOYMENT: Final = Kind("apps/v1", "Deployment")
STATEFUL_SET: Final = Kind("apps/v1", "StatefulSet")
JOB: Final = Kind("batch/v1", "Job")
AUTOSCALER: Final = Kind("autoscaling/v2", "HorizontalPodAutoscaler")
INGRESS_CLASS: Final = Kind("networking.k8s.io/v1", "IngressClass")
INGRESS: Final = Kind("networking.k8s.io/v1", "Ingress")
NETWORK_POLICY: Final = Kind("networking.k8s.io/v1", "NetworkPolicy")
HEALTH_SCOPE: Final = Kind("core.oam.dev/v1alpha1", "HealthScope")
