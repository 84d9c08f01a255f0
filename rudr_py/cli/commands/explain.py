"""`rudr explain`: the purpose and the properties of an installed type, or a rule. Does not access a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.options.flags import CATEGORIES, Category
from rudr_py.cli.output import colour, documents
from rudr_py.cli.rules import explanation
from rudr_py.cli.types import completion, facts, names, schema_fields, text
from rudr_py.cli.types.facts import TypeFacts

OutputFormat = Literal["wide", "yaml", "json", "name", "md"]

MIN_WIDTH, MAX_WIDTH = 40, 100
"""Limits of the width of text, however narrow or wide the terminal is."""


RULE = "rule"
"""The word for rules, in the place of a category."""


class _CategoryChoice(click.Choice[str]):
    """A category of types, or a rule. The error for another word suggests to write a category before it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == RULE or explanation.is_rule(value):
            return value
        if value not in self.choices:
            *most, last = self.choices
            choices = f"{', '.join(most)} or {last}"
            example = f"for example: rudr explain {self.choices[0]} {value}"
            self.fail(f'unknown category "{value}"; choose {choices}, {example}', param, ctx)
        return value


@click.command("explain")
@click.argument(
    "category", type=_CategoryChoice(CATEGORIES), required=False, metavar="[trait|workload|scope|rule|RULE-ID]"
)
@click.argument("name", metavar="[NAME[.PROPERTY...]]", required=False, shell_complete=completion.names)
@flags.output("wide", "yaml", "json", "name", "md", explanation="md prints a section of documentation.")
@flags.no_headers
@colour.option
@click.option("--recursive", is_flag=True, help="Print the names and types of the properties at all depths.")
@flags.plugins
@click.pass_context
def command(
    context: click.Context,
    /,
    category: str | None,
    name: str | None,
    *,
    output_format: OutputFormat | None,
    **options: bool,
) -> None:
    """Describe an installed trait, workload type or scope type: its properties, its objects, an example.

    CATEGORY is also the ID of a rule as messages print it, such as TR-17: the rule, its correction, an example.
    `rudr explain rule` lists the rules.

    NAME is the name in documents, or the kind alone, such as Server. NAME followed by a path describes one property.
    Without NAME the command lists the installed types. -o yaml and -o json print the JSON Schema and the declaration.

    \b
    Example: rudr explain trait ingress
    Example: rudr explain trait ingress.rules
    Example: rudr explain workload
    Example: rudr explain scope HealthScope -o json
    Example: rudr explain TR-17
    """
    if category == RULE or (category is not None and explanation.is_rule(category)):
        _explain_rule(name if category == RULE else category, output_format, options)
        return
    catalog = plugins.load(context).catalog
    listed = next((item for item in CATEGORIES if item == category), None)
    if listed is None or name is None:
        categories = CATEGORIES if listed is None else (listed,)
        click.echo(_list(catalog, categories, output_format, headers=not options["no_headers"]), nl=False)
        return
    offer, path = names.split(catalog, listed, name)
    type_facts = facts.explain(offer, catalog)
    if path:
        _print_property(type_facts, path, output_format, colours=options["color"])
    elif output_format in (None, "wide"):
        _print(text.text(type_facts, _width(), recursive=options["recursive"]), colours=options["color"])
    elif output_format == "md":
        _print(text.markdown(type_facts), colours=False)
    elif output_format == "name":
        click.echo(offer.name)
    else:
        click.echo(documents.data(_document(type_facts), output_format), nl=False)


def _explain_rule(rule: str | None, output_format: OutputFormat | None, options: Mapping[str, bool]) -> None:
    """Print the explanation of one rule, or the list of all."""
    explanations = explanation.load()
    if rule is None:
        rows = [["RULE", "MEANING"], *([name, item.rule] for name, item in explanations.items())]
        if output_format in ("yaml", "json"):
            items = [{"id": name, **msgspec.to_builtins(item)} for name, item in explanations.items()]
            click.echo(documents.data({"items": items}, output_format), nl=False)
        elif output_format == "md":
            _print(
                (line for item in explanations.items() for line in (*explanation.markdown(*item), "")), colours=False
            )
        elif output_format == "name":
            click.echo("\n".join(explanations))
        else:
            click.echo(documents.table(rows, headers=not options["no_headers"]), nl=False)
        return
    name, entry = explanation.find(rule)
    if output_format in ("yaml", "json"):
        click.echo(documents.data({"id": name, **msgspec.to_builtins(entry)}, output_format), nl=False)
    elif output_format == "md":
        _print(explanation.markdown(name, entry), colours=False)
    elif output_format == "name":
        click.echo(name)
    else:
        _print(explanation.text(name, entry, _width()), colours=options["color"])


def _print_property(
    type_facts: TypeFacts, path: Sequence[str], output_format: OutputFormat | None, *, colours: bool
) -> None:
    field = schema_fields.find(type_facts.fields, path, type_facts.name)
    if output_format in ("yaml", "json"):
        document = {
            "category": type_facts.category,
            "name": type_facts.name,
            "property": ".".join(path),
            "required": field.required,
            "schema": field.schema,
        }
        click.echo(documents.data(document, output_format), nl=False)
    elif output_format == "md":
        _print(text.markdown_of_field(type_facts, path, field), colours=False)
    elif output_format == "name":
        click.echo(".".join((type_facts.name, *path)))
    else:
        _print(text.text_of_field(type_facts, path, field, _width()), colours=colours)


def _list(
    catalog: Catalog, categories: Iterable[Category], output_format: OutputFormat | None, *, headers: bool
) -> str:
    offers = [offer for category in categories for offer in names.of_category(catalog, category)]
    if output_format == "name":
        return "".join(f"{offer.name}\n" for offer in offers)
    if output_format in (None, "wide"):
        wide = output_format == "wide"
        rows = [["NAME", "CATEGORY", "PACKAGE", *(["DESCRIPTION"] if wide else [])]]
        for offer in offers:
            description = next(iter(facts.paragraphs(offer.type)), "<none>")
            rows.append([offer.name, names.category_of(offer), offer.package, *([description] if wide else [])])
        return documents.table(rows, headers=headers)
    explained = [facts.explain(offer, catalog) for offer in offers]
    if output_format == "md":
        return "".join(f"{line}\n" for type_facts in explained for line in (*text.markdown(type_facts), ""))
    return documents.data({"items": [_document(type_facts) for type_facts in explained]}, output_format)


def _document(type_facts: TypeFacts) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(type_facts)
    return document


def _print(lines: Iterable[str], *, colours: bool) -> None:
    for line in lines:
        click.echo(colour.paint(line, on=colours, bold=line in text.HEADINGS | explanation.HEADINGS), color=colours)


def _width() -> int:
    return max(MIN_WIDTH, min(colour.width(), MAX_WIDTH))
