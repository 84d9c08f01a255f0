"""`rudr diff`: the changes that the controller would make if documents were applied, and the owners of the fields.

Changes nothing: the server is called with dry runs.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, Literal

import click
import msgspec
from click.core import ParameterSource

from rudr_py import errors
from rudr_py.api import get_in
from rudr_py.catalog import Catalog
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster import documents as cluster_documents
from rudr_py.cli.cluster import preview, user_roles
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.preview import ApplicationPreview, NamespacePreview
from rudr_py.cli.commands.diff import compared, external_diff, remarks
from rudr_py.cli.commands.diff import result as diff_result
from rudr_py.cli.commands.diff.compared import ComparedDocuments
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.cli.commands.diff.dry_run import DryRun, RefusedError
from rudr_py.cli.commands.diff.external_diff import FAILED, DiffFailure
from rudr_py.cli.commands.diff.result import DiffError, DiffResult
from rudr_py.cli.documents import checking, schemas_extra
from rudr_py.cli.documents.files import FileContents
from rudr_py.cli.documents.workspace import Workspace, skipped_message
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.output import colour, plain_text
from rudr_py.cli.output.masking import Mask
from rudr_py.cli.output.problems import ProblemPrinter
from rudr_py.controller.apply.preconditions.capacity_check import CapacityCheck
from rudr_py.controller.apply.preconditions.nodes import NodeReader
from rudr_py.errors import Problem, Right
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Selection
from rudr_py.model.kinds import APPLICATION
from rudr_py.render import holds
from rudr_py.render.defaults.profile import unknown_standard
from rudr_py.render.values import pins
from rudr_py.render.values.plan import Plan
from rudr_py.settings import Settings

OutputFormat = Literal["yaml", "json"]


@click.command("diff")
@click.argument("name", default="")
@flags.filename("A file, a directory, or - for standard input. May be repeated. Without it: all applications.")
@flags.recursive
@flags.revision("Compare with the documents of this revision of the application NAME, instead of files.")
@click.option(
    "--promote", is_flag=True, help="Preview the promotion of the components that wait in the application NAME."
)
@flags.strict
@flags.cluster(all_namespaces=False)
@flags.output("yaml", "json", explanation="Print the differences, errors and their numbers as data.")
@flags.controller_settings
@colour.option
@flags.plugins
@flags.sensitive
@click.pass_context
def command(
    context: click.Context,
    /,
    cluster_options: ClusterOptions,
    filenames: tuple[str, ...],
    *,
    recursive: bool,
    color: bool,
    output_format: OutputFormat | None,
    **options: Any,
) -> None:
    """Preview the changes in the cluster that applying the documents would make.

    Renders the applications in the documents, and the applications in the cluster that use a component in the
    documents or the type of a definition that they change, in any namespace, and sends their objects to the server as
    dry runs. Components that are not in the documents are read from the cluster. Each field that would change is
    printed with its owner; a change that the next reconcile would not make yet is marked as blocked, with the reason.
    Defaults of the server are left out. A change that you may not try on the server, or of an object that you may not
    read, is computed and marked as such. The last line has the numbers of changes. The environment variable
    KUBECTL_EXTERNAL_DIFF selects another diff program, as in kubectl.

    With --defaults and without -f, previews what these defaults of the platform would change in all applications of the
    cluster, or of the namespace of -n, and which pods would restart. The defaults are complete, as in rudr run: a key
    that is missing has its usual value.

    Exits with 0 if there are no differences, with 1 if there are differences, and with 2 if the comparison fails or
    rudr validate reports an error.

    \b
    Example: rudr diff -f examples/
    Example: rudr diff shop --revision 1
    Example: rudr diff shop --promote
    Example: rudr diff -n shop --defaults podSecurity=restricted,limits.memory=256Mi
    """
    name, number, promote = options.pop("name"), options.pop("number"), options.pop("promote")
    compared.check(name, number, filenames, promote=promote)
    if not filenames and not name and context.get_parameter_source("defaults") is ParameterSource.DEFAULT:
        raise click.UsageError(
            "Missing option '-f' / '--filename', or '--defaults' for all applications, or NAME and '--revision' or "
            "'--promote'."
        )
    with cluster_client.converting_errors(DiffFailure):
        loaded = plugins.load(context)
    if name:
        documents = compared.of_application(cluster_options, name, number)
    else:
        documents = compared.of_files(filenames, recursive=recursive)
    result = asyncio.run(_run(cluster_options, documents, loaded.catalog, **options))
    code = _print(result, output_format, colours=color)
    context.exit(FAILED if result.failed else code)


def _print(result: DiffResult, output_format: OutputFormat | None, *, colours: bool) -> int:
    """Print the result. Returns the exit code for a comparison without errors."""
    external = os.environ.get(external_diff.VARIABLE, "")
    if output_format is not None:
        click.echo(diff_result.data(result, output_format), nl=False)
    elif result.differences and external:
        code = external_diff.run(external, result.differences)
        click.echo(result.summary, err=True)
        return code
    else:
        for line in diff_result.text(result.differences, colours=colours):
            click.echo(line, color=colours)
        click.echo(result.summary)
    return 1 if result.differences else 0


class _Comparison(msgspec.Struct, frozen=True):
    """The documents and the cluster to compare. If documents are `invalid`, only further problems are printed.

    `definitions` are those of the cluster. `settings` are those of the controller, as far as the plans depend on them.
    `everything` is whether all applications are compared, and the pods that restart are counted. `promoted` is an
    application that takes all components as their documents are.
    """

    client: ClusterClient
    workspace: Workspace
    definitions: tuple[LiveObject, ...]
    catalog: Catalog
    settings: Settings
    printer: ProblemPrinter
    invalid: bool
    sensitive_words: tuple[str, ...]
    strict: bool
    everything: bool
    promoted: str = ""


class _ApplicationReading(msgspec.Struct, frozen=True):
    """An application of the cluster after the documents have been applied; without a preview, `error` is the reason."""

    application: LiveObject
    preview: ApplicationPreview | None
    error: str = ""

    def errors(self, *, strict: bool) -> tuple[Problem, ...]:
        """The problems for which it is not compared."""
        plan = self.preview.plan if self.preview is not None else Plan()
        return (*plan.problems, *plan.warnings) if strict else plan.problems


class _NamespaceReading(msgspec.Struct, frozen=True):
    """The applications to compare in a namespace, and whether a document of the namespace is invalid."""

    preview: NamespacePreview
    applications: tuple[_ApplicationReading, ...]
    failed: bool


async def _run(
    options: ClusterOptions,
    documents: ComparedDocuments,
    catalog: Catalog,
    settings: Settings,
    *,
    sensitive_words: tuple[str, ...],
    strict: bool,
) -> DiffResult:
    """Compare the documents; all applications if there are none."""
    everything, contents = documents.contents is None, documents.contents or FileContents()
    async with cluster_client.opened(options, failure=DiffFailure) as client:
        workspace = Workspace.parse(
            contents.documents,
            namespace=client.namespace,
            definitions_namespace=settings.definitions_namespace,
            limits=settings.limits,
        )
        for document in workspace.others:
            click.echo(skipped_message(document), err=True)
        mask = Mask((document.value for document in contents.documents), sensitive_words)
        printer = ProblemPrinter(lambda line: click.echo(mask.text(line), err=True), contents.files)
        refusals = checking.document_problems(workspace, schemas_extra.load())
        problems = (*contents.problems, *workspace.problems, *refusals)
        warnings = workspace.warnings
        if strict:
            problems, warnings = (*problems, *warnings), ()
        printer.add(problems, warnings)
        valid_workspace = workspace.with_valid_metadata()
        comparison = _Comparison(
            client,
            valid_workspace,
            await cluster_documents.definitions(client, settings.definitions_namespace),
            catalog,
            settings,
            printer,
            bool(problems),
            sensitive_words,
            strict,
            everything,
            documents.promoted,
        )
        namespaces = [options.namespace] if everything and options.namespace else await _namespaces(comparison)
        readings = [await _read_namespace(comparison, namespace) for namespace in namespaces]
        printer.flush()
        results = [await _compare_namespace(comparison, reading) for reading in readings]
        last = DiffResult(failed=comparison.invalid, counts_restarts=comparison.everything)
        return DiffResult.merged([*results, last])


async def _namespaces(comparison: _Comparison) -> list[str]:
    """The namespaces of the documents; those of all applications, too, if definitions or defaults may concern them."""
    client, workspace = comparison.client, comparison.workspace
    names = {application.value.metadata.namespace for application in workspace.applications}
    names |= {key.namespace for key in workspace.components}
    if comparison.everything or preview.changed_definitions(workspace, comparison.definitions):
        try:
            resource = await client.resource(APPLICATION)
            items = await client.client.list_all(Selection(resource=resource, namespace=""))
            names |= {get_in(item, "metadata", "namespace", default="") for item in items}
        except errors.ForbiddenError as error:
            names.add(client.namespace)
            listed = ", ".join(sorted(names))
            reason = cluster_client.unreadable_message(error)
            message = f"{reason}: applications are compared in {listed} only"
            click.echo(f"warning: {message}", err=True)
    return sorted(names)


async def _read_namespace(comparison: _Comparison, namespace: str) -> _NamespaceReading:
    """Read a namespace and render its applications; add their problems to the printer."""
    settings, workspace = comparison.settings, comparison.workspace
    namespace_preview = NamespacePreview(
        comparison.client, namespace, comparison.catalog, settings, promoted=comparison.promoted
    )
    await namespace_preview.read(workspace, comparison.definitions)
    applications = namespace_preview.applications() if comparison.everything else namespace_preview.users(workspace)
    rest = namespace_preview.unused(workspace)
    problems = rest.unused_component_problems(comparison.catalog)
    warnings = tuple(checking.definition_warnings(rest, comparison.catalog))
    if comparison.strict:
        problems, warnings = (*problems, *warnings), ()
    comparison.printer.add(problems, warnings)
    uses_documents = any(key.namespace == namespace for key in workspace.components)
    if uses_documents and not applications and not comparison.invalid:
        click.echo(f"warning: no application in namespace {namespace} uses these components", err=True)
    readings = []
    for application in applications:
        if application.deleting:
            message = f"{namespace}/{application.name} is being deleted and is no longer reconciled"
            click.echo(f"warning: {message}", err=True)
            continue
        reading = await _read_application(namespace_preview, application)
        readings.append(reading)
        plan = reading.preview.plan if reading.preview is not None else Plan()
        plan_warnings = () if comparison.strict else plan.warnings
        name = f"{namespace}/{application.name}"
        comparison.printer.add(reading.errors(strict=comparison.strict), plan_warnings, name)
        waiting = reading.preview.inputs.pins if reading.preview is not None else {}
        for note in (*holds.notes(application.name, plan), *pins.notes(application.name, waiting)):
            comparison.printer.note(plain_text.printable(f"note: {note}"))
        removes_first = reading.preview is not None and namespace_preview.removal_policy(reading.preview) == "first"
        if removes_first and (replaced := remarks.outage(application.document(), plan)):
            click.echo(f"warning: {name}: {replaced}", err=True)
    return _NamespaceReading(namespace_preview, tuple(readings), bool(problems))


async def _read_application(namespace_preview: NamespacePreview, application: LiveObject) -> _ApplicationReading:
    try:
        preview = await namespace_preview.preview(application)
        if preview.unknown_defaults:
            return _ApplicationReading(application, None, unknown_standard(preview.unknown_defaults))
        return _ApplicationReading(application, preview)
    except (errors.ApiError, errors.KindAbsentError) as error:
        return _ApplicationReading(application, None, cluster_client.unreadable_message(error))


async def _compare_namespace(comparison: _Comparison, reading: _NamespaceReading) -> DiffResult:
    mask = Mask(reading.preview.documents(), comparison.sensitive_words)
    results: list[DiffResult] = [DiffResult(failed=reading.failed)]
    untried: dict[Right, None] = {}
    for application in reading.applications:
        result, rights = await _compare_application(comparison, reading.preview, application)
        results.append(_masked(result, mask))
        for error in results[-1].errors:
            click.echo(f"error: {error}", err=True)
        untried.update(dict.fromkeys(rights))
    if untried:
        click.echo(f"warning: {untried_message(list(untried))}", err=True)
    return DiffResult.merged(results)


async def _compare_application(
    comparison: _Comparison, namespace_preview: NamespacePreview, reading: _ApplicationReading
) -> tuple[DiffResult, Sequence[Right]]:
    """The result of an application, and the rights for want of which changes were computed."""
    application, preview = reading.application, reading.preview
    if preview is None:
        return DiffResult(errors=_errors_of(application, [reading.error]), failed=True), ()
    refused = reading.errors(strict=comparison.strict)
    if refused or comparison.invalid:
        problems = [f"{problem.path}: {problem.message}" for problem in refused]
        return DiffResult(problems=_errors_of(application, problems), failed=True), ()
    differences: list[DocumentDiff] = []
    messages = await _shortage(comparison, namespace_preview, application, preview.plan)
    unchanged, rights = 0, tuple[Right, ...]()
    try:
        dry_run = DryRun(comparison.client, namespace_preview, preview)
        async for difference in dry_run.differences():
            if isinstance(difference, RefusedError):
                messages.append(str(difference))
            else:
                own = remarks.with_restarts(difference) if comparison.everything else difference
                notes = (*own.notes, *remarks.delays(own, preview.plan))
                differences.append(msgspec.structs.replace(own, application=application.name, notes=notes))
        unchanged, rights = dry_run.unchanged, dry_run.trial.rights()
    except (errors.ApiError, errors.KindAbsentError) as error:
        messages.append(cluster_client.unreadable_message(error))
    failures = _errors_of(application, messages)
    result = DiffResult(differences=tuple(differences), errors=failures, unchanged=unchanged, failed=bool(failures))
    return result, rights


async def _shortage(
    comparison: _Comparison, namespace_preview: NamespacePreview, application: LiveObject, plan: Plan
) -> list[str]:
    """The errors of an application whose pods fit on no node; prints them as warnings if they do not prevent it."""
    reader = NodeReader(comparison.client.client, SystemClock())
    check = CapacityCheck(reader, namespace_preview.state, comparison.settings.check_resources)
    shortage = await check.shortage(application, plan)
    if shortage is None or shortage.is_refused:
        return [] if shortage is None else list(shortage.lines)
    for line in shortage.lines:
        click.echo(f"warning: {line} (application {application.namespace}/{application.name})", err=True)
    return []


def _errors_of(application: LiveObject, messages: Sequence[str]) -> tuple[DiffError, ...]:
    return tuple(
        DiffError(namespace=application.namespace, application=application.name, message=message)
        for message in messages
    )


def _masked(result: DiffResult, mask: Mask) -> DiffResult:
    """The result without sensitive values."""
    differences = []
    for difference in result.differences:
        live, merged = mask.pair(difference.live, difference.merged)
        texts = {"notes": tuple(map(mask.text, difference.notes)), "blocked": mask.text(difference.blocked)}
        differences.append(msgspec.structs.replace(difference, live=live, merged=merged, **texts))
    failures, problems = (
        tuple(msgspec.structs.replace(error, message=mask.text(error.message)) for error in listed)
        for listed in (result.errors, result.problems)
    )
    return msgspec.structs.replace(result, differences=tuple(differences), errors=failures, problems=problems)


def untried_message(rights: Sequence[Right]) -> str:
    """The rights for want of which changes were computed, and the roles that contain them."""
    roles = sorted({role for right in rights if (role := user_roles.containing(right))})
    contained = f"; the role {' or '.join(roles)} contains such rights" if roles else ""
    return (
        f"changes were computed and not tried on the server, which may add defaults or refuse them: you may not "
        f"{', '.join(map(str, rights))}{contained}"
    )
