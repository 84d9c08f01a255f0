"""Applications of documents as the files of a target, and all problems of the way there. Pure but for the target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import msgspec

from rudr_py.api import Ref
from rudr_py.api.fields import get_in
from rudr_py.api.targets import ExportContext, Exported, RenderedObject
from rudr_py.catalog import Catalog
from rudr_py.cli.documents import checking
from rudr_py.cli.documents.document_set import DocumentSet
from rudr_py.cli.documents.workspace import ParsedDocument
from rudr_py.cli.output.problems import Problems
from rudr_py.errors import PluginError, Problem
from rudr_py.model import paths
from rudr_py.model.application import Application
from rudr_py.model.document import Document
from rudr_py.plugins.targets import LoadedTarget
from rudr_py.render.values.plan import Plan

REFERENCED = frozenset({"ConfigMap", "PersistentVolumeClaim", "Secret"})
"""The kinds of objects beside the documents of OAM that pods use by name. They are exported with each application."""

SUBJECT = frozenset({"CustomResourceDefinition", "Namespace"})
"""The kinds beside the documents of OAM that have no meaning on another platform."""


class ExportResult(msgspec.Struct, frozen=True, kw_only=True):
    """The files of each application by its name, without those that have errors; `notes` are no problems."""

    files: Mapping[str, Mapping[str, str]] = {}
    problems: Problems = Problems()
    notes: tuple[str, ...] = ()


def export(
    documents: DocumentSet, catalog: Catalog, target: LoadedTarget, now: datetime, *, strict: bool = False
) -> ExportResult:
    """Render all applications and export each. With `strict`, warnings are errors.

    Raises PluginError if the target fails.
    """
    checked = checking.check(documents, catalog, now, strict=strict)
    errors, warnings = [*checked.problems.errors], [*checked.problems.warnings]
    files: dict[str, Mapping[str, str]] = {}
    for application, plan in zip(documents.workspace.applications, checked.plans, strict=True):
        if not plan.manifests:
            continue
        name = application.value.metadata.name
        others = list(_referenced(documents.workspace.others, application.value.metadata.namespace))
        context = _context(application.value, plan, others)
        exported = target.export(context)
        _check(target, exported)
        problems = list(_problems(application, context, exported))
        own_errors = [problem for problem, is_error in problems if is_error or strict]
        errors += own_errors
        warnings += (problem for problem, is_error in problems if not (is_error or strict))
        if name in files:
            message = f"the name of another application is {name}, too: export each with files of its own"
            errors.append(_problem(application, paths.child(paths.ROOT, "metadata", "name"), message))
        elif not own_errors:
            files[name] = dict(sorted(exported.files.items()))
    warnings += _left_out(documents.workspace.others)
    return ExportResult(files=files, problems=Problems.collect(errors, warnings), notes=checked.notes)


def _context(application: Application, plan: Plan, others: Iterable[RenderedObject]) -> ExportContext:
    objects = [
        RenderedObject(body=planned.body, instance=planned.instance, path=checking.origin(application, plan, planned))
        for planned in plan.manifests
    ]
    own = {rendered.ref for rendered in objects}
    return ExportContext(
        application=application.metadata.name,
        objects=(*(other for other in others if other.ref not in own), *objects),
        dependencies={
            instance.name: tuple(wait.dependency for wait in instance.waits)
            for instance in plan.instances
            if instance.waits
        },
    )


def _referenced(others: Iterable[Document], namespace: str) -> Iterator[RenderedObject]:
    """The objects beside the documents of OAM that pods of the namespace may use by name."""
    for document in others:
        body = document.value
        if _kind(body) in REFERENCED and get_in(body, "metadata", "namespace", default=namespace) == namespace:
            yield RenderedObject(body=body)


def _left_out(others: Iterable[Document]) -> Iterator[Problem]:
    """A warning for each object beside the documents of OAM that is not exported."""
    for document in others:
        kind = _kind(document.value)
        if kind not in REFERENCED and kind not in SUBJECT:
            yield Problem(
                f"the {kind or 'document'} is not exported: export reads applications, and the ConfigMaps, Secrets "
                "and PersistentVolumeClaims that they use",
                location=document.positions.of_value(paths.ROOT),
            )


def _kind(body: Mapping[str, Any]) -> str:
    return get_in(body, "kind", default="")


def _check(target: LoadedTarget, exported: Exported) -> None:
    """Raises PluginError for a file outside of the folder."""
    for name in exported.files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or str(path) != name or path.parts[0].startswith(".rudr"):
            message = f'the target "{target.name}" of {target.package} returned the file name "{name}", which is not a'
            raise PluginError(f"{message} relative path below the folder of the application", package=target.package)


def _problems(
    application: ParsedDocument[Application], context: ExportContext, exported: Exported
) -> Iterator[tuple[Problem, bool]]:
    """The problems of an export, and whether they are errors."""
    places = {rendered.ref: rendered for rendered in context.objects}
    reported: set[Ref] = set()
    for finding in exported.findings:
        rendered = places.get(finding.ref)
        reported.add(finding.ref)
        path, instance = (rendered.path, rendered.instance) if rendered is not None else (paths.ROOT, "")
        yield _problem(application, path, f"{finding.ref}: {finding.message}", instance), finding.severity == "error"
    for rendered in context.objects:
        if rendered.ref not in exported.covered and rendered.ref not in reported:
            message = f"{rendered.ref}: the target does not support the kind {rendered.ref.kind.kind}"
            yield _problem(application, rendered.path, message, rendered.instance), True


def _problem(application: ParsedDocument[Application], path: str, message: str, instance: str = "") -> Problem:
    location = application.document.positions.of_value(path)
    return Problem(message, path, location=location, instance=instance)
