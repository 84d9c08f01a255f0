"""Fields that a document has at a wrong level, or that are those of Kubernetes: where they belong, or the replacement.

The parser reports each unknown field; this module only adds the advice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from rudr_py.model import suggest
from rudr_py.model.advice import package_index

_COMPONENT: Final = "spec of a ComponentSchematic"
_CONTAINER: Final = "spec.containers[] of a ComponentSchematic"
_RESOURCES: Final = "spec.containers[].resources of a ComponentSchematic"
_VOLUME: Final = "spec.containers[].resources.volumes[] of a ComponentSchematic"
_PROBE: Final = "livenessProbe or readinessProbe of a container"
_BINDING: Final = "spec.components[] of an ApplicationConfiguration"
_APPLICATION: Final = "spec of an ApplicationConfiguration"

_LEVELS: Final[Mapping[str, str]] = {
    "metadata": "annotations labels namespace",
    _COMPONENT: "arch containers osType parameters workloadSettings workloadType",
    _CONTAINER: "args cmd config env image imagePullSecret livenessProbe ports readinessProbe",
    _RESOURCES: "cpu extended gpu memory volumes",
    _VOLUME: "accessMode disk mountPath sharingPolicy",
    "disk of a volume": "ephemeral",
    "ports[] of a container": "containerPort protocol",
    "env[], config[] or workloadSettings[] of a ComponentSchematic": "fromParam",
    _PROBE: "exec failureThreshold httpGet initialDelaySeconds periodSeconds successThreshold tcpSocket timeoutSeconds",
    "httpGet of a probe": "httpHeaders",
    _BINDING: "applicationScopes componentName instanceName parameterValues traits",
    _APPLICATION: "components scopes variables",
    "spec of a Trait": "appliesTo",
}

LEVELS: Final[Mapping[str, tuple[str, ...]]] = {level: tuple(names.split()) for level, names in _LEVELS.items()}
"""The level of each field whose name occurs at one level only."""

_LEVEL_OF: Final = {field: level for level, names in LEVELS.items() for field in names}

_TRAIT: Final = "no package of the index sets it; a trait of your own can (rudr plugin new)"

_SET_BY_TRAITS: Final = """
    dnsConfig dnsPolicy ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostname nodeName
    shareProcessNamespace stdin subdomain terminationMessagePath terminationMessagePolicy tty volumeDevices
    workingDir
"""

KUBERNETES: Final[Mapping[str, str]] = {
    "command": "write cmd",
    "entrypoint": "write cmd",
    "environment": "write env, a list of name and value",
    "envFrom": "list each variable in env, with value or fromParam",
    "valueFrom": "write fromParam with the name of a parameter; the application sets its value in parameterValues",
    "configMapRef": "write the file in config, with value or fromParam",
    "secretRef": "write fromParam with the name of a parameter; the application sets its value in parameterValues",
    "hostPort": "remove it; the trait ingress makes a port available outside of the cluster",
    "targetPort": "write containerPort",
    "port": "write containerPort",
    "imagePullPolicy": "the controller sets it for all containers (rudr run --defaults)",
    "limits": "write cpu, memory or gpu with required, such as cpu: {required: 0.5}",
    "requests": "write cpu, memory or gpu with required, such as cpu: {required: 0.5}",
    "volumeMounts": "write resources.volumes in the container, with mountPath",
    "persistentVolumeClaim": "attach the trait volume-mounter in the application",
    "volumeClaimTemplates": "attach the trait volume-mounter in the application",
    "emptyDir": "write disk: {required: 1G, ephemeral: true} in the volume",
    "readOnly": "write accessMode: RO",
    "replicas": "attach the trait manual-scaler in the application",
    "replicaCount": "attach the trait manual-scaler in the application",
    "minReplicas": "attach the trait auto-scaler in the application",
    "maxReplicas": "attach the trait auto-scaler in the application",
    "sidecar": "write a second entry in containers",
    "sidecars": "write further entries in containers",
    "startupProbe": "write a livenessProbe with initialDelaySeconds",
    "restartPolicy": "choose the workloadType: Task for containers that end, Server or Worker for others",
    "backoffLimit": "remove it; the workload type Task sets a default",
    "parallelism": "attach the trait manual-scaler in the application",
    "selector": "remove it; rudr sets the selectors",
    "template": "write containers in spec of a ComponentSchematic",
    "serviceName": "remove it; rudr creates the Service",
    "traits": f"it belongs to {_BINDING}",
    "type": "remove it",
    "ingress": "attach the trait ingress in the application",
    "ingresses": "attach the trait ingress in the application",
    "autoscaling": "attach the trait auto-scaler in the application",
    "resources": f"it belongs to {_CONTAINER}",
    "nodeSelector": "write osType and arch",
    "readinessGates": _TRAIT,
    **dict.fromkeys(_SET_BY_TRAITS.split(), _TRAIT),
}
"""Fields of Kubernetes' workloads that OAM does not have, with the replacement."""

_PACKAGED: Final = tuple(key for package in package_index.load().package for key in package.fields)
_BY_FOLDED: Final = {name.casefold(): name for name in (*KUBERNETES, *_PACKAGED)}
_AMBIGUOUS: Final = frozenset({"type", "port", "hostname"})
"""Fields of Kubernetes whose names have another meaning in a document of OAM; advice only for single levels."""


def advice(field: str, siblings: Collection[str]) -> str:
    """Advice for an unknown field beside the known fields `siblings`, as the continuation of a message, or ""."""
    level = _LEVEL_OF.get(field, "")
    if level and field not in siblings:
        return f" It belongs to {level}."
    near = suggest.similar(field, siblings)
    replacement = _replacement(field, siblings)
    if replacement and not (near and field not in KUBERNETES and field not in _PACKAGED):
        return f" {replacement[0].upper()}{replacement[1:]}."
    if near:
        return f' Did you mean "{near}"?'
    return (
        f' Did you mean "{misspelt}"? It belongs to {_LEVEL_OF[misspelt]}.' if (misspelt := _elsewhere(field)) else ""
    )


def _replacement(field: str, siblings: Collection[str]) -> str:
    name = _BY_FOLDED.get(field.casefold(), "")
    if name in _AMBIGUOUS and "containerPort" not in siblings:
        return ""
    own, trait = KUBERNETES.get(name, ""), package_index.setter(name or field)
    return f"{own}; or {trait}" if own and trait and own != _TRAIT else trait or own


def _elsewhere(field: str) -> str:
    """The field of another level that a misspelling is nearest to."""
    return suggest.similar(field, _LEVEL_OF) if len(field) > 4 else ""
