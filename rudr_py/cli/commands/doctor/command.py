"""`rudr doctor`: reads the facts, checks them, and prints the findings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.commands.doctor import application, finding, installation
from rudr_py.cli.commands.doctor.finding import Finding
from rudr_py.cli.commands.doctor.reader import ClusterReader
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.output import colour, documents
from rudr_py.cli.output.masking import Mask
from rudr_py.kube.clock import SystemClock
from rudr_py.plugins.loading import LoadedPlugins
from rudr_py.settings import Settings

OutputFormat = Literal["yaml", "json", "name"]


@click.command("doctor")
@click.argument("name", default="")
@flags.cluster(all_namespaces=False)
@flags.definitions_namespace("As in rudr run; default: that of the installed controller.", default=False)
@flags.output("yaml", "json", "name", explanation="name prints the checks with problems.")
@colour.option
@flags.plugins
@flags.sensitive
@click.pass_context
def command(
    context: click.Context,
    /,
    cluster_options: ClusterOptions,
    name: str,
    *,
    output_format: OutputFormat | None,
    color: bool,
    **options: Any,
) -> None:
    """Diagnose the installation, or the application NAME, and print advice for each problem.

    Checks the server, the custom resource definitions, the controller with its Lease and its permissions, a running
    Rudr, the types in use, and your own permissions. For an application checks its conditions, components, types,
    objects, pods and events. Changes nothing. Exits with 0 if there are no problems, otherwise with 1; notes do not
    count.

    Example: rudr doctor
    """
    loaded = plugins.load(context)
    findings = asyncio.run(_run(cluster_options, name, loaded, options))
    findings = [finding.with_cluster(each, cluster_options.kubeconfig, cluster_options.context) for each in findings]
    click.echo(text(findings, output_format, colours=color), nl=False, color=color)
    context.exit(1 if any(each.level == "problem" for each in findings) else 0)


async def _run(options: ClusterOptions, name: str, loaded: LoadedPlugins, values: Mapping[str, Any]) -> list[Finding]:
    async with cluster_client.opened(options) as client:
        reader, definitions = ClusterReader(client), values["definitions_namespace"]
        if not name:
            state = await reader.installation(definitions)
            mask = Mask((*state.applications, *state.components), values["sensitive_words"])
            return list(map(mask.struct, installation.check(state, loaded, SystemClock().now())))
        facts = await reader.application(name, definitions or Settings().definitions_namespace)
        if facts is None:
            raise cluster_client.not_found(name)
        mask = Mask((facts.application, *(facts.components or ())), values["sensitive_words"])
        return list(map(mask.struct, application.check(facts, loaded.catalog)))


def text(findings: Sequence[Finding], output_format: OutputFormat | None, *, colours: bool) -> str:
    """The findings in an output format; None is text for people."""
    if output_format == "name":
        checks = (each.check for each in findings if each.level == "problem")
        return "".join(f"{check}\n" for check in dict.fromkeys(checks))
    if output_format is not None:
        items = [{**msgspec.to_builtins(each), "commands": list(each.commands)} for each in findings]
        return documents.data({"items": items}, output_format)
    lines = finding.lines(findings, colour.width(), colours=colours)
    return "".join(f"{line.rstrip()}\n" for line in lines)
