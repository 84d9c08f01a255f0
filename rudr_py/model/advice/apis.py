"""Documents of other APIs and tools: the API that a document belongs to, and advice for its user.

The group of a document decides before its kind does, because other groups have kinds with the names of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from rudr_py.model import suggest
from rudr_py.model.advice import package_index
from rudr_py.model.document import Json
from rudr_py.model.identity import API_VERSION, CORE_GROUP

Judgement: TypeAlias = Literal["oam", "wrong", "other"]
"""Of OAM v1alpha1; of OAM by intent, with an error in its envelope; of another API, which rudr leaves alone."""

_OWN_KINDS: Final = frozenset({"ApplicationConfiguration", "ComponentSchematic"})
"""Kinds that hardly another API has, so that the group of a document may be an error."""

_ONLY_HERE: Final = frozenset({"ApplicationScope", "ComponentInstance", "ComponentSchematic", "Trait", "WorkloadType"})
"""Kinds that later versions of OAM do not have."""

_LATER: Final = {"v1alpha2": "Crossplane and KubeVela before 1.0", "v1beta1": "KubeVela"}

_REWRITE: Final[Mapping[str, str]] = {
    "Application": "an ApplicationConfiguration with one ComponentSchematic for each of its components",
    "ApplicationConfiguration": "an ApplicationConfiguration whose traits and scopes are in spec.components[]",
    "Component": "a ComponentSchematic",
    "ContainerizedWorkload": "a ComponentSchematic",
    "HealthScope": "an entry of spec.scopes of an ApplicationConfiguration",
    "ManualScalerTrait": "the trait manual-scaler in spec.components[].traits",
    "ScopeDefinition": "an ApplicationScope, with a scope type of a plugin",
    "TraitDefinition": "a Trait, with a trait of a plugin",
    "WorkloadDefinition": "a WorkloadType",
}

KINDS: Final[Mapping[str, str]] = {
    "Application": "ApplicationConfiguration",
    "Component": "ComponentSchematic",
    "ContainerizedWorkload": "ComponentSchematic",
    "ScopeDefinition": "ApplicationScope",
    "TraitDefinition": "Trait",
    "WorkloadDefinition": "WorkloadType",
}
"""Kinds of later versions of OAM, with those of v1alpha1."""

_RUN_BY: Final[Mapping[str, str]] = {
    "CronJob": "batch.rudr.dev/v1alpha1.CronTask",
    "DaemonSet": f"{API_VERSION}.Worker",
    "Deployment": f"{API_VERSION}.Server",
    "Job": f"{API_VERSION}.Task",
    "Pod": f"{API_VERSION}.SingletonServer",
    "ReplicaSet": f"{API_VERSION}.Server",
    "StatefulSet": f"{API_VERSION}.SingletonServer",
}
"""Workloads of Kubernetes, with the nearest workload type."""

_KUSTOMIZE_KEYS: Final = frozenset(
    {"bases", "configMapGenerator", "patches", "patchesJson6902", "patchesStrategicMerge", "secretGenerator"}
)


class Advice(msgspec.Struct, frozen=True):
    """The judgement of a document. `message` is empty for one of OAM v1alpha1; `path` is the place of an error."""

    judgement: Judgement
    message: str = ""
    path: str = "$"


OAM: Final = Advice("oam")


def judge(document: Mapping[str, Json]) -> Advice:
    """The API of a document, by its apiVersion, then by its kind, then by its other fields.

    A document of OAM with other errors in its envelope is `oam`; its reader reports them.
    """
    api_version, kind = document.get("apiVersion"), document.get("kind")
    if not isinstance(kind, str) and (tool := _tool(document)):
        return Advice("wrong", f"{tool}; it is not an OAM document")
    if not isinstance(api_version, str):
        return OAM
    kind = kind if isinstance(kind, str) else ""
    group, _, version = api_version.strip().rpartition("/")
    if group == CORE_GROUP:
        return _of_group(version, kind, document)
    if suggest.similar(group, (CORE_GROUP,)) or api_version in ("oam.dev/v1alpha1", "v1alpha1"):
        return OAM
    if kind in _OWN_KINDS:
        return Advice("other", f"OAM documents of the kind {kind} have apiVersion {API_VERSION}", "$.apiVersion")
    return Advice("other", _left_alone(group, kind))


def is_later_component(document: Mapping[str, Json]) -> bool:
    """Whether a document is a Component of v1alpha2, of which drafts in version v1alpha1 were published, too."""
    spec = document.get("spec")
    return document.get("kind") == "Component" and isinstance(spec, dict) and "workload" in spec


def is_of_tool(document: Mapping[str, Json]) -> bool:
    """Whether a document is a file of another tool, such as the Chart.yaml of a Helm chart, and has no kind."""
    return not isinstance(document.get("kind"), str) and bool(_tool(document))


def wrong_kind(kind: str) -> str:
    """Advice for a kind that OAM v1alpha1 does not have, as the continuation of a message; "" without any."""
    if kind in KINDS:
        return f' Did you mean "{KINDS[kind]}"?'
    if kind in _RUN_BY:
        return f" A ComponentSchematic with the workloadType {_runner(kind)} runs such pods."
    return ""


def _of_group(version: str, kind: str, document: Mapping[str, Json]) -> Advice:
    """The judgement of a document of OAM's group."""
    if version in _LATER:
        return Advice("wrong", _later(version, kind), "$.apiVersion")
    if is_later_component(document):
        return Advice("wrong", f'a Component with a "workload" is of {_later("v1alpha2", kind)}', "$.spec.workload")
    return OAM


def _later(version: str, kind: str) -> str:
    if kind in _ONLY_HERE:
        return f"{CORE_GROUP}/{version} has no kind {kind}; write apiVersion: {API_VERSION}"
    rewrite = f": write it as {_REWRITE[kind]}" if kind in _REWRITE else ""
    return (
        f"{CORE_GROUP}/{version} is a later OAM, that of {_LATER[version]}, which rudr does not read; use KubeVela for "
        f"this document, or {API_VERSION} for rudr{rewrite}"
    )


def _left_alone(group: str, kind: str) -> str:
    if group in ("kustomize.config.k8s.io",) or kind == "Kustomization":
        return "it is a Kustomize file; build it first, such as kubectl kustomize . | rudr validate -f -"
    if group in ("", "apps", "batch", "extensions") and kind in _RUN_BY:
        return f"it is applied with kubectl; for rudr, write a ComponentSchematic with the workloadType {_runner(kind)}"
    return ""


def _runner(kind: str) -> str:
    """The workload type that runs the pods of a kind, with the package that has to be installed."""
    package = package_index.provider("workloads", _RUN_BY[kind])
    return f"{_RUN_BY[kind]} of {package}" if package else _RUN_BY[kind]


def _tool(document: Mapping[str, Json]) -> str:
    """The tool to which a document without a kind belongs, and advice; "" if it may be of OAM."""
    api_version = document.get("apiVersion")
    if isinstance(document.get("services"), dict):
        return "this is a Compose file: write a ComponentSchematic for each of its services"
    if isinstance(api_version, str) and api_version.startswith("score.dev/"):
        return "this is a Score workload: write it as a ComponentSchematic"
    if api_version in ("v1", "v2") and {"name", "version"} <= set(document):
        return "this is the Chart.yaml of a Helm chart: render the chart, such as helm template . | rudr validate -f -"
    lists_files = isinstance(document.get("resources"), list) and "spec" not in document
    if api_version is None and (lists_files or _KUSTOMIZE_KEYS & set(document)):
        return "this is a Kustomize file: build it first, such as kubectl kustomize . | rudr validate -f -"
    return ""
