"""`rudr traits`: the installed traits, and those that a workload type can have. Asks no cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import click

from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.options import plugins
from rudr_py.cli.output import documents
from rudr_py.cli.types import compatibility, facts, names

Form = Literal["wide", "yaml", "json", "name"]

HEAD = ("NAME", "APPLIES TO", "NEEDS", "PACKAGE")


def run(context: click.Context, *, workload: str | None, form: Form | None, no_headers: bool) -> None:
    """Print the table. Raises RudrError for a workload type that is not there."""
    catalog = plugins.types(context).catalog
    traits = names.of_sort(catalog, "trait")
    misfits: Mapping[str, str] | None = None
    if workload is not None:
        on = names.find(catalog, "workload", workload)
        misfits = {trait.name: compatibility.misfit(trait, on) for trait in traits}
        _note(on, [name for name, why in misfits.items() if why], form)
    if form in (None, "wide"):
        rows = _wide(traits, misfits) if form else [[*HEAD], *map(_row, _fitting(traits, misfits))]
        click.echo(documents.table(rows, headers=not no_headers), nl=False)
    elif form == "name":
        click.echo("".join(f"{trait.name}\n" for trait in _fitting(traits, misfits)), nl=False)
    else:
        click.echo(documents.data({"items": [_item(trait, misfits, catalog) for trait in traits]}, form), nl=False)


def _note(workload: Offer[Any], others: Sequence[str], form: Form | None) -> None:
    """What is not in the table."""
    if others and form is None:
        listed = ", ".join(others)
        click.echo(f"{workload.name} cannot have {listed}; -o wide says why", err=True)


def _fitting(traits: Sequence[Offer[Any]], misfits: Mapping[str, str] | None) -> list[Offer[Any]]:
    return [trait for trait in traits if not misfits or not misfits[trait.name]]


def _row(trait: Offer[Any]) -> list[str]:
    applies = ",".join(map(names.short, trait.type.applies_to)) or "<none>"
    return [trait.name, applies, ",".join(sorted(trait.type.requires)) or "<none>", trait.package]


def _wide(traits: Sequence[Offer[Any]], misfits: Mapping[str, str] | None) -> list[list[str]]:
    rows = [[*HEAD, *([] if misfits is None else ["FITS"]), "MESSAGE"]]
    for trait in traits:
        about = next(iter(facts.paragraphs(trait.type)), "<none>")
        why = misfits[trait.name] if misfits else ""
        rows.append([*_row(trait), *([] if misfits is None else ["no" if why else "yes"]), why or about])
    return rows


def _item(trait: Offer[Any], misfits: Mapping[str, str] | None, catalog: Catalog) -> dict[str, Any]:
    explained = facts.explain(trait, catalog)
    return {
        "name": trait.name,
        "package": trait.package,
        "about": " ".join(explained.about),
        "appliesTo": list(explained.applies_to),
        "needs": list(explained.needs),
        "fits": list(explained.fits),
        **({} if misfits is None else {"misfit": misfits[trait.name]}),
    }
