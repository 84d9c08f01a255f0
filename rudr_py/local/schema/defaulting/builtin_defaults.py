"""Defaults of built-in kinds that the code of the API server sets, except those of pods.

There is one function for each Go struct, registered under its definition; `defaulter` calls it. It sets absent fields
in place. Values that depend on other objects or on a counter (cluster IPs, uids) are set elsewhere. Source:
pkg/apis/*/v1/defaults.go of Kubernetes 1.36.
"""

from __future__ import annotations

from rudr_py.local.schema.defaulting import pod_defaults
from rudr_py.local.schema.defaulting.pod_defaults import Filler, Struct, constants

_APPS = "io.k8s.api.apps.v1."
_BATCH = "io.k8s.api.batch.v1."
_CORE = "io.k8s.api.core.v1."
_NET = "io.k8s.api.networking.v1."
_RBAC = "io.k8s.api.rbac.v1."
_ADMISSION = "io.k8s.api.admissionregistration.v1."
_CRD = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
_FLOW = "io.k8s.api.flowcontrol.v1."
_RBAC_GROUP = "rbac.authorization.k8s.io"


def _struct(parent: Struct, key: str) -> Struct:
    """Return the struct at a key, created if absent; a detached one if the value is not an object."""
    struct = parent.setdefault(key, {})
    return struct if isinstance(struct, dict) else {}


def _deployment(spec: Struct) -> None:
    constants(replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)(spec)
    strategy = _struct(spec, "strategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        constants(maxUnavailable="25%", maxSurge="25%")(_struct(strategy, "rollingUpdate"))


def _stateful_set(spec: Struct) -> None:
    constants(podManagementPolicy="OrderedReady", replicas=1, revisionHistoryLimit=10)(spec)
    strategy = _struct(spec, "updateStrategy")
    if "type" not in strategy:
        strategy["type"] = "RollingUpdate"
        _struct(strategy, "rollingUpdate")
    if strategy["type"] == "RollingUpdate" and "rollingUpdate" in strategy:
        _struct(strategy, "rollingUpdate").setdefault("partition", 0)
    constants(whenDeleted="Retain", whenScaled="Retain")(_struct(spec, "persistentVolumeClaimRetentionPolicy"))
    templates = spec.get("volumeClaimTemplates")
    for claim in templates if isinstance(templates, list) else ():
        if isinstance(claim, dict):
            constants(apiVersion="v1", kind="PersistentVolumeClaim")(claim)


def _daemon_set(spec: Struct) -> None:
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = _struct(spec, "updateStrategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        constants(maxUnavailable=1, maxSurge=0)(_struct(strategy, "rollingUpdate"))


def _labels_of_template(obj: Struct) -> None:
    """ReplicaSets, replication controllers and Jobs without labels share those of their template, as in Go."""
    labels = _struct(_struct(_struct(obj, "spec"), "template"), "metadata").get("labels")
    metadata = _struct(obj, "metadata")
    if labels and not metadata.get("labels"):
        metadata["labels"] = labels


def _replication_controller(obj: Struct) -> None:
    _labels_of_template(obj)
    spec = _struct(obj, "spec")
    spec.setdefault("replicas", 1)
    labels = _struct(_struct(spec, "template"), "metadata").get("labels")
    if labels and not spec.get("selector"):
        spec["selector"] = dict(labels)


def _job(job: Struct) -> None:
    _labels_of_template(job)
    spec = _struct(job, "spec")
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 2147483647 if "backoffLimitPerIndex" in spec else 6)
    replaced = "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed"
    constants(completionMode="NonIndexed", suspend=False, manualSelector=False, podReplacementPolicy=replaced)(spec)


def _service(spec: Struct) -> None:
    constants(sessionAffinity="None", type="ClusterIP")(spec)
    if spec["sessionAffinity"] == "ClientIP":
        _struct(_struct(spec, "sessionAffinityConfig"), "clientIP").setdefault("timeoutSeconds", 10800)
    kind = spec["type"]
    if kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs")):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _service_port(port: Struct) -> None:
    port.setdefault("protocol", "TCP")
    if port.get("targetPort") in (None, 0, "") and "port" in port:
        port["targetPort"] = port["port"]


def _claim(claim: Struct) -> None:
    _struct(claim, "status").setdefault("phase", "Pending")


def _volume(volume: Struct) -> None:
    _struct(volume, "status").setdefault("phase", "Pending")
    constants(persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")(_struct(volume, "spec"))


def _autoscaler(spec: Struct) -> None:
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if isinstance(behavior, dict):
        up = [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15},
        ]
        scale_up, scale_down = _struct(behavior, "scaleUp"), _struct(behavior, "scaleDown")
        constants(stabilizationWindowSeconds=0, selectPolicy="Max")(scale_up)
        scale_down.setdefault("selectPolicy", "Max")
        if not scale_up.get("policies"):
            scale_up["policies"] = up
        if not scale_down.get("policies"):
            scale_down["policies"] = [{"type": "Percent", "value": 100, "periodSeconds": 15}]


def _network_policy(spec: Struct) -> None:
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _subject(subject: Struct) -> None:
    if subject.get("kind") in ("User", "Group"):
        subject.setdefault("apiGroup", _RBAC_GROUP)


def _crd_spec(spec: Struct) -> None:
    names = _struct(spec, "names")
    if isinstance(names.get("kind"), str) and names["kind"]:
        constants(singular=names["kind"].lower(), listKind=names["kind"] + "List")(names)
    conversion = _struct(spec, "conversion")
    conversion.setdefault("strategy", "None")


def _device_request(request: Struct) -> None:
    request.setdefault("allocationMode", "ExactCount")
    if request["allocationMode"] == "ExactCount":
        request.setdefault("count", 1)


def _limit_range_item(item: Struct) -> None:
    if item.get("type") != "Container":
        return
    limits, largest, smallest = item.get("default"), item.get("max"), item.get("min")
    if isinstance(largest, dict):
        item["default"] = limits = {**largest, **(limits or {})}
    if isinstance(limits, dict) or isinstance(smallest, dict):
        item["defaultRequest"] = {**(smallest or {}), **(limits or {}), **(item.get("defaultRequest") or {})}


_webhook = constants(
    failurePolicy="Fail", matchPolicy="Equivalent", namespaceSelector={}, objectSelector={}, timeoutSeconds=10
)


def _mutating_webhook(webhook: Struct) -> None:
    _webhook(webhook)
    webhook.setdefault("reinvocationPolicy", "Never")


FILLERS: dict[str, Filler] = {
    **pod_defaults.FILLERS,
    _APPS + "DeploymentSpec": _deployment,
    _APPS + "StatefulSetSpec": _stateful_set,
    _APPS + "DaemonSetSpec": _daemon_set,
    _APPS + "ReplicaSet": _labels_of_template,
    _APPS + "ReplicaSetSpec": constants(replicas=1),
    _CORE + "ReplicationController": _replication_controller,
    _BATCH + "Job": _job,
    _BATCH + "CronJobSpec": constants(
        concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1
    ),
    _BATCH + "PodFailurePolicyOnPodConditionsPattern": constants(status="True"),
    _CORE + "ServiceSpec": _service,
    _CORE + "ServicePort": _service_port,
    _CORE + "EndpointPort": constants(protocol="TCP"),
    _CORE + "Secret": constants(type="Opaque"),
    _CORE + "PersistentVolumeClaim": _claim,
    _CORE + "PersistentVolumeClaimSpec": constants(volumeMode="Filesystem"),
    _CORE + "PersistentVolume": _volume,
    _CORE + "LimitRangeItem": _limit_range_item,
    "io.k8s.api.discovery.v1.EndpointPort": constants(name="", protocol="TCP"),
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec": _autoscaler,
    "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec": constants(minReplicas=1),
    _NET + "NetworkPolicySpec": _network_policy,
    _NET + "NetworkPolicyPort": constants(protocol="TCP"),
    _NET + "IngressClassParametersReference": constants(scope="Cluster"),
    _RBAC + "RoleRef": constants(apiGroup=_RBAC_GROUP),
    _RBAC + "Subject": _subject,
    "io.k8s.api.storage.v1.CSIDriverSpec": constants(
        attachRequired=True,
        fsGroupPolicy="ReadWriteOnceWithFSType",
        podInfoOnMount=False,
        requiresRepublish=False,
        seLinuxMount=False,
        storageCapacity=False,
        volumeLifecycleModes=["Persistent"],
    ),
    "io.k8s.api.resource.v1.ExactDeviceRequest": _device_request,
    "io.k8s.api.resource.v1.DeviceSubRequest": _device_request,
    _FLOW + "FlowSchemaSpec": constants(matchingPrecedence=1000),
    _FLOW + "LimitedPriorityLevelConfiguration": constants(nominalConcurrencyShares=30, lendablePercent=0),
    _FLOW + "ExemptPriorityLevelConfiguration": constants(nominalConcurrencyShares=0, lendablePercent=0),
    _FLOW + "QueuingConfiguration": constants(handSize=8, queues=64, queueLengthLimit=50),
    "io.k8s.api.storage.v1.StorageClass": constants(reclaimPolicy="Delete", volumeBindingMode="Immediate"),
    "io.k8s.api.scheduling.v1.PriorityClass": constants(preemptionPolicy="PreemptLowerPriority"),
    _ADMISSION + "ValidatingWebhook": _webhook,
    _ADMISSION + "MutatingWebhook": _mutating_webhook,
    _ADMISSION + "RuleWithOperations": constants(scope="*"),
    _ADMISSION + "NamedRuleWithOperations": constants(scope="*"),
    _ADMISSION + "MatchResources": constants(matchPolicy="Equivalent", namespaceSelector={}, objectSelector={}),
    _ADMISSION + "ValidatingAdmissionPolicySpec": constants(failurePolicy="Fail"),
    _ADMISSION + "MutatingAdmissionPolicySpec": constants(failurePolicy="Fail"),
    _ADMISSION + "ServiceReference": constants(port=443),
    "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference": constants(port=443),
    _CRD + "CustomResourceDefinitionSpec": _crd_spec,
    _CRD + "ServiceReference": constants(port=443),
}
"""The fillers of structs, by the name of the definition."""
