"""`rudr status`: conditions, instances and traits of applications, and the pods that are not ready."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.api import Ref
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster import list_watch
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.list_watch import ListQuery
from rudr_py.cli.commands.status import report, wait
from rudr_py.cli.commands.status import text as report_text
from rudr_py.cli.commands.status.report import ApplicationReport
from rudr_py.cli.options import durations, flags
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.output import colour, documents
from rudr_py.cli.output.live_text import LiveText
from rudr_py.cli.output.masking import Mask
from rudr_py.model.kinds import APPLICATION, COMPONENT, POD

OutputFormat = Literal["text", "wide", "yaml", "json", "name"]

Document = dict[str, Any]


class StatusOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The applications to show, and the format of the output."""

    name: str
    selector: str
    output_format: OutputFormat
    headers: bool
    colours: bool
    width: int
    sensitive_words: tuple[str, ...] = ()

    def read(self, documents: Iterable[Document]) -> list[ApplicationReport]:
        """The reports of the applications among the documents, without sensitive values."""
        objects = list(documents)
        return list(map(Mask(objects, self.sensitive_words).struct, read(objects)))


@click.command("status")
@click.argument("name", default="")
@flags.cluster()
@flags.selector
@flags.watch
@click.option("--wait", "waits", is_flag=True, help="Wait until all are Ready in the current version of the documents.")
@click.option(
    "--timeout",
    metavar="DURATION",
    default="5m",
    show_default=True,
    callback=durations.option,
    help="The longest time to wait.",
)
@flags.output("wide", "yaml", "json", "name", explanation="wide adds ready pods and nodes.")
@flags.no_headers
@colour.option
@flags.sensitive
@click.pass_context
def command(
    context: click.Context,
    /,
    cluster_options: ClusterOptions,
    *,
    watch: bool,
    waits: bool,
    timeout: float,
    **options: Any,
) -> None:
    """Show the status of applications: conditions, instances, traits, and pods that are not ready.

    Exits with 0 if all applications are Ready, with 1 if one is not Ready, does not exist or cannot be read. An
    application counts as Ready only in the current version of its document and of its components. --wait waits for
    that, but not if documents are invalid. --watch continues until Ctrl-C and exits with 130.

    Example: rudr status shop --wait
    """
    flags.check_name_or_selector(options)
    if watch and waits:
        raise click.UsageError("--watch and --wait exclude each other")
    status_options = StatusOptions(
        name=options["name"],
        selector=options["selector"],
        output_format=options["output_format"] or "text",
        headers=not options["no_headers"],
        colours=options["color"],
        width=colour.width(),
        sensitive_words=options["sensitive_words"],
    )
    context.exit(asyncio.run(_run(cluster_options, status_options, watch=watch, seconds=timeout if waits else 0)))


async def _run(cluster_options: ClusterOptions, options: StatusOptions, *, watch: bool, seconds: float) -> int:
    async with cluster_client.opened(cluster_options) as client:
        objects = await list_watch.read(client, queries(client, options))
        reports = options.read(objects)
        if not reports and options.name:
            raise cluster_client.not_found(options.name)
        if seconds and not all(application_report.ready for application_report in reports):
            reports, expired = await wait.wait(client, queries(client, options), options.read, seconds)
            if expired:
                click.echo(f"error: not Ready after {seconds:g} s", err=True)
        if watch:
            live_text = LiveText(lambda documents: _current_text(documents, options))
            await list_watch.follow(client, lambda _documents: queries(client, options), live_text)
            return 0
        if not reports:
            click.echo(no_applications_message(client), err=True)
        click.echo(text(reports, options), nl=False, color=options.colours)
        if seconds and not reports:
            return 1
        return 0 if all(application_report.ready for application_report in reports) else 1


def _current_text(documents: Sequence[Document], options: StatusOptions) -> str:
    """The text in the current width of the terminal."""
    current = msgspec.structs.replace(options, width=colour.width())
    return text(current.read(documents), current)


def queries(client: ClusterClient, options: StatusOptions) -> Iterable[ListQuery]:
    """The applications, their components, and the pods of their instances."""
    namespace = client.listed_namespace
    return (
        list_watch.applications(namespace, options.name, options.selector),
        list_watch.components(namespace),
        list_watch.pods(namespace),
    )


def no_applications_message(client: ClusterClient) -> str:
    """The message for an empty list, worded as in kubectl."""
    return "No applications found" + ("" if client.all_namespaces else f" in {client.namespace} namespace.")


def read(documents: Iterable[Document]) -> list[ApplicationReport]:
    """The reports of the applications among the documents, by namespace and name."""
    objects = list(documents)
    pods = [document for document in objects if document["kind"] == POD.kind]
    # none at all: most likely they may not be listed, and the application reports one that does not exist
    components = [document for document in objects if document["kind"] == COMPONENT.kind] or None
    return [report.of(application, pods, components) for application in list_watch.select_applications(objects)]


def text(reports: Sequence[ApplicationReport], options: StatusOptions) -> str:
    """The reports in the format of the options."""
    if options.output_format == "name":
        return "".join(f"{Ref(APPLICATION, application_report.name)}\n" for application_report in reports)
    if options.output_format in ("yaml", "json"):
        return documents.data({"items": msgspec.to_builtins(list(reports))}, options.output_format)
    wide = options.output_format == "wide"
    lines = report_text.lines(reports, options.width, colours=options.colours, wide=wide, headers=options.headers)
    return "".join(f"{line.rstrip()}\n" for line in lines)
