"""The columns of built-in kinds, as a table. A kind without columns of its own shows its name and age. Pure.

Those that are described as a field of the kind take the words from its schema, so that every release has its own.
"""

from __future__ import annotations

from rudr_py.local.printing import cells, values
from rudr_py.local.printing.cells import AGE, CREATED, NAME, NONE, ColumnDefinition, at, made
from rudr_py.local.registry.resources import Resource

_TEMPLATE = ".spec.template.spec.containers"


def shown(resource: Resource) -> tuple[ColumnDefinition, ...]:
    """Return the columns of a kind."""
    columns = _BUILTIN.get(resource.table, (NAME, AGE))
    if resource.custom:
        columns = (NAME, *(cells.custom(each) for each in resource.columns)) if resource.columns else (NAME, AGE)
    return tuple(cells.described(each, resource.node) for each in columns)


def _containers(path: str = _TEMPLATE) -> tuple[ColumnDefinition, ...]:
    return (
        made("Containers", values.each(path, "name"), text="Names of each container in the template.", wide=True),
        made(
            "Images",
            values.each(path, "image"),
            text="Images referenced by each container in the template.",
            wide=True,
        ),
    )


def _selected(path: str = ".spec.selector", about: str = "spec.selector") -> ColumnDefinition:
    return made("Selector", values.label_selector(path), about=about, wide=True)


def _binding(word: str) -> tuple[ColumnDefinition, ...]:
    return (
        NAME,
        made("Role", values.role, about="roleRef"),
        AGE,
        *(
            made(f"{kind}s", values.subjects(kind), text=f"{kind}s in the {word}", wide=True)
            for kind in ("User", "Group", "ServiceAccount")
        ),
    )


_PODS = (
    NAME,
    made("Ready", values.pod_ready, text="The aggregate readiness state of this pod for accepting traffic."),
    made("Status", values.pod_status, text="The aggregate status of the containers in this pod."),
    made(
        "Restarts",
        values.restarts,
        text="The number of times the containers in this pod have been restarted and when the last container in this "
        "pod has restarted.",
    ),
    AGE,
    made("IP", at(".status.podIP", NONE), about="status.podIP", wide=True),
    made("Node", at(".spec.nodeName", NONE), about="spec.nodeName", wide=True),
    made("Nominated Node", at(".status.nominatedNodeName", NONE), about="status.nominatedNodeName", wide=True),
    made("Readiness Gates", values.gates, about="spec.readinessGates", wide=True),
)
_WORKLOADS: dict[str, tuple[ColumnDefinition, ...]] = {
    "deployments.apps": (
        NAME,
        made(
            "Ready",
            values.ratio(".status.readyReplicas", ".spec.replicas"),
            text="Number of the pod with ready state",
        ),
        made("Up-to-date", at(".status.updatedReplicas", 0), about="status.updatedReplicas"),
        made("Available", at(".status.availableReplicas", 0), about="status.availableReplicas"),
        AGE,
        *_containers(),
        _selected(),
    ),
    "replicasets.apps": (
        NAME,
        made("Desired", at(".spec.replicas", 0), "integer", about="spec.replicas"),
        made("Current", at(".status.replicas", 0), "integer", about="status.replicas"),
        made("Ready", at(".status.readyReplicas", 0), "integer", about="status.readyReplicas"),
        AGE,
        *_containers(),
        _selected(),
    ),
    "replicationcontrollers": (
        NAME,
        made("Desired", at(".spec.replicas", 0), "integer", about="spec.replicas"),
        made("Current", at(".status.replicas", 0), "integer", about="status.replicas"),
        made("Ready", at(".status.readyReplicas", 0), "integer", about="status.readyReplicas"),
        AGE,
        *_containers(),
        made("Selector", values.labels(".spec.selector"), about="spec.selector", wide=True),
    ),
    "statefulsets.apps": (
        NAME,
        made(
            "Ready",
            values.ratio(".status.readyReplicas", ".spec.replicas"),
            text="Number of the pod with ready state",
        ),
        AGE,
        *_containers(),
    ),
    "daemonsets.apps": (
        NAME,
        made("Desired", at(".status.desiredNumberScheduled", 0), "integer", about="status.desiredNumberScheduled"),
        made("Current", at(".status.currentNumberScheduled", 0), "integer", about="status.currentNumberScheduled"),
        made("Ready", at(".status.numberReady", 0), "integer", about="status.numberReady"),
        made("Up-to-date", at(".status.updatedNumberScheduled", 0), "integer", about="status.updatedNumberScheduled"),
        made("Available", at(".status.numberAvailable", 0), "integer", about="status.numberAvailable"),
        made(
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
        made("Status", values.job_status, text="Status of the job."),
        made("Completions", values.completions, about="status.succeeded"),
        made("Duration", values.job_duration, text="Time required to complete the job."),
        AGE,
        *_containers(),
        _selected(),
    ),
    "cronjobs.batch": (
        NAME,
        made("Schedule", at(".spec.schedule"), about="spec.schedule"),
        made("Timezone", at(".spec.timeZone", NONE), about="spec.timeZone"),
        made("Suspend", values.flag(".spec.suspend"), "boolean", about="spec.suspend"),
        made("Active", values.count(".status.active"), "integer", about="status.active"),
        made("Last Schedule", values.since(".status.lastScheduleTime"), about="status.lastScheduleTime"),
        AGE,
        *_containers(".spec.jobTemplate.spec.template.spec.containers"),
        _selected(".spec.jobTemplate.spec.selector", "spec.jobTemplate.spec.selector"),
    ),
    "horizontalpodautoscalers.autoscaling": (
        NAME,
        made(
            "Reference",
            lambda obj, now: f"{at('.spec.scaleTargetRef.kind')(obj, now)}/{at('.spec.scaleTargetRef.name')(obj, now)}",
            about="spec.scaleTargetRef",
        ),
        made("Targets", values.metrics, about="spec.metrics"),
        made("MinPods", at(".spec.minReplicas", values.UNSET), about="spec.minReplicas"),
        made("MaxPods", at(".spec.maxReplicas", 0), about="spec.maxReplicas"),
        made("Replicas", at(".status.currentReplicas", 0), about="status.currentReplicas"),
        AGE,
    ),
    "poddisruptionbudgets.policy": (
        NAME,
        made(
            "Min Available", at(".spec.minAvailable", "N/A"), text="The minimum number of pods that must be available."
        ),
        made(
            "Max Unavailable",
            at(".spec.maxUnavailable", "N/A"),
            text="The maximum number of pods that may be unavailable.",
        ),
        made(
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
        made("Type", at(".spec.type"), about="spec.type"),
        made("Cluster-IP", at(".spec.clusterIP", NONE), about="spec.clusterIP"),
        made("External-IP", values.external_ip, about="spec.externalIPs"),
        made("Port(s)", values.service_ports, about="spec.ports"),
        AGE,
        made("Selector", values.labels(".spec.selector"), about="spec.selector", wide=True),
    ),
    "ingresses.networking.k8s.io": (
        NAME,
        made(
            "Class",
            at(".spec.ingressClassName", NONE),
            text="The name of the IngressClass resource that should be used for additional configuration",
        ),
        made("Hosts", values.hosts, text="Hosts that incoming requests are matched against before the ingress rule"),
        made(
            "Address",
            values.address,
            text="Address is a list containing ingress points for the load-balancer",
        ),
        made("Ports", values.ingress_ports, text="Ports of TLS configurations that open"),
        AGE,
    ),
    "ingressclasses.networking.k8s.io": (
        NAME,
        made("Controller", at(".spec.controller"), text="Controller that is responsible for handling this class"),
        made(
            "Parameters", at(".spec.parameters.name", NONE), text="A reference to a resource with additional parameters"
        ),
        AGE,
    ),
    "networkpolicies.networking.k8s.io": (
        NAME,
        made("Pod-Selector", values.label_selector(".spec.podSelector"), about="spec.podSelector"),
        AGE,
    ),
    "endpoints": (NAME, made("Endpoints", values.endpoints, about="subsets"), AGE),
    "endpointslices.discovery.k8s.io": (
        NAME,
        made("AddressType", at(".addressType"), about="addressType"),
        made("Ports", values.slice_ports, about="ports"),
        made("Endpoints", values.slice_endpoints, about="endpoints"),
        AGE,
    ),
}
_CLUSTER: dict[str, tuple[ColumnDefinition, ...]] = {
    "nodes": (
        NAME,
        made("Status", values.node_status, text="The status of the node"),
        made("Roles", values.node_roles, text="The roles of the node"),
        AGE,
        made("Version", at(".status.nodeInfo.kubeletVersion"), about="status.nodeInfo.kubeletVersion"),
        made("Internal-IP", values.node_address("InternalIP"), about="status.addresses", wide=True),
        made("External-IP", values.node_address("ExternalIP"), about="status.addresses", wide=True),
        made("OS-Image", values.node_info("osImage"), about="status.nodeInfo.osImage", wide=True),
        made("Kernel-Version", values.node_info("kernelVersion"), about="status.nodeInfo.kernelVersion", wide=True),
        made(
            "Container-Runtime",
            values.node_info("containerRuntimeVersion"),
            about="status.nodeInfo.containerRuntimeVersion",
            wide=True,
        ),
    ),
    "persistentvolumes": (
        NAME,
        made("Capacity", at(".spec.capacity.storage"), about="spec.capacity"),
        made("Access Modes", values.modes(".spec.accessModes"), about="spec.accessModes"),
        made("Reclaim Policy", at(".spec.persistentVolumeReclaimPolicy"), about="spec.persistentVolumeReclaimPolicy"),
        made("Status", values.phase_or_terminating, about="status.phase"),
        made(
            "Claim",
            lambda obj, now: "/".join(
                filter(None, (at(".spec.claimRef.namespace")(obj, now), at(".spec.claimRef.name")(obj, now)))
            ),
            about="spec.claimRef",
        ),
        made("StorageClass", at(".spec.storageClassName"), text="StorageClass of the pv"),
        made(
            "VolumeAttributesClass",
            at(".spec.volumeAttributesClassName", values.UNSET),
            text="VolumeAttributesClass of the pv",
        ),
        made("Reason", at(".status.reason"), about="status.reason"),
        AGE,
        made("VolumeMode", at(".spec.volumeMode", values.UNSET), about="spec.volumeMode", wide=True),
    ),
    "persistentvolumeclaims": (
        NAME,
        made("Status", values.phase_or_terminating, about="status.phase"),
        made("Volume", at(".spec.volumeName"), about="spec.volumeName"),
        made("Capacity", values.bound(at(".status.capacity.storage", "0")), about="status.capacity"),
        made("Access Modes", values.bound(values.modes(".status.accessModes")), about="status.accessModes"),
        made("StorageClass", at(".spec.storageClassName"), text="StorageClass of the pvc"),
        made(
            "VolumeAttributesClass",
            at(".spec.volumeAttributesClassName", values.UNSET),
            text="VolumeAttributesClass of the pvc",
        ),
        AGE,
        made("VolumeMode", at(".spec.volumeMode", values.UNSET), about="spec.volumeMode", wide=True),
    ),
    "storageclasses.storage.k8s.io": (
        NAME,
        made("Provisioner", at(".provisioner"), about="provisioner"),
        made("ReclaimPolicy", at(".reclaimPolicy", "Delete"), about="reclaimPolicy"),
        made("VolumeBindingMode", at(".volumeBindingMode", "Immediate"), about="volumeBindingMode"),
        made(
            "AllowVolumeExpansion",
            values.flag(".allowVolumeExpansion", "false", capital=False),
            about="allowVolumeExpansion",
        ),
        AGE,
    ),
    "priorityclasses.scheduling.k8s.io": (
        NAME,
        made("Value", at(".value", 0), "integer", about="value"),
        made("Global-Default", at(".globalDefault", False), "boolean", about="globalDefault"),
        AGE,
        made("PreemptionPolicy", at(".preemptionPolicy"), about="preemptionPolicy"),
    ),
    "namespaces": (NAME, made("Status", at(".status.phase"), text="The status of the namespace"), AGE),
    "customresourcedefinitions.apiextensions.k8s.io": (NAME, CREATED),
}
_REST: dict[str, tuple[ColumnDefinition, ...]] = {
    "configmaps": (NAME, made("Data", values.count(".data", ".binaryData"), about="data"), AGE),
    "secrets": (
        NAME,
        made("Type", at(".type"), about="type"),
        made("Data", values.count(".data"), about="data"),
        AGE,
    ),
    "leases.coordination.k8s.io": (
        NAME,
        made("Holder", at(".spec.holderIdentity"), about="spec.holderIdentity"),
        AGE,
    ),
    "roles.rbac.authorization.k8s.io": (NAME, CREATED),
    "clusterroles.rbac.authorization.k8s.io": (NAME, CREATED),
    "rolebindings.rbac.authorization.k8s.io": _binding("roleBinding"),
    "clusterrolebindings.rbac.authorization.k8s.io": _binding("clusterRoleBinding"),
    "limitranges": (NAME, CREATED),
    "resourcequotas": (
        NAME,
        made(
            "Request",
            values.quota(limits=False),
            text="Request represents a minimum amount of cpu/memory that a container may consume.",
        ),
        made(
            "Limit",
            values.quota(limits=True),
            text="Limits control the maximum amount of cpu/memory that a container may use independent of contention "
            "on the node.",
        ),
        AGE,
    ),
    "events": (
        made("Last Seen", values.event_last_seen, about="lastTimestamp"),
        made("Type", at(".type"), about="type"),
        made("Reason", at(".reason"), about="reason"),
        made("Object", values.event_object, about="involvedObject"),
        made("Subobject", at(".involvedObject.fieldPath"), about="involvedObject.fieldPath", wide=True),
        made("Source", values.event_source, about="source", wide=True),
        made("Message", values.event_text, about="message"),
        made("First Seen", values.event_first_seen, about="firstTimestamp", wide=True),
        made("Count", values.event_count, about="count", wide=True),
        cells.named(made("Name", NAME.cell, about="metadata.name", wide=True)),
    ),
}
_BUILTIN: dict[str, tuple[ColumnDefinition, ...]] = {"pods": _PODS, **_WORKLOADS, **_NETWORKS, **_CLUSTER, **_REST}

SCALE = (
    NAME,
    made(
        "Desired",
        at(".spec.replicas", 0),
        "integer",
        text="replicas is the desired number of instances for the scaled object.",
    ),
    made(
        "Available",
        at(".status.replicas", 0),
        "integer",
        text="replicas is the actual number of observed instances of the scaled object.",
    ),
    AGE,
)
"""The columns of a Scale."""
