"""The contract of every type, for the types of this package."""

from __future__ import annotations

from rudr_py.testing import conformance
from rudr_py_faas.knative import KnativeService
from rudr_py_faas.openfaas import Function

IMAGE = {"image": "registry.example/thumb:1", "requests": {"cpu": "100m", "memory": "64Mi"}}
FILES = {
    "containers": [
        {
            "name": "app",
            "image": "registry.example/thumb:1",
            "ports": [{"name": "http", "containerPort": 8080}],
            "config": [{"path": "/etc/app/settings.ini", "value": "a=1"}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
            "resources": {
                "volumes": [
                    {"name": "tmp", "mountPath": "/var/cache/app", "disk": {"required": "1M", "ephemeral": True}}
                ]
            },
        }
    ]
}
AUTO = [{"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 3, "cpu": 60}}]

test_knative_conforms = conformance.suite(
    KnativeService(), properties=[{**IMAGE, "clusterLocal": True}], component={"containers": []}, traits=AUTO
)
test_knative_with_containers_conforms = conformance.suite(
    KnativeService(), properties=[{"timeoutSeconds": 60}], component=FILES, traits=AUTO
)
test_openfaas_conforms = conformance.suite(
    Function(),
    properties=[{**IMAGE, "environment": [{"name": "A", "value": 1}], "secrets": ["key"]}],
    component={"containers": []},
    traits=AUTO,
)
