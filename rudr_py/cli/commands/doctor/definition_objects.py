"""The definitions in the cluster that rudr-py did not publish: wrong ones, and those of installed types. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rudr_py.catalog import Catalog
from rudr_py.cli.commands.doctor.finding import Finding, note, problem
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.render.types import definition_documents, definition_faults
from rudr_py.render.values.inputs import Definitions

CHECK = "definitions"


def check(catalog: Catalog, objects: Sequence[Mapping[str, Any]], namespace: str) -> Iterator[Finding]:
    """A problem for each definition that is wrong, and a note for each that has the name of an installed type."""
    definitions = definition_documents.read(objects)
    wrong = {(fault.kind, fault.name): fault for fault in definition_faults.all_faults(definitions, catalog)}
    for fault in wrong.values():
        command = f"kubectl get {_object(fault.kind, fault.name, namespace)} -o yaml"
        yield problem(CHECK, str(fault), f"{command}; correct or delete the object")
    for kind, name, effect in _of_installed_types(definitions, catalog):
        if (kind, name) not in wrong:
            command = f"kubectl delete {_object(kind, name, namespace)}"
            message = f"{definition_faults.title(kind, name)} {effect}"
            yield note(CHECK, message, f"{command}; unless the effect is intended: Rudr's chart installs such objects")


def _of_installed_types(definitions: Definitions, catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """Kind, name and effect of the definitions of installed types that the controller did not publish."""
    for offer in {offer.name: offer for offer in catalog.traits.values()}.values():
        for name in dict.fromkeys(definition_faults.object_names(offer)):
            parsed = definitions.traits.get(name)
            if parsed is not None and not definition_faults.is_published(parsed):
                yield "Trait", name, f'narrows the installed trait "{offer.name}"'
    for name, scope in sorted(definitions.scopes.items()):
        scope_type = scope.value.type if scope.value is not None else ""
        if scope_type in catalog.scopes and not definition_faults.is_published(scope):
            yield "ApplicationScope", name, f'narrows the installed scope type "{scope_type}"'
    for name, workload in sorted(definitions.workloads.items()):
        if definition_faults.is_installed(workload, catalog) and not definition_faults.is_published(workload):
            yield "WorkloadType", name, "has no effect, because a package provides the workload type"


def _object(kind: str, name: str, namespace: str) -> str:
    plural = next(crd_kind.plural for crd_kind in crds.KINDS if crd_kind.kind == kind)
    return f"{plural}.{CORE_GROUP} {name} -n {namespace}"
