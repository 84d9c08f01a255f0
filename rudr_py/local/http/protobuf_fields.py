"""The field numbers of the messages that clients send as protobuf. Data only; the types are those of the schemas.

Source: the generated.proto files of k8s.io/api and k8s.io/apimachinery. `protobuf` rejects a field that is not listed
here, so no data of a client is lost silently.
"""

from __future__ import annotations

RELEASE = "1.36"
"""The release of Kubernetes whose schemas have all listed fields."""

INLINED = "^"
"""The mark of a message whose fields are those of its parent, as in JSON."""

_OBJECT = "metadata spec status"
_BINDING = "metadata subjects roleRef"
_REVIEW = "resourceAttributes nonResourceAttributes"

_MESSAGES = {
    "apps.v1.Deployment": _OBJECT,
    "apps.v1.DeploymentSpec": "replicas selector template strategy minReadySeconds revisionHistoryLimit paused "
    "9:progressDeadlineSeconds",
    "apps.v1.DeploymentStrategy": "type rollingUpdate",
    "apps.v1.RollingUpdateDeployment": "maxUnavailable maxSurge",
    "authentication.v1.BoundObjectReference": "kind apiVersion name uid",
    "authentication.v1.SelfSubjectReview": "metadata status",
    "authentication.v1.TokenRequest": _OBJECT,
    "authentication.v1.TokenRequestSpec": "audiences 3:boundObjectRef expirationSeconds",
    "authentication.v1.TokenReview": _OBJECT,
    "authentication.v1.TokenReviewSpec": "token audiences",
    "authorization.v1.LocalSubjectAccessReview": _OBJECT,
    "authorization.v1.NonResourceAttributes": "path verb",
    "authorization.v1.ResourceAttributes": "namespace verb group version resource subresource name",
    "authorization.v1.SelfSubjectAccessReview": _OBJECT,
    "authorization.v1.SelfSubjectAccessReviewSpec": _REVIEW,
    "authorization.v1.SelfSubjectRulesReview": _OBJECT,
    "authorization.v1.SelfSubjectRulesReviewSpec": "namespace",
    "authorization.v1.SubjectAccessReview": _OBJECT,
    "authorization.v1.SubjectAccessReviewSpec": f"{_REVIEW} user groups 6:uid",
    "autoscaling.v2.CrossVersionObjectReference": "kind name apiVersion",
    "autoscaling.v2.HorizontalPodAutoscaler": _OBJECT,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": "scaleTargetRef minReplicas maxReplicas metrics",
    "autoscaling.v2.MetricSpec": "type 4:resource",
    "autoscaling.v2.MetricTarget": "type value averageValue averageUtilization",
    "autoscaling.v2.ResourceMetricSource": "name target",
    "batch.v1.CronJob": _OBJECT,
    "batch.v1.CronJobSpec": "schedule startingDeadlineSeconds concurrencyPolicy suspend jobTemplate "
    "successfulJobsHistoryLimit failedJobsHistoryLimit timeZone",
    "batch.v1.Job": _OBJECT,
    "batch.v1.JobSpec": "parallelism completions activeDeadlineSeconds selector manualSelector template backoffLimit "
    "ttlSecondsAfterFinished completionMode suspend",
    "batch.v1.JobTemplateSpec": "metadata spec",
    "core.v1.ConfigMap": "metadata data binaryData immutable",
    "core.v1.Container": "name image command args workingDir ports env resources 13:terminationMessagePath "
    "imagePullPolicy 16:stdin stdinOnce tty 20:terminationMessagePolicy",
    "core.v1.ContainerPort": "name hostPort containerPort protocol hostIP",
    "core.v1.EnvVar": "name value",
    "core.v1.LocalObjectReference": "name",
    "core.v1.Namespace": _OBJECT,
    "core.v1.NamespaceSpec": "finalizers",
    "core.v1.ObjectReference": "kind namespace name uid apiVersion resourceVersion fieldPath",
    "core.v1.Pod": _OBJECT,
    "core.v1.PodSpec": "2:containers restartPolicy terminationGracePeriodSeconds 6:dnsPolicy nodeSelector "
    "serviceAccountName serviceAccount nodeName hostNetwork hostPID hostIPC 15:imagePullSecrets 19:schedulerName",
    "core.v1.PodTemplateSpec": "metadata spec",
    "core.v1.ResourceQuota": _OBJECT,
    "core.v1.ResourceQuotaSpec": "hard scopes",
    "core.v1.ResourceRequirements": "limits requests",
    "core.v1.Secret": "metadata data type stringData immutable",
    "core.v1.Service": _OBJECT,
    "core.v1.ServiceAccount": "metadata secrets imagePullSecrets automountServiceAccountToken",
    "core.v1.ServicePort": "name protocol port targetPort nodePort appProtocol",
    "core.v1.ServiceSpec": "ports selector clusterIP type externalIPs 7:sessionAffinity loadBalancerIP "
    "loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses "
    "18:clusterIPs",
    "meta.v1.DeleteOptions": "gracePeriodSeconds preconditions orphanDependents propagationPolicy dryRun",
    "meta.v1.LabelSelector": "matchLabels matchExpressions",
    "meta.v1.LabelSelectorRequirement": "key operator values",
    "meta.v1.ObjectMeta": "name generateName namespace selfLink uid resourceVersion generation creationTimestamp "
    "deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers 17:managedFields",
    "meta.v1.OwnerReference": "kind 3:name uid apiVersion controller blockOwnerDeletion",
    "meta.v1.Preconditions": "uid resourceVersion",
    "networking.v1.HTTPIngressPath": "path backend pathType",
    "networking.v1.HTTPIngressRuleValue": "paths",
    "networking.v1.Ingress": _OBJECT,
    "networking.v1.IngressBackend": "4:service",
    "networking.v1.IngressRule": "host ^networking.v1.IngressRuleValue",
    "networking.v1.IngressRuleValue": "http",
    "networking.v1.IngressServiceBackend": "name port",
    "networking.v1.IngressSpec": "defaultBackend tls rules ingressClassName",
    "networking.v1.IngressTLS": "hosts secretName",
    "networking.v1.ServiceBackendPort": "name number",
    "policy.v1.Eviction": "metadata deleteOptions",
    "policy.v1.PodDisruptionBudget": _OBJECT,
    "policy.v1.PodDisruptionBudgetSpec": "minAvailable selector maxUnavailable",
    "rbac.v1.AggregationRule": "clusterRoleSelectors",
    "rbac.v1.ClusterRole": "metadata rules aggregationRule",
    "rbac.v1.ClusterRoleBinding": _BINDING,
    "rbac.v1.PolicyRule": "verbs apiGroups resources resourceNames nonResourceURLs",
    "rbac.v1.Role": "metadata rules",
    "rbac.v1.RoleBinding": _BINDING,
    "rbac.v1.RoleRef": "apiGroup kind name",
    "rbac.v1.Subject": "kind apiGroup name namespace",
    "scheduling.v1.PriorityClass": "metadata value globalDefault description preemptionPolicy",
}
"""The fields by message, numbered from 1, or from the number before a colon."""


def _numbered(names: str) -> dict[int, str]:
    fields: dict[int, str] = {}
    number = 0
    for name in names.split():
        first, colon, field = name.rpartition(":")
        number = int(first) if colon else number + 1
        fields[number] = field
    return fields


FIELDS = {message: _numbered(names) for message, names in _MESSAGES.items()}
"""The fields by message and number."""

KINDS = {message.rpartition(".")[2]: message for message, names in _MESSAGES.items() if names.startswith("metadata ")}
"""The messages of the kinds that clients send. HorizontalPodAutoscaler is that of `autoscaling/v2`."""
KINDS["DeleteOptions"] = "meta.v1.DeleteOptions"
