"""Facts that the published schemas of built-in kinds omit, as tables of (definition, field).

OpenAPI v2 contains no defaults, and neither the structs that Go holds by value nor the optional scalars that are
pointers, whose zero differs from absence. The tables are those of k8s.io/api 1.36.
"""

from __future__ import annotations

from typing import Any

_API = "io.k8s.api."
_CRD = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

KEY_DEFAULTS: dict[tuple[str, str], Any] = {
    (_API + "core.v1.ContainerPort", "protocol"): "TCP",
    (_API + "core.v1.ServicePort", "protocol"): "TCP",
    (_API + "core.v1.LocalObjectReference", "name"): "",
}
"""Published defaults that structured merge needs: the value of an absent field in the key of a list item."""

_BY_VALUE = {
    "admissionregistration.v1.": "MutatingWebhook.clientConfig ValidatingWebhook.clientConfig",
    "apps.v1.": "DaemonSetSpec.template DaemonSetSpec.updateStrategy DeploymentSpec.strategy DeploymentSpec.template "
    "ReplicaSetSpec.template StatefulSetSpec.template StatefulSetSpec.updateStrategy",
    "authentication.v1.": "SelfSubjectReviewStatus.userInfo TokenReviewStatus.user",
    "autoscaling.v1.": "HorizontalPodAutoscalerSpec.scaleTargetRef",
    "autoscaling.v2.": "HorizontalPodAutoscalerSpec.scaleTargetRef ContainerResourceMetricSource.target "
    "ExternalMetricSource.metric ExternalMetricSource.target ObjectMetricSource.describedObject "
    "ObjectMetricSource.metric ObjectMetricSource.target PodsMetricSource.metric PodsMetricSource.target "
    "ResourceMetricSource.target ContainerResourceMetricStatus.current ExternalMetricStatus.current "
    "ExternalMetricStatus.metric ObjectMetricStatus.current ObjectMetricStatus.describedObject "
    "ObjectMetricStatus.metric PodsMetricStatus.current PodsMetricStatus.metric ResourceMetricStatus.current",
    "batch.v1.": "CronJobSpec.jobTemplate JobSpec.template JobTemplateSpec.spec",
    "core.v1.": "Binding.target Container.resources EphemeralContainer.resources ContainerStatus.lastState "
    "ContainerStatus.state Event.involvedObject Event.source NodeDaemonEndpoints.kubeletEndpoint "
    "NodeStatus.daemonEndpoints NodeStatus.nodeInfo PersistentVolumeClaimSpec.resources "
    "PersistentVolumeClaimTemplate.spec PodTemplate.template PodTemplateSpec.spec "
    "PreferredSchedulingTerm.preference ServiceStatus.loadBalancer WeightedPodAffinityTerm.podAffinityTerm",
    "discovery.v1.": "Endpoint.conditions",
    "events.v1.": "Event.deprecatedSource Event.regarding",
    "flowcontrol.v1.": "FlowSchemaSpec.priorityLevelConfiguration LimitedPriorityLevelConfiguration.limitResponse",
    "networking.v1.": "HTTPIngressPath.backend IngressServiceBackend.port IngressStatus.loadBalancer "
    "NetworkPolicySpec.podSelector",
    "rbac.v1.": "ClusterRoleBinding.roleRef RoleBinding.roleRef",
    "resource.v1.": "AllocationResult.devices ResourceClaimSpec.devices ResourceClaimTemplateSpec.spec "
    "ResourceSliceSpec.pool",
    "storage.v1.": "VolumeAttachmentSpec.source",
}

BY_VALUE: frozenset[tuple[str, str]] = frozenset(
    {
        *(
            (f"{_API}{group}{struct}", field)
            for group, fields in _BY_VALUE.items()
            for struct, _, field in (entry.partition(".") for entry in fields.split())
        ),
        (_CRD + "CustomResourceDefinitionSpec", "names"),
        (_CRD + "CustomResourceDefinitionStatus", "acceptedNames"),
    }
)
"""Structs held by value, which are present in every object, besides metadata and the spec and status of every kind."""

OMITTED: frozenset[tuple[str, str]] = frozenset(
    (_API + struct, field)
    for struct, fields in (
        ("admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec", "policyName validationActions"),
        ("authentication.v1.TokenReviewSpec", "token"),
        ("core.v1.ContainerRestartRule", "action"),
        ("core.v1.ContainerRestartRuleOnExitCodes", "operator"),
        ("core.v1.ImageVolumeStatus", "imageRef"),
        ("core.v1.PodCertificateProjection", "signerName keyType"),
        ("networking.v1.IPAddressSpec", "parentRef"),
        ("networking.v1.ParentReference", "resource name"),
        ("resource.v1.CounterSet", "counters"),
        ("resource.v1.DeviceCounterConsumption", "counters"),
    )
    for field in fields.split()
)
"""Required fields that Go omits if they are empty."""

ALWAYS: dict[tuple[str, str], Any] = {
    (_API + struct, field): zero
    for struct, field, zero in (
        ("apps.v1.StatefulSetOrdinals", "start", 0),
        ("apps.v1.StatefulSetSpec", "serviceName", ""),
        ("apps.v1.StatefulSetStatus", "availableReplicas", 0),
        ("autoscaling.v2.HorizontalPodAutoscalerStatus", "currentMetrics", None),
        ("authentication.v1.TokenRequestStatus", "token", ""),
        ("core.v1.ContainerImage", "names", None),
        ("core.v1.Event", "reportingComponent", ""),
        ("core.v1.Event", "reportingInstance", ""),
        ("core.v1.GRPCAction", "service", None),
        ("core.v1.NodeRuntimeHandler", "name", ""),
        ("core.v1.ProjectedVolumeSource", "sources", None),
        ("core.v1.TypedLocalObjectReference", "apiGroup", None),
        ("core.v1.TypedObjectReference", "apiGroup", None),
        ("core.v1.AzureFilePersistentVolumeSource", "secretNamespace", None),
        ("discovery.v1.EndpointSlice", "endpoints", None),
        ("discovery.v1.EndpointSlice", "ports", None),
        ("events.v1.Event", "eventTime", None),
        ("flowcontrol.v1.FlowSchemaSpec", "matchingPrecedence", 0),
        ("flowcontrol.v1.QueuingConfiguration", "handSize", 0),
        ("flowcontrol.v1.QueuingConfiguration", "queueLengthLimit", 0),
        ("flowcontrol.v1.QueuingConfiguration", "queues", 0),
        ("flowcontrol.v1.ResourcePolicyRule", "namespaces", None),
        ("networking.v1.IngressClassParametersReference", "scope", None),
        ("policy.v1.PodDisruptionBudgetStatus", "currentHealthy", 0),
        ("policy.v1.PodDisruptionBudgetStatus", "desiredHealthy", 0),
        ("policy.v1.PodDisruptionBudgetStatus", "disruptionsAllowed", 0),
        ("policy.v1.PodDisruptionBudgetStatus", "expectedPods", 0),
        ("rbac.v1.ClusterRole", "rules", None),
        ("rbac.v1.Role", "rules", None),
        ("resource.v1.AllocatedDeviceStatus", "conditions", None),
        ("resource.v1.DeviceClaim", "requests", None),
        ("scheduling.v1.PriorityClass", "value", 0),
        ("storage.v1.CSINodeDriver", "topologyKeys", None),
    )
} | {
    (_CRD + "CustomResourceDefinitionStatus", "conditions"): None,
    (_CRD + "CustomResourceDefinitionStatus", "storedVersions"): None,
    (_CRD + "CustomResourceDefinitionNames", "plural"): "",
    (_CRD + "CustomResourceDefinitionNames", "kind"): "",
}
"""Fields that are written even if empty, although the schema does not require them."""

_POINTER_NAMES = """
    activeDeadlineSeconds adminAccess allocateLoadBalancerNodePorts allowMultipleAllocations allowPrivilegeEscalation
    allowVolumeExpansion appProtocol attachRequired automountServiceAccountToken availableDevices averageUtilization
    backoffLimit backoffLimitPerIndex bindsToNode blockOwnerDeletion bool borrowingLimitPercent cachingMode capacity
    collisionCount commonEncodingVersion completionMode completions currentCPUUtilizationPercentage
    currentVolumeAttributesClassName defaultMode deletionGracePeriodSeconds device distinctAttribute enableServiceLinks
    endPort endpointsNamespace errorCode expirationSeconds extendedResourceName failedIndexes failedJobsHistoryLimit
    failurePolicy fsGroup fsGroupChangePolicy fsGroupPolicy gmsaCredentialSpec gmsaCredentialSpecName gracePeriodSeconds
    holderIdentity hostProcess hostUsers hostnameOverride
    ignoreStoreReadErrorWithClusterBreakingPotential immutable ingressClassName initiatorName int
    internalTrafficPolicy ipFamilyPolicy ipMode leaseDurationSeconds leaseTransitions lendablePercent limit
    loadBalancerClass localhostProfile lun managedBy manualSelector matchAttribute matchPolicy maxExpirationSeconds
    maxFailedIndexes minDomains minReplicas mode mountPropagation nodeAffinityPolicy
    nodeAllocatableUpdatePeriodSeconds nodeTaintsPolicy nominalConcurrencyShares optional orphanDependents parallelism
    parameterNotFoundAction perDeviceNodeSelection persistentVolumeName podGroupName podInfoOnMount
    podReplacementPolicy poolCount port preemptionPolicy preferredHolder preventPodSchedulingIfMissing priority
    privileged procMount progressDeadlineSeconds propagationPolicy readOnlyRootFilesystem ready reclaimPolicy
    recursiveReadOnly recursiveReadOnlyMounts remainingItemCount requiresRepublish resourceClaimName
    resourceClaimTemplateName resourceSliceCount revisionHistoryLimit runAsGroup runAsNonRoot runAsUser runAsUserName
    runtimeClassName seLinuxChangePolicy seLinuxMount selectPolicy serviceAccountTokenInSecrets serving
    setHostnameAsFQDN shareID shareProcessNamespace stabilizationWindowSeconds started startingDeadlineSeconds
    stopSignal storageCapacity string succeededCount succeededIndexes successfulJobsHistoryLimit
    supplementalGroupsPolicy suspend targetCPUUtilizationPercentage terminating terminatingReplicas
    terminationGracePeriodSeconds timeZone tolerationSeconds totalDevices trafficDistribution ttlSecondsAfterFinished
    unavailableDevices unhealthyPodEvictionPolicy url userNamespaces validationError volumeAttributesClassName
    volumeBindingMode volumeMode zone
"""
_POINTERS = frozenset(_POINTER_NAMES.split())
"""Optional scalars that are pointers in every struct."""

_POINTER_FIELDS = """
    MutatingWebhook.reinvocationPolicy MutatingWebhook.timeoutSeconds ServiceReference.path
    ValidatingWebhook.timeoutSeconds Validation.reason DeploymentSpec.replicas ReplicaSetSpec.replicas
    RollingUpdateStatefulSetStrategy.partition StatefulSetSpec.replicas ReplicationControllerSpec.replicas
    HorizontalPodAutoscalerStatus.observedGeneration PodFailurePolicyOnExitCodesRequirement.containerName
    LeaseSpec.strategy AzureDiskVolumeSource.fsType AzureDiskVolumeSource.kind AzureDiskVolumeSource.readOnly
    CSIVolumeSource.fsType CSIVolumeSource.readOnly ClientIPConfig.timeoutSeconds ClusterTrustBundleProjection.name
    ClusterTrustBundleProjection.signerName Container.restartPolicy EndpointAddress.nodeName HostPathVolumeSource.type
    LocalVolumeSource.fsType OwnerReference.controller PersistentVolumeClaimSpec.storageClassName
    PodDNSConfigOption.value PortStatus.error ResourceHealth.message TypedObjectReference.namespace Endpoint.hostname
    Endpoint.nodeName EndpointPort.name EndpointPort.protocol IngressClassParametersReference.apiGroup
    IngressClassParametersReference.namespace IngressPortStatus.error NetworkPolicyPort.protocol Device.allNodes
    Device.nodeName DeviceAttribute.version ResourceSliceSpec.allNodes ResourceSliceSpec.nodeName
    VolumeNodeResources.count Preconditions.uid Preconditions.resourceVersion
"""
_POINTERS_OF = frozenset(_POINTER_FIELDS.split())
"""Optional scalars that are pointers in these structs only."""

_PLAIN_OF_DEFINITIONS = frozenset(
    {"preserveUnknownFields", "deprecated", "nullable", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"}
    | {"x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "$schema", "description", "format", "id"}
    | {
        "pattern",
        "title",
        "type",
        "priority",
        "singular",
        "listKind",
        "message",
        "messageExpression",
        "observedGeneration",
        "fieldPath",
    }
)
"""Optional scalars of CustomResourceDefinitions that are no pointers."""


_PLAIN_FIELDS = frozenset(
    {_API + "core.v1.EndpointPort.name", _API + "core.v1.EndpointPort.protocol"}
    | {_CRD + "CustomResourceDefinitionCondition.reason", _CRD + "ExternalDocumentation.url"}
)
"""Optional scalars that are pointers in another struct of the same name only."""


def is_pointer(definition: str, field: str) -> bool:
    """Whether the zero of an optional scalar is distinct from absence, and therefore kept."""
    if f"{definition}.{field}" in _PLAIN_FIELDS:
        return False
    if definition.startswith(_CRD):
        return field not in _PLAIN_OF_DEFINITIONS
    if not definition.startswith((_API, "io.k8s.apimachinery.", "io.k8s.kube-aggregator.")):
        return True
    return field in _POINTERS or f"{definition.rpartition('.')[2]}.{field}" in _POINTERS_OF
