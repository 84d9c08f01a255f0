"""What to do about a reason, by the reason's word. Pure: words in, a sentence out."""

from __future__ import annotations

from collections.abc import Mapping

POD: Mapping[str, str] = {
    "CrashLoopBackOff": "kubectl logs -n {namespace} {name} --previous",
    "Error": "kubectl logs -n {namespace} {name} --previous",
    "OOMKilled": "give the component more memory: spec.containers[].resources.memory",
    "ImagePullBackOff": "check the image's name, and imagePullSecret if its registry asks who you are",
    "ErrImagePull": "check the image's name, and imagePullSecret if its registry asks who you are",
    "InvalidImageName": "correct spec.containers[].image of the component",
    "ErrImageNeverPull": "the image has to be on the node, or imagePullPolicy has to be another",
    "CreateContainerConfigError": "create the ConfigMap or Secret that is missing, or correct its name",
    "Unschedulable": "kubectl describe pod -n {namespace} {name}; ask for less, or add nodes or volumes",
    "NotReady": "kubectl describe pod -n {namespace} {name}; look at the readiness probe and the port",
    "Terminating": "kubectl describe pod -n {namespace} {name}; its node may be gone",
}
"""By the reason of a pod."""

SYNC: Mapping[str, str] = {
    "Conflict": "rename the instance, or delete the object that stands in its way",
    "MissingRight": "rudr rbac | kubectl apply -f -, or let the chart install its rights",
    "QuotaExceeded": "kubectl describe resourcequota -n {namespace}; ask for less, or raise the quota",
    "KindUnavailable": "install the CustomResourceDefinition of that kind",
    "CannotWatch": "rudr doctor shows whether the controller lacks a right",
    "Contested": "kubectl get -o yaml --show-managed-fields shows who else writes it; let only one of you do so",
    "NamespaceTerminating": "the namespace is being deleted; create it again when that is done",
    "Unreachable": "the controller cannot reach the API server; kubectl logs of the controller",
    "PruneFailed": "delete the object by hand, or remove what protects it",
    "Replacing": "wait for the end of the pods of the last run",
    "Paused": "kubectl annotate applicationconfiguration {name} -n {namespace} rudr.oam.dev/paused-",
    "TooLarge": "split the application",
}
"""By the reason of the condition Synced."""

VALID: Mapping[str, str] = {
    "InvalidDocument": "correct the documents; rudr validate -f FILE tells all of it with lines",
    "ComponentNotFound": "kubectl apply the component in the namespace {namespace}, or correct componentName",
    "PluginFailed": "that is a fault of the plugin; report it to its authors; rudr plugins",
    "TooLarge": "split the application",
}
"""By the reason of the condition Valid."""


def pod(reason: str, namespace: str, name: str) -> str:
    """About a pod."""
    text = POD.get(reason, "kubectl describe pod -n {namespace} {name}")
    return text.format(namespace=namespace, name=name)


def synced(reason: str, namespace: str, name: str) -> str:
    """About an application whose objects are not as they are to be."""
    fallback = "correct what the server refuses; rudr diff -f FILE asks it without changing anything"
    return SYNC.get(reason, fallback).format(namespace=namespace, name=name)


def valid(reason: str, namespace: str) -> str:
    """About an application whose documents are wrong."""
    return VALID.get(reason, "correct the documents; rudr validate -f FILE").format(namespace=namespace)
