"""All problems of documents, in one pass: of each alone, of applications as a whole, and those of the API server.

`rudr validate`, `render` and `diff` use the same checks, so that they refuse the same documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli.documents import schemas_extra
from rudr_py.cli.documents.document_set import DocumentSet
from rudr_py.cli.documents.workspace import ParsedDocument, Workspace
from rudr_py.cli.output.problems import Problems
from rudr_py.errors import Location, Problem
from rudr_py.model import paths
from rudr_py.model.application import Application
from rudr_py.model.document import Document
from rudr_py.model.kinds import CUSTOM_RESOURCE_DEFINITION
from rudr_py.render import holds
from rudr_py.render.types import definition_faults
from rudr_py.render.values.plan import Plan, PlannedObject

if TYPE_CHECKING:
    from rudr_py.cli.documents.server_rules import Refusal, ServerRules


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Applications with their plans, and the problems of all documents. `notes` are no problems."""

    plans: tuple[Plan, ...] = ()
    problems: Problems = Problems()
    notes: tuple[str, ...] = ()


def check(document_set: DocumentSet, catalog: Catalog, now: datetime, *, strict: bool = False) -> Checked:
    """Check all documents, and render the applications. An application with problems has a plan without objects.

    With `strict`, warnings are errors.
    """
    workspace, server_rules = document_set.workspace, document_set.server_rules
    errors: list[Problem] = [
        *document_set.contents.problems,
        *workspace.problems,
        *workspace.unused_component_problems(catalog),
    ]
    warnings: list[Problem] = [
        *workspace.warnings,
        *definition_warnings(workspace, catalog),
        *_unknown_namespaces(document_set),
    ]
    if server_rules is None:
        warnings.append(schemas_extra.MISSING)
    errors += document_problems(workspace, server_rules)
    plans: list[Plan] = []
    held: list[str] = []
    for application in workspace.applications:
        plan = workspace.plan(application, catalog, now, document_set.defaults)
        refused = tuple(_object_problems(application, plan, server_rules)) if server_rules is not None else ()
        errors += (*plan.problems, *refused)
        warnings += plan.warnings
        held += holds.notes(application.value.metadata.name, plan)
        is_refused = refused or (strict and plan.warnings)
        plans.append(msgspec.structs.replace(plan, manifests=()) if is_refused else plan)
    problems = Problems.collect(errors, _below_no_error(warnings, errors))
    return Checked(
        plans=tuple(plans),
        problems=problems.strict() if strict else problems,
        notes=(*held, *_unserved_notes(server_rules)),
    )


def document_problems(workspace: Workspace, server_rules: ServerRules | None) -> tuple[Problem, ...]:
    """The reasons of the API server to refuse documents, except in places of which a problem is reported anyway."""
    problems: list[Problem] = []
    if server_rules is None:
        return ()
    for document in workspace.others:
        if _is_crd(document.value) and not schemas_extra.is_own(document.value):
            problems += (_problem(refusal, document) for refusal in server_rules.add_crd(document.value))
    for document, namespace, reported in workspace.oam_documents:
        for refusal in server_rules.created(document.value, namespace):
            if not any(_is_same_place(refusal.path, other.path) for other in reported):
                problems.append(_problem(refusal, document))
    return tuple(problems)


def definition_warnings(workspace: Workspace, catalog: Catalog) -> Iterator[Problem]:
    """The reasons to ignore definitions of the files that are valid documents, or parts of them."""
    documents = {
        (parsed.document.value["kind"], parsed.value.metadata.name): parsed for parsed in workspace.definitions
    }
    for fault in definition_faults.all_faults(workspace.all_definitions(), catalog):
        parsed = documents.get((fault.kind, fault.name))
        if parsed is not None and not parsed.parsed.problems:
            effect = "is ignored" if fault.is_ignored else "is used in part"
            for problem in fault.problems:
                message = f"the {fault.kind} {effect}: {problem.message}"
                location = parsed.document.positions.of_value(problem.path)
                yield msgspec.structs.replace(problem, message=message, location=location)


def _unknown_namespaces(document_set: DocumentSet) -> Iterator[Problem]:
    """A warning for each namespace whose Pod Security Standard the defaults depend on, and is unknown."""
    if document_set.defaults.pod_security != "namespace":
        return
    workspace = document_set.workspace
    for namespace in dict.fromkeys(application.value.metadata.namespace for application in workspace.applications):
        if workspace.namespace_labels(namespace) is None:
            unknown = f"the Pod Security Standard of namespace {namespace} is unknown, so it is not applied"
            yield Problem(f"{unknown}: add the Namespace to the files, or read the cluster with --cluster")


def _object_problems(
    application: ParsedDocument[Application], plan: Plan, server_rules: ServerRules
) -> Iterator[Problem]:
    """The reasons of the API server to refuse rendered objects, at the part of the application that adds them."""
    for planned in plan.manifests:
        if planned.adopt:
            continue
        for refusal in server_rules.applied(planned.body):
            path = origin(application.value, plan, planned)
            location = application.document.positions.of_value(path)
            yield Problem(f"{planned.ref}: {refusal}", path, location=location)


def origin(application: Application, plan: Plan, planned: PlannedObject) -> str:
    """The path of the trait or the component that adds an object; that of the scopes for one of a scope."""
    for number, binding in enumerate(application.components):
        instance = plan.instance_of(planned)
        if instance is None or binding.instance_name != planned.instance:
            continue
        path = paths.child(paths.ROOT, "spec", "components", number)
        for index, trait in enumerate(instance.traits):
            if planned.ref in trait.refs:
                return paths.child(path, "traits", index)
        return path
    for number, scope in enumerate(plan.scopes):
        if planned.ref in scope.bound_type.refs:
            return paths.child(paths.ROOT, "spec", "scopes", number)
    return paths.ROOT


def _below_no_error(warnings: Iterable[Problem], errors: Iterable[Problem]) -> Iterator[Problem]:
    """The warnings without those about a place that has an error, too."""
    places = {(error.location, error.path) for error in errors}
    return (warning for warning in warnings if warning.location is None or _place(warning) not in places)


def _place(problem: Problem) -> tuple[Location | None, str]:
    return problem.location, problem.path


def _is_same_place(path: str, other: str) -> bool:
    return paths.below(path, other) or paths.below(other, path)


def _problem(refusal: Refusal, document: Document) -> Problem:
    return Problem(refusal.message, refusal.path, location=document.positions.of_key(refusal.path))


def _unserved_notes(server_rules: ServerRules | None) -> Iterator[str]:
    if server_rules is None or not server_rules.unserved:
        return
    names = ", ".join(sorted(f"{kind.kind} of {kind.api_version}" for kind in server_rules.unserved))
    yield f"not checked by a schema: {names}; add the CustomResourceDefinitions with -f, or --cluster"


def _is_crd(document: Mapping[str, Any]) -> bool:
    kind = CUSTOM_RESOURCE_DEFINITION
    return (document.get("apiVersion"), document.get("kind")) == (kind.api_version, kind.kind)
