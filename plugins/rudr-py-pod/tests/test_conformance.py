"""The contract of every type, for the traits of this package."""

from __future__ import annotations

from typing import Any

from rudr_py.testing import conformance
from rudr_py_pod.disruption_budget import DisruptionBudget
from rudr_py_pod.image import Image
from rudr_py_pod.init_container import InitContainer
from rudr_py_pod.lifecycle import Lifecycle
from rudr_py_pod.metadata import Metadata
from rudr_py_pod.placement import Placement
from rudr_py_pod.pod_security import PodSecurity
from rudr_py_pod.probes import Probes
from rudr_py_pod.resources import Resources
from rudr_py_pod.rollout import Rollout
from rudr_py_pod.secret_env import SecretEnv
from rudr_py_pod.service import Service
from rudr_py_pod.service_account import ServiceAccount
from rudr_py_pod.sidecar import Sidecar

EXTRA: dict[str, Any] = {
    "name": "helper",
    "image": "registry.example/helper:1.0.0",
    "env": [{"name": "MODE", "value": "fast"}, {"name": "TOKEN", "secretRef": {"name": "tokens", "key": "helper"}}],
    "limits": {"memory": "64Mi"},
}
SOURCES: dict[str, Any] = {
    "env": [
        {"name": "PGPASSWORD", "secretName": "db", "key": "password"},
        {"name": "MODE", "configMapName": "settings"},
    ],
    "envFrom": [{"configMapName": "settings", "prefix": "APP_", "optional": True}],
    "files": [{"secretName": "tls", "mountPath": "/etc/tls", "items": {"tls.crt": "server.crt"}, "mode": 256}],
}

test_disruption_budget_conforms = conformance.suite(
    DisruptionBudget(), properties=[{"minAvailable": 1}, {"maxUnavailable": "25%"}]
)
test_disruption_budget_of_unhealthy_pods_conforms = conformance.suite(
    DisruptionBudget(),
    properties=[{"maxUnavailable": "25%", "unhealthyPods": "AlwaysAllow"}],
    kubernetes=("1.27", "1.31", "1.37"),
)
test_image_conforms = conformance.suite(
    Image(), properties=[{"tag": "1.4.2"}, {"byContainer": {"web": {"pullPolicy": "Always"}}}]
)
test_init_container_conforms = conformance.suite(InitContainer(), properties=[EXTRA])
test_lifecycle_conforms = conformance.suite(
    Lifecycle(),
    properties=[{"gracePeriod": 60}, {"preStop": {"command": ["sleep", "5"]}, "postStart": {"httpGet": {"port": 80}}}],
)
test_metadata_conforms = conformance.suite(
    Metadata(),
    properties=[{"labels": {"team": "frontend"}}, {"workloadAnnotations": {"example.com/owner": "frontend"}}],
)
test_placement_conforms = conformance.suite(
    Placement(),
    properties=[
        {"nodeSelector": {"disk": "ssd"}, "priorityClass": "high"},
        {
            "spread": [{"topologyKey": "topology.kubernetes.io/zone"}],
            "tolerations": [{"key": "spot", "seconds": 60, "effect": "NoExecute"}],
        },
        {"affinity": {"podAntiAffinity": {}}},
    ],
)
test_pod_security_conforms = conformance.suite(
    PodSecurity(),
    properties=[
        {},
        {"profile": "baseline", "user": 1000},
        {"readOnlyRootFilesystem": True, "addCapabilities": ["NET_BIND_SERVICE"]},
    ],
)
test_probes_conforms = conformance.suite(
    Probes(),
    properties=[
        {"startup": {"httpGet": {"path": "/healthz", "port": 80}, "failureThreshold": 30}},
        {"readiness": {"tcpPort": 80, "initialDelay": 3}, "liveness": {"command": ["true"]}},
        {"liveness": {"grpcPort": 9000}},
    ],
)
test_resources_conforms = conformance.suite(
    Resources(),
    properties=[{"limits": {"cpu": 1, "memory": "256Mi"}}, {"byContainer": {"web": {"requests": {"cpu": 0.25}}}}],
)
test_rollout_conforms = conformance.suite(
    Rollout(),
    properties=[
        {"maxSurge": "50%", "maxUnavailable": 0, "minReady": 5, "progressDeadline": 120},
        {"strategy": "Recreate"},
    ],
)
test_secret_env_conforms = conformance.suite(SecretEnv(), properties=[SOURCES])
test_service_conforms = conformance.suite(
    Service(),
    properties=[
        {"type": "LoadBalancer", "annotations": {"example.com/size": "small"}, "externalTraffic": "Local"},
        {"ports": {"http": 8080}},
        {"headless": True, "sessionAffinity": "None"},
    ],
)
test_service_account_conforms = conformance.suite(
    ServiceAccount(), properties=[{"name": "web"}, {"automountToken": False}]
)
test_sidecar_conforms = conformance.suite(Sidecar(), properties=[EXTRA])
test_native_sidecar_conforms = conformance.suite(
    Sidecar(), properties=[{**EXTRA, "native": True}], kubernetes=("1.29", "1.31", "1.37")
)
