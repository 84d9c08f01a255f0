"""Discovery: `/version`, `/api`, `/apis` and below, aggregated (`apidiscovery.k8s.io/v2`) and unaggregated.

Documents are built from the registry at each request, so kinds of a CRD appear and disappear at once.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from rudr_py.local.registry.resources import Registry, Resource
from rudr_py.local.storage.store import Object

AGGREGATED = "APIGroupDiscoveryList"
_CUSTOM_ORDER = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_PART_VERBS = ("get", "patch", "update")
_VERBS_OF_PARTS = {
    "log": ("get",),
    "finalize": ("update",),
    "token": ("create",),
    "eviction": ("create",),
    "binding": ("create",),
    "attach": ("create", "get"),
    "exec": ("create", "get"),
    "portforward": ("create", "get"),
    "proxy": ("create", "delete", "get", "patch", "update"),
}
_PART_KINDS = {
    "binding": "Binding",
    "attach": "PodAttachOptions",
    "exec": "PodExecOptions",
    "portforward": "PodPortForwardOptions",
    "proxy": "{}ProxyOptions",
}
"""Subresources with a kind of their own in the group of the resource."""
_FOREIGN_PARTS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
    "eviction": ("policy", "v1", "Eviction"),
}
"""Subresources whose kind belongs to another group: its group, version and kind."""


def version(release: str) -> Object:
    """Return `/version` of a release such as `1.36`."""
    major, minor = release.split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{major}.{minor}.0",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "python",
        "platform": "local/any",
    }


def wants_aggregated(accept: str) -> str:
    """Return the version of aggregated discovery that an Accept header requests, or an empty string."""
    for entry in accept.split(","):
        if f"as={AGGREGATED}" in entry:
            if "v=v2;" in f"{entry};":
                return "v2"
            if "v=v2beta1;" in f"{entry};":
                return "v2beta1"
    return ""


def aggregated(registry: Registry, form: str, *, core: bool) -> Object:
    """Return all groups (or only the core) with their versions and resources in one document."""
    groups = _grouped(resource for resource in registry if (resource.group == "") == core)
    return {
        "kind": AGGREGATED,
        "apiVersion": f"apidiscovery.k8s.io/{form}",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None},
                "versions": [
                    {
                        "version": version_name,
                        "resources": [_aggregated_resource(resource) for resource in resources],
                        "freshness": "Current",
                    }
                    for version_name, resources in versions.items()
                ],
            }
            for group, versions in groups.items()
        ],
    }


def _grouped(resources: Iterable[Resource]) -> dict[str, dict[str, list[Resource]]]:
    groups: dict[str, dict[str, list[Resource]]] = {}
    for resource in resources:
        groups.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
    return groups


def _aggregated_resource(resource: Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    entry: Object = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(_CUSTOM_ORDER if resource.custom else resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    parts = [
        {"subresource": part, "responseKind": _part_kind(resource, part), "verbs": list(part_verbs(part))}
        for part in _parts(resource)
    ]
    return {**entry, "subresources": parts} if parts else entry


def _parts(resource: Resource) -> list[str]:
    parts = [*resource.subresources]
    if resource.scale is not None:
        parts.append("scale")
    if resource.status:
        parts.append("status")
    return parts


def _part_kind(resource: Resource, part: str) -> Object:
    if part in _FOREIGN_PARTS:
        group, version, kind = _FOREIGN_PARTS[part]
        return {"group": group, "version": version, "kind": kind}
    kind = _PART_KINDS.get(part, resource.kind).format(resource.kind)
    return {"group": resource.group, "version": resource.version, "kind": kind}


def part_verbs(part: str) -> tuple[str, ...]:
    """Return the verbs of a subresource."""
    return _VERBS_OF_PARTS.get(part, _PART_VERBS)


def core_versions(address: str) -> Object:
    """Return the unaggregated `/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list(registry: Registry) -> Object:
    """Return the unaggregated `/apis`."""
    groups = _grouped(resource for resource in registry if resource.group)
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(name, list(versions)) for name, versions in groups.items()],
    }


def group(registry: Registry, name: str) -> Object | None:
    """Return the unaggregated `/apis/<group>`, or None."""
    versions = _grouped(resource for resource in registry if resource.group == name).get(name)
    if not name or not versions:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, list(versions))}


def _group(name: str, versions: list[str]) -> Object:
    listed = [{"groupVersion": f"{name}/{each}", "version": each} for each in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(registry: Registry, group_name: str, version_name: str) -> Object | None:
    """Return the unaggregated `/api/v1` or `/apis/<group>/<version>`, or None."""
    resources = _grouped(registry).get(group_name, {}).get(version_name)
    if not resources:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": resources[0].api_version,
        "resources": [entry for resource in resources for entry in _classic(resource)],
    }


def _classic(resource: Resource) -> list[Object]:
    verbs = _CUSTOM_ORDER if resource.custom else resource.verbs
    main: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(verbs),
    }
    if resource.short_names:
        main["shortNames"] = list(resource.short_names)
    if resource.categories:
        main["categories"] = list(resource.categories)
    if "get" in resource.verbs:
        main["storageVersionHash"] = _hash(f"{resource.group}/{resource.storage_version}/{resource.kind}")
    entries = [main]
    for part in _parts(resource):
        entry: Object = {
            "name": f"{resource.plural}/{part}",
            "singularName": "",
            "namespaced": resource.namespaced,
        }
        kind: dict[str, Any] = _part_kind(resource, part)
        if part in _FOREIGN_PARTS:
            entry.update(group=kind["group"], version=kind["version"])
        entries.append({**entry, "kind": kind["kind"], "verbs": list(part_verbs(part))})
    return entries


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()
