"""The seven custom resource definitions, generated from the model.

`python -m rudr_py.model.crd_schemas.crds DIR` writes them as files; that is the only I/O here. Kinds, plurals and label
are those of Rudr's charts; the schemas accept every document that Rudr accepted.

Kubernetes accepts a name for only one resource of a group, so names that KubeVela's CRDs in this group use are included
on request only. kubectl resolves a name that two groups have to one of them, so documentation uses names that no other
project has.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from rudr_py.model.crd_schemas import application, component, definition, nodes
from rudr_py.model.crd_schemas.nodes import PRESERVE, Schema
from rudr_py.model.identity import CORE_GROUP, VERSION

_READY = '.status.conditions[?(@.type=="Ready")]'


class PrinterColumn(msgspec.Struct, frozen=True):
    """A column of `kubectl get`; a wide one is shown with `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False


class CrdKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of the group. `legacy_names` are short names of Rudr's charts that KubeVela uses, too.

    `singular` is the lower-case kind by default; one of the legacy names replaces it if that is the lower-case kind.
    """

    kind: str
    plural: str
    singular: str = ""
    short_names: tuple[str, ...] = ()
    legacy_names: tuple[str, ...] = ()
    description: str
    spec: Callable[[], Schema]
    status: Callable[[], Schema] | None = None
    columns: tuple[PrinterColumn, ...] = ()


KINDS: Final = (
    CrdKind(
        kind="ApplicationConfiguration",
        plural="applicationconfigurations",
        short_names=("cfg", "configuration", "configurations", "oamapp"),
        description="An application: components with their parameter values, traits and scopes.",
        spec=application.application_spec,
        status=application.application_status,
        columns=(
            PrinterColumn("Phase", ".status.phase"),
            PrinterColumn("Ready", f"{_READY}.status"),
            PrinterColumn("Reason", f"{_READY}.reason"),
            PrinterColumn("Valid", '.status.conditions[?(@.type=="Valid")].status', wide=True),
            PrinterColumn("Synced", '.status.conditions[?(@.type=="Synced")].status', wide=True),
            PrinterColumn("Traits", '.status.conditions[?(@.type=="TraitsReady")].status', wide=True),
        ),
    ),
    CrdKind(
        kind="ComponentSchematic",
        plural="componentschematics",
        short_names=("component", "components", "oamcomp"),
        legacy_names=("comp",),  # KubeVela
        description="A component: containers, parameters and a workload type.",
        spec=component.component_spec,
        columns=(
            PrinterColumn("Workload", ".spec.workloadType"),
            PrinterColumn("Image", ".spec.containers[0].image", wide=True),
        ),
    ),
    CrdKind(
        kind="ComponentInstance",
        plural="componentinstances",
        short_names=("compinst",),
        description="An instance of a component in an application; written by the controller.",
        spec=definition.component_instance_spec,
        status=definition.component_instance_status,
        columns=(
            PrinterColumn("Application", ".metadata.ownerReferences[0].name"),
            PrinterColumn("Health", ".status", wide=True),
        ),
    ),
    CrdKind(
        kind="HealthScope",
        plural="healthscopes",
        short_names=("health",),
        description="The health of a group of instances; written by the controller.",
        spec=definition.health_scope_spec,
        status=definition.health_scope_status,
        columns=(
            PrinterColumn("Health", ".status.health"),
            PrinterColumn("Method", ".spec.probeMethod"),
            PrinterColumn("Interval", ".spec.probeInterval", "integer", wide=True),
            PrinterColumn("Changed", ".status.lastAggregateTimestamp", "date"),
        ),
    ),
    CrdKind(
        kind="ApplicationScope",
        plural="applicationscopes",
        short_names=("oamscope",),
        legacy_names=("scope",),  # earlier releases of KubeVela
        description="The definition of a type of scope.",
        spec=definition.scope_spec,
        columns=(PrinterColumn("Type", ".spec.type"), PrinterColumn("Overlap", ".spec.allowComponentOverlap")),
    ),
    CrdKind(
        kind="Trait",
        plural="traits",
        singular="oamtrait",
        legacy_names=("trait",),  # KubeVela
        description="The definition of a trait.",
        spec=definition.trait_spec,
        columns=(PrinterColumn("Applies to", ".spec.appliesTo"),),
    ),
    CrdKind(
        kind="WorkloadType",
        plural="workloadtypes",
        short_names=("workloadtype",),
        description="The definition of a workload type outside the core.",
        spec=definition.workload_type_spec,
        columns=(
            PrinterColumn("Group", ".spec.group"),
            PrinterColumn("Version", ".spec.version"),
            PrinterColumn("Kind", ".spec.names.kind"),
        ),
    ),
)
"""Every kind of the group."""


def documents(*, legacy_short_names: bool = False) -> list[dict[str, Any]]:
    """The definitions in the form of Kubernetes (apiextensions.k8s.io/v1).

    With `legacy_short_names` they also have those names of Rudr's charts that KubeVela uses in this group.
    """
    return [_document(kind, legacy_short_names) for kind in KINDS]


def to_yaml(document: dict[str, Any]) -> str:
    """A definition as YAML; its keys keep their order."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=110)
    return text


def main(arguments: list[str]) -> int:
    """Write one file per definition into a folder. Returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m rudr_py.model.crd_schemas.crds DIR\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for document in documents():
        path = folder / f"{document['spec']['names']['plural']}.yaml"
        path.write_text(to_yaml(document), encoding="utf-8")
    return 0


class _Dumper(yaml.SafeDumper):
    """Without anchors: nodes that occur in two places are written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def _document(kind: CrdKind, legacy_short_names: bool) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{CORE_GROUP}",
            "labels": {"app.kubernetes.io/part-of": CORE_GROUP},
        },
        "spec": {
            "group": CORE_GROUP,
            "scope": "Namespaced",
            "names": _names(kind, legacy_short_names),
            "versions": [_version(kind)],
        },
    }


def _names(kind: CrdKind, legacy_short_names: bool) -> dict[str, Any]:
    legacy = kind.legacy_names if legacy_short_names else ()
    lower = kind.kind.lower()
    singular = lower if lower in legacy else kind.singular or lower
    short = [*legacy, *kind.short_names, *([kind.singular] if kind.singular not in ("", singular) else [])]
    names = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": singular,
        "categories": ["oam"],
    }
    return {**names, "shortNames": short} if short else names


def _version(kind: CrdKind) -> dict[str, Any]:
    status = kind.status() if kind.status else {**nodes.record("Not used.", {}), PRESERVE: True}
    fields = {
        "apiVersion": nodes.text("Version of the schema of this object."),
        "kind": nodes.text("Kind of this object."),
        "metadata": {"type": "object"},
        "spec": nodes.lenient(kind.spec()),
        "status": status,
    }
    columns = [*kind.columns, PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": nodes.record(kind.description, fields, required=("spec",))},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(column) for column in columns],
    }


def _column(column: PrinterColumn) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return {**fields, "priority": 1} if column.wide else fields


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
