"""Advice by the reason of a pod or a condition. Pure."""

from __future__ import annotations

from collections.abc import Mapping

POD: Mapping[str, str] = {
    "CrashLoopBackOff": "kubectl logs -n {namespace} {name} --previous",
    "Error": "kubectl logs -n {namespace} {name} --previous",
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
"""By the reason of a pod."""

SYNC: Mapping[str, str] = {
    "Conflict": "rename the instance, or remove the existing object if nothing needs it",
    "MissingRight": "rudr rbac | kubectl apply -f -, or enable rbac.create in the chart",
    "QuotaExceeded": "kubectl describe resourcequota -n {namespace}; reduce the requests, or increase the quota",
    "KindUnavailable": "install the CustomResourceDefinition of the kind",
    "CannotWatch": "run rudr doctor to check the permissions of the controller",
    "Contested": "kubectl get KIND NAME -o yaml --show-managed-fields shows the other manager; stop one of the two",
    "NamespaceTerminating": "wait until the namespace is deleted, then create it again",
    "Unreachable": "the controller cannot reach the API server; check its log with kubectl logs",
    "PruneFailed": "remove what prevents the deletion: a missing right, or an admission webhook",
    "Replacing": "wait until the pods of the last run have terminated",
    "Paused": "kubectl annotate applicationconfiguration {name} -n {namespace} rudr.oam.dev/paused-",
    "TooLarge": "split the application",
}
"""By the reason of the condition Synced."""

TRAIT: Mapping[str, str] = {
    "FailedGetResourceMetric": "install the metrics server, and set resource requests of all containers",
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
    "kubectl get persistentvolumeclaims -n {namespace} -L app,instance-name shows the instance of each claim; give the "
    "volume another name, or hand the claim over: claimName and adopt: true of the trait volume-mounter"
)
"""For a conflict about a volume claim: its data must not be deleted, and another name of the instance has no effect."""

SERVICE_ACCOUNT = ": service account "
"""The text before a service account that lacks a right, in the message of the condition."""

ACCOUNT_RIGHT = (
    "grant the right to the service account, by the roles in the condition: kubectl get applicationconfiguration "
    "{name} -n {namespace} -o jsonpath='{{.status.conditions[?(@.type==\"Synced\")].message}}' | sed -n '/^---/,$p' | "
    "kubectl apply -f -"
)
"""For an application whose service account lacks a right."""

VALID: Mapping[str, str] = {
    "InvalidDocument": "correct the documents; rudr validate -f FILE lists all problems with their lines",
    "ComponentNotFound": "apply the component in namespace {namespace}, or correct componentName",
    "PluginFailed": "report the error to the authors of the plugin; rudr plugins lists the packages",
    "TooLarge": "split the application",
    "Quarantined": "make the application smaller, or split it; any change of it or of a component starts a new attempt",
}
"""By the reason of the condition Valid."""


def pod(reason: str, namespace: str, name: str) -> str:
    """Advice for a pod that is not ready."""
    text = POD.get(reason, "kubectl describe pod -n {namespace} {name}")
    return text.format(namespace=namespace, name=name)


def trait(reason: str, namespace: str, name: str) -> str:
    """Advice for a trait that does not do its work."""
    return TRAIT.get(reason, "rudr explain trait {name}").format(namespace=namespace, name=name)


def synced(reason: str, namespace: str, name: str, message: str = "") -> str:
    """Advice for an application whose objects are not in sync, by the reason and the message of the condition."""
    if reason == "Conflict" and message.startswith("persistentvolumeclaim/"):
        return CLAIM_CONFLICT.format(namespace=namespace)
    if reason == "MissingRight" and f"{SERVICE_ACCOUNT}{namespace}/" in message:
        return ACCOUNT_RIGHT.format(name=name, namespace=namespace)
    fallback = "correct the object that the server rejects; rudr diff -f FILE tests it with a dry run"
    return SYNC.get(reason, fallback).format(namespace=namespace, name=name)


def valid(reason: str, namespace: str) -> str:
    """Advice for an application with invalid documents."""
    return VALID.get(reason, "correct the documents; rudr validate -f FILE").format(namespace=namespace)
