"""The columns of built-in kinds. A kind without columns has its name and age. Pure.

Columns for a field of the kind have the description of its schema, which depends on the release.
"""

from __future__ import annotations

from rudr_py.local.apimachinery import autoscalers
from rudr_py.local.printing import cells, platform_columns, values
from rudr_py.local.printing.cells import AGE, CREATED, DATED, NAME, NONE, ColumnDefinition, at, define, field
from rudr_py.local.registry.resources import Resource

_TEMPLATE = ".spec.template.spec.containers"


def definitions_of(resource: Resource) -> tuple[ColumnDefinition, ...]:
    """Return the columns of a kind."""
    columns = _BUILTIN.get(resource.table, (NAME, AGE))
    if resource.custom:
        columns = (NAME, *(cells.custom(each) for each in resource.columns)) if resource.columns else (NAME, DATED)
    return tuple(cells.described(each, resource.node) for each in columns)


def _containers(path: str = _TEMPLATE, *, wide: bool = True) -> tuple[ColumnDefinition, ...]:
    images = "Images referenced by each container in the template."
    return (
        define("Containers", values.each(path, "name"), text="Names of each container in the template.", wide=wide),
        define("Images", values.each(path, "image"), text=images, wide=wide),
    )


def _selected(path: str = ".spec.selector", about: str = "spec.selector") -> ColumnDefinition:
    return define("Selector", values.label_selector(path), about=about, wide=True)


def _binding(word: str, referred: str) -> tuple[ColumnDefinition, ...]:
    text = "If the RoleRef cannot be resolved, the Authorizer must return an error."
    return (
        NAME,
        define("Role", values.role, text=f"RoleRef can {referred} in the global namespace. {text}"),
        AGE,
        *(
            define(f"{kind}s", values.subjects(kind), text=f"{kind}s in the {word}", wide=True)
            for kind in ("User", "Group", "ServiceAccount")
        ),
    )


_PODS = (
    NAME,
    define("Ready", values.pod_ready, text="The aggregate readiness state of this pod for accepting traffic."),
    define("Status", values.pod_status, text="The aggregate status of the containers in this pod."),
    define(
        "Restarts",
        values.restarts,
        text="The number of times the containers in this pod have been restarted and when the last container in this "
        "pod has restarted.",
    ),
    AGE,
    field("IP", "status.podIP", NONE, wide=True),
    field("Node", "spec.nodeName", NONE, wide=True),
    field("Nominated Node", "status.nominatedNodeName", NONE, wide=True),
    define("Readiness Gates", values.readiness_gates, about="spec.readinessGates", wide=True),
)
_WORKLOADS: dict[str, tuple[ColumnDefinition, ...]] = {
    "deployments.apps": (
        NAME,
        define(
            "Ready",
            values.ratio(".status.readyReplicas", ".spec.replicas"),
            text="Number of the pod with ready state",
        ),
        field("Up-to-date", "status.updatedReplicas", 0),
        field("Available", "status.availableReplicas", 0),
        AGE,
        *_containers(),
        _selected(),
    ),
    "replicasets.apps": (
        NAME,
        field("Desired", "spec.replicas", 0, kind="integer"),
        field("Current", "status.replicas", 0, kind="integer"),
        field("Ready", "status.readyReplicas", 0, kind="integer"),
        AGE,
        *_containers(),
        _selected(),
    ),
    "replicationcontrollers": (
        NAME,
        field("Desired", "spec.replicas", 0, kind="integer"),
        field("Current", "status.replicas", 0, kind="integer"),
        field("Ready", "status.readyReplicas", 0, kind="integer"),
        AGE,
        *_containers(),
        define("Selector", values.labels(".spec.selector"), about="spec.selector", wide=True),
    ),
    "podtemplates": (
        NAME,
        *_containers(".template.spec.containers", wide=False),
        define("Pod Labels", values.labels(".template.metadata.labels"), text="The labels for the pod template."),
    ),
    "statefulsets.apps": (
        NAME,
        define(
            "Ready",
            values.ratio(".status.readyReplicas", ".spec.replicas"),
            text="Number of the pod with ready state",
        ),
        AGE,
        *_containers(),
    ),
    "daemonsets.apps": (
        NAME,
        field("Desired", "status.desiredNumberScheduled", 0, kind="integer"),
        field("Current", "status.currentNumberScheduled", 0, kind="integer"),
        field("Ready", "status.numberReady", 0, kind="integer"),
        field("Up-to-date", "status.updatedNumberScheduled", 0, kind="integer"),
        field("Available", "status.numberAvailable", 0, kind="integer"),
        define(
            "Node Selector",
            values.labels(".spec.template.spec.nodeSelector"),
            about="spec.template.spec.nodeSelector",
        ),
        AGE,
        *_containers(),
        _selected(),
    ),
    "jobs.batch": (
        NAME,
        define("Status", values.job_status, text="Status of the job."),
        define("Completions", values.completions, about="status.succeeded"),
        define("Duration", values.job_duration, text="Time required to complete the job."),
        AGE,
        *_containers(),
        _selected(),
    ),
    "cronjobs.batch": (
        NAME,
        field("Schedule", "spec.schedule"),
        field("Timezone", "spec.timeZone", NONE),
        define("Suspend", values.text(at(".spec.suspend", values.UNSET)), "boolean", about="spec.suspend"),
        define("Active", values.count(".status.active"), "integer", about="status.active"),
        define("Last Schedule", values.since(".status.lastScheduleTime"), about="status.lastScheduleTime"),
        AGE,
        *_containers(".spec.jobTemplate.spec.template.spec.containers"),
        _selected(".spec.jobTemplate.spec.selector", "spec.jobTemplate.spec.selector"),
    ),
    "horizontalpodautoscalers.autoscaling": (
        NAME,
        define(
            "Reference",
            lambda obj, now: f"{at('.spec.scaleTargetRef.kind')(obj, now)}/{at('.spec.scaleTargetRef.name')(obj, now)}",
            about="spec.scaleTargetRef",
        ),
        define("Targets", lambda obj, now: values.metrics(autoscalers.to_v2(obj), now), about="spec.metrics"),
        define("MinPods", values.text(at(".spec.minReplicas", values.UNSET)), about="spec.minReplicas"),
        field("MaxPods", "spec.maxReplicas", 0),
        field("Replicas", "status.currentReplicas", 0),
        AGE,
    ),
    "poddisruptionbudgets.policy": (
        NAME,
        define(
            "Min Available",
            values.text(at(".spec.minAvailable", "N/A")),
            text="The minimum number of pods that must be available.",
        ),
        define(
            "Max Unavailable",
            values.text(at(".spec.maxUnavailable", "N/A")),
            text="The maximum number of pods that may be unavailable.",
        ),
        define(
            "Allowed Disruptions",
            at(".status.disruptionsAllowed", 0),
            "integer",
            text="Calculated number of pods that may be disrupted at this time.",
        ),
        AGE,
    ),
}
_NETWORKS: dict[str, tuple[ColumnDefinition, ...]] = {
    "services": (
        NAME,
        field("Type", "spec.type"),
        field("Cluster-IP", "spec.clusterIP", NONE),
        define("External-IP", values.external_ip, about="spec.externalIPs"),
        define("Port(s)", values.service_ports, about="spec.ports"),
        AGE,
        define("Selector", values.labels(".spec.selector"), about="spec.selector", wide=True),
    ),
    "ingresses.networking.k8s.io": (
        NAME,
        define(
            "Class",
            at(".spec.ingressClassName", NONE),
            text="The name of the IngressClass resource that should be used for additional configuration",
        ),
        define("Hosts", values.hosts, text="Hosts that incoming requests are matched against before the ingress rule"),
        define(
            "Address",
            values.address,
            text="Address is a list containing ingress points for the load-balancer",
        ),
        define("Ports", values.ingress_ports, text="Ports of TLS configurations that open"),
        AGE,
    ),
    "ingressclasses.networking.k8s.io": (
        NAME,
        define("Controller", at(".spec.controller"), text="Controller that is responsible for handling this class"),
        define("Parameters", values.parameters, text="A reference to a resource with additional parameters"),
        AGE,
    ),
    "networkpolicies.networking.k8s.io": (
        NAME,
        define("Pod-Selector", values.label_selector(".spec.podSelector"), about="spec.podSelector"),
        AGE,
    ),
    "endpoints": (NAME, define("Endpoints", values.endpoints, about="subsets"), AGE),
    "endpointslices.discovery.k8s.io": (
        NAME,
        field("AddressType", "addressType"),
        define("Ports", values.slice_ports, about="ports"),
        define("Endpoints", values.slice_endpoints, about="endpoints"),
        AGE,
    ),
}
_CLUSTER: dict[str, tuple[ColumnDefinition, ...]] = {
    "nodes": (
        NAME,
        define("Status", values.node_status, text="The status of the node"),
        define("Roles", values.node_roles, text="The roles of the node"),
        AGE,
        field("Version", "status.nodeInfo.kubeletVersion"),
        define("Internal-IP", values.node_address("InternalIP"), about="status.addresses", wide=True),
        define("External-IP", values.node_address("ExternalIP"), about="status.addresses", wide=True),
        define("OS-Image", values.node_info("osImage"), about="status.nodeInfo.osImage", wide=True),
        define("Kernel-Version", values.node_info("kernelVersion"), about="status.nodeInfo.kernelVersion", wide=True),
        define(
            "Container-Runtime",
            values.node_info("containerRuntimeVersion"),
            about="status.nodeInfo.containerRuntimeVersion",
            wide=True,
        ),
    ),
    "persistentvolumes": (
        NAME,
        define("Capacity", at(".spec.capacity.storage"), about="spec.capacity"),
        define("Access Modes", values.modes(".spec.accessModes"), about="spec.accessModes"),
        field("Reclaim Policy", "spec.persistentVolumeReclaimPolicy"),
        define("Status", values.phase_or_terminating, about="status.phase"),
        define(
            "Claim",
            lambda obj, now: "/".join(
                filter(None, (at(".spec.claimRef.namespace")(obj, now), at(".spec.claimRef.name")(obj, now)))
            ),
            about="spec.claimRef",
        ),
        define("StorageClass", values.storage_class, text="StorageClass of the pv"),
        define(
            "VolumeAttributesClass",
            at(".spec.volumeAttributesClassName", values.UNSET),
            text="VolumeAttributesClass of the pv",
        ),
        field("Reason", "status.reason"),
        AGE,
        field("VolumeMode", "spec.volumeMode", values.UNSET, wide=True),
    ),
    "persistentvolumeclaims": (
        NAME,
        define("Status", values.phase_or_terminating, about="status.phase"),
        field("Volume", "spec.volumeName"),
        define("Capacity", values.bound(at(".status.capacity.storage", "0")), about="status.capacity"),
        define("Access Modes", values.bound(values.modes(".status.accessModes")), about="status.accessModes"),
        define("StorageClass", values.storage_class, text="StorageClass of the pvc"),
        define(
            "VolumeAttributesClass",
            at(".spec.volumeAttributesClassName", values.UNSET),
            text="VolumeAttributesClass of the pvc",
        ),
        AGE,
        field("VolumeMode", "spec.volumeMode", values.UNSET, wide=True),
    ),
    "storageclasses.storage.k8s.io": (
        NAME,
        field("Provisioner", "provisioner"),
        field("ReclaimPolicy", "reclaimPolicy", "Delete"),
        field("VolumeBindingMode", "volumeBindingMode", "Immediate"),
        field("AllowVolumeExpansion", "allowVolumeExpansion", False),
        AGE,
    ),
    "priorityclasses.scheduling.k8s.io": (
        NAME,
        field("Value", "value", 0, kind="integer"),
        field("Global-Default", "globalDefault", False, kind="boolean"),
        AGE,
        field("PreemptionPolicy", "preemptionPolicy"),
    ),
    "namespaces": (NAME, define("Status", at(".status.phase"), text="The status of the namespace"), AGE),
    "customresourcedefinitions.apiextensions.k8s.io": (NAME, CREATED),
}
_REST: dict[str, tuple[ColumnDefinition, ...]] = {
    "configmaps": (NAME, define("Data", values.count(".data", ".binaryData"), about="data"), AGE),
    "secrets": (
        NAME,
        field("Type", "type"),
        define("Data", values.count(".data"), about="data"),
        AGE,
    ),
    "leases.coordination.k8s.io": (
        NAME,
        field("Holder", "spec.holderIdentity"),
        AGE,
    ),
    "roles.rbac.authorization.k8s.io": (NAME, CREATED),
    "clusterroles.rbac.authorization.k8s.io": (NAME, CREATED),
    "rolebindings.rbac.authorization.k8s.io": _binding(
        "roleBinding", "reference a Role in the current namespace or a ClusterRole"
    ),
    "clusterrolebindings.rbac.authorization.k8s.io": _binding("clusterRoleBinding", "only reference a ClusterRole"),
    "limitranges": (NAME, CREATED),
    "resourcequotas": (
        NAME,
        define(
            "Request",
            values.quota(limits=False),
            text="Request represents a minimum amount of cpu/memory that a container may consume.",
        ),
        define(
            "Limit",
            values.quota(limits=True),
            text="Limits control the maximum amount of cpu/memory that a container may use independent of contention "
            "on the node.",
        ),
        AGE,
    ),
    "events": (
        define("Last Seen", values.event_last_seen, about="lastTimestamp"),
        field("Type", "type"),
        field("Reason", "reason"),
        define("Object", values.event_object, about="involvedObject"),
        field("Subobject", "involvedObject.fieldPath", wide=True),
        define("Source", values.event_source, about="source", wide=True),
        define("Message", values.event_text, about="message"),
        define("First Seen", values.event_first_seen, about="firstTimestamp", wide=True),
        define("Count", values.event_count, about="count", wide=True),
        cells.named(define("Name", NAME.cell, about="metadata.name", wide=True)),
    ),
}
_BUILTIN: dict[str, tuple[ColumnDefinition, ...]] = {
    "pods": _PODS,
    **_WORKLOADS,
    **_NETWORKS,
    **_CLUSTER,
    **_REST,
    **platform_columns.COLUMNS,
}

SCALE = (
    NAME,
    define(
        "Desired",
        at(".spec.replicas", 0),
        "integer",
        text="replicas is the desired number of instances for the scaled object.",
    ),
    define(
        "Available",
        at(".status.replicas", 0),
        "integer",
        text="replicas is the actual number of observed instances of the scaled object.",
    ),
    AGE,
)
"""The columns of a Scale."""
