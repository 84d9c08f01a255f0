"""Documents of Hydra, the name of OAM before October 2019: the envelope, and kinds that have another name today.

`parse` refuses them; `rudr convert` rewrites them.
"""

from __future__ import annotations

from typing import Final

from rudr_py.model.document import Json
from rudr_py.model.identity import API_VERSION, CORE_GROUP
from rudr_py.model.shapes import names
from rudr_py.model.shapes.releases import HYDRA
from rudr_py.model.shapes.shape import Place, Table

ENVELOPE: Final = Table()

KINDS: Final = {
    "OperationalConfiguration": "ApplicationConfiguration",
    "Configuration": "ApplicationConfiguration",
    "Component": "ComponentSchematic",
    "AppScopeConfiguration": "ApplicationConfiguration",
}
"""Kinds of Hydra and of the drafts, with their names today."""

REMOVED_KINDS: Final = frozenset({"ApplicationModel"})
"""Kinds of Hydra that OAM has nothing for."""

_ANNOTATIONS: Final = ("version", "description")


@ENVELOPE.row("", HYDRA, "`apiVersion: core.hydra.io/v1alpha1`", "`apiVersion: core.oam.dev/v1alpha1`", "refused")
def hydra_group(place: Place) -> None:
    written = place.text("apiVersion")
    group, _, version = written.partition("/")
    if group in names.HYDRA_GROUPS or (group, version) == (CORE_GROUP, "v1"):
        place.read_as("apiVersion", API_VERSION)


@ENVELOPE.row("", HYDRA, "`kind: AppScopeConfiguration`", "`scopes` of an ApplicationConfiguration", "refused")
def scope_configuration(place: Place) -> None:
    spec = place.value.get("spec") if isinstance(place.value, dict) else None
    if place.text("kind") != "AppScopeConfiguration" or not isinstance(spec, dict):
        return
    metadata = place.value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(spec.get("appScopeType"), str) or not isinstance(name, str):
        return
    place.note("spec", "the scope is the only entry of spec.scopes of an application today")
    for old, new in (("appScopeType", "type"), ("properties", "properties")):
        place.rewriting.moved(("spec", old), ("spec", "scopes", 0, new))
    scope = {"name": name, "type": spec["appScopeType"]}
    scope |= {"properties": spec["properties"]} if "properties" in spec else {}
    place.put("spec", {"scopes": [scope]})


@ENVELOPE.row(
    "",
    HYDRA,
    "`kind: OperationalConfiguration`, `Configuration` or `Component`",
    "`kind: ApplicationConfiguration` or `ComponentSchematic`",
    "refused",
)
def hydra_kind(place: Place) -> None:
    today = KINDS.get(place.text("kind"))
    if today and place.text("apiVersion") == API_VERSION:
        place.read_as("kind", today)


@ENVELOPE.row("metadata", HYDRA, "`version` and `description`", "the same keys in `annotations`", "refused")
def metadata_texts(place: Place) -> None:
    if not isinstance(place.value, dict):
        return
    for key in _ANNOTATIONS:
        text = place.text(key).strip()
        annotations = place.value.get("annotations")
        if not text or (annotations is not None and not isinstance(annotations, dict)):
            continue
        place.note(key, f'"{key}" belongs into "annotations"')
        place.remove(key)
        place.put("annotations", {**(annotations or {}), **({} if key in (annotations or {}) else {key: text})})


def is_hydra(document: Json) -> bool:
    """Whether a document belongs to a group of Hydra."""
    api_version = document.get("apiVersion") if isinstance(document, dict) else None
    return isinstance(api_version, str) and api_version.partition("/")[0] in names.HYDRA_GROUPS


def advice(document: dict[str, Json]) -> str:
    """The advice for a document of Hydra."""
    kind = document.get("kind")
    before = f"{str(document['apiVersion']).partition('/')[0]} is the name of OAM before October 2019"
    if kind in REMOVED_KINDS:
        return f"{before}, and OAM has no kind {kind}; remove the document"
    today = KINDS.get(kind) if isinstance(kind, str) else None
    written = f" and kind: {today}" if today else ""
    return (
        f"{before}; write apiVersion: {API_VERSION}{written}, and {CORE_GROUP} in the names of types, or run: "
        "rudr convert"
    )


def kind_advice(kind: str) -> str:
    """The advice for a kind of the drafts in a document of OAM, as the continuation of a message; "" for any other."""
    return f' Did you mean "{KINDS[kind]}"? rudr convert changes it.' if kind in KINDS else ""


def type_advice(name: str) -> str:
    """The advice for a workload type of Hydra in a document of today; empty for any other type."""
    parts = names.split_core_type(name)
    if parts is None or parts[0] != names.HYDRA_GROUP:
        return ""
    today = names.core_type(names.workload_kind(parts[2]) or parts[2])
    return f"{names.HYDRA_GROUP} is the name of OAM before October 2019; write {today}, or run: rudr convert"
