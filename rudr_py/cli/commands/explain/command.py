"""`rudr explain`: what an installed type is for and which properties it takes. Asks no cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli import colour, describing, explaining, fields, installed, output, typenames
from rudr_py.cli.explaining import Explained
from rudr_py.cli.typenames import SORTS, Sort

Form = Literal["wide", "yaml", "json", "name", "md"]

NARROWEST, WIDEST = 40, 100
"""Columns within which prose can be read, however narrow or wide the terminal is."""


def run(context: click.Context, sort: Sort | None, name: str | None, *, form: Form | None, **flags: bool) -> None:
    """Print it. Raises RudrError for what is not there."""
    catalog = installed.types(context).catalog
    if sort is None or name is None:
        click.echo(_list(catalog, SORTS if sort is None else (sort,), form, headers=not flags["no_headers"]), nl=False)
        return
    offer, path = typenames.split(catalog, sort, name)
    found = explaining.explain(offer, catalog)
    if path:
        _property(found, path, form, colours=flags["color"])
    elif form in (None, "wide"):
        _show(describing.text(found, _width(), recursive=flags["recursive"]), colours=flags["color"])
    elif form == "md":
        _show(describing.markdown(found), colours=False)
    elif form == "name":
        click.echo(offer.name)
    else:
        click.echo(output.data(_document(found), form), nl=False)


def _property(found: Explained, path: Sequence[str], form: Form | None, *, colours: bool) -> None:
    field = fields.find(found.fields, path, found.name)
    if form in ("yaml", "json"):
        declared = {"sort": found.sort, "name": found.name, "property": ".".join(path), "required": field.required}
        click.echo(output.data({**declared, "schema": field.schema}, form), nl=False)
    elif form == "md":
        _show(describing.markdown_of_field(found, path, field), colours=False)
    elif form == "name":
        click.echo(".".join((found.name, *path)))
    else:
        _show(describing.text_of_field(found, path, field, _width()), colours=colours)


def _list(catalog: Catalog, sorts: Iterable[Sort], form: Form | None, *, headers: bool) -> str:
    offers = [offer for sort in sorts for offer in typenames.of_sort(catalog, sort)]
    if form == "name":
        return "".join(f"{offer.name}\n" for offer in offers)
    if form in (None, "wide"):
        wide = form == "wide"
        rows = [["NAME", "SORT", "PACKAGE", *(["ABOUT"] if wide else [])]]
        for offer in offers:
            about = next(iter(explaining.paragraphs(offer.provides)), "<none>")
            rows.append([offer.name, typenames.sort_of(offer), offer.package, *([about] if wide else [])])
        return output.table(rows, headers=headers)
    explained = [explaining.explain(offer, catalog) for offer in offers]
    if form == "md":
        return "".join(f"{line}\n" for found in explained for line in (*describing.markdown(found), ""))
    return output.data({"items": [_document(found) for found in explained]}, form)


def _document(found: Explained) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(found)
    return document


def _show(lines: Iterable[str], *, colours: bool) -> None:
    """Write lines; headings are bold where colours are on."""
    for line in lines:
        click.echo(colour.paint(line, on=colours, bold=line in describing.HEADINGS), color=colours)


def _width() -> int:
    return max(NARROWEST, min(colour.width(), WIDEST))
