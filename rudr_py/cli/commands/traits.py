"""`rudr traits`: the installed traits, and those that fit a workload type. Does not access a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import click

from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.output import documents
from rudr_py.cli.types import completion, facts, names
from rudr_py.render import applicability

OutputFormat = Literal["wide", "yaml", "json", "name"]

HEADER = ("NAME", "APPLIES TO", "REQUIRES", "PACKAGE")


@click.command("traits")
@click.option(
    "--workload",
    metavar="TYPE",
    shell_complete=completion.workloads,
    help="Only traits that fit this workload type: its name, or its kind alone, such as Server.",
)
@flags.output("wide", "yaml", "json", "name", explanation="wide adds descriptions.")
@flags.no_headers
@flags.plugins
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    workload: str | None,
    output_format: OutputFormat | None,
    no_headers: bool,
) -> None:
    """List the installed traits, with the workload types that they apply to.

    With --workload, -o wide also lists the traits that do not fit, with the reasons; -o yaml and -o json list all
    traits with "misfit", which is empty for those that fit.

    \b
    Example: rudr traits
    Example: rudr traits --workload Server
    Example: rudr traits --workload Task -o wide
    """
    catalog = plugins.load(context).catalog
    traits = names.of_category(catalog, "trait")
    misfits: Mapping[str, str] | None = None
    if workload is not None:
        offer = names.find(catalog, "workload", workload)
        misfits = {trait.name: applicability.misfit(trait, offer) for trait in traits}
        _print_misfits(offer, [name for name, reason in misfits.items() if reason], output_format)
    if output_format in (None, "wide"):
        rows = _wide(traits, misfits) if output_format else [[*HEADER], *map(_row, _fitting(traits, misfits))]
        click.echo(documents.table(rows, headers=not no_headers), nl=False)
    elif output_format == "name":
        click.echo("".join(f"{trait.name}\n" for trait in _fitting(traits, misfits)), nl=False)
    else:
        items = [_item(trait, misfits, catalog) for trait in traits]
        click.echo(documents.data({"items": items}, output_format), nl=False)


def _print_misfits(offer: Offer[Any], misfits: Sequence[str], output_format: OutputFormat | None) -> None:
    if misfits and output_format is None:
        click.echo(f"{offer.name} cannot have {', '.join(misfits)}; for the reasons use -o wide", err=True)


def _fitting(traits: Sequence[Offer[Any]], misfits: Mapping[str, str] | None) -> list[Offer[Any]]:
    return [trait for trait in traits if not misfits or not misfits[trait.name]]


def _row(offer: Offer[Any]) -> list[str]:
    applies_to = ",".join(map(names.short, offer.type.applies_to)) or "<none>"
    return [offer.name, applies_to, ",".join(sorted(offer.type.requires)) or "<none>", offer.package]


def _wide(traits: Sequence[Offer[Any]], misfits: Mapping[str, str] | None) -> list[list[str]]:
    rows = [[*HEADER, *([] if misfits is None else ["FITS"]), "MESSAGE"]]
    for trait in traits:
        description = next(iter(facts.paragraphs(trait.type)), "<none>")
        reason = misfits[trait.name] if misfits else ""
        fits = [] if misfits is None else ["no" if reason else "yes"]
        rows.append([*_row(trait), *fits, reason or description])
    return rows


def _item(offer: Offer[Any], misfits: Mapping[str, str] | None, catalog: Catalog) -> dict[str, Any]:
    type_facts = facts.explain(offer, catalog)
    return {
        "name": offer.name,
        "package": offer.package,
        "about": " ".join(type_facts.about),
        "appliesTo": list(type_facts.applies_to),
        "requires": list(type_facts.requires),
        "fits": list(type_facts.fits),
        **({} if misfits is None else {"misfit": misfits[offer.name]}),
    }
