"""`rudr explain`: what an installed type is for and which properties it takes. Asks no cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli.options import plugins
from rudr_py.cli.output import colour, documents
from rudr_py.cli.types import facts, names, schema_fields, text
from rudr_py.cli.types.facts import TypeFacts
from rudr_py.cli.types.names import SORTS, Sort

Form = Literal["wide", "yaml", "json", "name", "md"]

NARROWEST, WIDEST = 40, 100
"""Columns within which prose can be read, however narrow or wide the terminal is."""


def run(context: click.Context, sort: Sort | None, name: str | None, *, form: Form | None, **flags: bool) -> None:
    """Print it. Raises RudrError for what is not there."""
    catalog = plugins.types(context).catalog
    if sort is None or name is None:
        click.echo(_list(catalog, SORTS if sort is None else (sort,), form, headers=not flags["no_headers"]), nl=False)
        return
    offer, path = names.split(catalog, sort, name)
    found = facts.explain(offer, catalog)
    if path:
        _property(found, path, form, colours=flags["color"])
    elif form in (None, "wide"):
        _show(text.text(found, _width(), recursive=flags["recursive"]), colours=flags["color"])
    elif form == "md":
        _show(text.markdown(found), colours=False)
    elif form == "name":
        click.echo(offer.name)
    else:
        click.echo(documents.data(_document(found), form), nl=False)


def _property(found: TypeFacts, path: Sequence[str], form: Form | None, *, colours: bool) -> None:
    field = schema_fields.find(found.fields, path, found.name)
    if form in ("yaml", "json"):
        declared = {"sort": found.sort, "name": found.name, "property": ".".join(path), "required": field.required}
        click.echo(documents.data({**declared, "schema": field.schema}, form), nl=False)
    elif form == "md":
        _show(text.markdown_of_field(found, path, field), colours=False)
    elif form == "name":
        click.echo(".".join((found.name, *path)))
    else:
        _show(text.text_of_field(found, path, field, _width()), colours=colours)


def _list(catalog: Catalog, sorts: Iterable[Sort], form: Form | None, *, headers: bool) -> str:
    offers = [offer for sort in sorts for offer in names.of_sort(catalog, sort)]
    if form == "name":
        return "".join(f"{offer.name}\n" for offer in offers)
    if form in (None, "wide"):
        wide = form == "wide"
        rows = [["NAME", "SORT", "PACKAGE", *(["ABOUT"] if wide else [])]]
        for offer in offers:
            about = next(iter(facts.paragraphs(offer.type)), "<none>")
            rows.append([offer.name, names.sort_of(offer), offer.package, *([about] if wide else [])])
        return documents.table(rows, headers=headers)
    explained = [facts.explain(offer, catalog) for offer in offers]
    if form == "md":
        return "".join(f"{line}\n" for found in explained for line in (*text.markdown(found), ""))
    return documents.data({"items": [_document(found) for found in explained]}, form)


def _document(found: TypeFacts) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(found)
    return document


def _show(lines: Iterable[str], *, colours: bool) -> None:
    """Write lines; headings are bold where colours are on."""
    for line in lines:
        click.echo(colour.paint(line, on=colours, bold=line in text.HEADINGS), color=colours)


def _width() -> int:
    return max(NARROWEST, min(colour.width(), WIDEST))
