"""`rudr status`: conditions, instances and traits of applications, and the pods that are not ready."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

import click
import msgspec
from click.core import ParameterSource

from rudr_py.api import Ref
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster import list_watch
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.list_watch import ListQuery
from rudr_py.cli.commands.status import progress, report, wait
from rudr_py.cli.commands.status import text as report_text
from rudr_py.cli.commands.status.goal import Goal
from rudr_py.cli.commands.status.report import ApplicationReport
from rudr_py.cli.commands.status.wait import WaitOptions
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


class _Command(click.Command):
    """Reads `--wait` without a value as `--wait=ready`. A value needs the sign `=`, as with kubectl."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As that of click, which would take the name after `--wait` as its value."""
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, ["--wait=ready" if arg == "--wait" else arg for arg in args[:end]] + args[end:])


@click.command("status", cls=_Command)
@click.argument("name", default="")
@flags.cluster()
@flags.selector
@flags.watch
@click.option(
    "--wait",
    "goal",
    metavar="[=GOAL]",
    type=click.Choice(get_args(Goal)),
    help="Wait until all are Ready in the current version of the documents; =synced: until all objects are applied.",
)
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
    goal: Goal | None,
    timeout: float,
    **options: Any,
) -> None:
    """Show the status of applications: conditions, instances, traits, and pods that are not ready.

    Exits with 0 if all applications are Ready, with 1 if one is not Ready, does not exist or cannot be read. An
    application counts as Ready only in the current version of its document and of its components. --watch continues
    until Ctrl-C and exits with 130.

    --wait waits until all are Ready, and --wait=synced until all objects are applied. The exit code is then 0 if the
    goal is reached, and 1 after the time-out, or at once if it cannot be reached: documents are invalid, or a rollout
    or a Task has failed. Standard error shows the progress, except with -o json, yaml and name.

    \b
    Example: rudr status shop --wait --timeout 10m
    Example: rudr status --wait=synced
    """
    flags.check_name_or_selector(options)
    if watch and goal:
        raise click.UsageError("--watch and --wait exclude each other")
    if not goal and context.get_parameter_source("timeout") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--timeout needs --wait")
    status_options = StatusOptions(
        name=options["name"],
        selector=options["selector"],
        output_format=options["output_format"] or "text",
        headers=not options["no_headers"],
        colours=options["color"],
        width=colour.width(),
        sensitive_words=options["sensitive_words"],
    )
    wait_options = WaitOptions(goal, timeout) if goal else None
    context.exit(asyncio.run(_run(cluster_options, status_options, wait_options, watch=watch)))


async def _run(
    cluster_options: ClusterOptions, options: StatusOptions, wait_options: WaitOptions | None, *, watch: bool
) -> int:
    async with cluster_client.opened(cluster_options) as client:
        objects = await list_watch.read(client, queries(client, options))
        reports = options.read(objects)
        if not reports and options.name:
            raise cluster_client.not_found(options.name)
        if wait_options is not None and not wait_options.is_reached(reports):
            display = progress.chosen(options.output_format)
            reports, error = await wait.wait(client, queries(client, options), options.read, wait_options, display)
            if error:
                click.echo(error, err=True)
        if watch:
            live_text = LiveText(lambda documents: _current_text(documents, options))
            await list_watch.follow(client, lambda _documents: queries(client, options), live_text)
            return 0
        if not reports:
            click.echo(no_applications_message(client), err=True)
        click.echo(text(reports, options), nl=False, color=options.colours)
        if wait_options is not None:
            return 0 if wait_options.is_reached(reports) else 1
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
