"""Advice by the reason of a pod or a condition. Pure.

Clauses are separated by semicolons. One that begins with a program such as kubectl is a command, which succeeds when
the user runs it as it is printed; `Finding.commands` has them. Words in capitals are placeholders.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

from rudr_py.api import get_in, mappings_in
from rudr_py.cli.cluster import pod_state
from rudr_py.model import names

POD: Mapping[str, str] = {
    "OOMKilled": "increase spec.containers[].resources.memory of the component",
    "ImagePullBackOff": "check the image name, and imagePullSecret if the registry requires authentication",
    "ErrImagePull": "check the image name, and imagePullSecret if the registry requires authentication",
    "InvalidImageName": "correct spec.containers[].image of the component",
    "ErrImageNeverPull": "load the image onto the node, or change imagePullPolicy",
    "CreateContainerConfigError": "create the missing ConfigMap or Secret, or correct its name",
    "Unschedulable": "kubectl describe pod -n {namespace} {name}; reduce its requests, or add nodes or volumes",
    "NotReady": "kubectl describe pod -n {namespace} {name}; check the readiness probe and the port",
    "Terminating": "kubectl describe pod -n {namespace} {name}; check whether its node still exists",
}
"""By the reason of a pod, if its log does not have the cause."""

LOGGED = frozenset({"CrashLoopBackOff", "Error", "StartError", "ContainerCannotRun"})
"""The reasons of pods whose containers ended with an error, which their logs have."""

SYNC: Mapping[str, str] = {
    "Conflict": "rename the instance, or remove the existing object if nothing needs it",
    "MissingRight": "rudr rbac | kubectl apply -f -; or enable rbac.create in the chart",
    "QuotaExceeded": "kubectl describe resourcequota -n {namespace}; reduce the requests, or increase the quota",
    "KindUnavailable": "install the CustomResourceDefinition of the kind",
    "CannotWatch": "rudr doctor",
    "Contested": "kubectl get {object} -n {namespace} -o yaml --show-managed-fields; stop one of its field managers",
    "NamespaceTerminating": "wait until the namespace is deleted, then create it again",
    "Unreachable": "rudr doctor; the controller cannot reach the API server",
    "PruneFailed": "remove what prevents the deletion: a missing right, or an admission webhook",
    "Replacing": "wait until the pods of the last run have terminated",
    "DependencyFailed": "rudr tree {name} -n {namespace}; correct the instance that has failed",
    "DependencyTimeout": "rudr tree {name} -n {namespace}; find out why the other instance is not ready or complete",
    "Held": "rudr status {name} -n {namespace}; it is applied when the type that holds it lets it go",
    "Pinned": "rudr promote {name} -n {namespace} --dry-run=client; rudr promote {name} -n {namespace}",
    "Paused": "kubectl annotate applicationconfiguration {name} -n {namespace} rudr.oam.dev/paused-",
    "TooLarge": "split the application",
    "UnknownPodSecurity": "rudr rbac --defaults podSecurity=namespace | kubectl apply -f -; or enable rbac.create in "
    "the chart",
}
"""By the reason of the condition Synced."""

NON_ROOT = "runAsNonRoot"
"""Part of the kubelet's message about an image whose user is root, or is not a number."""

ROOT_IMAGE = (
    "use an image that does not run as root; or set the user by the trait pod-security of rudr-py-pod, as a number"
)

REJECTED_PODS: Mapping[str, str] = {
    "violates PodSecurity": "set podSecurity of the platform's defaults (rudr run --defaults, in the chart "
    "applicationDefaults) to restricted or namespace, or attach the trait pod-security of rudr-py-pod",
    ": must specify ": "set requests and limits of the platform's defaults (rudr run --defaults, in the chart "
    "applicationDefaults), or attach the trait resources of rudr-py-pod",
}
"""By a part of the server's message about a pod that a namespace does not admit: by its Pod Security Standard, or by a
quota that requires amounts."""

TRAIT: Mapping[str, str] = {
    "FailedGetResourceMetric": "install the metrics server, and set resource requests of all containers",
    **dict.fromkeys(
        ("FailedGetPodsMetric", "FailedGetObjectMetric", "FailedGetExternalMetric"),
        "kubectl get apiservices; install the metrics adapter that serves the metric, and check its name",
    ),
    "FailedGetContainerResourceMetric": "install the metrics server, and set resource requests of the container",
    **dict.fromkeys(
        ("ScaledObjectCheckFailed", "TriggerError", "PartialTriggerError", "Fallback"),
        "kubectl describe scaledobjects.keda.sh -n {namespace}; check addresses and credentials of the triggers",
    ),
    "ScaledObjectPaused": "remove the annotations autoscaling.keda.sh/paused of the ScaledObject, or set paused",
    "FailedGetScale": "kubectl describe horizontalpodautoscalers -n {namespace}; check that its target exists",
    "ScalingDisabled": "scale the workload to at least one replica; an autoscaler does not start from zero",
    "NotObserved": "check that the controller of this kind runs in the cluster",
    "Pending": "kubectl describe persistentvolumeclaims -n {namespace}; check the StorageClass",
    "NoIngressClass": "kubectl get ingressclasses; set ingressClassName of the trait",
    "ClaimNotFound": "kubectl get persistentvolumeclaims -n {namespace}; create it, or correct claimName of the trait",
    "IngressClassNotFound": "kubectl get ingressclasses; correct ingressClassName of the trait",
    "Lost": "kubectl describe persistentvolumeclaims -n {namespace}; restore the PersistentVolume of the claim",
}
"""By the reason of a trait."""

CLAIM_CONFLICT = (
    "kubectl get persistentvolumeclaims -n {namespace} -L app,instance-name; give the volume another name than that of "
    "a claim of another instance, or hand the claim over: claimName and adopt: true of the trait volume-mounter"
)
"""For a conflict about a volume claim: its data must not be deleted, and another name of the instance has no effect."""

SERVICE_ACCOUNT = ": service account "
"""The text before a service account that lacks a right, in the message of the condition."""

ACCOUNT_RIGHT = (
    "to grant the right to the service account, by the roles in the condition; kubectl get applicationconfiguration "
    "{name} -n {namespace} -o jsonpath='{{.status.conditions[?(@.type==\"Synced\")].message}}' | sed -n '/^---/,$p' | "
    "kubectl apply -f -"
)
"""For an application whose service account lacks a right."""

VALID: Mapping[str, str] = {
    "InvalidDocument": "correct the documents; rudr validate -f FILE",
    "RevisionNotFound": "rudr promote NAME -n {namespace}; or write the components as they ran",
    "ComponentNotFound": "apply the component in namespace {namespace}, or correct componentName",
    "PluginFailed": "report the error to the authors of the plugin; rudr plugins",
    "TooLarge": "split the application",
    "Quarantined": "make the application smaller, or split it; any change of it or of a component starts a new attempt",
}
"""By the reason of the condition Valid."""


_KIND_LETTERS = frozenset(string.ascii_lowercase + string.digits + ".-")


def cause(reason: str) -> str:
    """The key of the advice for a pod: the same for reasons that have the same advice."""
    return "Logged" if reason in LOGGED else POD.get(reason, "")


def pod(reason: str, namespace: str, document: Mapping[str, Any]) -> str:
    """Advice for a pod that is not ready."""
    name = str(get_in(document, "metadata", "name", default=""))
    describe = f"kubectl describe pod -n {namespace} {name}"
    if reason in LOGGED:
        log = pod_state.failed_log(document)
        return f"kubectl logs -n {namespace} {name}{log}" if log is not None else describe
    if any(NON_ROOT in message for message in _waiting_messages(document)):
        return ROOT_IMAGE
    return POD.get(reason, describe).format(namespace=namespace, name=name)


def _waiting_messages(document: Mapping[str, Any]) -> Iterator[str]:
    for part in ("initContainerStatuses", "containerStatuses"):
        for status in mappings_in(document, "status", part):
            yield get_in(status, "state", "waiting", "message", default="")


def rejected_pods(message: str) -> str:
    """Advice for an instance whose pods the namespace rejects, by its message; empty for another message."""
    return next((text for part, text in REJECTED_PODS.items() if part in message), "")


def trait(reason: str, namespace: str, name: str) -> str:
    """Advice for a trait that does not do its work."""
    return TRAIT.get(reason, "rudr explain trait {name}").format(namespace=namespace, name=name)


def synced(reason: str, namespace: str, name: str, message: str = "") -> str:
    """Advice for an application whose objects are not in sync, by the reason and the message of the condition."""
    if reason == "Conflict" and message.startswith("persistentvolumeclaim/"):
        return CLAIM_CONFLICT.format(namespace=namespace)
    if reason == "MissingRight" and f"{SERVICE_ACCOUNT}{namespace}/" in message:
        return ACCOUNT_RIGHT.format(name=name, namespace=namespace)
    fallback = "correct the object that the server rejects; rudr diff -f FILE"
    about = next(_objects(message), f"applicationconfiguration.core.oam.dev/{name}")
    return SYNC.get(reason, fallback).format(namespace=namespace, name=name, object=about)


def _objects(message: str) -> Iterator[str]:
    """The objects that a message names, such as `deployment.apps/web`."""
    for word in message.split():
        name = word.rstrip(":;,.")
        kind, slash, rest = name.partition("/")
        if kind and slash and _KIND_LETTERS.issuperset(kind) and not names.wrong_object_name(rest):
            yield name


def valid(reason: str, namespace: str) -> str:
    """Advice for an application with invalid documents."""
    return VALID.get(reason, "correct the documents; rudr validate -f FILE").format(namespace=namespace)
