"""Sets of values to render the chart with, by name. Together they set every value."""

from __future__ import annotations

from typing import Any

from tests import own_packages

SHA = "sha256:" + "0123456789abcdef" * 4

PACKAGES = [
    {"name": "rudr-py-cronhpa", "version": "0.1.0", "hashes": [SHA, "sha256:" + "f" * 64]},
    {"name": "rudr_py_faas", "version": "0.1.0", "hashes": [SHA]},
]

RUDR: dict[str, Any] = {
    "replicaCount": 1,
    "logLevel": "rudr=info,kube=info",
    "image": {"repository": "oamdev/rudr", "tag": "latest", "pullPolicy": "Always"},
    "enableRBAC": True,
    "nameOverride": "",
    "fullnameOverride": "",
    "resources": {},
    "nodeSelector": {},
    "tolerations": [],
    "affinity": {},
}
"""The complete value file of Rudr's chart 0.1.0."""

CASES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "Rudr's file": RUDR,
    "Rudr's file, changed": {
        **RUDR,
        "replicaCount": 3,
        "logLevel": "debug",
        "enableRBAC": False,
        "nameOverride": "oam",
        "resources": {"limits": {"cpu": "100m", "memory": "128Mi"}},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    },
    "a custom image": {
        "image": {
            "registry": "registry.example",
            "repository": "platform/rudr-py",
            "tag": "0.1.0-shop",
            "pullPolicy": "Never",
            "pullSecrets": [{"name": "registry-key"}],
        },
        "fullnameOverride": "oam",
        "commonLabels": {"team": "platform"},
    },
    "an image by its digest": {
        "image": {"digest": SHA},
        "logFormat": "text",
        "workers": 4,
        "cacheMebibytes": 32,
        "sensitiveWords": ["dsn"],
    },
    "impersonation": {
        "impersonation": {
            "enabled": True,
            "defaultAccount": "apps",
            "accounts": ["builders"],
            "applicationAccounts": False,
            "constrained": False,
        },
    },
    "impersonation in two namespaces": {
        "watchNamespaces": ["shop", "till"],
        "impersonation": {"enabled": True},
    },
    "larger applications": {"applicationLimits": {"traits": 200, "expanded_bytes": 64 * 2**20}},
    "two namespaces": {
        "watchNamespaces": ["shop", "rudr-system"],
        "rbac": {
            "waits": False,
            "extraRules": [{"apiGroups": ["shop.example"], "resources": ["trays"], "verbs": ["list", "watch"]}],
        },
    },
    "two namespaces, definitions elsewhere": {
        "watchNamespaces": ["shop", "till"],
        "definitionsNamespace": {"name": "definitions", "create": True},
        "publishDefinitions": False,
        "rootScopes": True,
        "instanceStatuses": True,
        "checkResources": "off",
        "revisionHistoryLimit": 3,
        "removalPolicy": "first",
        "removalDeadline": "1h",
        "componentUpdates": "manual",
    },
    "rights by the cluster admin": {
        "rbac": {"create": False},
        "serviceAccount": {"create": False, "name": "existing", "automount": False},
        "userRoles": {"create": False},
        "authorPolicy": {"create": False},
        "crds": {"install": False},
    },
    "beside KubeVela, twice": {
        "crds": {"keep": False, "legacyShortNames": True, "annotations": {"owner": "platform"}},
        "userRoles": {"aggregate": False, "prefix": "second", "definitionReaders": ["developers"]},
        "authorPolicy": {"actions": ["Warn", "Audit"]},
        "rbac": {"aggregate": False},
        "serviceAccount": {"name": "controller", "annotations": {"owner": "platform"}},
    },
    "one replica, no election": {
        "replicaCount": 1,
        "leaderElection": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "metrics": {"enabled": False},
    },
    "several shards": {"replicaCount": 3, "shards": 4},
    "another election": {
        "leaderElection": {"id": "one", "leaseDuration": "1m30s", "renewDeadline": "60s", "retryPeriod": "500ms"},
        "podDisruptionBudget": {"minAvailable": 1},
        "terminationGracePeriodSeconds": 90,
        "priorityClassName": "system-cluster-critical",
        "topologySpreadConstraints": [
            {"maxSkew": 2, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
        ],
    },
    "plugins in the image": {
        "plugins": {
            "only": ["cronhpa", "faas"],
            "strict": True,
            **{name: {"rbac": True} for name in own_packages.WITH_RIGHTS},
        },
        "podDisruptionBudget": {"maxUnavailable": "50%"},
    },
    "plugins by pip": {
        "plugins": {
            "packages": PACKAGES,
            "indexUrl": "https://index.example/simple",
            "pipImage": "python:3.13-slim",
            "resources": {"limits": {"memory": "1Gi"}},
        },
    },
    "further things": {
        "annotations": {"a": "1"},
        "podAnnotations": {"b": "2"},
        "podLabels": {"c": "3"},
        "extraArgs": ["--image-pull-policy=Always"],
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
        "extraEnvFrom": [{"configMapRef": {"name": "more"}}],
        "extraVolumes": [{"name": "more", "configMap": {"name": "more"}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        "extraObjects": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}},
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-text'}\n",
        ],
        "livenessProbe": {"periodSeconds": 20},
        "readinessProbe": {"successThreshold": 2},
        "podSecurityContext": {"runAsUser": 1000, "supplementalGroups": [7]},
        "securityContext": {"runAsGroup": 1000},
    },
    "defaults of pods": {
        "applicationDefaults": {
            "podSecurity": "namespace",
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": 1, "memory": "256Mi", "ephemeral-storage": "1Gi"},
            "imagePullPolicy": "Always",
        },
    },
    "a monitored cluster": {
        "healthScope": {"enabled": True, "port": 8000},
        "metrics": {
            "service": {"port": 9090, "annotations": {"scrape": "yes"}, "labels": {"tier": "infra"}},
            "serviceMonitor": {
                "enabled": True,
                "interval": "30s",
                "scrapeTimeout": "10s",
                "labels": {"release": "prometheus"},
                "relabelings": [{"action": "labeldrop", "regex": "pod"}],
                "metricRelabelings": [{"action": "drop", "regex": "python_.*", "sourceLabels": ["__name__"]}],
            },
            "prometheusRule": {
                "enabled": True,
                "labels": {"release": "prometheus"},
                "extraRules": [{"alert": "Mine", "expr": "vector(1)"}],
            },
            "dashboard": {"enabled": True, "labels": {"dashboards": "here"}, "annotations": {"folder": "OAM"}},
        },
        "networkPolicy": {
            "enabled": True,
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
            "egress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
        },
    },
    "monitored without a Service": {
        "metrics": {
            "service": {"enabled": False},
            "podMonitor": {
                "enabled": True,
                "interval": "1m",
                "scrapeTimeout": "5s",
                "labels": {"release": "prometheus"},
                "relabelings": [{"action": "labeldrop", "regex": "pod"}],
                "metricRelabelings": [{"action": "labeldrop", "regex": "host"}],
            },
        },
        "networkPolicy": {"enabled": True},
    },
}
