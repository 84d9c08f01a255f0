"""The standard types keep what every type promises: the suite that authors of plugins run."""

from __future__ import annotations

from typing import Any

from rudr_py import builtin
from rudr_py.testing import conformance
from tests import autoscaling

TYPES = {type_.name: type_ for type_ in builtin.rudr_register_types()}
CORE = "core.oam.dev/v1alpha1"

SILENT: dict[str, Any] = {"containers": [{"name": "main", "image": "registry.example/batch:2.0"}]}
DISK: dict[str, Any] = {
    "containers": [
        {
            "name": "main",
            "image": "registry.example/web:1.0",
            "ports": [{"name": "http", "containerPort": 80}],
            "config": [{"path": "/etc/main.ini", "value": "[main]"}],
            "resources": {"volumes": [{"name": "data", "mountPath": "/data", "disk": {"required": "1Gi"}}]},
        }
    ]
}
CLAIM = {"volumeName": "data", "storageClass": "fast"}
MOUNT = {"name": "volume-mounter", "properties": CLAIM}
HEALTH = {"probe-method": "kube-get", "probe-endpoint": ".status"}
NETWORK = {"network-id": "vpc-1", "subnet-id": "vsw-1"}

test_server = conformance.suite(TYPES[f"{CORE}.Server"])
test_server_with_disk = conformance.suite(TYPES[f"{CORE}.Server"], component=DISK, traits=[MOUNT])
test_singleton_server = conformance.suite(TYPES[f"{CORE}.SingletonServer"])
test_worker = conformance.suite(TYPES[f"{CORE}.Worker"], component=SILENT)
test_singleton_worker = conformance.suite(TYPES[f"{CORE}.SingletonWorker"], component=SILENT)
test_task = conformance.suite(TYPES[f"{CORE}.Task"], component=SILENT)
test_singleton_task = conformance.suite(TYPES[f"{CORE}.SingletonTask"], component=SILENT)
test_manual_scaler = conformance.suite(TYPES["manual-scaler"], properties=[{"replicaCount": 3}])
LOAD: dict[str, Any] = {
    "metrics": autoscaling.metrics("web", value=2000, average=30),
    "behavior": {
        "scaleUp": {"selectPolicy": "Max", "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]},
        "scaleDown": {"stabilizationWindowSeconds": 600},
    },
}
test_auto_scaler = conformance.suite(
    TYPES["auto-scaler"], properties=[{}, {"minimum": 2, "maximum": 4, "cpu": 60}, LOAD]
)
test_ingress = conformance.suite(
    TYPES["ingress"], properties=[{"hostname": "a.example"}, {"hostname": "b.example", "tlsSecretName": "tls"}]
)
test_volume_mounter = conformance.suite(TYPES["volume-mounter"], component=DISK, properties=[CLAIM])
test_empty = conformance.suite(TYPES["empty"])
test_health_scope = conformance.suite(TYPES[f"{CORE}.HealthScope"], properties=[HEALTH])
test_network_scope = conformance.suite(TYPES[f"{CORE}.NetworkScope"], properties=[NETWORK])
