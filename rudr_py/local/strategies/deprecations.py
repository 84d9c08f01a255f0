"""The Warning headers of writes: deprecated fields, and values that are legal but have no or another effect. Pure.

Source: pkg/api/pod/warnings.go and the warnings of the other kinds in pkg/api and pkg/registry of Kubernetes 1.36.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rudr_py.local.apimachinery.object_meta import STANDARD_FINALIZERS
from rudr_py.local.schema.validation import formats
from rudr_py.local.schema.validation.values import FORMATS_OF_NUMBERS
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies.strategy import Warnings

_LABELS: Final = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
}
"""Deprecated labels of nodes: since when, and the label to use."""

_POD_ANNOTATIONS: Final = {
    "seccomp.security.alpha.kubernetes.io/pod": 'non-functional in v1.27+; use the "seccompProfile" field instead',
    "container.seccomp.security.alpha.kubernetes.io/": (
        'non-functional in v1.27+; use the "seccompProfile" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "container.apparmor.security.beta.kubernetes.io/": (
        'deprecated since v1.30; use the "appArmorProfile" field instead'
    ),
}
"""By the annotation; a text that ends with a slash is a prefix."""

_VOLUMES: Final = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_COMPARED: Final = 16
"""The number of earlier definitions of a port that a further one is compared with; a server compares it with all."""

_BYTES: Final = ("memory", "ephemeral-storage")
INGRESS_CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
CLASS_ANNOTATION: Final = "volume.beta.kubernetes.io/storage-class"


def finalizers(new: Object, old: Object | None) -> Iterator[str]:
    """The warnings of the finalizers of a custom kind that an update does not keep."""
    kept = (old or {}).get("metadata", {}).get("finalizers") or ()
    for name in new["metadata"].get("finalizers") or ():
        if "/" not in name and name not in STANDARD_FINALIZERS and name not in kept:
            advice = "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts"
            yield f'metadata.finalizers: "{name}": {advice} with other finalizer writers'


def pod(new: Object, old: Object | None) -> Iterator[str]:
    """The warnings of a new pod."""
    if old is None:
        yield from _pod(new, "")


def template(*path: str) -> Warnings:
    """Return the function for a kind with a pod template at a path, which warns of each new generation."""

    def warnings(new: Object, old: Object | None) -> Iterator[str]:
        if old is None or old["metadata"].get("generation") != new["metadata"].get("generation"):
            yield from _pod(_at(new, path), ".".join(path) + ".")

    return warnings


def claim(new: Object, old: Object | None) -> Iterator[str]:
    """The warnings of a PersistentVolumeClaim."""
    del old
    if CLASS_ANNOTATION in (new["metadata"].get("annotations") or {}):
        advice = 'deprecated since v1.8; use "storageClassName" attribute instead'
        yield f"metadata.annotations[{CLASS_ANNOTATION}]: {advice}"


def volume(new: Object, old: Object | None) -> Iterator[str]:
    """The warnings of a PersistentVolume."""
    yield from claim(new, old)
    spec = new["spec"]
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        advice = "Instead, the recommended approach is to use dynamic provisioning."
        yield f"spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. {advice}"
    yield from _volume_source(spec, "spec")


def ingress(new: Object, old: Object | None) -> Iterator[str]:
    """The warnings of a new Ingress."""
    if old is None and INGRESS_CLASS_ANNOTATION in (new["metadata"].get("annotations") or {}):
        yield f"annotation \"{INGRESS_CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"


def service(new: Object, old: Object | None) -> Iterator[str]:
    """The warnings of a Service."""
    del old
    spec = new["spec"]
    if spec.get("externalIPs"):
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if spec.get("clusterIP") == "None" and spec.get("sessionAffinity") == "ClientIP":
        yield "spec.SessionAffinity is ignored for headless services"


def definition(new: Object, old: Object | None) -> Iterator[str]:
    """The warnings of a new specification of a CustomResourceDefinition: formats that are not checked."""
    if old is not None and old["spec"] == new["spec"]:
        return
    schemas = [version.get("schema") for version in new["spec"].get("versions") or ()]
    yield from (f'unrecognized format "{name}"' for name in sorted(_unrecognised(schemas)))


def _unrecognised(schema: Any) -> set[str]:
    """The unsupported formats in a schema. A property may be named `format`, too."""
    if isinstance(schema, list):
        return set().union(*map(_unrecognised, schema))
    if not isinstance(schema, dict):
        return set()
    name, kind = schema.get("format"), schema.get("type")
    names = set().union(*map(_unrecognised, schema.values()))
    is_known = not isinstance(name, str) or name in FORMATS_OF_NUMBERS.get(str(kind), ()) or formats.is_supported(name)
    return names if is_known else names | {str(name)}


def secret(new: Object, old: Object | None) -> Iterator[str]:
    """The warnings of a Secret: TLS certificates and keys that are no PEM."""
    del old
    if new.get("type") != "kubernetes.io/tls":
        return
    data = {key: _decoded(value) for key, value in (new.get("data") or {}).items()}
    for key, kind in (("tls.crt", "certificate"), ("tls.key", "key")):
        if b"-----BEGIN " not in data.get(key, b""):
            yield f"tls: failed to find any PEM data in {kind} input"
            return


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""


def _at(obj: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    value: Any = obj
    for part in path:
        value = value.get(part) or {}
    return value if isinstance(value, Mapping) else {}


def _pod(holder: Mapping[str, Any], path: str) -> Iterator[str]:
    spec = holder.get("spec") or {}
    yield from _node_labels(spec, f"{path}spec.")
    yield from _annotations((holder.get("metadata") or {}).get("annotations") or {}, f"{path}metadata.annotations")
    for index, source in enumerate(spec.get("volumes") or ()):
        yield from _volume_source(source, f"{path}spec.volumes[{index}]")
    yield from _aliases(spec, f"{path}spec.hostAliases")
    for index, secret_reference in enumerate(spec.get("imagePullSecrets") or ()):
        if not secret_reference.get("name"):
            yield f'{path}spec.imagePullSecrets[{index}].name: invalid empty name ""'
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        detail = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{path}spec.terminationGracePeriodSeconds: {detail}"
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield from _container(container, f"{path}spec.{field}[{index}]")
    yield from _ports(spec, f"{path}spec.containers")


def _node_labels(spec: Mapping[str, Any], path: str) -> Iterator[str]:
    for label in spec.get("nodeSelector") or ():
        if label in _LABELS:
            since, replacement = _LABELS[label]
            yield f'{path}nodeSelector[{label}]: deprecated since {since}; use "{replacement}" instead'
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        label = constraint.get("topologyKey")
        if label in _LABELS:
            since, replacement = _LABELS[label]
            where = f"{path}topologySpreadConstraints[{index}].topologyKey"
            yield f'{where}: {label} is deprecated since {since}; use "{replacement}" instead'
        if constraint.get("labelSelector") is None:
            where = f"{path}topologySpreadConstraints[{index}].labelSelector"
            yield f"{where}: a null labelSelector results in matching no pod"


def _annotations(annotations: Mapping[str, Any], path: str) -> Iterator[str]:
    for key in annotations:
        for name, text in _POD_ANNOTATIONS.items():
            if key == name or (name.endswith("/") and key.startswith(name)):
                yield f"{path}[{key}]: {text}"


def _volume_source(source: Mapping[str, Any], path: str) -> Iterator[str]:
    for kind, text in _VOLUMES.items():
        if kind in source:
            name = "storageOS" if kind == "storageos" else kind
            yield f"{path}.{name}: {text}"


def _aliases(spec: Mapping[str, Any], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        address = str(alias.get("ip"))
        if address in seen:
            yield f'{path}[{index}].ip: duplicate ip "{address}"'
        seen.add(address)


def _container(container: Mapping[str, Any], path: str) -> Iterator[str]:
    names: dict[str, int] = {}
    for index, variable in enumerate(container.get("env") or ()):
        name = str(variable.get("name"))
        if name in names:
            text = f'hides previous definition of "{name}", which may be dropped when using apply'
            yield f"{path}.env[{index}]: {text}"
        names[name] = index
    resources = container.get("resources") or {}
    for part in ("limits", "requests"):
        for resource, amount in (resources.get(part) or {}).items():
            if resource in _BYTES and str(amount).endswith("m"):
                text = f'fractional byte value "{amount}" is invalid, must be an integer'
                yield f"{path}.resources.{part}[{resource}]: {text}"


def _ports(spec: Mapping[str, Any], path: str) -> Iterator[str]:
    """The warnings of ports that several containers, or one of them twice, open."""
    earlier: dict[tuple[Any, ...], list[tuple[str, tuple[Any, ...]]]] = {}
    for index, container in enumerate(spec.get("containers") or ()):
        for number, port in enumerate(container.get("ports") or ()):
            here, host = f"{path}[{index}].ports[{number}]", (port.get("hostPort"), port.get("hostIP"))
            same = earlier.setdefault((port.get("containerPort"), port.get("protocol")), [])
            for there, other in same:
                if host == other:
                    yield f"{here}: duplicate port definition with {there}"
                elif not host[0] or not other[0]:
                    yield f"{here}: overlapping port definition with {there}"
            if len(same) < _COMPARED:
                same.append((here, host))
