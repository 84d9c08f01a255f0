"""What the publication of the built-in schemas leaves out, as tables of (definition, field).

OpenAPI v2 carries no defaults, so neither the defaults of list keys nor the mark of a struct held by value are in it.
Sources: the `+default` markers and the struct fields of k8s.io/api.
"""

from __future__ import annotations

from typing import Any

_CORE = "io.k8s.api.core.v1."
_APPS = "io.k8s.api.apps.v1."
_BATCH = "io.k8s.api.batch.v1."
_CRD = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

KEY_DEFAULTS: dict[tuple[str, str], Any] = {
    (_CORE + "ContainerPort", "protocol"): "TCP",
    (_CORE + "ServicePort", "protocol"): "TCP",
    (_CORE + "LocalObjectReference", "name"): "",
}
"""Defaults that the server publishes and structured merge needs: an absent key has this value."""

_WITH_SPEC_AND_STATUS = tuple(
    prefix + kind
    for prefix, kinds in {
        _CORE: "Pod Service Namespace Node PersistentVolume PersistentVolumeClaim ReplicationController ResourceQuota",
        _APPS: "Deployment StatefulSet DaemonSet ReplicaSet",
        _BATCH: "Job CronJob",
        "io.k8s.api.networking.v1.": "Ingress",
        "io.k8s.api.autoscaling.v1.": "HorizontalPodAutoscaler Scale",
        "io.k8s.api.autoscaling.v2.": "HorizontalPodAutoscaler",
        "io.k8s.api.policy.v1.": "PodDisruptionBudget",
        "io.k8s.api.certificates.v1.": "CertificateSigningRequest",
        "io.k8s.api.authorization.v1.": (
            "SelfSubjectAccessReview SubjectAccessReview LocalSubjectAccessReview SelfSubjectRulesReview"
        ),
        "io.k8s.api.authentication.v1.": "TokenReview TokenRequest",
        _CRD: "CustomResourceDefinition",
        "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.": "APIService",
    }.items()
    for kind in kinds.split()
)
_WITH_SPEC = (
    _CORE + "LimitRange",
    _CORE + "PodTemplateSpec",
    _BATCH + "JobTemplateSpec",
    "io.k8s.api.networking.v1.NetworkPolicy",
    "io.k8s.api.networking.v1.IngressClass",
    "io.k8s.api.coordination.v1.Lease",
    "io.k8s.api.storage.v1.CSIDriver",
)
_TEMPLATES = tuple(_APPS + kind for kind in ("DeploymentSpec", "StatefulSetSpec", "DaemonSetSpec", "ReplicaSetSpec"))

BY_VALUE: frozenset[tuple[str, str]] = frozenset(
    {
        *((name, "spec") for name in (*_WITH_SPEC_AND_STATUS, *_WITH_SPEC)),
        *((name, "status") for name in _WITH_SPEC_AND_STATUS),
        *((name, "template") for name in (*_TEMPLATES, _BATCH + "JobSpec", _CORE + "PodTemplate")),
        (_APPS + "DeploymentSpec", "strategy"),
        (_APPS + "StatefulSetSpec", "updateStrategy"),
        (_APPS + "DaemonSetSpec", "updateStrategy"),
        (_BATCH + "CronJobSpec", "jobTemplate"),
        (_CORE + "Container", "resources"),
        (_CORE + "EphemeralContainer", "resources"),
        (_CORE + "PersistentVolumeClaimSpec", "resources"),
        (_CORE + "ServiceStatus", "loadBalancer"),
        (_CORE + "Event", "involvedObject"),
        (_CORE + "Event", "source"),
        (_CORE + "NodeStatus", "daemonEndpoints"),
        (_CORE + "NodeStatus", "nodeInfo"),
        (_CORE + "NodeDaemonEndpoints", "kubeletEndpoint"),
        ("io.k8s.api.events.v1.Event", "regarding"),
        ("io.k8s.api.events.v1.Event", "deprecatedSource"),
        ("io.k8s.api.networking.v1.IngressStatus", "loadBalancer"),
        ("io.k8s.api.networking.v1.NetworkPolicySpec", "podSelector"),
        ("io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec", "scaleTargetRef"),
        ("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", "scaleTargetRef"),
        ("io.k8s.api.rbac.v1.RoleBinding", "roleRef"),
        ("io.k8s.api.rbac.v1.ClusterRoleBinding", "roleRef"),
        (_CRD + "CustomResourceDefinitionSpec", "names"),
        (_CRD + "CustomResourceDefinitionStatus", "acceptedNames"),
    }
)
"""Fields whose Go struct is held by value: present in every object, if only as `{}`."""
