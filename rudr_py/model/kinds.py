"""The kinds of Kubernetes objects that the core itself names. The built-in types, like any plugin, name their own."""

from __future__ import annotations

from typing import Final

import msgspec

from rudr_py.model.identity import API_VERSION


class Kind(msgspec.Struct, frozen=True, gc=False):
    """A kind of Kubernetes object, `api_version` with its group: `Kind("apps/v1", "Deployment")`.

    Guarantees: two with the same fields are equal, and one can be the key of a dict.
    Assumptions: the kind is namespaced, and its plural is the regular one; for any other kind the type declares a
    `Rule`.
    Errors: while the cluster does not serve the kind, applications that need it wait with the reason KindUnavailable.
    """

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        return f"{self.api_version}.{self.kind}"


APPLICATION: Final = Kind(API_VERSION, "ApplicationConfiguration")
COMPONENT: Final = Kind(API_VERSION, "ComponentSchematic")
COMPONENT_INSTANCE: Final = Kind(API_VERSION, "ComponentInstance")
HEALTH_SCOPE: Final = Kind(API_VERSION, "HealthScope")
SCOPE_DEFINITION: Final = Kind(API_VERSION, "ApplicationScope")
TRAIT_DEFINITION: Final = Kind(API_VERSION, "Trait")
WORKLOAD_TYPE_DEFINITION: Final = Kind(API_VERSION, "WorkloadType")

CONFIG_MAP: Final = Kind("v1", "ConfigMap")
EVENT: Final = Kind("v1", "Event")
NAMESPACE: Final = Kind("v1", "Namespace")
NODE: Final = Kind("v1", "Node")
POD: Final = Kind("v1", "Pod")
RESOURCE_QUOTA: Final = Kind("v1", "ResourceQuota")
SERVICE: Final = Kind("v1", "Service")

CUSTOM_RESOURCE_DEFINITION: Final = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
CRON_JOB: Final = Kind("batch/v1", "CronJob")
DAEMON_SET: Final = Kind("apps/v1", "DaemonSet")
DEPLOYMENT: Final = Kind("apps/v1", "Deployment")
JOB: Final = Kind("batch/v1", "Job")
LEASE: Final = Kind("coordination.k8s.io/v1", "Lease")
REPLICA_SET: Final = Kind("apps/v1", "ReplicaSet")
STATEFUL_SET: Final = Kind("apps/v1", "StatefulSet")

_RBAC: Final = "rbac.authorization.k8s.io/v1"
CLUSTER_RBAC_KINDS: Final = (Kind(_RBAC, "ClusterRole"), Kind(_RBAC, "ClusterRoleBinding"))
RBAC_KINDS: Final = (Kind(_RBAC, "Role"), Kind(_RBAC, "RoleBinding"), *CLUSTER_RBAC_KINDS)
"""The kinds that grant rights."""
