"""The field numbers of the messages that clients send as protobuf, by kind. Data only.

Source: the generated.proto files of k8s.io/api and k8s.io/apimachinery. `protobuf` rejects a field that is not listed
here, so no data of a client is lost silently.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Field(msgspec.Struct, frozen=True):
    """A field of a message.

    `kind` is text, int, bool, time, quantity, intstr, map, bytesmap, quantities (a map), skip, or the fields of a
    message; a message without a name is inlined in its parent, as in JSON.
    """

    name: str
    kind: Any = "text"
    many: bool = False


Fields = dict[int, Field]


def _texts(*names: str) -> Fields:
    """Fields of type string, numbered from 1; a name that ends with `*` is repeated."""
    return {number: Field(name.rstrip("*"), many=name.endswith("*")) for number, name in enumerate(names, 1)}


_SKIPPED = Field("", "skip")
_OWNER: Fields = {
    **_texts("kind", "", "name", "uid", "apiVersion"),
    6: Field("controller", "bool"),
    7: Field("blockOwnerDeletion", "bool"),
}
_META: Fields = {
    **_texts("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"),
    7: Field("generation", "int"),
    8: Field("creationTimestamp", "time"),
    9: Field("deletionTimestamp", "time"),
    10: Field("deletionGracePeriodSeconds", "int"),
    11: Field("labels", "map"),
    12: Field("annotations", "map"),
    13: Field("ownerReferences", _OWNER, many=True),
    14: Field("finalizers", many=True),
    17: _SKIPPED,
}
_METADATA = Field("metadata", _META)
_REQUIREMENT: Fields = _texts("key", "operator", "values*")
_SELECTOR: Fields = {1: Field("matchLabels", "map"), 2: Field("matchExpressions", _REQUIREMENT, many=True)}
_REFERENCE: Fields = _texts("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_LOCAL_REFERENCE: Fields = _texts("name")
_RESOURCES: Fields = {1: Field("limits", "quantities"), 2: Field("requests", "quantities")}
_CONTAINER_PORT: Fields = {
    1: Field("name"),
    2: Field("hostPort", "int"),
    3: Field("containerPort", "int"),
    4: Field("protocol"),
    5: Field("hostIP"),
}
_CONTAINER: Fields = {
    **_texts("name", "image", "command*", "args*", "workingDir"),
    6: Field("ports", _CONTAINER_PORT, many=True),
    7: Field("env", _texts("name", "value"), many=True),
    8: Field("resources", _RESOURCES),
    13: Field("terminationMessagePath"),
    14: Field("imagePullPolicy"),
    16: Field("stdin", "bool"),
    17: Field("stdinOnce", "bool"),
    18: Field("tty", "bool"),
    20: Field("terminationMessagePolicy"),
}
_POD: Fields = {
    2: Field("containers", _CONTAINER, many=True),
    3: Field("restartPolicy"),
    4: Field("terminationGracePeriodSeconds", "int"),
    6: Field("dnsPolicy"),
    7: Field("nodeSelector", "map"),
    8: Field("serviceAccountName"),
    9: Field("serviceAccount"),
    10: Field("nodeName"),
    11: Field("hostNetwork", "bool"),
    12: Field("hostPID", "bool"),
    13: Field("hostIPC", "bool"),
    15: Field("imagePullSecrets", _LOCAL_REFERENCE, many=True),
    19: Field("schedulerName"),
}
_TEMPLATE: Fields = {1: _METADATA, 2: Field("spec", _POD)}
_STRATEGY: Fields = {
    1: Field("type"),
    2: Field("rollingUpdate", {1: Field("maxUnavailable", "intstr"), 2: Field("maxSurge", "intstr")}),
}
_DEPLOYMENT: Fields = {
    1: Field("replicas", "int"),
    2: Field("selector", _SELECTOR),
    3: Field("template", _TEMPLATE),
    4: Field("strategy", _STRATEGY),
    5: Field("minReadySeconds", "int"),
    6: Field("revisionHistoryLimit", "int"),
    7: Field("paused", "bool"),
    9: Field("progressDeadlineSeconds", "int"),
}
_JOB: Fields = {
    1: Field("parallelism", "int"),
    2: Field("completions", "int"),
    3: Field("activeDeadlineSeconds", "int"),
    4: Field("selector", _SELECTOR),
    5: Field("manualSelector", "bool"),
    6: Field("template", _TEMPLATE),
    7: Field("backoffLimit", "int"),
    8: Field("ttlSecondsAfterFinished", "int"),
    9: Field("completionMode"),
    10: Field("suspend", "bool"),
}
_CRON_JOB: Fields = {
    1: Field("schedule"),
    2: Field("startingDeadlineSeconds", "int"),
    3: Field("concurrencyPolicy"),
    4: Field("suspend", "bool"),
    5: Field("jobTemplate", {1: _METADATA, 2: Field("spec", _JOB)}),
    6: Field("successfulJobsHistoryLimit", "int"),
    7: Field("failedJobsHistoryLimit", "int"),
    8: Field("timeZone"),
}
_SERVICE_PORT: Fields = {
    1: Field("name"),
    2: Field("protocol"),
    3: Field("port", "int"),
    4: Field("targetPort", "intstr"),
    5: Field("nodePort", "int"),
    6: Field("appProtocol"),
}
_SERVICE: Fields = {
    1: Field("ports", _SERVICE_PORT, many=True),
    2: Field("selector", "map"),
    3: Field("clusterIP"),
    4: Field("type"),
    5: Field("externalIPs", many=True),
    7: Field("sessionAffinity"),
    8: Field("loadBalancerIP"),
    9: Field("loadBalancerSourceRanges", many=True),
    10: Field("externalName"),
    11: Field("externalTrafficPolicy"),
    12: Field("healthCheckNodePort", "int"),
    13: Field("publishNotReadyAddresses", "bool"),
    18: Field("clusterIPs", many=True),
}
_BUDGET: Fields = {
    1: Field("minAvailable", "intstr"),
    2: Field("selector", _SELECTOR),
    3: Field("maxUnavailable", "intstr"),
}
_BACKEND: Fields = {
    4: Field("service", {1: Field("name"), 2: Field("port", {1: Field("name"), 2: Field("number", "int")})}),
}
_PATH: Fields = {1: Field("path"), 2: Field("backend", _BACKEND), 3: Field("pathType")}
_INGRESS_RULE: Fields = {
    1: Field("host"),
    2: Field("", {1: Field("http", {1: Field("paths", _PATH, many=True)})}),
}
_INGRESS: Fields = {
    1: Field("defaultBackend", _BACKEND),
    2: Field("tls", _texts("hosts*", "secretName"), many=True),
    3: Field("rules", _INGRESS_RULE, many=True),
    4: Field("ingressClassName"),
}
_METRIC_TARGET: Fields = {
    1: Field("type"),
    2: Field("value", "quantity"),
    3: Field("averageValue", "quantity"),
    4: Field("averageUtilization", "int"),
}
_METRIC: Fields = {1: Field("type"), 4: Field("resource", {1: Field("name"), 2: Field("target", _METRIC_TARGET)})}
_AUTOSCALER: Fields = {
    1: Field("scaleTargetRef", _texts("kind", "name", "apiVersion")),
    2: Field("minReplicas", "int"),
    3: Field("maxReplicas", "int"),
    4: Field("metrics", _METRIC, many=True),
}
_SUBJECT: Fields = _texts("kind", "apiGroup", "name", "namespace")
_ROLE_REF: Fields = _texts("apiGroup", "kind", "name")
_RULE: Fields = _texts("verbs*", "apiGroups*", "resources*", "resourceNames*", "nonResourceURLs*")
_ROLE: Fields = {1: _METADATA, 2: Field("rules", _RULE, many=True)}
_BINDING: Fields = {1: _METADATA, 2: Field("subjects", _SUBJECT, many=True), 3: Field("roleRef", _ROLE_REF)}
_REVIEW: Fields = {
    1: Field("resourceAttributes", _texts("namespace", "verb", "group", "version", "resource", "subresource", "name")),
    2: Field("nonResourceAttributes", _texts("path", "verb")),
}
_SUBJECT_REVIEW: Fields = {**_REVIEW, 3: Field("user"), 4: Field("groups", many=True), 6: Field("uid")}
_DELETE_OPTIONS: Fields = {
    1: Field("gracePeriodSeconds", "int"),
    2: Field("preconditions", _texts("uid", "resourceVersion")),
    3: Field("orphanDependents", "bool"),
    4: Field("propagationPolicy"),
    5: Field("dryRun", many=True),
}


def _object(spec: Fields) -> Fields:
    return {1: _METADATA, 2: Field("spec", spec), 3: _SKIPPED}


MESSAGES: dict[str, Fields] = {
    "Namespace": _object({1: Field("finalizers", many=True)}),
    "ConfigMap": {
        1: _METADATA,
        2: Field("data", "map"),
        3: Field("binaryData", "bytesmap"),
        4: Field("immutable", "bool"),
    },
    "Secret": {
        1: _METADATA,
        2: Field("data", "bytesmap"),
        3: Field("type"),
        4: Field("stringData", "map"),
        5: Field("immutable", "bool"),
    },
    "ServiceAccount": {
        1: _METADATA,
        2: Field("secrets", _REFERENCE, many=True),
        3: Field("imagePullSecrets", _LOCAL_REFERENCE, many=True),
        4: Field("automountServiceAccountToken", "bool"),
    },
    "Service": _object(_SERVICE),
    "Deployment": _object(_DEPLOYMENT),
    "Job": _object(_JOB),
    "CronJob": _object(_CRON_JOB),
    "Pod": _object(_POD),
    "PodDisruptionBudget": _object(_BUDGET),
    "Ingress": _object(_INGRESS),
    "HorizontalPodAutoscaler": _object(_AUTOSCALER),
    "ResourceQuota": _object({1: Field("hard", "quantities"), 2: Field("scopes", many=True)}),
    "Role": _ROLE,
    "ClusterRole": {
        **_ROLE,
        3: Field("aggregationRule", {1: Field("clusterRoleSelectors", _SELECTOR, many=True)}),
    },
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "PriorityClass": {
        1: _METADATA,
        2: Field("value", "int"),
        3: Field("globalDefault", "bool"),
        4: Field("description"),
        5: Field("preemptionPolicy"),
    },
    "SelfSubjectAccessReview": _object(_REVIEW),
    "SelfSubjectReview": {1: _METADATA, 2: _SKIPPED},
    "SelfSubjectRulesReview": _object(_texts("namespace")),
    "SubjectAccessReview": _object(_SUBJECT_REVIEW),
    "LocalSubjectAccessReview": _object(_SUBJECT_REVIEW),
    "TokenReview": _object(_texts("token", "audiences*")),
    "TokenRequest": _object(
        {
            1: Field("audiences", many=True),
            3: Field("boundObjectRef", _texts("kind", "apiVersion", "name", "uid")),
            4: Field("expirationSeconds", "int"),
        }
    ),
    "Eviction": {1: _METADATA, 2: Field("deleteOptions", _DELETE_OPTIONS)},
    "DeleteOptions": _DELETE_OPTIONS,
}
"""The messages by kind. HorizontalPodAutoscaler is that of `autoscaling/v2`."""
